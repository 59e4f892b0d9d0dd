import { randomUUID } from 'node:crypto';
import { errors, SignJWT } from 'jose';
import { z } from 'zod';
import { TokenInvalid, type TokenRules, verifyToken } from './jwt.js';
import { ALGORITHM, type KeyRing, TOKEN_SECONDS } from './key-ring.js';
import { hasLowS, withLowS } from './low-s.js';
import { isScope, type Scope } from './scopes.js';

/** Whom our tokens are for: Refill itself. */
const AUDIENCE = 'refill';
/** RFC 9068, section 2.1. */
const TYPE = 'at+jwt';

export interface OwnToken {
  readonly client: string;
  readonly scopes: readonly Scope[];
}

/** Access tokens of our own making (RFC 9068). */
export interface OwnTokens {
  readonly issuer: string;
  issue(client: string, scopes: readonly Scope[], seconds?: number): Promise<string>;
  /** Rejects with `TokenInvalid`. */
  verify(token: string): Promise<OwnToken>;
}

const claims = z.object({ client_id: z.string().min(1), scope: z.string() });

export function createOwnTokens(ring: KeyRing, issuer: string, now: () => Date = () => new Date()): OwnTokens {
  const rules: TokenRules = {
    algorithms: [ALGORITHM],
    issuers: [issuer],
    audience: AUDIENCE,
    types: [TYPE],
    requiredClaims: ['iat', 'jti', 'client_id', 'scope'],
  };
  return {
    issuer,
    async issue(client, scopes, seconds = TOKEN_SECONDS) {
      const { kid, key } = await ring.signing();
      const at = Math.floor(now().getTime() / 1000);
      const token = await new SignJWT({ client_id: client, scope: scopes.join(' ') })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
        .setIssuer(issuer)
        .setSubject(client)
        .setAudience(AUDIENCE)
        .setIssuedAt(at)
        .setNotBefore(at)
        .setExpirationTime(at + seconds)
        .setJti(randomUUID())
        .sign(key);
      return withLowS(token);
    },
    async verify(token) {
      const keyOf = async ({ kid }: { kid?: string }) => {
        const key = kid === undefined ? undefined : await ring.verifying(kid);
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      };
      const parsed = claims.safeParse(await verifyToken(token, keyOf, rules, now()));
      if (!hasLowS(token)) throw new TokenInvalid('the other signature');
      if (!parsed.success) throw new TokenInvalid('claims are missing');
      return { client: parsed.data.client_id, scopes: parsed.data.scope.split(' ').filter(isScope) };
    },
  };
}
