import type { NotificationType } from './domain/notification.js';
import { isFinal, type PurchaseState } from './domain/purchase.js';
import type { SubscriberKey } from './domain/subscriber.js';
import type { MultilingualText } from './domain/text.js';
import type { Jobs } from './jobs.js';
import type { Ledger, Purchase } from './ledger/ledger.js';
import type { LineTelco } from './line-telco.js';
import type { Logger } from './log.js';

export interface PurchaseResult {
  readonly operator: string;
  readonly subscriber: SubscriberKey;
  readonly transactionId: string;
  /** Why it failed, in the telco's words; `undefined` is success and nothing else is. */
  readonly failure?: string;
}

export interface Notification {
  readonly operator: string;
  readonly subscriber: SubscriberKey;
  readonly transactionId: string;
  readonly type: NotificationType;
  readonly planName: readonly MultilingualText[];
}

/** What a telco tells us on its own, made durable before it is answered. */
export interface TelcoEvents {
  purchaseResult(result: PurchaseResult): Promise<'applied' | 'repeated' | 'unknown' | 'mismatch'>;
  notify(notification: Notification): Promise<'queued' | 'duplicate' | 'unknown-subscriber' | 'no-consent'>;
}

export interface TelcoEventsOptions {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly lines: Pick<LineTelco, 'forget'>;
  readonly log: Logger;
  /** Something a person has to look at. */
  readonly alert: (code: string, what: string) => void;
}

/**
 * Failures that do not say whether money moved (Millom purchase-callback.yaml, ErrorType): such a purchase is checked, never
 * called failed. Words not listed here or below are treated the same way.
 */
const DEFINITE_FAILURES: ReadonlySet<string> = new Set([
  'UNKNOWN_SUBSCRIBER_ID',
  'INVALID_PRODUCT',
  'CONNECTION_TROUBLE',
  'BAD_CPID',
  'BAD_MSISDN',
  'USER_BARRED',
  'ROAMING',
  'CONGESTED',
  'DISABLED',
  'NOT_IMPLEMENTED',
  'BE_THROTTLED',
  'OPERATOR_THROTTLED',
  'INSUFFICIENT_FUNDS',
  'UNSUPPORTED_OPERATOR',
  'BAD_REQUEST',
  'CONFLICT',
  'FORBIDDEN',
  'KEY_NOT_FOUND',
  'NO_CONSENT',
  'PIN_ENTRY_ERROR',
]);

/** Commits what a telco reports to the ledger, then wakes whoever tells the subscriber. */
export function createTelcoEvents({ ledger, jobs, lines, log, alert }: TelcoEventsOptions): TelcoEvents {
  /** A repetition changes nothing; a result that contradicts the first one is a person's business (FAULTS.md 11). */
  async function settledBefore(id: string, to: PurchaseState): Promise<'applied' | 'repeated'> {
    const now = await ledger.purchase(id);
    if (now !== undefined && !isFinal(now.state)) return 'applied';
    if (now !== undefined && now.state !== to)
      alert('CONTRADICTING_CALLBACK', `purchase ${id} was ${now.state}, now ${to}`);
    return 'repeated';
  }

  return {
    async purchaseResult({ operator, subscriber, transactionId, failure }) {
      const purchase = UUID.test(transactionId) ? await ledger.purchase(transactionId.toLowerCase()) : undefined;
      if (purchase === undefined) {
        log.warn({ operator }, 'callback for a transaction we do not know');
        return 'unknown';
      }
      const line = await ledger.line(purchase.lineId);
      if (line === undefined || line.operator !== operator || contradicts(line.key, subscriber)) {
        alert('CALLBACK_FOR_ANOTHER', `purchase ${purchase.id}: the callback names another subscriber than the buyer`);
        return 'mismatch';
      }
      const to = failure === undefined ? 'completed' : DEFINITE_FAILURES.has(failure) ? 'failed' : 'unknown';
      const details = { why: 'callback', ...(failure !== undefined && { failure: failure.slice(0, 100) }) };
      const moved = await ledger.movePurchase(purchase.id, to, details);
      if (moved === undefined) return settledBefore(purchase.id, to);
      lines.forget(moved.lineId);
      await wakeOutbox(ledger, jobs, moved);
      return 'applied';
    },

    async notify({ operator, subscriber, transactionId, type, planName }) {
      const line = await ledger.findLine(operator, subscriber);
      if (line === undefined) return 'unknown-subscriber';
      const conversations = await ledger.conversationsOf(line.id);
      for (const { id } of conversations) {
        if (!(await ledger.consents(id)).has(type)) continue;
        const nudge = await ledger.addNudge({
          operator,
          transactionId,
          type,
          lineId: line.id,
          conversationId: id,
          planName,
        });
        if (nudge === undefined) return 'duplicate';
        await jobs.add('nudges', nudge.id).catch(() => undefined); // the sweeper finds it
        return 'queued';
      }
      return conversations.length === 0 ? 'unknown-subscriber' : 'no-consent';
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Keys of different types cannot be compared; of one type they must be the same. */
function contradicts(ours: SubscriberKey, theirs: SubscriberKey): boolean {
  return ours.type === theirs.type && plain(ours.value) !== plain(theirs.value);
}

/** `+` before an MSISDN is a habit, not a difference. */
function plain(value: string): string {
  return value.replace(/^\+/, '');
}

/**
 * Wakes the worker that tells a purchase's buyer what its move wrote into the outbox: the receipt, or that it is being
 * checked. When the queue is down the sweeper does.
 */
export async function wakeOutbox(
  ledger: Ledger,
  jobs: Jobs,
  { id, state }: Pick<Purchase, 'id' | 'state'>,
): Promise<void> {
  const item = await ledger.outboxFor(state === 'unknown' ? 'checking' : 'receipt', id);
  if (item !== undefined) await jobs.add('outbox', item.id).catch(() => undefined);
}
