/** However long a platform asks us to wait: people do not. */
const MAX_PAUSE_MS = 600_000;

/** When to try a conversation again: when the platform said so, else ever later, 15 s at most. */
export function backoffStrategy(attempt = 1, _type?: string, error?: Error): number {
  const asked = error !== undefined && 'retryAfterMs' in error ? Number(error.retryAfterMs) : Number.NaN;
  return Number.isFinite(asked)
    ? Math.min(Math.max(0, asked), MAX_PAUSE_MS)
    : Math.min(15_000, 100 * 2 ** Math.min(attempt, 10));
}
