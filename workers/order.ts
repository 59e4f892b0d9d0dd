import { setTimeout as sleep } from 'node:timers/promises';
import { FIRST_RESEND_MS } from '../bot/domain/patience.js';
import { isFinal, type PurchaseEvent, ruleOf } from '../bot/domain/purchase.js';
import { stateAfterRefusal } from '../bot/domain/refusal.js';
import type { Line } from '../bot/domain/subscriber.js';
import { RefillError } from '../bot/errors.js';
import type { Jobs } from '../bot/jobs.js';
import type { Ledger, MoveDetails, Purchase } from '../bot/ledger/ledger.js';
import type { LineTelco } from '../bot/line-telco.js';
import type { Logger } from '../bot/log.js';
import { type PurchaseAnswer, type Telco, TelcoRefused, TelcoUnreachable } from '../bot/telco.js';
import { wakeOutbox } from '../bot/telco-events.js';

export interface OrderOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly lines: LineTelco;
  readonly log: Logger;
}

/** An order may take the telco this long to answer; after that nobody knows. */
const ORDER_DEADLINE_MS = 20_000;

/** A process that stood still this long after its marker no longer knows what others made of it: it sends nothing. */
const SEND_WITHIN_MS = 15_000;

/** The last wait is half of the whole; the sweeper takes over after 60 s. */
const RECORD_WITHIN_MS = 15_000;

/** A purchase whose marker was just written, and where it goes. */
export interface MarkedOrder {
  readonly purchase: Purchase;
  readonly line: Line;
  readonly telco: Telco;
  /** `performance.now()` before the marker was asked for. */
  readonly began: number;
  /** The same order may have arrived before. */
  readonly again?: boolean;
}

/** Sends an order whose marker is this caller's, and writes down what came of it. Returns the event that did. */
export async function sendOrder(options: OrderOptions, order: MarkedOrder): Promise<PurchaseEvent> {
  const { ledger, jobs, lines, log } = options;
  const { id, lineId, marker } = order.purchase;
  const { event, ...details } = await post(order);
  lines.forget(lineId);
  const soon = order.telco.deduplicatesPurchases && event === 'ambiguous' ? { checkInMs: FIRST_RESEND_MS } : {};
  const moved = await record(options, id, event, { ...details, ...soon, ...conditions(event, marker) });
  log.info({ purchase: id, event, said: details.said, moved: moved !== undefined }, 'purchase submitted');
  if (moved === undefined) await compareWithTheEnd(ledger, id, event);
  // A callback may have been faster: then its receipt is already on the way.
  else if (moved.state !== 'processing' && moved.state !== 'confirmed') await wakeOutbox(ledger, jobs, moved);
  return event;
}

/**
 * A success counts whichever order it answers; anything else only while no newer one is out, and that nothing was charged only
 * where no callback spoke of it: one of the two is wrong, and nobody here knows which.
 */
function conditions(event: PurchaseEvent, marker: number): MoveDetails {
  if (event === 'completed') return {};
  return { ofMarker: marker, ...((event === 'refused' || event === 'put-off') && { unlessSaid: 'any' }) };
}

interface Outcome extends MoveDetails {
  readonly event: PurchaseEvent;
}

async function post({ purchase, line, telco, began, again = false }: MarkedOrder): Promise<Outcome> {
  const { id, terms, posts } = purchase;
  const { planId, fundSource, context } = terms;
  const repeated = again || posts > 1;
  const notSent = repeated ? 'ambiguous' : 'put-off';
  if (performance.now() - began > SEND_WITHIN_MS) return { event: notSent, said: 'not sent: too late' };
  const order = { transactionId: id, planId, fundSource, ...(context !== undefined && { context }) };
  try {
    const answer = await telco.purchase(
      line,
      { ...order, ...(repeated && { repeated }) },
      { deadlineMs: ORDER_DEADLINE_MS },
    );
    const { status, confirmationCode } = answer;
    return {
      event: eventOf(status, repeated),
      said: status,
      ...(confirmationCode !== undefined && { confirmationCode }),
    };
  } catch (error) {
    if (error instanceof TelcoRefused) return refusal(error, repeated);
    if (error instanceof TelcoUnreachable) return { event: notSent, said: `not sent: ${error.message}` };
    // Ambiguous, or a bug of ours after the marker: nobody knows, so nobody says.
    return { event: 'ambiguous', said: error instanceof RefillError ? error.message : 'no answer' };
  }
}

/** A repetition that failed says nothing about the first one, which may have been charged. */
function eventOf(status: PurchaseAnswer['status'], repeated: boolean): PurchaseEvent {
  if (status === 'failed') return repeated ? 'ambiguous' : 'refused';
  return status === 'processing' ? 'accepted' : 'completed';
}

/** What was refused was not charged, unless an earlier one of the same order was, or the refusal does not say. */
function refusal({ reason, details }: TelcoRefused, repeated: boolean): Outcome {
  const said = details.status === undefined ? reason : `${details.status} ${reason}`;
  if (repeated) return { event: 'ambiguous', said };
  if (reason === 'too-many-requests') return { event: 'put-off', said };
  return stateAfterRefusal(reason) === 'failed'
    ? { event: 'refused', said, failure: reason }
    : { event: 'ambiguous', said };
}

/** What the telco answered must not be lost to a store that blinks: written down again and again for half a minute. */
async function record(
  { ledger, log }: OrderOptions,
  id: string,
  event: PurchaseEvent,
  details: MoveDetails,
): Promise<Purchase | undefined> {
  for (let wait = 100; ; wait *= 2) {
    try {
      return await ledger.movePurchase(id, event, details);
    } catch (error) {
      if (wait > RECORD_WITHIN_MS) throw error;
      log.warn({ err: error, purchase: id }, 'the answer to an order could not be written down yet');
      await sleep(wait);
    }
  }
}

/** An answer that came after the end and says something else is a person's business: the end stays. */
async function compareWithTheEnd(ledger: Ledger, id: string, event: PurchaseEvent): Promise<void> {
  const { to } = ruleOf(event);
  const now = await ledger.purchase(id);
  if (now === undefined || !isFinal(now.state) || !isFinal(to) || now.state === to) return;
  await ledger.openTask('contradiction', id, `the purchase was ${now.state}, then the answer said ${to}`);
}
