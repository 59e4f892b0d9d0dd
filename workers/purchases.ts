import { planArrived, type Snapshot, saysTooLittle, snapshotOf } from '../bot/domain/evidence.js';
import { SEND_WITHIN_MS } from '../bot/domain/patience.js';
import type { Line } from '../bot/domain/subscriber.js';
import { RefillError } from '../bot/errors.js';
import type { JobRunner } from '../bot/jobs.js';
import type { Ledger, MoveDetails } from '../bot/ledger/ledger.js';
import type { PurchaseTerms } from '../bot/ledger/purchase-types.js';
import type { Telco } from '../bot/telco.js';
import { wakeOutbox } from '../bot/telco-events.js';
import { type OrderOptions, sendOrder } from './order.js';

export type PurchasesWorkerOptions = OrderOptions;

/** Purchases submitted at once by one process. */
const CONCURRENCY = 16;

/** A look at the balance is worth this long before an order, and no longer. */
const SNAPSHOT_WITHIN_MS = 2_000;

/** The order cannot be sent now; the queue tries again, then the sweeper, until it is too late for it. */
class NotNow extends RefillError {
  readonly code = 'ORDER_NOT_NOW';
}

/** Submits confirmed purchases to the telco: at most once each, whatever the queue does. */
export function startPurchasesWorker(options: PurchasesWorkerOptions): JobRunner {
  return options.jobs.run(
    'purchases',
    CONCURRENCY,
    (id) => submit(options, id),
    (error) => options.log.warn({ err: error }, 'purchase job failed'),
  );
}

/**
 * One order. Everything that can fail harmlessly comes first; then the `submitting` marker is committed, which only one caller
 * gets, and a second run stops there; then the order goes out. Rejects when it should be tried again.
 */
export async function submit(options: PurchasesWorkerOptions, id: string): Promise<void> {
  const { ledger, lines } = options;
  const purchase = await ledger.purchase(id);
  if (purchase?.state !== 'confirmed') return;
  const line = await lines.line(purchase.lineId);
  if (line === undefined) return endUnsent(options, id, ERASED);
  if (!(await ledger.isConfirmedFor(purchase, line))) return endUnsent(options, id, ANOTHER_KEY);
  const telco = lines.telcoFor(line.operator);
  if ((telco.restMs?.() ?? 0) > 0) throw new NotNow('the telco takes no orders now');
  const snapshot = await snapshotBefore(ledger, telco, line, purchase.terms);
  // That look may have been the one that tried a telco which did not answer before.
  if ((telco.restMs?.() ?? 0) > 0) throw new NotNow('the telco does not answer');
  const began = performance.now();
  const marked = await ledger.movePurchase(id, 'submit', {
    confirmedWithinMs: SEND_WITHIN_MS,
    ...(snapshot && { snapshot }),
  });
  if (marked === undefined) return;
  const event = await sendOrder(options, { purchase: marked, line, telco, began });
  if (event === 'put-off') throw new NotNow('the order was not taken, and may be sent again');
}

const ERASED: MoveDetails = { said: 'the line was erased', failure: 'not-allowed' };

/**
 * Its user proved this line again since they confirmed, perhaps with another SIM: that one was neither shown nor agreed to, and
 * its balance would pay. Nothing was sent, so nothing was charged, and that is told.
 */
const ANOTHER_KEY: MoveDetails = { said: 'the line has another key than when it was confirmed', failure: 'other-sim' };

async function endUnsent({ ledger, jobs }: PurchasesWorkerOptions, id: string, details: MoveDetails): Promise<void> {
  const ended = await ledger.movePurchase(id, 'expired', details);
  if (ended !== undefined) await wakeOutbox(ledger, jobs, ended);
}

/**
 * To compare with when the answer is lost. Where the telco can be asked about an order, nobody has to compare. None is taken while
 * the same plan of an earlier purchase is still to show: it would be taken for this one's (FAULTS.md 18).
 */
async function snapshotBefore(
  ledger: Ledger,
  telco: Telco,
  line: Line,
  { planId, fundSource }: PurchaseTerms,
): Promise<Snapshot | undefined> {
  if (telco.findPurchase !== undefined) return undefined;
  const [balance, awaited] = await Promise.all([
    telco.balance(line, { lane: 'order', deadlineMs: SNAPSHOT_WITHIN_MS }).catch(() => undefined),
    ledger.awaitedPlans(line.id, planId),
  ]);
  if (balance === undefined || saysTooLittle(balance, fundSource)) return undefined;
  const snapshot = snapshotOf(balance, planId);
  const isThere = (before: Snapshot | undefined) => before !== undefined && planArrived(before, snapshot);
  return awaited.every(isThere) ? snapshot : undefined;
}
