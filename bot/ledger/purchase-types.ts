import type { Snapshot } from '../domain/evidence.js';
import type { Hindrance } from '../domain/link.js';
import type { Money } from '../domain/money.js';
import type { FundSource } from '../domain/offer.js';
import type { Mover, PurchaseState } from '../domain/purchase.js';
import type { SpendOver } from '../domain/spending.js';
import type { SubscriberKey } from '../domain/subscriber.js';
import type { MultilingualText } from '../domain/text.js';

/** What the subscriber agreed to, kept as shown: the offer may change at the telco, the agreement does not. */
export interface PurchaseTerms {
  readonly planId: string;
  readonly planName: readonly MultilingualText[];
  readonly price: Money;
  readonly fundSource: FundSource;
  /** The offer's cookie for the telco. */
  readonly context?: string;
}

export interface NewPurchase {
  /** UUID; also the transaction id at the telco. */
  readonly id: string;
  /** The single-use token of the confirmation that was pressed; unique over all purchases. */
  readonly confirmation: string;
  readonly lineId: string;
  /** The key the line was known by when the offer was shown; kept as a fingerprint. Without it no order goes out to a CPID. */
  readonly key?: SubscriberKey;
  readonly conversationId: string;
  /** The link by which whoever confirmed has the line: asked once more whether it still lets them buy. Not kept. */
  readonly linkId?: string;
  readonly terms: PurchaseTerms;
}

export interface Purchase extends Omit<NewPurchase, 'linkId' | 'key'> {
  /** Fingerprint of the key it was confirmed for: `Ledger.isConfirmedFor` reads it. */
  readonly confirmedForRef?: string;
  readonly state: PurchaseState;
  readonly confirmationCode?: string;
  /** Why it failed: a refusal reason or a callback's errorType. Of one that is open: what a callback said that does not end it. */
  readonly failure?: string;
  /** Orders that may have arrived; more than one only where the telco charges an id once. */
  readonly posts: number;
  /** When the first of them may have left. */
  readonly postedAt?: Date;
  /** Tells the markers of its orders apart: grows with each, while `posts` may come back to what it was. 0 before the first. */
  readonly marker: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

/** The outcome of trying to open a purchase. */
export type OpenResult =
  | { readonly outcome: 'opened'; readonly purchase: Purchase }
  /** The same confirmation was pressed before: here is what became of it. */
  | { readonly outcome: 'repeated'; readonly purchase: Purchase }
  /** The line has another purchase under way. */
  | { readonly outcome: 'busy'; readonly purchase: Purchase }
  /** The line would spend more than it may: nothing was opened. */
  | { readonly outcome: 'over-limit'; readonly over: SpendOver }
  /** Whoever asks may not buy for this line (now): nothing was opened. */
  | { readonly outcome: 'barred'; readonly hindrance: Hindrance };

export interface MoveDetails {
  /** What the telco said, for the audit trail: a status, a cause, an error type. No free text, no personal data. */
  readonly said?: string;
  readonly confirmationCode?: string;
  readonly failure?: string;
  /** What the line had right before the order, to compare with later. */
  readonly snapshot?: Snapshot;
  /** When to go and look what became of it, in ms, where the state's own time does not fit. */
  readonly checkInMs?: number;
  /** What an operator wrote; sealed. */
  readonly note?: string;
  /** Only while the order with this marker is still the newest one (`Purchase.marker`). */
  readonly ofMarker?: number;
  /** Only while the last that a callback said of it, if any did, is none of these (`Purchase.failure`); `any`: while none did. */
  readonly unlessSaid?: readonly string[] | 'any';
  /** Only when it was confirmed this short a time ago, in ms. */
  readonly confirmedWithinMs?: number;
}

/** One row of the audit trail. */
export interface PurchaseMove {
  readonly state: PurchaseState;
  readonly event: string;
  readonly by?: Mover | 'subscriber';
  readonly said?: string;
  readonly note?: string;
  readonly at: Date;
}
