import { createHmac, timingSafeEqual } from 'node:crypto';
import { HttpProblem } from '../../bot/problem.js';

/**
 * Passes when Meta signed exactly these bytes with the app secret (`X-Hub-Signature-256: sha256=<hex HMAC-SHA256>`). There is
 * no timestamp in the scheme: a replay is recognised by its message id.
 *
 * @throws HttpProblem 401
 */
export function verifySignature(raw: Buffer, header: unknown, appSecret: string): void {
  const hex = typeof header === 'string' ? /^sha256=([0-9a-f]{64})$/.exec(header)?.[1] : undefined;
  const expected = createHmac('sha256', appSecret).update(raw).digest();
  if (hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), expected)) return;
  throw new HttpProblem(401, 'BAD_SIGNATURE', 'The request is not signed with the app secret.');
}

/**
 * The challenge to echo when Meta subscribes this webhook with our verify token.
 *
 * @throws HttpProblem 403
 */
export function verifySubscription(query: Readonly<Record<string, unknown>>, verifyToken: string): string {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query;
  if (mode === 'subscribe' && typeof token === 'string' && typeof challenge === 'string' && same(token, verifyToken)) {
    return challenge;
  }
  throw new HttpProblem(403, 'BAD_VERIFY_TOKEN', 'The verify token is not ours.');
}

/** Compares digests, so that neither the length nor the place of the first difference shows in the time taken. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'verify-token').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
