import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { contradicts, readCallback } from '../../bot/domain/callback.js';

describe('a callback', () => {
  test('is a success only without an error type', () => {
    expect(readCallback(undefined, false)).toBe('callback-completed');
    fc.assert(
      fc.property(fc.string(), (failure) => {
        expect(readCallback(failure, false)).not.toBe('callback-completed');
      }),
      { seed: 15, numRuns: 1_000 },
    );
  });

  test.each(['200', '404', '500', '400.70.2', '', 'success', 'toString'])('with %j fails nothing', (failure) => {
    expect(readCallback(failure, false)).toBe('callback-unclear');
  });

  test('that fails an order sent once is definite where its word is; sent twice it is not', () => {
    expect(readCallback('INSUFFICIENT_FUNDS', false)).toBe('callback-failed');
    expect(readCallback('INSUFFICIENT_FUNDS', true)).toBe('callback-unclear');
    expect(readCallback('PURCHASE_ALREADY_EXECUTED', false)).toBe('callback-unclear');
  });

  test('that fails what was carried out, said an earlier one, is not believed; a success always is', () => {
    expect(readCallback('INSUFFICIENT_FUNDS', false, 'PURCHASE_ALREADY_EXECUTED')).toBe('callback-unclear');
    expect(readCallback('INSUFFICIENT_FUNDS', false, 'NETWORK_TIMEOUT')).toBe('callback-failed');
    expect(readCallback(undefined, false, 'PURCHASE_ALREADY_EXECUTED')).toBe('callback-completed');
  });

  test.each([
    ['completed', undefined, false],
    ['completed', 'DUPLICATED_CALLBACK', false],
    ['completed', 'PURCHASE_ALREADY_EXECUTED', false],
    ['completed', 'INSUFFICIENT_FUNDS', true],
    ['completed', 'TIMEOUT', true],
    ['failed', undefined, true],
    ['failed', 'PURCHASE_ALREADY_EXECUTED', true],
    ['failed', 'TIMEOUT', false],
    ['failed', 'INSUFFICIENT_FUNDS', false],
    ['unknown', undefined, false],
  ] as const)('for a purchase that is %s with %s contradicts it: %s', (state, failure, expected) => {
    expect(contradicts(state, failure)).toBe(expected);
  });

  test.each([
    ['INSUFFICIENT_FUNDS', true],
    ['PURCHASE_ALREADY_EXECUTED', false],
    [undefined, false],
  ] as const)('with %s contradicts an earlier "carried out" while the purchase is open: %s', (failure, expected) => {
    expect(contradicts('unknown', failure, 'PURCHASE_ALREADY_EXECUTED')).toBe(expected);
  });
});
