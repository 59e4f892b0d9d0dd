import type { NotificationType } from './domain/notification.js';
import type { Offer } from './domain/offer.js';
import type { SubscriberKey } from './domain/subscriber.js';
import type { Ledger } from './ledger/ledger.js';
import type { TelcoEvents } from './telco-events.js';

/** Somebody at an operator. */
export interface Whose {
  readonly operator: string;
  readonly key: SubscriberKey;
}

export interface RichEventsOptions {
  readonly ledger: Pick<Ledger, 'operators' | 'findLine' | 'line' | 'purchase'>;
  readonly events: TelcoEvents;
  /** Who is behind a CPID that no chat user proved. Only a sandbox can tell. */
  readonly resolve?: (cpid: string) => Promise<Whose | undefined>;
}

export interface RichEvents {
  notify(notification: {
    readonly cpid: string;
    readonly transactionId: string;
    readonly offers: readonly Offer[];
  }): ReturnType<TelcoEvents['notify']>;
  purchaseResult(result: {
    readonly transactionId: string;
    readonly failure?: string;
  }): ReturnType<TelcoEvents['purchaseResult']>;
}

/** A rich notification has no type. It is sent so that offers reach somebody whose data is out, so this is what has to be welcome. */
const TYPES: readonly NotificationType[] = ['out-of-data', 'low-data'];

/** For a callback that fits nothing: there is no name on it. */
const NOBODY: SubscriberKey = { type: 'OPET', value: '' };

/** Operators come seldom, and asking for them reads every line. */
const OPERATORS_KEPT_MS = 60_000;

/** Rich notifications and their callbacks (Millom rich-notifications.yaml), as the events that everything else is made of. */
export function createRichEvents({ ledger, events, resolve }: RichEventsOptions): RichEvents {
  let kept: { readonly until: number; readonly operators: readonly string[] } = { until: 0, operators: [] };
  async function operators(): Promise<readonly string[]> {
    const now = performance.now();
    if (now >= kept.until) kept = { until: now + OPERATORS_KEPT_MS, operators: await ledger.operators() };
    return kept.operators;
  }

  /** The file names no operator; the CPID belongs to one of those we have lines at. */
  async function whoseIs(cpid: string): Promise<Whose | undefined> {
    const key: SubscriberKey = { type: 'CPID', value: cpid };
    for (const operator of await operators()) {
      if ((await ledger.findLine(operator, key)) !== undefined) return { operator, key };
    }
    return resolve?.(cpid);
  }

  return {
    async notify({ cpid, transactionId, offers }) {
      const whose = await whoseIs(cpid);
      if (whose === undefined) return 'unknown-subscriber';
      const { operator, key: subscriber } = whose;
      let outcome: Awaited<ReturnType<TelcoEvents['notify']>> = 'no-consent';
      for (const type of TYPES) {
        outcome = await events.notify({ operator, subscriber, transactionId, type, planName: [], offers });
        if (outcome !== 'no-consent') break;
      }
      return outcome;
    },

    /** It names no subscriber: the transaction id, which nobody can guess, says whose it is. */
    async purchaseResult(result) {
      const purchase = UUID.test(result.transactionId)
        ? await ledger.purchase(result.transactionId.toLowerCase())
        : undefined;
      const line = purchase && (await ledger.line(purchase.lineId));
      const { operator, key } = line ?? { operator: 'unnamed', key: NOBODY };
      return events.purchaseResult({ ...result, operator, subscriber: key });
    },
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
