/*
 * To every ECDSA signature (r, s) belongs a second one, (r, n − s), that anybody can work out and every verifier takes. A token of
 * ours shall have one signature: the one with the lower s (as BIP 62 and RFC 6979's users do it).
 */

/** The order of P-256 (FIPS 186-5 by way of SP 800-186, section 3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF = ORDER / 2n;
const BYTES = 32;

/** The token with the lower of its two signatures; ES256 only. */
export function withLowS(token: string): string {
  const { signed, r, s } = split(token);
  if (s <= HALF) return token;
  const low = Buffer.from((ORDER - s).toString(16).padStart(2 * BYTES, '0'), 'hex');
  return `${signed}.${Buffer.concat([r, low]).toString('base64url')}`;
}

/** Whether it is that one. */
export function hasLowS(token: string): boolean {
  return split(token).s <= HALF;
}

function split(token: string): { readonly signed: string; readonly r: Buffer; readonly s: bigint } {
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const s = BigInt(`0x0${signature.subarray(BYTES).toString('hex')}`);
  return { signed: token.slice(0, dot), r: signature.subarray(0, BYTES), s };
}
