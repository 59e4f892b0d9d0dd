import type { Money } from './money.js';
import type { Quota } from './quota.js';
import type { MultilingualText } from './text.js';

/** Where the price is taken from. A loan is never chosen silently. */
export type FundSource = 'wallet' | 'loan';

/** Why a subscriber sees what they see (Millom upsell.yaml, OfferInfoResponse.subscriberState). */
export type SubscriberState = 'good-to-go' | 'need-offers' | 'need-loans' | 'need-top-up' | 'unknown';

export interface Offer {
  readonly planId: string;
  readonly name: readonly MultilingualText[];
  readonly description: readonly MultilingualText[];
  /** Absent when the telco did not name a price: such an offer is shown, never sold. */
  readonly price?: Money;
  readonly quotas: readonly Quota[];
  /** How long the plan runs once bought, where the telco says so in a field (Millom only says it in words). */
  readonly validitySeconds?: number;
  readonly fundSource: FundSource;
  /** The telco's kind, e.g. `Data`. */
  readonly kind?: string;
  /** The telco's cookie: handed back unchanged with the purchase. */
  readonly context?: string;
}

export interface OfferList {
  readonly state: SubscriberState;
  readonly offers: readonly Offer[];
}
