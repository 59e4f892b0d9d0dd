import type { Mailbox } from '../bot/conversation/mailbox.js';
import { INTERRUPTED_AFTER_MS, PERSON_AFTER_MS, REDRIVE_AFTER_MS, SEND_WITHIN_MS } from '../bot/domain/patience.js';
import { OPEN_STATES, type PurchaseEvent } from '../bot/domain/purchase.js';
import type { Jobs } from '../bot/jobs.js';
import type { Ledger, MoveDetails } from '../bot/ledger/ledger.js';
import type { OperatorTask } from '../bot/ledger/tasks.js';
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
const QUEUED_NUDGE_MS = 30_000;
const OUTBOX_RETRY_MS = 60_000;
/** Rounds between two clearings of the quarantine: about an hour. */
const PRUNE_EVERY = 240;
/** A receipt that got lost on the way is sent again this long after, longer each time. */
const RESEND_MS = 15_000;
/** How long what became of a message is kept. */
const DELIVERIES_KEPT_MS = 30 * 24 * 3_600_000;
/** Rows that are forgotten in one statement, and statements in one sweep. */
const FORGOTTEN = 2_000;
const FORGOTTEN_TIMES = 10;

export interface Sweeper {
  /** One round, now; joins one that is under way. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** Finds in PostgreSQL what a crash, a wipe or an outage left undone, and puts it back on its way. */
export function startSweeper(options: SweeperOptions): Sweeper {
  let rounds = 0;
  let running: Promise<void> | undefined;
  const sweep = () => {
    running ??= sweepOnce(options, rounds++).finally(() => {
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
async function sweepOnce(options: SweeperOptions, round: number): Promise<void> {
  const { ledger, jobs, now, log } = options;
  const before = (ms: number) => new Date(now().getTime() - ms);
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    expired: async () =>
      moveAll(options, await ledger.unsentPurchases(before(SEND_WITHIN_MS), BATCH), 'expired', NOT_SENT),
    confirmed: async () =>
      addAll(jobs, 'purchases', await ledger.stalePurchases('confirmed', before(REDRIVE_AFTER_MS), BATCH)),
    submitting: async () =>
      moveAll(
        options,
        await ledger.stalePurchases('submitting', before(INTERRUPTED_AFTER_MS), BATCH),
        'interrupted',
        // It waited long enough: the reconciler looks at once.
        { checkInMs: 0 },
      ),
    overdue: () => ledger.openOverdueTasks(before(PERSON_AFTER_MS)),
    people: () => ledger.announceTasks(BATCH, (task) => callForHelp(options, task)),
    // A claim pushes the next try back, so nothing is claimed while there is no queue to hand it to.
    async outbox() {
      await jobs.depth();
      await addAll(jobs, 'outbox', await ledger.dueOutbox(now(), OUTBOX_RETRY_MS, BATCH));
    },
    async nudges() {
      await jobs.depth();
      await addAll(jobs, 'nudges', await ledger.queuedNudges(before(QUEUED_NUDGE_MS), BATCH));
    },
    resend: () => ledger.resendFailed(RESEND_MS, BATCH),
    async deliveries() {
      for (let times = 0; times < FORGOTTEN_TIMES; times++) {
        if ((await ledger.pruneDeliveries(before(DELIVERIES_KEPT_MS), FORGOTTEN)) < FORGOTTEN) return;
      }
    },
    async quarantine() {
      if (round % PRUNE_EVERY === 0) await ledger.pruneQuarantine();
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

const NOT_SENT: MoveDetails = { said: 'could not be sent in time', failure: 'unreachable' };

async function moveAll(
  { ledger, jobs }: SweeperOptions,
  stale: readonly { readonly id: string }[],
  event: PurchaseEvent,
  details: MoveDetails,
): Promise<void> {
  await eachByItself(stale, async ({ id }) => {
    const moved = await ledger.movePurchase(id, event, details);
    if (moved !== undefined) await wakeOutbox(ledger, jobs, moved);
  });
}

const ALERTS: Readonly<Record<OperatorTask['kind'], string>> = {
  'purchase-unknown': 'PURCHASE_UNKNOWN',
  contradiction: 'CONTRADICTING_RESULT',
  promise: 'PROMISE_NOT_KEPT',
  'not-activated': 'PLAN_NOT_ACTIVE',
};

/**
 * Once per task, over all processes and restarts: an alarm that rings every 15 seconds is switched off. Twice only where the
 * process died before it could note that it had called; the task's id tells the two are one.
 */
function callForHelp({ alert }: SweeperOptions, { kind, subject, about, id }: OperatorTask): void {
  alert(ALERTS[kind], `${subject}: ${about} (task ${id})`);
}

async function measure({ ledger, jobs, mailbox, metrics }: SweeperOptions): Promise<void> {
  const [tasks, quarantined, purchases] = await Promise.all([
    ledger.countOpenTasks(),
    ledger.countQuarantined(),
    ledger.countPurchasesByState(),
  ]);
  for (const kind of Object.keys(ALERTS) as OperatorTask['kind'][]) metrics.tasks.set({ kind }, tasks[kind] ?? 0);
  metrics.quarantined.set(quarantined);
  for (const state of OPEN_STATES) metrics.purchases.set({ state }, purchases[state] ?? 0);
  // The queues last: what the ledger knows is shown while they are away.
  const [queues, depth] = await Promise.all([jobs.depth(), mailbox.depth()]);
  for (const [queue, count] of Object.entries(queues)) metrics.queueJobs.set({ queue }, count);
  metrics.mailboxConversations.set(depth.conversations);
  metrics.mailboxOldest.set(depth.oldestMs / 1000);
  metrics.mailboxDead.set(depth.deadLetters);
}
