import type { Balance } from './balance.js';
import { addDecimals, compareDecimals, type Money } from './money.js';
import type { FundSource } from './offer.js';

/** What a line had of one plan, and its money: as little as a later comparison needs. Plain JSON. */
export interface Snapshot {
  /** How many of it run. */
  readonly plans: number;
  /** When the last of them ends, epoch ms. */
  readonly expiresAt?: number;
  /** What they began with, by unit, as whole numbers; unlimited ones are left out, for they cannot grow. */
  readonly quotas: Readonly<Record<string, string>>;
  /** Decimal string. */
  readonly money?: string;
}

/** Where nobody noted what a line had: that its plan shows at all has to do, as a sign that it came. */
export const NOTHING_NOTED: Snapshot = { plans: 0, quotas: {} };

/** A telco may write the same end a little differently from one answer to the next. */
const SAME_END_MS = 60_000;

/**
 * A balance in which no list of plans stood may have left out one that was there. Where money is to be seen and pays, that does no
 * harm; elsewhere the plan alone would prove something, so nothing can be compared with it.
 */
export function saysTooLittle({ plansMissing, money }: Balance, fundSource: FundSource): boolean {
  return plansMissing === true && (money === undefined || fundSource === 'loan');
}

export function snapshotOf(balance: Balance, planId: string): Snapshot {
  const plans = balance.plans.filter(({ id }) => id === planId);
  const ends = plans.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [expiresAt.getTime()]));
  const quotas: Record<string, bigint> = {};
  for (const { unit, quota } of plans.flatMap(({ gauges }) => gauges)) {
    if (quota !== 'unlimited') quotas[unit] = (quotas[unit] ?? 0n) + quota;
  }
  return {
    plans: plans.length,
    ...(ends.length > 0 && { expiresAt: Math.max(...ends) }),
    quotas: Object.fromEntries(Object.entries(quotas).map(([unit, quota]) => [unit, String(quota)])),
    ...(balance.money !== undefined && { money: balance.money }),
  };
}

/** True when the plan is there that was not there before: one more of it, a later end, or a larger quota. */
export function planArrived(before: Snapshot, after: Snapshot): boolean {
  if (after.plans > before.plans) return true;
  if (after.plans === 0) return false;
  const ends = [before.expiresAt, after.expiresAt] as const;
  if (ends[0] !== undefined && ends[1] !== undefined && ends[1] > ends[0] + SAME_END_MS) return true;
  return Object.entries(after.quotas).some(([unit, quota]) => BigInt(quota) > BigInt(before.quotas[unit] ?? quota));
}

/** What an order was for, and what can be told of a plan that came. */
export interface Ordered {
  readonly price: Money;
  readonly fundSource: FundSource;
  /** The order left a short time ago: a plan that comes later may as well be a renewal, or bought elsewhere. */
  readonly recent: boolean;
}

/**
 * True when the balance proves that the order was carried out: the plan arrived, and the money is less by its price at least.
 * Where the money cannot be seen (a postpaid line) or a loan pays, the plan proves it while the order is recent. Everything else
 * proves nothing: the plan may come later, money may have been added meanwhile. That a plan is not there is never taken as proof
 * that nothing was charged.
 */
export function provesPurchase(before: Snapshot, after: Snapshot, { price, fundSource, recent }: Ordered): boolean {
  if (!planArrived(before, after)) return false;
  if (fundSource === 'loan' || before.money === undefined) return recent;
  if (after.money === undefined) return false;
  return compareDecimals(after.money, addDecimals(before.money, `-${price.amount}`)) <= 0;
}
