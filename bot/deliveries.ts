import { isFurther } from './domain/delivery.js';
import type { Delivery, DeliveryLedger } from './ledger/deliveries.js';
import { LedgerUnavailable } from './ledger/index.js';
import type { Logger } from './log.js';

/**
 * Keeps what became of messages, on the side: nothing waits for it. What was heard is collected in memory and written a few
 * times a second, many messages in one statement. A process that is killed loses what it had not written yet, a quarter of a
 * second's worth; then a message is known a little less well, and nothing that is owed is lost.
 */
export interface DeliveryLog {
  /** Never throws and never waits. */
  record(heard: Delivery): void;
  /** Writes what is left, as far as the ledger takes it. */
  close(): Promise<void>;
}

export interface DeliveryLogOptions {
  readonly ledger: Pick<DeliveryLedger, 'recordDeliveries'>;
  readonly log: Pick<Logger, 'warn'>;
  /** How long news may wait, in milliseconds. */
  readonly everyMs?: number;
  /** How many messages are remembered while the ledger is away; of any more, nothing is kept. */
  readonly most?: number;
}

const EVERY_MS = 250;
const MOST = 10_000;
/** Enough to be written at once, without waiting for the clock. */
const MANY = 100;
/** In one statement. */
const BATCH = 1_000;

export function createDeliveryLog({ ledger, log, everyMs = EVERY_MS, most = MOST }: DeliveryLogOptions): DeliveryLog {
  let waiting = new Map<string, Delivery>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let lost = 0;

  function keep(heard: Delivery): void {
    const before = waiting.get(heard.id);
    if (before === undefined && waiting.size >= most) lost += 1;
    else waiting.set(heard.id, merged(before, heard));
  }

  /** False when the ledger is away: what was not written waits. */
  async function write(): Promise<boolean> {
    const batch = [...waiting.values()].slice(0, BATCH);
    const rest = [...waiting.values()].slice(BATCH);
    waiting = new Map(rest.map((heard) => [heard.id, heard]));
    try {
      await ledger.recordDeliveries(batch);
      return true;
    } catch (error) {
      log.warn({ err: error, messages: batch.length, lost }, 'what became of messages could not be written');
      lost = 0;
      if (!(error instanceof LedgerUnavailable)) return true;
      // What came in meanwhile is merged into what was there before.
      const later = waiting;
      waiting = new Map();
      for (const heard of [...batch, ...later.values()]) keep(heard);
      return false;
    }
  }

  /** One statement at a time; what comes in meanwhile goes with the next. */
  async function writeAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.size > 0) {
      if (!(await write()) || waiting.size < MANY) return;
    }
  }

  function start(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (waiting.size > 0) later();
    });
    return writing;
  }

  function later(): void {
    timer ??= setTimeout(() => void start(), everyMs).unref();
  }

  return {
    record(heard) {
      keep(heard);
      // The caller is in the middle of something: the statement is made after it.
      if (waiting.size === MANY) setImmediate(() => void start());
      else later();
    },
    async close() {
      await writing;
      while (waiting.size > 0 && (await write()));
      clearTimeout(timer);
    },
  };
}

function merged(before: Delivery | undefined, heard: Delivery): Delivery {
  if (before === undefined) return heard;
  const [further, other] = isFurther(heard.state, before.state) ? [heard, before] : [before, heard];
  const { conversationId = other.conversationId, about = other.about } = further;
  return {
    ...further,
    ...(conversationId !== undefined && { conversationId }),
    ...(about !== undefined && { about }),
  };
}
