import type { Words } from './index.js';

/** `RM 12.50`, from a decimal string, exactly, as the currency's own country writes it: ISO 4217 begins with ISO 3166. */
export function money(words: Words, amount: string, currency: string): string {
  const format = new Intl.NumberFormat(`${words.language}-${currency.slice(0, 2)}`, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
  });
  return format.format(amount as Intl.StringNumericLiteral);
}

/** `10%` */
export function percent(locale: string, share: number): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** `14:03` in `timezone`. */
export function clock(locale: string, at: number, timezone: string): string {
  return new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: timezone,
    hourCycle: 'h23',
  }).format(at);
}

/** `14:03:07.250`, in the zone of whoever looks. */
export function stopwatch(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** `Sat 21 Nov` in `timezone`. */
export function dayAndTime(locale: string, at: number, timezone: string): string {
  const options = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
  return new Intl.DateTimeFormat(locale, { ...options, hourCycle: 'h23', timeZone: timezone }).format(at);
}

/** Today, yesterday, or the date, in `timezone`. */
export function day(words: Words, at: number, now: number, timezone: string): string {
  const key = (moment: number) =>
    new Intl.DateTimeFormat('en-CA', { timeZone: timezone, dateStyle: 'short' }).format(moment);
  if (key(at) === key(now)) return words.t('chat.today');
  if (key(at) === key(now - 86_400_000)) return words.t('chat.yesterday');
  return new Intl.DateTimeFormat(words.locale, { dateStyle: 'full', timeZone: timezone }).format(at);
}

/** `1.5 GB`, `30 min`, `100 SMS`: `amount` is a whole number as a string, or `unlimited`. Rounded down, as the chat does. */
export function quantity(words: Words, unit: string, amount: string): string {
  if (isUnlimited(amount)) return words.t('chat.unlimited');
  const value = Number(amount);
  const number = (scaled: number) =>
    new Intl.NumberFormat(words.locale).format(scaled < 10 ? Math.trunc(scaled * 10) / 10 : Math.trunc(scaled));
  switch (unit) {
    case 'bytes':
      if (value >= 1024 ** 3) return words.t('world.gb', { number: number(value / 1024 ** 3) });
      if (value >= 1024 ** 2 || value === 0) return words.t('world.mb', { number: number(value / 1024 ** 2) });
      return words.t('world.kb', { number: number(value / 1024) });
    case 'voice-minutes':
    case 'data-minutes':
      return words.t('world.minutes', { number: number(value) });
    case 'sms':
      return words.t('world.sms', { number: number(value) });
    default:
      return words.t('world.units', { number: number(value), unit });
  }
}

/** A plan's name with its `12 GB` kept together, so that it does not become `GB 12` after Urdu words. */
export function planName(name: string): string {
  return name.replace(/\d[\d.,]*\s?[A-Za-z]+/g, '\u2068$&\u2069');
}

/** Millom writes unlimited as 2^63 − 1. */
export function isUnlimited(amount: string): boolean {
  return amount === 'unlimited' || amount === '9223372036854775807';
}
