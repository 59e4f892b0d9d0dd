import { z } from 'zod';
import type { IssuerKeys } from './issuer-keys.js';
import { TokenInvalid, type TokenRules, verifyToken } from './jwt.js';
import { isScope, type Scope } from './scopes.js';

/** An identity provider whose tokens are taken, e.g. a Keycloak realm. */
export interface IssuerSettings {
  /** As in `iss`, without a slash at the end. */
  readonly url: string;
  readonly audience: string;
  readonly jwksUrl: string | undefined;
  /** Clients (`azp`) whose tokens are taken; all of the issuer's when empty. */
  readonly clients: readonly string[];
  /** Which of our scopes its scopes and roles stand for. Names of ours stand for themselves. */
  readonly scopes: ReadonlyMap<string, readonly Scope[]>;
}

export interface IssuerToken {
  readonly client: string;
  readonly scopes: readonly Scope[];
}

/** Signature algorithms; never a symmetric one, and never `none`. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

const roles = z.object({ roles: z.array(z.string()) });
const claims = z.object({
  sub: z.string().optional(),
  azp: z.string().optional(),
  client_id: z.string().optional(),
  /** Keycloak's own kind: `Bearer`, `ID`, `Refresh`, `Logout`, `Offline`. */
  typ: z.string().optional(),
  scope: z.string().optional(),
  realm_access: roles.optional(),
  resource_access: z.record(z.string(), roles).optional(),
});

/** Checks access tokens of an external issuer. Rejects with `TokenInvalid` or `IssuerUnreachable`. */
export function createIssuerVerifier(
  { url, audience, clients, scopes }: IssuerSettings,
  keys: IssuerKeys,
  now: () => Date = () => new Date(),
): (token: string) => Promise<IssuerToken> {
  const rules: TokenRules = {
    algorithms: ALGORITHMS,
    // Some write their name with a slash at the end, which our configuration leaves out.
    issuers: [url, `${url}/`],
    audience,
    types: ['jwt', 'at+jwt'],
    requiredClaims: ['iat'],
  };
  return async (token) => {
    const parsed = claims.safeParse(await verifyToken(token, keys.keyOf, rules, now()));
    if (!parsed.success) throw new TokenInvalid('claims of another shape');
    const { sub, azp, client_id, typ, scope = '', realm_access, resource_access } = parsed.data;
    // An ID token says who somebody is, not what may be done.
    if (typ !== undefined && typ !== 'Bearer') throw new TokenInvalid('not an access token');
    const client = azp ?? client_id ?? sub;
    if (client === undefined || client === '') throw new TokenInvalid('names no client');
    if (clients.length > 0 && !clients.includes(client)) throw new TokenInvalid('another client of the issuer');
    const names = [...scope.split(' '), ...(realm_access?.roles ?? []), ...(resource_access?.[audience]?.roles ?? [])];
    const granted = names.flatMap((name) => scopes.get(name) ?? (isScope(name) ? [name] : []));
    return { client, scopes: [...new Set(granted)] };
  };
}
