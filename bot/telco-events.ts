import { BOUGHT, contradicts, readCallback } from './domain/callback.js';
import type { NotificationType } from './domain/notification.js';
import type { Offer } from './domain/offer.js';
import { isFinal } from './domain/purchase.js';
import type { Line, SubscriberKey } from './domain/subscriber.js';
import type { MultilingualText } from './domain/text.js';
import type { Jobs } from './jobs.js';
import type { Ledger, Purchase } from './ledger/ledger.js';
import type { StrayCallback } from './ledger/quarantine.js';
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
  /** Offers it brought along. */
  readonly offers?: readonly Offer[];
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

/** Commits what a telco reports to the ledger, then wakes whoever tells the subscriber. */
export function createTelcoEvents({ ledger, jobs, lines, log, alert }: TelcoEventsOptions): TelcoEvents {
  /** A repetition changes nothing; a result that contradicts the first one is a person's business (FAULTS.md 11). */
  async function settledBefore(id: string, failure: string | undefined): Promise<'applied' | 'repeated'> {
    const now = await ledger.purchase(id);
    if (now !== undefined && contradicts(now.state, failure, now.failure)) {
      const was = isFinal(now.state) ? now.state : 'carried out, said a callback';
      const said = failure === undefined ? 'success' : 'a failure';
      await ledger.openTask('contradiction', id, `the purchase was ${was}, then a callback said ${said}`);
    }
    return now !== undefined && !isFinal(now.state) ? 'applied' : 'repeated';
  }

  /** A callback that fits no purchase is kept: it may be the only trace of a charge (FAULTS.md 13, 40). */
  async function stray(
    reason: StrayCallback['reason'],
    { operator, subscriber, transactionId, failure }: PurchaseResult,
  ) {
    log.warn({ operator, reason }, 'a callback fits no purchase');
    await ledger.quarantine({ operator, reason, transactionId, subscriber, ...(failure !== undefined && { failure }) });
    return reason;
  }

  /** What a callback tells of whose line it is; the money is committed by then, and waits for nothing. */
  async function learn(line: Line, subscriber: SubscriberKey): Promise<void> {
    if (line.key.type === subscriber.type) return;
    await ledger
      .nameSim(line, plain(subscriber))
      .catch((error: unknown) => log.warn({ err: error }, 'which SIM a line is could not be noted'));
  }

  return {
    async purchaseResult(result) {
      const { operator, subscriber, transactionId, failure } = result;
      const purchase = UUID.test(transactionId) ? await ledger.purchase(transactionId.toLowerCase()) : undefined;
      if (purchase === undefined) return stray('unknown', result);
      const line = await ledger.line(purchase.lineId);
      const named = line?.operator === operator ? await ledger.namesBuyer(purchase, plain(subscriber)) : 'no';
      if (line === undefined || named === 'no') {
        alert('CALLBACK_FOR_ANOTHER', `purchase ${purchase.id}: the callback names another subscriber than the buyer`);
        return stray('mismatch', result);
      }
      // Telcos translate ids, and nobody here can translate this one. The transaction id is the key then: minted by us, told to
      // nobody but the telco, and nobody guesses it (docs/money.md).
      if (named === 'unknown')
        log.info(
          { purchase: purchase.id, idType: subscriber.type },
          'a callback names its subscriber by an id that cannot be compared',
        );
      const moved = await applyTo(ledger, purchase, failure);
      // Of the token that the order was sent with; the line may have another one since, and that another SIM.
      if (await ledger.isConfirmedFor(purchase, line)) await learn(line, subscriber);
      if (moved === undefined) return settledBefore(purchase.id, failure);
      lines.forget(moved.lineId);
      await wakeOutbox(ledger, jobs, moved);
      return 'applied';
    },

    async notify({ operator, subscriber, transactionId, type, planName, offers }) {
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
          ...(offers !== undefined && offers.length > 0 && { offers }),
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

/** An order that is sent again while its callback is read is read again; that happens once or twice in its life. */
const READINGS = 5;

/**
 * Moves a purchase where its callback says; `undefined` when it ended before, or this is known of it. A failure counts only while
 * the order it may speak of is the newest one, since it must not end a purchase whose order is just being sent again, and not once
 * the telco said that the order was carried out.
 */
async function applyTo(ledger: Ledger, purchase: Purchase, failure: string | undefined): Promise<Purchase | undefined> {
  const said = failure?.slice(0, 100);
  let now: Purchase | undefined = purchase;
  for (let reading = 0; reading < READINGS && now !== undefined && !isFinal(now.state); reading++) {
    const event = readCallback(failure, now.posts > 1, now.failure);
    const moved = await ledger.movePurchase(now.id, event, {
      ...(said !== undefined && { said, failure: said }),
      ...(event === 'callback-failed' && { ofMarker: now.marker, unlessSaid: [BOUGHT] }),
      ...(event === 'callback-unclear' && said !== undefined && { unlessSaid: [BOUGHT, said] }),
    });
    if (moved !== undefined) return moved;
    now = await ledger.purchase(purchase.id);
    if (event !== 'callback-failed') break;
  }
  return undefined;
}

/** `+` before an MSISDN is a habit; before a CPID, which is base64, it is part of it. */
function plain({ type, value }: SubscriberKey): SubscriberKey {
  return { type, value: type === 'MSISDN' ? value.replace(/^\+/, '') : value };
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
