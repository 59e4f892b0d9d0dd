import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addDecimals, compareDecimals, isDecimal, sameMoney } from '../../bot/domain/money.js';

/** A decimal string and its value in millionths. */
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.stringMatching(/^\d{0,6}$/))
  .map(([negative, whole, fraction]) => ({
    text: `${negative ? '-' : ''}${whole}${fraction && `.${fraction}`}`,
    millionths: (negative ? -1n : 1n) * BigInt(`${whole}${fraction.padEnd(6, '0')}`),
  }));

describe('decimals', () => {
  test.each(['0', '-3', '12.50', '999999999999999.999999', '007'])('%s is one', (text) => {
    expect(isDecimal(text)).toBe(true);
  });

  test.each([
    '',
    '.',
    '.5',
    '5.',
    '1e3',
    '1,000',
    '+5',
    'NaN',
    '٥',
    '1234567890123456',
    '0.1234567',
    ' 5',
    '--5',
    '5\n',
  ])('%j is none', (text) => {
    expect(isDecimal(text)).toBe(false);
  });

  test('are compared exactly', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const expected = a.millionths < b.millionths ? -1 : a.millionths > b.millionths ? 1 : 0;
        expect(Math.sign(compareDecimals(a.text, b.text))).toBe(expected);
      }),
    );
    expect(compareDecimals('0.000001', '0')).toBeGreaterThan(0);
    expect(compareDecimals('-0.5', '0')).toBeLessThan(0);
    expect(compareDecimals('-0', '0.00')).toBe(0);
  });

  test('are added exactly', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const [whole = '', fraction = ''] = addDecimals(a.text, b.text).replace('-', '').split('.');
        const sum = a.millionths + b.millionths;
        expect(BigInt(whole + fraction.padEnd(6, '0'))).toBe(sum < 0n ? -sum : sum);
        expect(addDecimals(a.text, b.text).startsWith('-')).toBe(sum < 0n);
      }),
    );
    expect(addDecimals('0.1', '0.2')).toBe('0.3');
    expect(addDecimals('5.00', '-2.50')).toBe('2.50');
    expect(addDecimals('-0.5', '0.25')).toBe('-0.25');
  });
});

test('money is the same in the same currency and amount, however it is written', () => {
  expect(sameMoney({ amount: '5', currency: 'MYR' }, { amount: '5.00', currency: 'MYR' })).toBe(true);
  expect(sameMoney({ amount: '5', currency: 'MYR' }, { amount: '5', currency: 'PKR' })).toBe(false);
  expect(sameMoney({ amount: '5', currency: 'MYR' }, { amount: '5.000001', currency: 'MYR' })).toBe(false);
});
