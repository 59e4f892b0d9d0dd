import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareDecimals } from '../../bot/domain/money.js';
import { createTranslators, LOCALES } from '../../bot/i18n/index.js';

const translators = createTranslators();
const say = (locale: string, amount: string, currency: string) =>
  translators
    .for(locale, undefined)
    .money({ amount, currency })
    .replaceAll(/[\u2068\u2069]/g, '');

/** Reads an amount back from what a person in `locale` sees. */
function parseBack(text: string, decimalMark: string): string {
  const kept = [...text].filter((char) => /[\d-]/.test(char) || char === decimalMark).join('');
  return kept.replace(decimalMark, '.');
}

describe('money', () => {
  test.each([
    ['en', '12.5', 'MYR', 'RM 12.50'],
    ['en', '5', 'MYR', 'RM 5.00'],
    ['en', '12.345', 'MYR', 'RM 12.345'],
    ['en', '0.0005', 'USD', '$0.0005'],
    ['en', '500.00', 'PKR', 'Rs 500'],
    ['ur', '500', 'PKR', 'Rs 500'],
    ['ur', '12.5', 'PKR', 'Rs 12.50'],
    ['ur', '1234567.5', 'PKR', 'Rs 1,234,567.50'],
    ['es', '25', 'GTQ', 'Q25.00'],
    ['es-GT', '1250.5', 'GTQ', 'Q1,250.50'],
    ['es-CO', '15000', 'COP', '$ 15.000'],
    ['es-BO', '12.5', 'BOB', 'Bs 12,50'],
    ['en', '500', 'JPY', '¥500'],
    ['en', '1.5', 'KWD', 'KWD 1.500'],
    ['en', '-3.20', 'MYR', '-RM 3.20'],
    ['en', '5', 'myr', 'RM 5.00'],
  ])('in %s, %s %s is %s', (locale, amount, currency, expected) => {
    expect(say(locale, amount, currency)).toBe(expected);
  });

  test.each([
    ['12.50', 'XYZ', '12.50 XYZ'],
    ['12', 'XQQ', '12.00 XQQ'],
    ['12', 'ringgit', '12.00 RINGGIT'],
    ['12', '', '12.00'],
    ['about 5', 'MYR', 'about 5 MYR'],
    ['1e3', 'MYR', '1e3 MYR'],
  ])('%s %s, which no bank knows, is shown as it came', (amount, currency, expected) => {
    expect(say('en', amount, currency)).toBe(expected);
  });

  test('keeps digits that a float would lose', () => {
    expect(say('en', '999999999999999.999999', 'MYR')).toBe('RM 999,999,999,999,999.999999');
  });

  test('can be read back exactly, in every language', () => {
    const decimal = fc
      .tuple(fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }), fc.stringMatching(/^(\.\d{1,6})?$/))
      .map(([whole, fraction]) => `${whole}${fraction}`);
    const currency = fc.constantFrom('MYR', 'PKR', 'GTQ', 'USD', 'COP', 'JPY', 'KWD', 'EUR', 'PYG', 'XYZ', '???');
    fc.assert(
      fc.property(decimal, currency, fc.constantFrom(...LOCALES, 'es-CO', 'ur-IN', 'en-IN'), (amount, code, locale) => {
        const mark = locale === 'es-CO' ? ',' : '.';
        expect(compareDecimals(parseBack(say(locale, amount, code), mark), amount)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('never throws, whatever the telco wrote', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(...LOCALES),
        (amount, currency, locale) => {
          expect(typeof say(locale, amount, currency)).toBe('string');
        },
      ),
    );
  });

  test('stays in one piece inside Urdu, and needs no help in English', () => {
    expect(translators.for('ur', undefined).money({ amount: '500', currency: 'PKR' })).toBe('\u2068Rs 500\u2069');
    expect(translators.for('en', undefined).money({ amount: '500', currency: 'PKR' })).toBe('Rs 500');
  });
});
