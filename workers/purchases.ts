import type { JobRunner, Jobs } from '../bot/jobs.js';
import type { Ledger, Purchase } from '../bot/ledger/ledger.js';
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
export async function submit({ ledger, jobs, lines, log }: PurchasesWorkerOptions, id: string): Promise<void> {
  const purchase = await ledger.movePurchase(id, 'submitting', { why: 'submit' });
  if (purchase === undefined) return;
  const outcome = await order(lines, purchase);
  lines.forget(purchase.lineId);
  const { to, ...details } = outcome;
  const moved = await ledger.movePurchase(id, to, details);
  log.info({ purchase: id, to, why: details.why, moved: moved !== undefined }, 'purchase submitted');
  // A callback may have been faster: then its receipt is already on the way.
  if (moved === undefined || to === 'processing') return;
  await wakeOutbox(ledger, jobs, to === 'unknown' ? 'checking' : 'receipt', id, purchase.conversationId);
}

interface Outcome {
  readonly to: 'completed' | 'processing' | 'failed' | 'unknown';
  readonly why: string;
  readonly confirmationCode?: string;
  readonly failure?: string;
}

async function order(lines: LineTelco, { id, lineId, terms }: Purchase): Promise<Outcome> {
  const line = await lines.line(lineId);
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
