import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { jwtVerify, SignJWT } from 'jose';
import { takeForms } from './http.js';
import { HttpProblem } from './problem.js';

export interface CallersOptions {
  /** The one client that may fetch tokens; `undefined`: nobody. */
  readonly caller: { readonly id: string; readonly secret: string } | undefined;
  /** True in a sandbox without a caller: requests without a token are let in, ones with a wrong token still are not. */
  readonly openSandbox: boolean;
  /** 32 bytes that sign tokens. */
  readonly key: Uint8Array;
  readonly now?: () => Date;
}

/** Who may call Refill: systems that fetched a token with their client credentials. */
export interface Callers {
  /** True when requests without a token are let in. */
  readonly open: boolean;
  /** Mounts `POST /oauth/token` (RFC 6749, client credentials). */
  routes(http: FastifyInstance): Promise<void>;
  /** Lets the request through or throws a 401. */
  authorize(request: FastifyRequest): Promise<void>;
  /** A token for our own sandbox, which calls back like everybody else. */
  issue(): Promise<string>;
}

const TOKEN_SECONDS = 3600;
const AUDIENCE = 'refill';
/** Clocks that disagree by less than this are right (60 s). */
const SKEW_SECONDS = 60;

export function createCallers({ caller, openSandbox, key, now = () => new Date() }: CallersOptions): Callers {
  const issue = (subject = 'sandbox') => {
    const at = Math.floor(now().getTime() / 1000);
    return new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(subject)
      .setAudience(AUDIENCE)
      .setIssuedAt(at)
      .setExpirationTime(at + TOKEN_SECONDS)
      .sign(key);
  };
  return {
    open: openSandbox,
    issue,
    async routes(http) {
      await http.register(async (scope) => {
        takeForms(scope);
        scope.post('/oauth/token', async (request, reply) => {
          const { id, secret, grant } = credentialsOf(request);
          const known = caller !== undefined && same(id, caller.id) && same(secret, caller.secret);
          if (!known) throw oauthProblem(401, 'invalid_client', { 'www-authenticate': 'Basic realm="refill"' });
          if (grant !== 'client_credentials') throw oauthProblem(400, 'unsupported_grant_type');
          reply.header('cache-control', 'no-store');
          return { access_token: await issue(caller.id), token_type: 'Bearer', expires_in: TOKEN_SECONDS };
        });
      });
    },
    async authorize(request) {
      const header = request.headers.authorization;
      if (header === undefined && openSandbox) return;
      const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(header ?? '')?.[1];
      if (token === undefined) throw unauthorized('a bearer token is missing');
      const options = { audience: AUDIENCE, algorithms: ['HS256'], clockTolerance: SKEW_SECONDS, currentDate: now() };
      await jwtVerify(token, key, options).catch((cause: unknown) => {
        throw unauthorized('the bearer token is not valid', cause);
      });
    },
  };
}

function unauthorized(detail: string, cause?: unknown): HttpProblem {
  const headers = { 'www-authenticate': 'Bearer realm="refill"' };
  return new HttpProblem(401, 'UNAUTHORIZED', detail, {}, { cause, headers });
}

function oauthProblem(status: number, error: string, headers: Record<string, string> = {}): HttpProblem {
  return new HttpProblem(status, error.toUpperCase(), 'No token for this request.', { error }, { headers });
}

/** Client id and secret from HTTP Basic (form-encoded, RFC 6749 section 2.3.1) or from the form itself. */
function credentialsOf(request: FastifyRequest): { id: string; secret: string; grant: string | null } {
  const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
  const grant = form.get('grant_type');
  const basic = /^Basic ([\w+/]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic === undefined) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '', grant };
  const pair = Buffer.from(basic, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return { id: formDecode(pair.slice(0, colon)), secret: formDecode(pair.slice(colon + 1)), grant };
}

function formDecode(text: string): string {
  return new URLSearchParams(`v=${text}`).get('v') ?? '';
}

/** Constant time, whatever the lengths. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
