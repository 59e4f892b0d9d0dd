import { describe, expect, test } from '@jest/globals';
import type { Balance } from '../../bot/domain/balance.js';
import { planArrived, provesPurchase, saysTooLittle, snapshotOf } from '../../bot/domain/evidence.js';
import type { Amount } from '../../bot/domain/quota.js';

const DAY = 86_400_000;
const start = Date.parse('2026-11-21T00:00:00Z');

function held(id: string, days?: number, quota: Amount = 5n): Balance['plans'][number] {
  const gauges = [{ unit: 'bytes', quota, remaining: quota }];
  const end = days === undefined ? {} : { expiresAt: new Date(start + days * DAY) };
  return { id, name: [], description: [], gauges, applications: [], ...end };
}

const line = (money: string | undefined, ...plans: Balance['plans'][number][]) =>
  snapshotOf({ plans, ...(money !== undefined && { money }) }, 'p');
const wallet = { price: { amount: '5.00', currency: 'MYR' }, fundSource: 'wallet', recent: false } as const;
const loan = { ...wallet, fundSource: 'loan' } as const;

describe('that a plan arrived', () => {
  test.each([
    ['it was not there before', line('9'), line('4', held('p', 7))],
    ['there is one more of it', line('9', held('p', 3)), line('4', held('p', 3), held('p', 7))],
    ['it ends later', line('9', held('p', 3)), line('4', held('p', 7))],
    ['it holds more', line('9', held('p', 7, 5n)), line('4', held('p', 7, 10n))],
  ])('is shown when %s', (_, before, after) => expect(planArrived(before, after)).toBe(true));

  test.each([
    ['nothing changed', line('9', held('p', 7)), line('9', held('p', 7))],
    ['only the money did', line('9'), line('4')],
    ['another plan came', line('9'), line('4', held('q', 7))],
    ['it ran out', line('9', held('p', 7)), line('4')],
    ['it ends sooner', line('9', held('p', 7)), line('9', held('p', 3))],
    ['it is unlimited as before', line('9', held('p', 7, 'unlimited')), line('9', held('p', 7, 'unlimited'))],
    ['its end was never said', line('9', held('p')), line('9', held('p', 7))],
  ])('is not shown when %s', (_, before, after) => expect(planArrived(before, after)).toBe(false));

  test('is not read into an end that moved by some seconds', () => {
    const before = line('9', held('p', 7));
    expect(planArrived(before, { ...before, expiresAt: (before.expiresAt ?? 0) + 30_000 })).toBe(false);
  });
});

describe('that an order was carried out', () => {
  const before = line('9.00');
  test('is proved by the plan and by money that is less by its price', () => {
    expect(provesPurchase(before, line('4', held('p', 7)), wallet)).toBe(true);
    expect(provesPurchase(before, line('1', held('p', 7)), wallet)).toBe(true);
  });

  test('is not proved by a plan that was not paid for, nor by money alone', () => {
    expect(provesPurchase(before, line('9.00', held('p', 7)), wallet)).toBe(false);
    expect(provesPurchase(before, line('4.01', held('p', 7)), wallet)).toBe(false);
    expect(provesPurchase(before, line('4'), wallet)).toBe(false);
    // It showed before, so it can be waited for.
    expect(provesPurchase(before, line(undefined, held('p', 7)), { ...wallet, recent: true })).toBe(false);
  });

  test.each([true, false])(
    'is proved by the plan alone where the money is not to be seen, or a loan pays, only while it is recent (%s)',
    (recent) => {
      const postpaid = line(undefined);
      expect(provesPurchase(postpaid, line(undefined, held('p', 7)), { ...wallet, recent })).toBe(recent);
      expect(provesPurchase(before, line('9.00', held('p', 7)), { ...loan, recent })).toBe(recent);
    },
  );
});

test('a balance without a list of plans says too little where the plan alone would prove something', () => {
  expect(saysTooLittle({ plans: [], plansMissing: true }, 'wallet')).toBe(true);
  expect(saysTooLittle({ plans: [], plansMissing: true, money: '0' }, 'loan')).toBe(true);
  expect(saysTooLittle({ plans: [], plansMissing: true, money: '0' }, 'wallet')).toBe(false);
  expect(saysTooLittle({ plans: [] }, 'wallet')).toBe(false);
});

test('a snapshot survives being written down', () => {
  const before = line('9.00', held('p', 7, 2n ** 62n), held('p', 3, 1n));
  expect(JSON.parse(JSON.stringify(before))).toEqual(before);
  expect(before).toEqual({
    plans: 2,
    expiresAt: start + 7 * DAY,
    quotas: { bytes: String(2n ** 62n + 1n) },
    money: '9.00',
  });
});
