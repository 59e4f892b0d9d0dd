import { z } from 'zod';

/* The kinds of variables there are, each with what to say when it is wrong; never the value. */

export const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `expected a URL like ${example}` }).transform((text) => text.replace(/\/+$/, ''));

export const flag = z
  .enum(['0', '1', 'true', 'false'], { error: 'expected 1 or 0' })
  .transform((on) => on === '1' || on === 'true');

export const whole = (min: number, max: number) =>
  z.coerce
    .number({ error: `expected a whole number from ${min} to ${max}` })
    .int({ error: `expected a whole number from ${min} to ${max}` })
    .min(min, { error: `expected a whole number from ${min} to ${max}` })
    .max(max, { error: `expected a whole number from ${min} to ${max}` });

export const text = (what: string) => z.string().min(1, { error: `expected ${what}` });

/** `50 MYR, 1500 PKR`: amounts of money, one per currency. */
export const money = z
  .string()
  .transform((list) => list.split(',').map((one) => /^(\d{1,12}(?:\.\d{1,4})?) ([A-Z]{3})$/.exec(one.trim())))
  .refine((list) => list.every((match) => match !== null), { error: 'expected amounts like 50 MYR, 1500 PKR' })
  .transform((list) => list.map((match) => ({ amount: match?.[1] ?? '', currency: match?.[2] ?? '' })))
  .refine((list) => new Set(list.map(({ currency }) => currency)).size === list.length, {
    error: 'expected one amount per currency',
  });

export const timezone = z.string().refine(isTimezone, { error: 'expected an IANA time zone like Asia/Karachi' });

function isTimezone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}
