import type { Account, Balance } from './domain/balance.js';
import type { NotificationType } from './domain/notification.js';
import type { FundSource, OfferList } from './domain/offer.js';
import type { RefusalReason } from './domain/refusal.js';
import type { SubscriberKey } from './domain/subscriber.js';
import { RefillError } from './errors.js';

export type { RefusalReason } from './domain/refusal.js';

/** Whom a call is about. A `Line` fits. */
export interface TelcoSubscriber {
  readonly operator: string;
  readonly key: SubscriberKey;
}

export interface TelcoCall {
  /** BCP 47; the telco answers in it where it can. */
  readonly language?: string;
  /** Total time for the call, waiting, token and retries included, in milliseconds. */
  readonly deadlineMs?: number;
  /** Who waits for it. Each lane has room of its own, so that nudges never keep a purchase waiting. Default `turn`. */
  readonly lane?: Lane;
}

/** `order`: a purchase; `turn`: someone who writes to us; `background`: nudges, reconciliation, registration. */
export type Lane = 'order' | 'turn' | 'background';

export interface PurchaseOrder {
  /** Minted once per purchase (UUID), sent unchanged however often the order is sent. */
  readonly transactionId: string;
  readonly planId: string;
  readonly fundSource: FundSource;
  /** `Offer.context`, unchanged. */
  readonly context?: string;
  /** It may have arrived before: a conflict may then be with itself, and a refusal says nothing about the first one. */
  readonly repeated?: boolean;
}

/** What the telco said to an order. An answer that cannot be trusted is thrown as `TelcoAmbiguous` instead. */
export interface PurchaseAnswer {
  readonly status: 'completed' | 'processing' | 'failed';
  /** The operator's receipt code. */
  readonly confirmationCode?: string;
}

/** Who is asked for a top-up, and by whom. */
export interface TopUpRequest {
  readonly donorName: string;
  /** E.164 without `+`. */
  readonly donorMsisdn: string;
  /** How the subscriber is called by the one who is asked. */
  readonly requestorName: string;
}

/**
 * A telco's selling API. Required: reading and selling. Optional members are capabilities: a flow offers what the telco has.
 * Every method rejects with `TelcoRefused`, `TelcoUnreachable` or (purchases only) `TelcoAmbiguous`.
 */
export interface Telco {
  /** `millom`, `tigo`, `optiva`: a metric label. */
  readonly name: string;
  /** True only where the telco promises that one transaction id charges once: allows sending an order again. */
  readonly deduplicatesPurchases: boolean;
  /** Milliseconds until an order may be sent: the telco asked for a pause, or does not answer at all. 0, or absent: now. */
  restMs?(): number;
  account(subscriber: TelcoSubscriber, call?: TelcoCall): Promise<Account>;
  balance(subscriber: TelcoSubscriber, call?: TelcoCall): Promise<Balance>;
  offers(subscriber: TelcoSubscriber, call?: TelcoCall): Promise<OfferList>;
  purchase(subscriber: TelcoSubscriber, order: PurchaseOrder, call?: TelcoCall): Promise<PurchaseAnswer>;
  /** Tells the telco which notifications the subscriber agreed to; an empty list withdraws all. */
  register?(subscriber: TelcoSubscriber, types: readonly NotificationType[], call?: TelcoCall): Promise<void>;
  /**
   * Asks someone else to top this subscriber up, who must be known by MSISDN: it is what the other is told. Resolves when the
   * request was passed on, not when money came.
   */
  requestTopUp?(subscriber: TelcoSubscriber, request: TopUpRequest, call?: TelcoCall): Promise<void>;
  /** Looks an order up; `undefined` when the telco never saw it. */
  findPurchase?(
    subscriber: TelcoSubscriber,
    transactionId: string,
    call?: TelcoCall,
  ): Promise<PurchaseAnswer | undefined>;
  close(): Promise<void>;
}

/** The telco answered, and the answer is no. Nothing was charged. */
export class TelcoRefused extends RefillError {
  readonly code = 'TELCO_REFUSED';

  constructor(
    readonly reason: RefusalReason,
    readonly details: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(`the telco refused: ${reason}`, { cause: details.cause });
  }
}

/** The telco could not be reached or could not answer, and nothing can have happened there: safe to try again. */
export class TelcoUnreachable extends RefillError {
  readonly code = 'TELCO_UNREACHABLE';
}

/** The order may or may not have been taken. Never send it again blindly. */
export class TelcoAmbiguous extends RefillError {
  readonly code = 'TELCO_AMBIGUOUS';
}
