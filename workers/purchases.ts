import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from '../bot/domain/subscriber.js';
import type { JobRunner, Jobs } from '../bot/jobs.js';
import type { Ledger, MoveDetails, Purchase } from '../bot/ledger/ledger.js';
import type { LineTelco } from '../bot/line-telco.js';
import type { Logger } from '../bot/log.js';
import { TelcoRefused, TelcoUnreachable } from '../bot/telco.js';
import { wakeOutbox } from '../bot/telco-events.js';

export interface PurchasesWorkerOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly lines: LineTelco;
  readonly log: Logger;
}

/** Purchases submitted at once by one process. */
const CONCURRENCY = 16;

/** An order may take the telco this long to answer; after that nobody knows. */
const ORDER_DEADLINE_MS = 20_000;

/** The last wait is half of the whole; the sweeper takes over after 60 s. */
const RECORD_WITHIN_MS = 15_000;

/** Submits confirmed purchases to the telco: at most once each, whatever the queue does. */
export function startPurchasesWorker(options: PurchasesWorkerOptions): JobRunner {
  return options.jobs.run(
    'purchases',
    CONCURRENCY,
    (id) => submit(options, id),
    (error) => options.log.warn({ err: error }, 'purchase job failed'),
  );
}

/** One order. The `submitting` marker is committed before the POST and only one caller gets it: a second run stops here. */
export async function submit(options: PurchasesWorkerOptions, id: string): Promise<void> {
  const { ledger, jobs, lines, log } = options;
  const purchase = await ledger.movePurchase(id, 'submitting', { why: 'submit' });
  if (purchase === undefined) return;
  const outcome = await order(lines, purchase);
  lines.forget(purchase.lineId);
  const { to, ...details } = outcome;
  const moved = await record(options, id, to, details);
  log.info({ purchase: id, to, why: details.why, moved: moved !== undefined }, 'purchase submitted');
  // A callback may have been faster: then its receipt is already on the way.
  if (moved !== undefined && to !== 'processing') await wakeOutbox(ledger, jobs, moved);
}

/** What the telco answered must not be lost to a store that blinks: written down again and again for half a minute. */
async function record(
  { ledger, log }: PurchasesWorkerOptions,
  id: string,
  to: Outcome['to'],
  details: MoveDetails,
): Promise<Purchase | undefined> {
  for (let wait = 100; ; wait *= 2) {
    try {
      return await ledger.movePurchase(id, to, details);
    } catch (error) {
      if (wait > RECORD_WITHIN_MS) throw error;
      log.warn({ err: error, purchase: id }, 'the answer to an order could not be written down yet');
      await sleep(wait);
    }
  }
}

interface Outcome {
  readonly to: 'completed' | 'processing' | 'failed' | 'unknown';
  readonly why: string;
  readonly confirmationCode?: string;
  readonly failure?: string;
}

async function order(lines: LineTelco, { id, lineId, terms }: Purchase): Promise<Outcome> {
  let line: Line | undefined;
  try {
    line = await lines.line(lineId);
  } catch {
    // Nothing was sent, and saying so is better than a purchase nobody knows the outcome of.
    return { to: 'failed', why: 'line out of reach', failure: 'unreachable' };
  }
  if (line === undefined) return { to: 'failed', why: 'line erased', failure: 'not-allowed' };
  const { planId, fundSource, context } = terms;
  try {
    const answer = await lines
      .telcoFor(line.operator)
      .purchase(
        line,
        { transactionId: id, planId, fundSource, ...(context !== undefined && { context }) },
        { deadlineMs: ORDER_DEADLINE_MS },
      );
    const { status, confirmationCode } = answer;
    return { to: status, why: 'answer', ...(confirmationCode !== undefined && { confirmationCode }) };
  } catch (error) {
    if (error instanceof TelcoRefused) return { to: 'failed', why: 'refused', failure: error.reason };
    if (error instanceof TelcoUnreachable) return { to: 'failed', why: 'unreachable', failure: 'unreachable' };
    // Ambiguous, or a bug of ours after the marker: nobody knows, so nobody says.
    return { to: 'unknown', why: 'ambiguous' };
  }
}
