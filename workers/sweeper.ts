import type { Mailbox } from '../bot/conversation/mailbox.js';
import { OPEN_STATES } from '../bot/domain/purchase.js';
import type { Jobs } from '../bot/jobs.js';
import type { Ledger, Purchase } from '../bot/ledger/ledger.js';
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
  /** Something a person has to look at. */
  readonly alert: (code: string, what: string) => void;
  readonly everyMs?: number;
}

const BATCH = 200;
/** A confirmed purchase whose job was lost. */
const CONFIRMED_MS = 10_000;
/** Longer than any order may take: its process died between the marker and the answer. */
const SUBMITTING_MS = 60_000;
/** A callback that has not come by now may never come (FAULTS.md 19). */
const PROCESSING_MS = 15 * 60_000;
/** From here on a person has to look (DESIGN.md, Money). */
const UNKNOWN_MS = 15 * 60_000;
const QUEUED_NUDGE_MS = 30_000;
const OUTBOX_RETRY_MS = 60_000;

export interface Sweeper {
  /** One round, now; joins one that is under way. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** Finds in PostgreSQL what a crash, a wipe or an outage left undone, and puts it back on its way. */
export function startSweeper(options: SweeperOptions): Sweeper {
  const told = new Set<string>();
  let running: Promise<void> | undefined;
  const sweep = () => {
    running ??= sweepOnce(options, told).finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(() => void sweep(), options.everyMs ?? 15_000);
  return {
    sweep,
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}

/** Every step by itself: what one store or one row holds up, the others do not wait for. */
async function sweepOnce(options: SweeperOptions, told: Set<string>): Promise<void> {
  const { ledger, jobs, now, log } = options;
  const before = (ms: number) => new Date(now().getTime() - ms);
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    confirmed: async () =>
      addAll(jobs, 'purchases', await ledger.stalePurchases('confirmed', before(CONFIRMED_MS), BATCH)),
    submitting: async () =>
      toUnknown(options, 'interrupted', await ledger.stalePurchases('submitting', before(SUBMITTING_MS), BATCH)),
    processing: async () =>
      toUnknown(options, 'no callback', await ledger.stalePurchases('processing', before(PROCESSING_MS), BATCH)),
    unknown: async () => callForHelp(options, told, await ledger.stalePurchases('unknown', before(UNKNOWN_MS), BATCH)),
    // A claim pushes the next try back, so nothing is claimed while there is no queue to hand it to.
    async outbox() {
      await jobs.depth();
      await addAll(jobs, 'outbox', await ledger.dueOutbox(now(), OUTBOX_RETRY_MS, BATCH));
    },
    async nudges() {
      await jobs.depth();
      await addAll(jobs, 'nudges', await ledger.queuedNudges(before(QUEUED_NUDGE_MS), BATCH));
    },
    figures: () => measure(options),
  };
  for (const [step, run] of Object.entries(steps)) {
    await run().catch((error: unknown) => log.warn({ err: error, step }, 'sweep failed'));
  }
}

function addAll(jobs: Jobs, queue: 'purchases' | 'outbox' | 'nudges', items: readonly { readonly id: string }[]) {
  return eachByItself(items, ({ id }) => jobs.add(queue, id));
}

/** One that fails does not keep the others from it; the first failure is thrown when all had their turn. */
async function eachByItself<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(items.map(act));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function toUnknown({ ledger, jobs }: SweeperOptions, why: string, stale: readonly Purchase[]): Promise<void> {
  await eachByItself(stale, async ({ id }) => {
    const moved = await ledger.movePurchase(id, 'unknown', { why });
    if (moved !== undefined) await wakeOutbox(ledger, jobs, moved);
  });
}

/** Once per purchase and process: an alarm that rings every 15 seconds is switched off. */
async function callForHelp({ alert }: SweeperOptions, told: Set<string>, overdue: readonly Purchase[]): Promise<void> {
  for (const { id } of overdue) {
    if (told.has(id)) continue;
    told.add(id);
    alert('PURCHASE_UNKNOWN', `nobody knows what became of purchase ${id}: ask the operator`);
  }
}

async function measure({ ledger, jobs, mailbox, metrics }: SweeperOptions): Promise<void> {
  const [purchases, queues, depth] = await Promise.all([ledger.countPurchasesByState(), jobs.depth(), mailbox.depth()]);
  for (const state of OPEN_STATES) metrics.purchases.set({ state }, purchases[state] ?? 0);
  for (const [queue, count] of Object.entries(queues)) metrics.queueJobs.set({ queue }, count);
  metrics.mailboxConversations.set(depth.conversations);
  metrics.mailboxOldest.set(depth.oldestMs / 1000);
  metrics.mailboxDead.set(depth.deadLetters);
}
