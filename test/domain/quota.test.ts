import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Amount, gaugeLevel, remainingShare } from '../../bot/domain/quota.js';

const bytes = (quota: Amount, remaining: Amount) => ({ unit: 'bytes', quota, remaining });

describe('a gauge', () => {
  test.each([
    [bytes(100n, 100n), 1, 'good'],
    [bytes(100n, 16n), 0.16, 'good'],
    [bytes(100n, 15n), 0.15, 'low'],
    [bytes(100n, 0n), 0, 'empty'],
    [bytes(100n, -5n), 0, 'empty'],
    [bytes(0n, 0n), 0, 'empty'],
    [bytes(0n, 5n), 1, 'good'],
    [bytes(100n, 200n), 1, 'good'],
    [bytes(100n, 'unlimited'), 1, 'unlimited'],
    [bytes('unlimited', 0n), 1, 'unlimited'],
  ] as const)('%j has a share of %s and is %s', (gauge, share, level) => {
    expect(remainingShare(gauge)).toBe(share);
    expect(gaugeLevel(gauge)).toBe(level);
  });

  test('is never called empty while something is left, nor good when nothing is', () => {
    const amount = fc.bigInt({ min: 0n, max: 2n ** 63n });
    fc.assert(
      fc.property(amount, amount, (quota, remaining) => {
        const share = remainingShare(bytes(quota, remaining));
        expect(share >= 0 && share <= 1).toBe(true);
        expect(gaugeLevel(bytes(quota, remaining)) === 'empty').toBe(remaining === 0n);
      }),
    );
  });
});
