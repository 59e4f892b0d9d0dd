import { createHash, randomBytes } from 'node:crypto';
import type { ShortLived } from '../../short-lived.js';

/** Tokens that log the built-in admin in, once each. */
export interface OneTimeTokens {
  issue(): Promise<string>;
  /** True for exactly one of those who bring it. */
  redeem(token: string): Promise<boolean>;
}

/** An hour: long enough to read a log, short enough that the log is of no use later. */
const LIFE_MS = 3_600_000;

export function createOneTimeTokens(store: ShortLived): OneTimeTokens {
  const keyOf = (token: string) => `login-token:${createHash('sha256').update(token).digest('base64url')}`;
  return {
    async issue() {
      const token = randomBytes(32).toString('base64url');
      await store.set(keyOf(token), 'admin', LIFE_MS);
      return token;
    },
    redeem: async (token) => /^[\w-]{43}$/.test(token) && (await store.take(keyOf(token))) !== undefined,
  };
}
