import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { cardProblems } from './card-rules.js';

export const APP_ID = '11111111-2222-3333-4444-555555555555';
export const APP_PASSWORD = 'a password only Microsoft and we know';
/** The tenant of the people in `payloads/`. */
export const TENANT = '72f988bf-0000-4000-8000-00000000abcd';
export const ISSUER = 'https://api.botframework.com';

const SCOPE = 'https://api.botframework.com/.default';

/** A request the Bot Connector took. */
export interface Sent {
  readonly method: string;
  /** Path, decoded. */
  readonly path: string;
  readonly conversation: string;
  /** Of the message: made for a POST, named by a PUT. */
  readonly id: string;
  readonly authorization: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever was sent
  readonly activity: any;
}

/** An answer; as a failure, what to say instead of taking the next request. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The connection breaks instead. */
  readonly reset?: boolean;
}

interface Key {
  readonly kid: string;
  readonly publicJwk: object;
  readonly sign: CryptoKey;
}

export async function makeKey(kid: string, endorsements: readonly string[] | null = ['msteams']): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    kid,
    sign: privateKey as CryptoKey,
    publicJwk: { ...jwk, kid, use: 'sig', ...(endorsements && { endorsements }) },
  };
}

/** Making one takes a while. */
const firstKey = makeKey('key-1');

export type Microsoft = Awaited<ReturnType<typeof startMicrosoft>>;

/**
 * Microsoft's far end for a Teams bot: OpenID metadata and keys, the token endpoint, the Bot Connector. It checks what it
 * gets: the token, the conversation, size and shape of messages, Adaptive Cards against Microsoft's schema and the limits of
 * Teams. What is wrong is refused and kept in `problems`.
 */
export async function startMicrosoft(options: { readonly unauthenticated?: boolean; readonly port?: number } = {}) {
  const state = {
    sent: [] as Sent[],
    opened: [] as { user: string; tenant: string }[],
    problems: [] as string[],
    /** Requests for a token, and for the keys. */
    tokenRequests: 0,
    keyRequests: 0,
    keys: [await firstKey],
    /** Tokens handed out that still count. */
    valid: new Set<string>(),
    /** Users whose personal chat cannot be opened: they have not added the app, or blocked it. */
    unreachable: new Set<string>(),
    blockers: new Set<string>(),
    failures: [] as Answer[],
    /** How many of the next messages are taken, and their answers lost on the way. */
    loseAnswers: 0,
    tokenFailures: [] as Answer[],
    keyFailures: [] as Answer[],
    listeners: [] as ((sent: Sent) => void)[],
  };
  let count = 0;

  /** What to answer a request with. */
  async function answerTo(request: IncomingMessage): Promise<Answer> {
    const body = await bodyOf(request);
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname);
    if (path === '/v1/.well-known/openidconfiguration') {
      return { status: 200, body: { issuer: ISSUER, jwks_uri: `${url}/v1/.well-known/keys` } };
    }
    if (path === '/v1/.well-known/keys') {
      state.keyRequests++;
      return state.keyFailures.shift() ?? { status: 200, body: { keys: state.keys.map(({ publicJwk }) => publicJwk) } };
    }
    if (path.endsWith('/oauth2/v2.0/token')) {
      state.tokenRequests++;
      return state.tokenFailures.shift() ?? issue(path, new URLSearchParams(body));
    }
    if (!path.startsWith('/v3/conversations')) return { status: 404 };
    const authorization = request.headers.authorization;
    if (options.unauthenticated && authorization !== undefined) {
      state.problems.push('a token was sent to a service nobody vouched for');
    }
    if (!options.unauthenticated && !state.valid.has(authorization?.slice(7) ?? '')) {
      return { status: 401, body: error('Unauthorized') };
    }
    const failure = state.failures.shift();
    if (failure !== undefined) return failure;
    if (path === '/v3/conversations') return openChat(JSON.parse(body));
    return take(request.method ?? '', path, authorization, body);
  }

  function issue(path: string, form: URLSearchParams): Answer {
    const known = form.get('client_id') === APP_ID && form.get('client_secret') === APP_PASSWORD;
    const asked = form.get('scope') === SCOPE && form.get('grant_type') === 'client_credentials';
    if (!known || !asked)
      return { status: 401, body: { error: 'invalid_client', error_description: 'AADSTS7000215: x' } };
    const token = `token-${path.split('/')[1]}-${++count}`;
    state.valid.add(token);
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3600, access_token: token } };
  }

  function openChat(asked: {
    bot: { id: string };
    members: { id: string }[];
    tenantId: string;
    isGroup: boolean;
  }): Answer {
    const { bot, members, tenantId, isGroup } = asked;
    const user = members[0]?.id ?? '';
    if (isGroup || members.length !== 1 || !bot.id) state.problems.push('opens something else than a personal chat');
    if (state.unreachable.has(user)) return { status: 403, body: error('BotNotInConversationRoster') };
    if (state.blockers.has(user)) {
      const innerHttpError = { statusCode: 403, body: { subCode: 'MessageWritesBlocked' } };
      return { status: 403, body: { error: { code: 'Forbidden', message: 'x', innerHttpError } } };
    }
    state.opened.push({ user, tenant: tenantId });
    return { status: 201, body: { id: personalChat(user) } };
  }

  function take(method: string, path: string, authorization: string | undefined, body: string): Answer {
    const [, conversation = '', named] = /^\/v3\/conversations\/(.+?)\/activities(?:\/(.+))?$/.exec(path) ?? [];
    const activity = JSON.parse(body);
    const problems = cardProblems(activity, body);
    state.problems.push(...problems);
    if (problems.length > 0) return { status: 400, body: error('BadSyntax') };
    const replaced = method === 'PUT';
    if (replaced && !state.sent.some((sent) => sent.id === named && sent.conversation === conversation)) {
      return { status: 404, body: error('ActivityNotFoundInConversation') };
    }
    const id = replaced && named !== undefined ? named : `m${++count}`;
    const sent = { method, path, conversation, id, authorization, activity };
    state.sent.push(sent);
    for (const listener of state.listeners) listener(sent);
    if (state.loseAnswers > 0 && activity.type === 'message') {
      state.loseAnswers--;
      return { status: 200, reset: true };
    }
    return { status: replaced ? 200 : 201, body: { id } };
  }

  const server = createServer(async (request, response) => {
    const { status, headers, body, reset } = await answerTo(request).catch((cause): Answer => {
      state.problems.push(String(cause));
      return { status: 500 };
    });
    if (reset) request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body) ?? '');
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  /** As Teams writes it: with a slash. */
  const serviceUrl = `${url}/`;

  return Object.assign(state, {
    url,
    serviceUrl,
    openIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`,
    /** Variables that have Refill take this for Microsoft, as a bot of every tenant or of one. */
    env: (tenant?: string): Readonly<Record<string, string>> => ({
      MicrosoftAppId: APP_ID,
      MicrosoftAppPassword: APP_PASSWORD,
      ToBotFromChannelOpenIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`,
      ToChannelFromBotLoginUrlPrefix: url,
      ...(tenant !== undefined && { MicrosoftAppType: 'SingleTenant', MicrosoftAppTenantId: tenant }),
    }),
    onSend: (listener: (sent: Sent) => void) => void state.listeners.push(listener),
    fail: (...answers: Answer[]) => void state.failures.push(...answers),
    /** Only what people see: no typing. */
    messages: () => state.sent.filter(({ activity }) => activity.type === 'message'),
    /** The token the Bot Framework sends with an activity, with whatever is to be wrong about it. */
    async token(
      claims: JWTPayload = {},
      { key = state.keys[0] as Key, header = {} as Partial<JWTHeaderParameters>, at = Date.now() } = {},
    ) {
      const seconds = Math.floor(at / 1000);
      const payload = {
        iss: ISSUER,
        aud: APP_ID,
        nbf: seconds - 60,
        iat: seconds - 60,
        exp: seconds + 3600,
        serviceurl: serviceUrl,
        ...claims,
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })
        .sign(key.sign);
    },
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  });
}

function error(code: string) {
  return { error: { code, message: 'said by the simulator' } };
}

/** The id of the personal chat with a user. */
export function personalChat(user: string): string {
  return `a:personal-${user}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
