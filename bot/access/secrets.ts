import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits; the prefix is for secret scanners and for people who find it somewhere. */
export function newSecret(): string {
  return `refill_${randomBytes(32).toString('base64url')}`;
}

/**
 * SHA-256, base64url. A slow hash (scrypt, argon2) makes guessing a person's password dear; a secret of 256 random bits cannot
 * be guessed however fast the hash is, and a fast one gives nobody a way to keep the server busy.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether `secret` is one of those hashed, in the same time whichever it is; with no hashes at all a comparison is made too. */
export function matchesAny(secret: string, hashes: readonly string[]): boolean {
  const given = createHash('sha256').update(secret).digest();
  const nobody = Buffer.alloc(given.length);
  let found = false;
  for (const hash of hashes.length > 0 ? hashes : ['']) {
    const known = Buffer.from(hash, 'base64url');
    const same = timingSafeEqual(given, known.length === given.length ? known : nobody);
    found = (same && known.length === given.length) || found;
  }
  return found;
}
