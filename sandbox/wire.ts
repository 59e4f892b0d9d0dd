import { stringify } from 'lossless-json';
import type { Amount } from '../bot/domain/quota.js';
import type { MultilingualText } from '../bot/domain/text.js';
import type { Cause } from './errors.js';

/** An HTTP answer before it is written. */
export interface Answer {
  readonly status: number;
  /** JSON text; empty for no body. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Millom's way to say unlimited: 2^63 − 1, as a bare integer that no double can hold (upsell.yaml, gauge.quota). */
const UNLIMITED = 2n ** 63n - 1n;

/** A JSON answer. `bigint` becomes a bare integer, digit for digit. */
export function json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): Answer {
  const body = stringify(value) ?? '';
  return headers === undefined ? { status, body } : { status, body, headers };
}

export function errorDocument(cause: Cause, errorMessage: string, status: number): Answer {
  return json(status, { cause, errorMessage });
}

export function amountOnWire(amount: Amount): bigint {
  return amount === 'unlimited' ? UNLIMITED : amount;
}

/** RFC 3339, UTC. */
export function timestamp(date: Date): string {
  return date.toISOString();
}

/**
 * The texts that go out: all of them, or, when a language was asked for, the best one for it and English beside it.
 * `languages` is an Accept-Language header.
 */
export function textsFor(
  texts: readonly MultilingualText[],
  languages: string | undefined,
): readonly MultilingualText[] {
  if (languages === undefined || languages === '' || languages === '*') return texts;
  // The catalogue's languages have no subtags, so a prefix is all there is to match.
  const wanted = preferred(languages).toLowerCase().split('-')[0];
  const best = texts.find(({ language }) => language === wanted);
  const english = texts.find(({ language }) => language === 'en');
  return [best, english].filter(
    (text, index, both) => text !== undefined && both.indexOf(text) === index,
  ) as MultilingualText[];
}

/** The first language of an Accept-Language header by weight, e.g. `ur` of `en;q=0.5, ur`. */
function preferred(header: string): string {
  if (!header.includes(',')) return header.split(';')[0]?.trim() ?? '';
  const ranges = header.split(',').map((range) => {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
  });
  return ranges.sort((a, b) => b.weight - a.weight)[0]?.tag ?? '';
}
