import { createHmac, timingSafeEqual } from 'node:crypto';
import { HttpProblem } from '../../bot/problem.js';

/** Seconds a request may be old: what Slack's own libraries allow. */
const MAX_AGE_SECONDS = 300;
/** Seconds its clock may be ahead of ours. Bolt's verifier has no such limit, so that a captured request never goes stale. */
const MAX_AHEAD_SECONDS = 60;

export interface SignedRequest {
  /** As received: a body parsed and written again has another signature. */
  readonly body: Buffer;
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/**
 * Checks `x-slack-signature` (docs.slack.dev/authentication/verifying-requests-from-slack): `v0=` and the HMAC-SHA256 of
 * `v0:<timestamp>:<raw body>`, in constant time. `now` is epoch milliseconds.
 *
 * @throws HttpProblem 401 for everything that is not from Slack, or not from now.
 */
export function verify(secret: string, { body, timestamp, signature }: SignedRequest, now: number): void {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) throw unauthorized();
  const ageSeconds = now / 1000 - Number(timestamp);
  if (ageSeconds > MAX_AGE_SECONDS || ageSeconds < -MAX_AHEAD_SECONDS) throw unauthorized();
  const expected = Buffer.from(
    `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`,
  );
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unauthorized();
}

function unauthorized(): HttpProblem {
  return new HttpProblem(401, 'SLACK_SIGNATURE', 'The signature is missing, wrong or out of date.');
}
