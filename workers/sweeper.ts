import type { Mailbox } from '../bot/conversation/mailbox.js';
import type { Jobs } from '../bot/jobs.js';
import type { Ledger } from '../bot/ledger/ledger.js';
import type { Logger } from '../bot/log.js';
import type { Metrics } from '../bot/metrics.js';
import { wakeOutbox } from '../bot/telco-events.js';

export interface SweeperOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => Date;
  readonly everyMs?: number;
}

const BATCH = 200;
/** A confirmed purchase whose job was lost. */
const CONFIRMED_MS = 10_000;
/** Longer than any order may take: its process died between the marker and the answer. */
const SUBMITTING_MS = 60_000;
/** From here on a person has to look (DESIGN.md, Money). */
const UNKNOWN_MS = 30 * 60_000;
const QUEUED_NUDGE_MS = 30_000;
const OUTBOX_RETRY_MS = 60_000;

/** Finds in PostgreSQL what a crash, a wipe or an outage left undone, and puts it back on its way. */
export function startSweeper(options: SweeperOptions): { readonly sweep: () => Promise<void>; close(): Promise<void> } {
  let running: Promise<void> | undefined;
  const sweep = () => {
    running ??= sweepOnce(options)
      .catch((error: unknown) => options.log.warn({ err: error }, 'sweep failed'))
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(sweep, options.everyMs ?? 15_000);
  return {
    sweep,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}

async function sweepOnce({ ledger, jobs, mailbox, metrics, log, now }: SweeperOptions): Promise<void> {
  const before = (ms: number) => new Date(now().getTime() - ms);
  for (const { id } of await ledger.stalePurchases('confirmed', before(CONFIRMED_MS), BATCH))
    await jobs.add('purchases', id);
  for (const { id, conversationId } of await ledger.stalePurchases('submitting', before(SUBMITTING_MS), BATCH)) {
    const moved = await ledger.movePurchase(id, 'unknown', { why: 'interrupted' });
    if (moved !== undefined) await wakeOutbox(ledger, jobs, 'checking', id, conversationId);
  }
  const overdue = await ledger.stalePurchases('unknown', before(UNKNOWN_MS), BATCH);
  if (overdue.length > 0)
    log.error({ purchases: overdue.map(({ id }) => id) }, 'purchases nobody knows the outcome of');
  for (const { id } of await ledger.dueOutbox(now(), OUTBOX_RETRY_MS, BATCH)) await jobs.add('outbox', id);
  for (const { id } of await ledger.queuedNudges(before(QUEUED_NUDGE_MS), BATCH)) await jobs.add('nudges', id);
  await measure(ledger, jobs, mailbox, metrics);
}

async function measure(ledger: Ledger, jobs: Jobs, mailbox: Mailbox, metrics: Metrics): Promise<void> {
  const [purchases, queues, depth] = await Promise.all([ledger.countPurchasesByState(), jobs.depth(), mailbox.depth()]);
  for (const [state, count] of Object.entries(purchases)) metrics.purchases.set({ state }, count);
  for (const [queue, count] of Object.entries(queues)) metrics.queueJobs.set({ queue }, count);
  metrics.mailboxConversations.set(depth.conversations);
  metrics.mailboxOldest.set(depth.oldestMs / 1000);
  metrics.mailboxDead.set(depth.deadLetters);
}
