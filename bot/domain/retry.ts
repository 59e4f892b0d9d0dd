/** What is known after an attempt of a call to a telco. */
export interface Attempt {
  /** True when doing it twice does no more than doing it once: everything but orders and requests for a top-up. */
  readonly repeatable: boolean;
  /** 1 for the first. */
  readonly number: number;
  /** A new access token was fetched for this call already. */
  readonly tokenReplaced: boolean;
  /** False when the request provably never left. */
  readonly sent: boolean;
  /** HTTP status of the answer; absent when none came. */
  readonly status?: number | undefined;
  /** What a Retry-After header asked for, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Until the deadline of the whole call. */
  readonly remainingMs: number;
  /** 0 to 1: jitter. */
  readonly random: number;
}

/** Attempts per call, the first one included. */
const MAX_ATTEMPTS = 3;

/**
 * Whether to try again: at once with a new token, after `waitMs`, or not at all. The one place where this is decided.
 *
 * A 401 earns one new token, for orders too: what was refused was not carried out. A request that never left may be
 * repeated, whatever it is. One that may have arrived is repeated only when that does no harm, and only when it is likely to
 * help: lost connections and 502, 503, 504. A 429 is left to the caller, who knows what can wait.
 */
export function afterAttempt(attempt: Attempt): 'settle' | 'new-token' | { readonly waitMs: number } {
  const { status, number, sent } = attempt;
  if (status === 401) return attempt.tokenReplaced ? 'settle' : 'new-token';
  const worthwhile = status === undefined || status === 502 || status === 503 || status === 504;
  if (number >= MAX_ATTEMPTS || !worthwhile || (sent && !attempt.repeatable)) return 'settle';
  const waitMs = attempt.retryAfterMs ?? 100 * 2 ** (number - 1) * (0.5 + attempt.random);
  return waitMs < attempt.remainingMs ? { waitMs } : 'settle';
}
