import type { Ledger } from './ledger/ledger.js';
import type { Logger } from './log.js';
import type { Metrics } from './metrics.js';

export interface ClockWatchOptions {
  readonly ledger: Pick<Ledger, 'clockAheadMs'>;
  readonly metrics: Pick<Metrics, 'clockAhead'>;
  readonly log: Logger;
  /** Something a person has to look at. */
  readonly alert: (code: string, what: string) => void;
  readonly everyMs?: number;
}

export interface ClockWatch {
  /** One look, now; joins one that is under way. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const EVERY_MS = 15_000;
/** Tokens are taken with a skew of a minute (docs/security.md), Slack's signatures with five. */
const MAY_BE_OFF_MS = 60_000;

/**
 * Holds this machine's clock against the database's, from now on. In every process: where the clock is wrong, every signed webhook
 * is one from another time (401), and nobody complains but the subscribers.
 */
export function startClockWatch({ ledger, metrics, log, alert, everyMs = EVERY_MS }: ClockWatchOptions): ClockWatch {
  let wasOff = false;
  let running: Promise<void> | undefined;
  const look = async () => {
    const aheadMs = await ledger.clockAheadMs();
    metrics.clockAhead.set(aheadMs / 1000);
    const isOff = Math.abs(aheadMs) > MAY_BE_OFF_MS;
    if (isOff && !wasOff) {
      const how = `${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
      alert('CLOCK_OFF', `this machine's clock is ${how} the database's`);
    }
    wasOff = isOff;
  };
  const check = () => {
    running ??= look()
      .catch((error: unknown) => log.warn({ err: error }, 'the clock could not be checked'))
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(() => void check(), everyMs);
  void check();
  return {
    check,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
