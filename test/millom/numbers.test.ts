import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toAmount, toDate, toDecimal } from '../../adapters/millom/map.js';
import { readJson } from '../../adapters/millom/schema.js';

const LARGEST = 2n ** 63n - 1n;

/** The amount that a JSON document ends up as. */
function amountIn(digits: string) {
  return toAmount((readJson(`{"quota":${digits}}`) as { quota: number | string }).quota);
}

describe('a quantity', () => {
  test('keeps every digit on its way out of JSON, as a number and as a string', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, LARGEST - 1n), (bytes) => {
        expect(amountIn(`${bytes}`)).toBe(bytes);
        expect(amountIn(`"${bytes}"`)).toBe(bytes);
        expect(amountIn(`${bytes}.0`)).toBe(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps every digit around the largest safe integer and the largest of all', () => {
    const near = (centre: bigint) => fc.bigInt(-3n, 3n).map((offset) => centre + offset);
    fc.assert(
      fc.property(fc.oneof(near(2n ** 53n), near(10n ** 15n), near(10n ** 16n), near(LARGEST)), (bytes) => {
        expect(amountIn(`${bytes}`)).toBe(bytes >= LARGEST ? 'unlimited' : bytes);
      }),
    );
  });

  test('written with an exponent is the same number', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 999_999_999_999_999n), fc.integer({ min: 0, max: 3 }), (mantissa, exponent) => {
        expect(amountIn(`${mantissa}e${exponent}`)).toBe(mantissa * 10n ** BigInt(exponent));
        expect(amountIn(`${mantissa}E+${exponent}`)).toBe(mantissa * 10n ** BigInt(exponent));
      }),
    );
  });

  test('loses its fraction, never its whole', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, LARGEST - 1n), fc.stringMatching(/^\d{1,12}$/), (whole, fraction) => {
        expect(amountIn(`${whole}.${fraction}`)).toBe(whole);
      }),
    );
  });

  test.each(['9223372036854775807', '9223372036854775808', '9.223372036854776e18', '9223372036854776000', '1e19'])(
    '%s is unlimited',
    (digits) => {
      expect(amountIn(digits)).toBe('unlimited');
      expect(amountIn(`"${digits}"`)).toBe('unlimited');
    },
  );

  test.each([
    [-5, 0n],
    ['-5', 0n],
    ['-1e3', 0n],
    ['1.5e3', 1500n],
    ['15e-1', 1n],
    ['1e-5', 0n],
    [0.9, 0n],
    ['10345,', 10345n],
    [' 7 ', 7n],
    ['', undefined],
    ['many', undefined],
    ['0x10', undefined],
    ['1e999', undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [Number.NaN, undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%p is %p', (value, expected) => {
    expect(toAmount(value)).toBe(expected);
  });
});

describe('money', () => {
  test('stays the string it was', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^-?\d{1,15}(\.\d{1,6})?$/), (amount) => {
        expect(toDecimal((readJson(`{"cost":"${amount}"}`) as { cost: string }).cost)).toBe(amount);
      }),
    );
  });

  test('sent as a number is written out by its own digits, without float noise', () => {
    const plain = fc.stringMatching(/^(0|[1-9]\d{0,14})\.\d{0,5}[1-9]$/).filter((amount) => Number(amount) >= 1e-6);
    fc.assert(
      fc.property(plain, (amount) => {
        expect(toDecimal((readJson(`{"cost":${amount}}`) as { cost: number }).cost)).toBe(amount);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(['', 'free', '1,234.50', '1e3', '12.3.4', '٣', 'NaN'])('"%s" is no amount', (value) => {
    expect(toDecimal(value)).toBeUndefined();
  });

  test('loses a stray comma', () => {
    expect(toDecimal('105.20,')).toBe('105.20');
  });
});

describe('a date', () => {
  test.each([
    ['2099-12-31T23:59:59', '2099-12-31T23:59:59.000Z'],
    ['2099-12-31T23:59:59Z', '2099-12-31T23:59:59.000Z'],
    ['2019-02-28T23:59:59.723+05:00', '2019-02-28T18:59:59.723Z'],
    ['2019-02-28T23:59:59+0530', '2019-02-28T18:29:59.000Z'],
    ['2019-02-28 23:59', '2019-02-28T23:59:00.000Z'],
    ['2019-02-28', '2019-02-28T00:00:00.000Z'],
    ['2019-02-28t23:59:59z', '2019-02-28T23:59:59.000Z'],
  ])('%s is %s', (written, meant) => {
    expect(toDate(written)?.toISOString()).toBe(meant);
  });

  test.each(['', 'tomorrow', '2019-13-40T00:00:00Z', '28/02/2019', '1551398399'])('"%s" is none', (written) => {
    expect(toDate(written)).toBeUndefined();
  });
});

describe('reading JSON', () => {
  test('gives what JSON.parse gives, wherever no digit is at stake', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.stringMatching(/^\d{16,20}$/), (text, filler) => {
        const plain = JSON.parse(text);
        fc.pre(!/[\d.]{15}|e[+-]?\d/i.test(text) && !text.includes('__proto__'));
        expect(readJson(text)).toEqual(plain);
        // The same through the slow path, which a long run of digits anywhere switches on.
        expect(readJson(`[${text},"${filler}"]`)).toEqual([plain, filler]);
      }),
    );
  });

  test.each([undefined, '', '<html>', '{"a":', '{"a":1234567890123456789'])('%p is nothing', (body) => {
    expect(readJson(body)).toBeUndefined();
  });

  test('a byte order mark is no part of the document', () => {
    expect(readJson('\uFEFF{"a":1}')).toEqual({ a: 1 });
  });
});
