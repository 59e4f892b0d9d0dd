import type { Ledger } from './ledger/ledger.js';
import type { Logger } from './log.js';
import { createPauses, type Pauses } from './pauses.js';

export interface SharedPausesOptions {
  readonly ledger: Pick<Ledger, 'pauseTelco' | 'telcoPauses'>;
  readonly log: Logger;
  /** How often to ask what other processes were told, in ms. Default 1,000. */
  readonly everyMs?: number;
}

export interface SharedPauses extends Pauses {
  /** Asks now what others were told. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Pauses that all processes keep: what one was told (a 429 with a Retry-After speaks to the client, not to one process) the
 * others learn from the ledger within a second. Without the ledger each keeps to what it was told itself.
 */
export function createSharedPauses({ ledger, log, everyMs = 1_000 }: SharedPausesOptions): SharedPauses {
  const local = createPauses(() => performance.now());
  let asking: Promise<void> | undefined;
  const ask = async () => {
    for (const { telco, leftMs } of await ledger.telcoPauses()) local.hold(telco, leftMs);
  };
  const refresh = () => {
    asking ??= ask()
      .catch((error: unknown) => log.debug({ err: error }, 'the pauses of other processes are not known'))
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  const timer = setInterval(() => void refresh(), everyMs);
  return {
    left: local.left,
    hold(telco, ms) {
      if (ms <= local.left(telco)) return;
      local.hold(telco, ms);
      ledger
        .pauseTelco(telco, ms)
        .catch((error: unknown) => log.warn({ err: error }, 'others may not hear of a pause'));
    },
    refresh,
    async close() {
      clearInterval(timer);
      await asking;
    },
  };
}
