import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { fromBase64url } from '../base64url.js';
import { RefillError } from '../errors.js';

/** What a token must be to be taken. There is no default for any of it: a token says nothing about how it is checked. */
export interface TokenRules {
  readonly algorithms: readonly string[];
  /** Any of them, exactly. */
  readonly issuers: readonly string[];
  readonly audience: string;
  /** Media types its header may name (RFC 9068 section 2.1; Keycloak says plain `JWT`). */
  readonly types: readonly string[];
  readonly requiredClaims: readonly string[];
}

/** The token is none of ours, altered, expired, for somebody else. Never says what it held. */
export class TokenInvalid extends RefillError {
  readonly code = 'TOKEN_INVALID';
}

/** Clocks that disagree by less than this are right, in seconds. */
export const SKEW_SECONDS = 60;
/** Longer than any token that fits into the headers we take. */
const MAX_LENGTH = 16 * 1024;

/**
 * The claims of a token that keeps the rules and is signed with the key `keyOf` finds for it. Rejects with `TokenInvalid`; an
 * error of `keyOf` that is not about the token (a store, an issuer that does not answer) comes through as it is.
 */
export async function verifyToken(
  token: string,
  keyOf: JWTVerifyGetKey,
  rules: TokenRules,
  now: Date,
): Promise<JWTPayload> {
  if (!isCanonical(token)) throw new TokenInvalid('not a signed token');
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
      algorithms: [...rules.algorithms],
      issuer: [...rules.issuers],
      audience: rules.audience,
      requiredClaims: ['exp', ...rules.requiredClaims],
      clockTolerance: SKEW_SECONDS,
      currentDate: now,
    });
    const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '');
    if (type === undefined || !rules.types.includes(type)) throw new TokenInvalid('another kind of token');
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new TokenInvalid(`refused (${error.code})`, { cause: error });
    throw error;
  }
}

/** Three parts of base64url, each spelt the one way that stands for its bytes. */
export function isCanonical(token: string): boolean {
  if (token.length > MAX_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return false;
  return token.split('.').every((part) => fromBase64url(part) !== undefined);
}
