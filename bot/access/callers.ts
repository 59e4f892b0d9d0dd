import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import type { Logger } from '../log.js';
import { HttpProblem } from '../problem.js';
import { type ActiveClient, type Clients, type ClientsOptions, createClients } from './clients.js';
import { createIssuerKeys, IssuerUnreachable } from './issuer-keys.js';
import { createIssuerVerifier, type IssuerSettings } from './issuer-tokens.js';
import { TokenInvalid } from './jwt.js';
import { createKeyRing } from './key-ring.js';
import type { Limit, Limits } from './limits.js';
import { createOwnTokens, type OwnTokens } from './own-tokens.js';
import { createRefusalLog } from './refusals.js';
import { MILLOM_SCOPES, type Scope } from './scopes.js';
import { tokenRoutes } from './token-endpoint.js';

/** A system that proved who it is. */
export interface Caller {
  /** Its name in rate limits and audit trails: a client's id, `issuer:<client>`, `sandbox`, or `anyone`. */
  readonly id: string;
  readonly scopes: readonly Scope[];
}

export interface CallersOptions extends ClientsOptions {
  /** True in a sandbox without a caller: requests without a token may notify and call back, ones with a wrong token may not. */
  readonly openSandbox: boolean;
  /** `iss` of our own tokens. */
  readonly issuer: string;
  /** Whose tokens are taken beside our own. */
  readonly external: IssuerSettings | undefined;
  readonly limits: Limits;
  readonly requestsPerMinute: number;
  /** Wrong credentials of one address in ten minutes. */
  readonly failuresPerAddress: number;
  /** An address as it may be stored. */
  readonly reference: (address: string) => string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Which systems may call Refill, and for what. */
export interface Callers {
  /** True when requests without a token may notify and call back. */
  readonly open: boolean;
  /** Mounts `POST /oauth/token` and `GET /.well-known/jwks.json`. */
  routes(http: FastifyInstance): Promise<void>;
  /**
   * The caller, when it may do `scope`. Throws `HttpProblem`: 401 without a good token, 403 without the scope, 429 with
   * `Retry-After` over its limit, 503 while the issuer's keys cannot be had. The log is told of a 401 and a 403.
   */
  authorize(request: Pick<FastifyRequest, 'headers' | 'routeOptions'>, scope: Scope): Promise<Caller>;
  /** A token for our own sandbox, which calls back like everybody else. */
  issue(): Promise<string>;
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
const SANDBOX: ActiveClient = { id: '(sandbox)', scopes: MILLOM_SCOPES };
const ANYONE: Caller = { id: '(anyone)', scopes: MILLOM_SCOPES };

export function createCallers(options: CallersOptions): Callers {
  const { openSandbox, limits, ledger, external, log, now = () => new Date() } = options;
  const requests: Limit = { name: 'client', most: options.requestsPerMinute, windowMs: MINUTE_MS };
  const failures: Limit = { name: 'failures', most: options.failuresPerAddress, windowMs: 10 * MINUTE_MS };
  const clients = createClients(options);
  const ring = createKeyRing(ledger, now);
  const tokens = createOwnTokens(ring, options.issuer, now);
  const keys = external && createIssuerKeys({ issuer: external.url, jwksUrl: external.jwksUrl, log });
  const noteRefusal = createRefusalLog(log, () => now().getTime());
  const ofIssuer = external && keys && createIssuerVerifier(external, keys, now);

  const callerOf = async (token: string): Promise<Caller> => {
    if (ofIssuer === undefined || issuerOf(token) !== external?.url) return ownCaller(token, tokens, clients);
    const { client, scopes } = await ofIssuer(token);
    return { id: `issuer:${client}`, scopes };
  };
  return {
    open: openSandbox,
    issue: () => tokens.issue(SANDBOX.id, SANDBOX.scopes),
    close: async () => keys?.close(),
    routes: (http) => tokenRoutes(http, { ...options, clients, tokens, ring, failures, requests, now, noteRefusal }),
    async authorize({ headers, routeOptions: { url: route } }, scope) {
      const { authorization } = headers;
      if (authorization === undefined && openSandbox && ANYONE.scopes.includes(scope)) return ANYONE;
      const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) {
        noteRefusal({ what: 'token', route, reason: 'none given' });
        throw unauthorized('a bearer token is missing', 'Bearer realm="refill"');
      }
      const caller = await callerOf(token).catch((cause: unknown) => {
        if (cause instanceof TokenInvalid) noteRefusal({ what: 'token', route, reason: cause.message });
        return refused(cause);
      });
      // Each scope by itself: a flood of notifications must not turn away what became of people's money.
      await limits.hit(requests, `${caller.id}:${scope}`);
      if (!caller.scopes.includes(scope)) {
        noteRefusal({ what: 'scope', route, reason: `without ${scope}`, client: caller.id });
        throw forbidden(scope);
      }
      return caller;
    },
  };
}

/** Only to choose whose rules apply; those rules check it again. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss?.replace(/\/$/, '');
  } catch {
    return undefined;
  }
}

/** A token lives an hour; a client that was disabled meanwhile, or lost a scope, does not go on for that long. */
async function ownCaller(token: string, tokens: OwnTokens, clients: Clients): Promise<Caller> {
  const { client: id, scopes } = await tokens.verify(token);
  const client = id === SANDBOX.id ? SANDBOX : await clients.active(id);
  if (client === undefined) throw new TokenInvalid('its client may not act');
  return { id, scopes: scopes.filter((scope) => client.scopes.includes(scope)) };
}

function refused(cause: unknown): never {
  if (cause instanceof TokenInvalid)
    throw unauthorized('the bearer token is not valid', 'Bearer realm="refill", error="invalid_token"', cause);
  if (cause instanceof IssuerUnreachable) {
    const headers = { 'retry-after': '30' };
    throw new HttpProblem(503, cause.code, 'Tokens cannot be checked now.', {}, { cause, headers });
  }
  throw cause;
}

function unauthorized(detail: string, challenge: string, cause?: unknown): HttpProblem {
  return new HttpProblem(401, 'UNAUTHORIZED', detail, {}, { cause, headers: { 'www-authenticate': challenge } });
}

/** RFC 6750, section 3.1. */
function forbidden(scope: Scope): HttpProblem {
  const headers = { 'www-authenticate': `Bearer realm="refill", error="insufficient_scope", scope="${scope}"` };
  return new HttpProblem(403, 'INSUFFICIENT_SCOPE', `The token does not allow ${scope}.`, {}, { headers });
}
