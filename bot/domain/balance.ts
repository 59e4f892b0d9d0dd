import type { Money } from './money.js';
import type { Gauge } from './quota.js';
import type { MultilingualText } from './text.js';

export type AccountType = 'prepaid' | 'postpaid';

/** A purse of money. `kind` is `main`, `loan`, `owed` or a telco's own word. */
export interface Wallet {
  readonly kind: string;
  readonly money: Money;
  readonly expiresAt?: Date;
}

/** The account behind a line. `validUntil`: from then on the telco wants to be asked again. */
export interface Account {
  readonly type?: AccountType;
  readonly currency?: string;
  readonly wallets: readonly Wallet[];
  readonly validUntil?: Date;
}

export interface ActivePlan {
  readonly id: string;
  readonly name: readonly MultilingualText[];
  readonly description: readonly MultilingualText[];
  readonly gauges: readonly Gauge[];
  readonly expiresAt?: Date;
  /** Application types an app-specific plan is limited to, e.g. `video`; empty for a plan that serves everything. */
  readonly applications: readonly string[];
}

/** What is left on a line, now. Dates of birth and the like are dropped at the adapter. */
export interface Balance {
  readonly plans: readonly ActivePlan[];
  /** The answer held no list of plans: there is none, or it was not told. */
  readonly plansMissing?: true;
  readonly accountType?: AccountType;
  readonly accountActive?: boolean;
  /** The main money balance as a decimal string; its currency is the account's. */
  readonly money?: string;
  readonly moneyExpiresAt?: Date;
  /** When the subscription itself ends. */
  readonly expiresAt?: Date;
  readonly validUntil?: Date;
}
