import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addDecimals, compareDecimals } from '../../bot/domain/money.js';
import { isLimited, overLimit } from '../../bot/domain/spending.js';

const now = new Date('2026-11-21T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
const myr = (amount: string) => ({ amount, currency: 'MYR' });

describe('what a line may spend', () => {
  test('is not limited in a currency no limit names', () => {
    const limits = { day: [myr('10')], week: [] };
    expect(isLimited(limits, 'MYR')).toBe(true);
    expect(isLimited(limits, 'PKR')).toBe(false);
    expect(overLimit(limits, { amount: '1000', currency: 'PKR' }, [], now)).toBeUndefined();
  });

  test('is refused by the limit with the least left', () => {
    const limits = { day: [myr('10')], week: [myr('30')] };
    const spent = [
      { amount: '20', at: hoursAgo(100) },
      { amount: '8', at: hoursAgo(2) },
    ];
    expect(overLimit(limits, myr('5'), spent, now)).toMatchObject({ period: 'day', left: myr('2') });
    const more = [{ amount: '21', at: hoursAgo(90) }, ...spent.slice(1)];
    expect(overLimit(limits, myr('5'), more, now)).toMatchObject({ period: 'week', left: myr('1') });
  });

  test('is nothing, not less, where a limit was lowered since', () => {
    const over = overLimit({ day: [myr('5')], week: [] }, myr('1'), [{ amount: '9', at: hoursAgo(1) }], now);
    expect(over).toMatchObject({ left: myr('0'), freeAt: hoursAgo(-23) });
  });

  test('passes exactly when the sum of the period with the price is within the limit', () => {
    const cents = fc.integer({ min: 1, max: 2_000 }).map((n) => (n / 100).toFixed(2));
    const spent = fc.array(fc.record({ amount: cents, hours: fc.integer({ min: 0, max: 200 }) }), { maxLength: 8 });
    fc.assert(
      fc.property(cents, cents, spent, (limit, price, rows) => {
        const oldest = rows.toSorted((a, b) => b.hours - a.hours);
        const given = oldest.map(({ amount, hours }) => ({ amount, at: hoursAgo(hours) }));
        const over = overLimit({ day: [myr(limit)], week: [] }, myr(price), given, now);
        const sum = oldest
          .filter(({ hours }) => hours < 24)
          .reduce((all, { amount }) => addDecimals(all, amount), price);
        expect(over === undefined).toBe(compareDecimals(sum, limit) <= 0);
        if (over?.freeAt === undefined) return;
        // There is room when it says so, and not a moment earlier.
        expect(overLimit({ day: [myr(limit)], week: [] }, myr(price), given, over.freeAt)).toBeUndefined();
        const before = new Date(over.freeAt.getTime() - 1);
        expect(overLimit({ day: [myr(limit)], week: [] }, myr(price), given, before)).toBeDefined();
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });
});
