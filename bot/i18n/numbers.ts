import { isDecimal, type Money } from '../domain/money.js';

export interface Numbers {
  /** A whole number, grouped. */
  whole(value: bigint | number): string;
  /** Tenths as a decimal: 15n is `1.5`, 20n is `2`. */
  tenths(value: bigint): string;
  /** An amount of money, every digit of it; never throws. */
  money(money: Money): string;
}

/** `format` takes decimal strings and keeps every digit (ECMA-402, Intl.NumberFormat v3); its types allow literals only. */
type ExactFormat = { format(value: string | number | bigint): string };

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/**
 * Currencies whose country writes the sign without a space where Unicode's data has one: `Q25.00`. All others follow that
 * data with the sign people know (`RM 12.50`, `Rs 500`), the code where there is none (`KWD 1.500`).
 */
const CLOSED_UP = new Set(['GTQ']);

/** Number formats for one Intl locale, made when first needed and kept: at most currencies × decimals of them. */
export function numbersFor(region: string): Numbers {
  const wholes = new Intl.NumberFormat(region, { maximumFractionDigits: 0 });
  const decimals = new Intl.NumberFormat(region, { maximumFractionDigits: 6 }) as ExactFormat;
  const plainMoney = new Intl.NumberFormat(region, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  }) as ExactFormat;
  const currencies = new Map<string, ExactFormat>();

  function currencyFormat(currency: string, places: number): ExactFormat {
    const key = `${currency}${places}`;
    const known = currencies.get(key);
    if (known !== undefined) return known;
    const made = new Intl.NumberFormat(region, {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      // No places: as many as is the custom (RM 5.00, Rs 500). Some: at least two (Rs 12.50), and all the telco wrote.
      ...(places > 0 && {
        minimumFractionDigits: Math.max(places, customaryPlaces(currency), 2),
        maximumFractionDigits: 6,
      }),
    }) as ExactFormat;
    currencies.set(key, made);
    return made;
  }

  function money({ amount, currency }: Money): string {
    const code = currency.toUpperCase();
    if (!isDecimal(amount)) return `${amount} ${code}`.trim();
    if (!CURRENCIES.has(code)) return `${plainMoney.format(amount)} ${code}`.trim();
    const text = currencyFormat(code, significantPlaces(amount)).format(amount).replaceAll('\u00a0', ' ');
    return CLOSED_UP.has(code) ? text.replace(/(?<=\p{L}) (?=\d)/u, '') : text;
  }

  return {
    whole: (value) => wholes.format(value),
    tenths: (value) => decimals.format(`${value / 10n}.${value % 10n}`),
    money,
  };
}

function customaryPlaces(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** Decimal places up to the last digit that is not zero: `12.50` has 1, `12.00` has 0. */
function significantPlaces(decimal: string): number {
  const point = decimal.indexOf('.');
  if (point < 0) return 0;
  let end = decimal.length;
  while (decimal[end - 1] === '0') end--;
  return Math.max(0, end - point - 1);
}
