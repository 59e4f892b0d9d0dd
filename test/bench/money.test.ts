import { describe, expect, test } from '@jest/globals';
import { buildIfStale } from '../../scripts/build-if-stale.mjs';
import { moneyTables } from './money-report.js';
import { judge, measureOutages } from './outages.js';
import { compareBooks, measurePurchasesOn } from './purchases.js';
import { readSettings } from './settings.js';
import type { Charged } from './telco-terms.js';

const quiet = () => undefined;

describe('the benchmark of purchases', () => {
  test('in a tiny size: every confirmation has one charge at the telco and one receipt on the page', async () => {
    await buildIfStale(['server']);
    const measured = await measurePurchasesOn('pglite', { settings: { buyers: 4, users: 2 } }, quiet);
    // One round to warm up, three at the limit, one at half of it.
    expect(measured.books).toEqual({ pressed: 20, receipts: 20, failed: 0, charges: 20, lost: 0, double: 0 });
    expect(measured.limit).toMatchObject({ pressed: 4, receipts: 4, lost: 0 });
    expect(measured.half.p50).toBeGreaterThan(0);
    expect(measured.half.p99).toBeGreaterThanOrEqual(measured.half.p50);
    expect(measured.refillMsPerPurchase).toBeGreaterThan(0);
    expect(moneyTables({ purchases: [measured] }).join('\n')).toMatch(/paid twice +0 +0 met/);
  }, 300_000);

  const round = { pressed: 2, receipts: 2, failed: 0 };
  const charge = (subscriber: string, transaction: string): Charged => ({ subscriber, transaction });
  const books = (charged: readonly Charged[], rounds = [round]) => {
    const { lost, double } = compareBooks(rounds, charged);
    return { lost, double };
  };

  test('books that agree have nothing lost and nothing paid twice', () => {
    const both = [charge('a', 't1'), charge('b', 't2')];
    expect(books(both)).toEqual({ lost: 0, double: 0 });
    expect(books([...both, charge('a', 't3'), charge('b', 't4')], [round, round])).toEqual({ lost: 0, double: 0 });
  });

  test('the same transaction charged twice is paid twice, and so is a second transaction for one confirmation', () => {
    expect(books([charge('a', 't1'), charge('a', 't1'), charge('b', 't2')])).toEqual({ lost: 0, double: 1 });
    expect(books([charge('a', 't1'), charge('a', 't3'), charge('b', 't2')])).toEqual({ lost: 0, double: 1 });
  });

  test('a confirmation nobody heard of again is lost, and so is a receipt that no charge stands behind', () => {
    expect(books([charge('a', 't1')], [{ pressed: 2, receipts: 1, failed: 0 }])).toEqual({ lost: 1, double: 0 });
    expect(books([charge('a', 't1')])).toEqual({ lost: 1, double: 0 });
    expect(books([charge('a', 't1')], [{ pressed: 2, receipts: 1, failed: 1 }])).toEqual({ lost: 0, double: 0 });
  });
});

describe('the benchmark of webhooks while Redis is away', () => {
  test('in a tiny size: 503 at once while it is down, taken again when it is back', async () => {
    await buildIfStale(['server']);
    const options = { users: 2, outageSeconds: 2, postgres: false, channels: ['slack'], fineMs: 1_000 } as const;
    const [outage] = await measureOutages(options, quiet);
    expect(Object.keys(outage?.codes ?? {})).toEqual(['503']);
    expect(outage?.codes['503']).toBeGreaterThan(50);
    expect(outage?.p50).toBeLessThan(250);
    expect(outage?.firstTakenSeconds).toBeLessThan(30);
    expect(outage?.allTakenSeconds).toBeLessThan(30);
    expect(outage?.allTakenSeconds).toBeGreaterThanOrEqual(outage?.firstTakenSeconds ?? Number.NaN);
  }, 300_000);

  const times = { gone: 10_000, started: 20_000, back: 20_500 };
  const tried = (at: number, status: number, ms = 5) => ({ at, status, ms });

  test('only what was due while it was down is judged as an outage', () => {
    const { p50, p99, max, codes } = judge(
      [tried(9_999, 200, 900), tried(10_000, 503, 10), tried(15_000, 0, 40), tried(20_000, 503, 800)],
      times,
    );
    expect({ p50, p99, max, codes }).toEqual({ p50: 40, p99: 40, max: 40, codes: { 0: 1, 503: 1 } });
  });

  test('a channel is back when nothing is refused any more, not when the first is taken', () => {
    const after = [tried(20_000, 503), tried(21_000, 200), tried(22_000, 503), tried(23_000, 200), tried(24_000, 202)];
    expect(judge(after, times)).toMatchObject({ firstTakenSeconds: 0.505, allTakenSeconds: 2.505 });
  });

  test('a channel that goes on refusing never came back', () => {
    const { firstTakenSeconds, allTakenSeconds } = judge([tried(21_000, 200), tried(22_000, 503)], times);
    expect({ firstTakenSeconds, allTakenSeconds }).toEqual({ firstTakenSeconds: 0.505, allTakenSeconds: undefined });
    expect(judge([tried(21_000, 503)], times).firstTakenSeconds).toBeUndefined();
  });

  test('an aim that was missed is said to be', () => {
    const outage = { channel: 'slack', perSecond: 50, downSeconds: 20, p50: 4, max: 900 } as const;
    const missed = { ...outage, p99: 400, codes: { 503: 9, 0: 1 }, firstTakenSeconds: 1, allTakenSeconds: undefined };
    expect(
      moneyTables({ outages: [missed] })
        .join('\n')
        .match(/MISSED/g),
    ).toHaveLength(3);
  });
});

describe('which part of the benchmark runs', () => {
  test('all without a name, else those that were named', () => {
    expect([...(readSettings([], {})?.parts ?? [])]).toEqual(['starts', 'acks', 'outages', 'purchases', 'turns']);
    expect([...(readSettings(['purchases', 'outages'], {})?.parts ?? [])]).toEqual(['purchases', 'outages']);
  });

  test('a part nobody knows is a sentence with those there are', () => {
    expect(() => readSettings(['purchase'], {})).toThrow('purchase: expected starts, acks, outages, purchases, turns');
  });
});
