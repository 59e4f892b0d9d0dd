import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetters } from '../bot/conversation/dead-letters.js';
import { RETENTION_DAYS, type Retention, type RetentionKind } from '../bot/domain/retention.js';
import type { RetentionLedger } from '../bot/ledger/retention.js';
import type { Logger } from '../bot/log.js';

export interface RetentionOptions {
  readonly ledger: RetentionLedger;
  readonly deadLetters: Pick<DeadLetters, 'prune'>;
  readonly retention: Retention;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly everyMs?: number;
  /** Until the first round; a time between one and five minutes, so that processes that start together do not work together. */
  readonly firstMs?: number;
}

/** Rows forgotten in one statement, and how long everybody else has their turn after it, in milliseconds. */
const BATCH = 500;
const PAUSE_MS = 50;
const MINUTE_MS = 60_000;
const EVERY_MS = 60 * MINUTE_MS;
/** What was let grow for years is not worked off in one night. */
const MAX_BATCHES = 200;

export interface RetentionWorker {
  /** One round, now; joins one that is under way. Returns how many rows of each kind were forgotten. */
  prune(): Promise<Readonly<Partial<Record<RetentionKind, number>>>>;
  close(): Promise<void>;
}

/** Forgets, soon after the start, then every hour and in small batches, what was of no use for as long as its kind is kept. */
export function startRetention(options: RetentionOptions): RetentionWorker {
  let running: ReturnType<RetentionWorker['prune']> | undefined;
  let stopped = false;
  const prune = () => {
    running ??= pruneOnce(options, () => stopped).finally(() => {
      running = undefined;
    });
    return running;
  };
  const first = setTimeout(() => void prune(), options.firstMs ?? MINUTE_MS + Math.random() * 4 * MINUTE_MS);
  const timer = setInterval(() => void prune(), options.everyMs ?? EVERY_MS);
  return {
    prune,
    async close() {
      stopped = true;
      clearTimeout(first);
      clearInterval(timer);
      await running;
    },
  };
}

/** Every kind by itself: one that fails does not keep the others. */
async function pruneOnce({ ledger, deadLetters, retention, log }: RetentionOptions, stopped: () => boolean) {
  const forgotten: Partial<Record<RetentionKind, number>> = {};
  for (const kind of Object.keys(RETENTION_DAYS) as RetentionKind[]) {
    const days = retention[kind];
    if (days === 0) continue;
    try {
      for (let batch = 0; batch < MAX_BATCHES && !stopped(); batch++) {
        const done =
          kind === 'dead-letters' ? await deadLetters.prune(days, BATCH) : await ledger.forgetOld(kind, days, BATCH);
        if (done > 0) forgotten[kind] = (forgotten[kind] ?? 0) + done;
        if (done < BATCH) break;
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      log.warn({ err: error, kind }, 'what is old could not be forgotten');
    }
  }
  if (Object.keys(forgotten).length > 0) log.info({ forgotten }, 'forgot what was old');
  return forgotten;
}
