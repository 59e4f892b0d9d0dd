/** An amount of money as the telco wrote it: a decimal string, never a float. `currency` is ISO 4217, e.g. `MYR`. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

const DECIMAL = /^-?\d{1,15}(\.\d{1,6})?$/;

/** True for a plain decimal such as `12.50` or `-3`. Exponents, separators and absurd lengths are refused. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

const SCALE = 6;

/** Compares two decimal strings exactly: negative when `a < b`, zero when equal, positive when `a > b`. */
export function compareDecimals(a: string, b: string): number {
  const difference = scaled(a) - scaled(b);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** True when both the currency and the exact amount are the same (`5` equals `5.00`). */
export function sameMoney(a: Money, b: Money): boolean {
  return a.currency === b.currency && compareDecimals(a.amount, b.amount) === 0;
}

/** The exact sum of two decimal strings; negative ones subtract. */
export function addDecimals(a: string, b: string): string {
  const sum = scaled(a) + scaled(b);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(SCALE + 1, '0');
  const fraction = digits.slice(-SCALE).replace(/0+$/, '');
  const places = Math.max(fraction.length, decimals(a), decimals(b));
  return `${sum < 0n ? '-' : ''}${digits.slice(0, -SCALE)}${places > 0 ? `.${fraction.padEnd(places, '0')}` : ''}`;
}

function decimals(decimal: string): number {
  return decimal.split('.')[1]?.length ?? 0;
}

function scaled(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const value = BigInt(whole + fraction.padEnd(SCALE, '0'));
  return decimal.startsWith('-') ? -value : value;
}
