import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { takeForms } from '../http.js';
import type { Logger } from '../log.js';
import { addressOf } from './address.js';
import type { ActiveClient, Clients, NotAuthenticated } from './clients.js';
import { type KeyRing, TOKEN_SECONDS } from './key-ring.js';
import type { Limit, Limits } from './limits.js';
import type { OwnTokens } from './own-tokens.js';
import type { NoteRefusal } from './refusals.js';
import { isScope, type Scope } from './scopes.js';

export interface TokenEndpointParts {
  readonly clients: Clients;
  readonly tokens: OwnTokens;
  readonly ring: KeyRing;
  readonly limits: Limits;
  /** Wrong credentials of one address for one client. */
  readonly failures: Limit;
  /** Requests of one client for one thing. */
  readonly requests: Limit;
  /** A keyed hash: what is counted may be stored. */
  readonly reference: (address: string) => string;
  readonly now: () => Date;
  readonly noteRefusal: NoteRefusal;
  readonly log: Pick<Logger, 'info'>;
}

/** A form of a few words. */
const BODY_LIMIT = 8 * 1024;
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** What an OAuth client is told (RFC 6749, section 5.2). */
interface Refusal {
  readonly status: number;
  readonly error: string;
}

const refusal = (status: number, error: string): Refusal => ({ status, error });

/** `POST /oauth/token` (RFC 6749, client credentials) and `GET /.well-known/jwks.json` (RFC 7517). */
export async function tokenRoutes(http: FastifyInstance, parts: TokenEndpointParts): Promise<void> {
  const forms: FastifyPluginAsync = async (scope) => {
    takeForms(scope);
    scope.post('/oauth/token', { bodyLimit: BODY_LIMIT }, (request, reply) => answer(parts, request, reply));
  };
  await http.register(forms);
  http.get('/.well-known/jwks.json', async (_request, reply) => {
    const keys = await parts.ring.published();
    reply.header('cache-control', 'public, max-age=900').type('application/jwk-set+json');
    return JSON.stringify({ keys: keys.map((key) => ({ ...key, use: 'sig', alg: 'ES256' })) });
  });
}

async function answer(parts: TokenEndpointParts, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const { limits, failures, requests, clients, tokens, now, log } = parts;
  const asked = read(request);
  if ('error' in asked) return refuse(reply, asked);
  const guesser = guesserOf(parts, request, asked.id);
  await limits.check(failures, guesser);
  const client = await clients.authenticate(asked.id, asked.secret);
  if ('refused' in client) {
    noteWrongSecret(parts, request, asked.id, client);
    await limits.hit(failures, guesser);
    reply.header('www-authenticate', 'Basic realm="refill", charset="UTF-8"');
    return refuse(reply, refusal(401, 'invalid_client'));
  }
  await limits.hit(requests, client.id);
  if (asked.grant !== 'client_credentials') return refuse(reply, refusal(400, 'unsupported_grant_type'));
  const scopes = scopesFor(client, asked.scope);
  if (scopes === undefined) return refuse(reply, refusal(400, 'invalid_scope'));
  const seconds = lifeOf(client, now());
  const token = await tokens.issue(client.id, scopes, seconds);
  log.info({ client: client.id, scopes }, 'a token was issued');
  reply.headers(NO_STORE);
  return { access_token: token, token_type: 'Bearer', expires_in: seconds, scope: scopes.join(' ') };
}

/** An id that is no client's is somebody's guess, and may be anything: a number, or a secret in the wrong field. */
function noteWrongSecret(
  { noteRefusal }: TokenEndpointParts,
  { routeOptions }: FastifyRequest,
  id: string,
  { refused: reason }: NotAuthenticated,
): void {
  const client = reason === 'unknown client' ? undefined : id;
  noteRefusal({ what: 'client-secret', route: routeOptions.url, reason, client });
}

/**
 * Whose wrong secrets are counted together: an address's, for about one client. A gateway has many clients behind one address, and
 * one that goes on with an old secret must not shut the others out. Ids fall into 64 groups, so that made-up ones fill no store.
 */
function guesserOf({ reference }: TokenEndpointParts, request: FastifyRequest, id: string): string {
  return reference(`${addressOf(request)} ${reference(id).charAt(0)}`);
}

/** Not a problem document: OAuth clients expect exactly this. */
function refuse(reply: FastifyReply, { status, error }: Refusal): object {
  reply.code(status).headers(NO_STORE);
  return { error };
}

interface Asked {
  readonly id: string;
  readonly secret: string;
  readonly grant: string;
  readonly scope: string | undefined;
}

/** Client id and secret from HTTP Basic (form-encoded, RFC 6749 section 2.3.1) or from the form itself, not both. */
function read(request: FastifyRequest): Asked | Refusal {
  const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
  // No parameter may come twice (section 3.2).
  if (new Set(form.keys()).size !== [...form.keys()].length) return refusal(400, 'invalid_request');
  const grant = form.get('grant_type');
  const scope = form.get('scope') ?? undefined;
  const basic = basicOf(request.headers.authorization);
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  if (basic !== undefined && (secret !== null || (id !== null && id !== basic.id)))
    return refusal(400, 'invalid_request');
  if (grant === null || grant === '') return refusal(400, 'invalid_request');
  return { ...(basic ?? { id: id ?? '', secret: secret ?? '' }), grant, scope };
}

function basicOf(header: string | undefined): { readonly id: string; readonly secret: string } | undefined {
  const basic = /^Basic ([\w+/]+=*)$/i.exec(header ?? '')?.[1];
  if (basic === undefined) return undefined;
  const bytes = Buffer.from(basic, 'base64');
  // One spelling only: decoders overlook spare bits and padding.
  if (bytes.toString('base64') !== basic) return { id: '', secret: '' };
  const pair = bytes.toString('utf8');
  const colon = pair.indexOf(':');
  return { id: formDecode(pair.slice(0, Math.max(0, colon))), secret: formDecode(pair.slice(colon + 1)) };
}

function formDecode(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? '';
}

/** What was asked for, all of it allowed, or everything the client may do; `undefined` when it asks for more than that. */
function scopesFor(client: ActiveClient, asked: string | undefined): readonly Scope[] | undefined {
  const names = asked?.split(' ').filter((name) => name !== '') ?? [];
  if (names.length === 0) return client.scopes;
  const scopes = names.filter(isScope);
  const allowed = scopes.length === names.length && scopes.every((scope) => client.scopes.includes(scope));
  return allowed ? [...new Set(scopes)] : undefined;
}

/** No token outlives its client. */
function lifeOf({ expiresAt }: ActiveClient, now: Date): number {
  if (expiresAt === undefined) return TOKEN_SECONDS;
  return Math.max(1, Math.min(TOKEN_SECONDS, Math.floor((expiresAt.getTime() - now.getTime()) / 1000)));
}
