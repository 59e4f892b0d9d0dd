import { NOTHING_NOTED, planArrived, provesPurchase, type Snapshot, snapshotOf } from '../bot/domain/evidence.js';
import {
  ACTIVATION_CHECKS,
  MAX_POSTS,
  NEVER_SEEN_CHECKS,
  RECENT_MS,
  RESEND_WITHIN_MS,
  UNSEEN_CHECKS,
} from '../bot/domain/patience.js';
import type { PurchaseEvent } from '../bot/domain/purchase.js';
import type { Line } from '../bot/domain/subscriber.js';
import type { DueCheck } from '../bot/ledger/checks.js';
import type { Ledger, MoveDetails, Purchase } from '../bot/ledger/ledger.js';
import type { Telco } from '../bot/telco.js';
import { wakeOutbox } from '../bot/telco-events.js';
import { type OrderOptions, sendOrder } from './order.js';

export interface ReconcilerOptions extends OrderOptions {
  readonly everyMs?: number;
}

export interface Reconciler {
  /** One round, now; joins one that is under way. */
  reconcile(): Promise<void>;
  close(): Promise<void>;
}

const BATCH = 50;
const BATCHES = 20;
const EVERY_MS = 5_000;
/** Looks at once: they are nobody's turn, and wait behind everybody's. */
const AT_ONCE = 8;
const LOOK_WITHIN_MS = 10_000;

/**
 * Goes and looks what became of orders nobody knows the end of, at growing intervals: by the telco's look-up, by sending the
 * same order again where the telco charges an id once, else by comparing the balance with what it was right before the order.
 * Works from PostgreSQL alone. What proves nothing leaves the purchase unknown, and a person gets it.
 */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  let running: Promise<void> | undefined;
  let stopped = false;
  const reconcile = () => {
    running ??= round(options, () => stopped).finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(() => void reconcile(), options.everyMs ?? EVERY_MS);
  return {
    reconcile,
    async close() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

/** Batch after batch while there are full ones, for a while. */
async function round(options: ReconcilerOptions, stopped: () => boolean): Promise<void> {
  for (let batch = 0; batch < BATCHES && !stopped(); batch++) {
    if ((await lookAtBatch(options, stopped)) < BATCH) return;
  }
}

/**
 * One purchase that cannot be looked at does not keep the others from it: it comes again after its pause, and so do those that a
 * stop left.
 */
async function lookAtBatch(options: ReconcilerOptions, stopped: () => boolean): Promise<number> {
  const { ledger, log } = options;
  const due = await ledger.dueChecks(BATCH).catch((error: unknown) => {
    log.warn({ err: error }, 'reconciliation failed');
    return [];
  });
  const waiting = [...due];
  const looker = async () => {
    for (let next = waiting.shift(); next !== undefined && !stopped(); next = waiting.shift()) {
      const { id } = next;
      await look(options, next).catch((error: unknown) => {
        log.warn({ err: error, purchase: id }, 'nothing could be found out about a purchase');
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, looker));
  return due.length;
}

async function look(options: ReconcilerOptions, { id, checks, orderedAgoMs }: DueCheck): Promise<void> {
  const { ledger, lines } = options;
  const purchase = await ledger.purchase(id);
  const line = purchase && (await lines.line(purchase.lineId));
  if (purchase === undefined || line === undefined) return ledger.endChecks(id);
  const telco = lines.telcoFor(line.operator);
  const sameSubscriber = await ledger.isConfirmedFor(purchase, line);
  const looked = { purchase, line, telco, checks, orderedAgoMs, sameSubscriber };
  if (purchase.state === 'completed') return lookForPlan(options, looked);
  if (purchase.state === 'processing') return lookAfterSilence(options, looked);
  if (purchase.state === 'unknown') await resolve(options, looked);
}

interface Looked {
  readonly purchase: Purchase;
  readonly line: Line;
  readonly telco: Telco;
  /** Looks so far, this one included. */
  readonly checks: number;
  readonly orderedAgoMs: number;
  /**
   * False when the line has another key than the order was sent with: it may be another SIM's now. Then its balance and what the
   * telco says under that key prove nothing, and nothing is sent: only a callback or a person ends the purchase.
   */
  readonly sameSubscriber: boolean;
}

/** No callback came: either the truth is found, or it is said that nobody knows it. */
async function lookAfterSilence(options: ReconcilerOptions, looked: Looked): Promise<void> {
  const found = looked.sameSubscriber ? await findOut(options, looked).catch(() => undefined) : undefined;
  await move(options, looked, found ?? { event: 'no-callback', ...(!looked.sameSubscriber && { said: ANOTHER_KEY }) });
}

const ANOTHER_KEY = 'the line has another key than when it was ordered';

async function resolve(options: ReconcilerOptions, looked: Looked): Promise<void> {
  const { purchase, telco } = looked;
  if (!looked.sameSubscriber) {
    options.log.info({ purchase: purchase.id, said: ANOTHER_KEY }, 'nothing can be found out about a purchase');
    return;
  }
  if ((telco.restMs?.() ?? 0) > 0) return;
  if (telco.deduplicatesPurchases && telco.findPurchase === undefined && purchase.posts < MAX_POSTS) {
    const event = await sendAgain(options, looked);
    if (event !== undefined && event !== 'ambiguous') return;
  }
  const found = await findOut(options, looked);
  if (found !== undefined) await move(options, looked, found);
}

/**
 * The same id again, where the telco promises to charge it once; the marker keeps two processes from doing it at once. Nothing when
 * it is too late for that, since the first one may never have arrived: nobody is charged for what they wanted hours ago.
 */
async function sendAgain(
  options: ReconcilerOptions,
  { purchase, line, telco }: Looked,
): Promise<PurchaseEvent | undefined> {
  const began = performance.now();
  const marked = await options.ledger.movePurchase(purchase.id, 'resubmit', { confirmedWithinMs: RESEND_WITHIN_MS });
  return marked && sendOrder(options, { purchase: marked, line, telco, began, again: true });
}

interface Found extends MoveDetails {
  readonly event: PurchaseEvent;
}

/** What the telco's look-up says, or what the balance proves; `undefined` when it is nothing. */
async function findOut({ ledger }: ReconcilerOptions, looked: Looked): Promise<Found | undefined> {
  const { purchase, line, telco, checks, orderedAgoMs } = looked;
  const call = { lane: 'background', deadlineMs: LOOK_WITHIN_MS } as const;
  if (telco.findPurchase !== undefined) {
    const answer = await telco.findPurchase(line, purchase.id, call);
    if (answer === undefined) {
      // Whoever spoke of it in a callback has seen it.
      if (checks < NEVER_SEEN_CHECKS || purchase.failure !== undefined) return undefined;
      return { event: 'found-failed', said: 'look-up: never seen', failure: 'unreachable' };
    }
    const { status, confirmationCode } = answer;
    // No news: it stays as it is, and its buyer, who was told once, is not told again.
    if (status === 'processing') return undefined;
    return { event: `found-${status}`, said: `look-up: ${status}`, ...(confirmationCode && { confirmationCode }) };
  }
  const before = await ledger.snapshot(purchase.id);
  if (before === undefined) return undefined;
  const after = snapshotOf(await telco.balance(line, call), purchase.terms.planId);
  const { price, fundSource } = purchase.terms;
  const proved = provesPurchase(before, after, { price, fundSource, recent: orderedAgoMs < RECENT_MS });
  return proved ? { event: 'found-completed', said: 'balance' } : undefined;
}

/**
 * The telco said that it is done: the plan should show. It may lag; a person hears of one that never comes, and of a balance that
 * cannot be read for hours. Where it cannot be seen any more, the telco's word is enough.
 */
async function lookForPlan({ ledger }: ReconcilerOptions, looked: Looked): Promise<void> {
  const { purchase, line, telco, checks, sameSubscriber } = looked;
  const { id, terms } = purchase;
  if (!sameSubscriber) return ledger.endChecks(id);
  const before = (await ledger.snapshot(id)) ?? NOTHING_NOTED;
  const call = { lane: 'background', deadlineMs: LOOK_WITHIN_MS } as const;
  let after: Snapshot;
  try {
    after = snapshotOf(await telco.balance(line, call), terms.planId);
  } catch (error) {
    if (checks < UNSEEN_CHECKS) throw error;
    return tellAboutPlan(ledger, id, 'the balance could not be read, so nobody knows whether its plan came');
  }
  if (planArrived(before, after)) return ledger.endChecks(id);
  if (checks >= ACTIVATION_CHECKS) await tellAboutPlan(ledger, id, 'its plan never showed');
}

async function tellAboutPlan(ledger: Ledger, id: string, why: string): Promise<void> {
  await ledger.openTask('not-activated', id, `the telco called this purchase completed, but ${why}`);
  await ledger.endChecks(id);
}

async function move(
  { ledger, jobs, lines, log }: ReconcilerOptions,
  { purchase }: Looked,
  { event, ...details }: Found,
): Promise<void> {
  const moved = await ledger.movePurchase(purchase.id, event, details);
  log.info({ purchase: purchase.id, event, said: details.said, moved: moved !== undefined }, 'purchase reconciled');
  if (moved === undefined) return;
  lines.forget(moved.lineId);
  if (moved.state !== 'processing') await wakeOutbox(ledger, jobs, moved);
}
