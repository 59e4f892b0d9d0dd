/**
 * The bytes of base64url without padding (RFC 4648, section 5); `undefined` unless they are spelt the one way that stands for them.
 * Decoders overlook spare bits, padding, white space and foreign letters, and then several texts would be one signature.
 */
export function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
