import { addDecimals, compareDecimals, type Money } from './money.js';

/** How much one line may spend, per currency; a currency that is not named is not limited. */
export interface SpendLimits {
  /** In any 24 hours. */
  readonly day: readonly Money[];
  /** In any 7 days. */
  readonly week: readonly Money[];
}

export const NO_LIMITS: SpendLimits = { day: [], week: [] };

/** Both limits at once: per currency the lower one. */
export function stricter(a: SpendLimits, b: SpendLimits): SpendLimits {
  const lower = (period: 'day' | 'week') => {
    const all = [...a[period], ...b[period]];
    return all.filter(
      (one, index) =>
        !all.some(
          (other, at) =>
            other.currency === one.currency &&
            (compareDecimals(other.amount, one.amount) < 0 || (other.amount === one.amount && at < index)),
        ),
    );
  };
  return { day: lower('day'), week: lower('week') };
}

/** A limit that a purchase would break. */
export interface SpendOver {
  readonly period: 'day' | 'week';
  readonly limit: Money;
  /** What may still be spent now; zero when nothing. */
  readonly left: Money;
  /** When there is room for the price; absent when the price alone is more than the limit. */
  readonly freeAt?: Date;
}

/** An earlier purchase: decimal string, in the currency of the price. */
export interface Spent {
  readonly amount: string;
  readonly at: Date;
}

const PERIOD_MS = { day: 24 * 3_600_000, week: 7 * 24 * 3_600_000 } as const;

/** True when some limit is about this currency, so that what was spent has to be looked up. */
export function isLimited(limits: SpendLimits, currency: string): boolean {
  return [...limits.day, ...limits.week].some((limit) => limit.currency === currency);
}

/**
 * The limit that `price` would break, the one with the least left when it is both; `undefined` when none.
 * @param spent purchases of the last 7 days at least, oldest first
 */
export function overLimit(
  limits: SpendLimits,
  price: Money,
  spent: readonly Spent[],
  now: Date,
): SpendOver | undefined {
  const broken = (['day', 'week'] as const).flatMap((period) => {
    const limit = limits[period].find(({ currency }) => currency === price.currency);
    return limit === undefined ? [] : overOne(period, limit, price, spent, now);
  });
  return broken.toSorted((a, b) => compareDecimals(a.left.amount, b.left.amount))[0];
}

function overOne(
  period: 'day' | 'week',
  limit: Money,
  price: Money,
  spent: readonly Spent[],
  now: Date,
): readonly SpendOver[] {
  const since = now.getTime() - PERIOD_MS[period];
  const counting = spent.filter(({ at }) => at.getTime() > since);
  let left = limit.amount;
  for (const { amount } of counting) left = addDecimals(left, `-${amount}`);
  if (compareDecimals(price.amount, left) <= 0) return [];
  const shown = compareDecimals(left, '0') > 0 ? left : '0';
  const freeAt = roomAt(counting, left, price.amount, PERIOD_MS[period]);
  return [{ period, limit, left: { amount: shown, currency: price.currency }, ...(freeAt && { freeAt }) }];
}

/** When enough of what was spent lies outside the period. */
function roomAt(counting: readonly Spent[], left: string, price: string, periodMs: number): Date | undefined {
  let room = left;
  for (const { amount, at } of counting) {
    room = addDecimals(room, amount);
    if (compareDecimals(price, room) <= 0) return new Date(at.getTime() + periodMs);
  }
  return undefined;
}
