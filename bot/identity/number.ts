import {
  type CountryCode,
  isSupportedCountry,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import { LRUCache } from 'lru-cache';

/** True for an ISO 3166-1 country with numbers of its own, in capitals (`MY`). */
export function isCountry(code: string): code is CountryCode {
  return isSupportedCountry(code);
}

/**
 * The number somebody typed, as E.164 without `+`; `undefined` when it is nobody's. With a country code, or as they write it at
 * home where `country` (ISO 3166-1) says where that is. Digits of any script, and whatever people put between them.
 */
export function numberIn(text: string, country?: string): string | undefined {
  const typed = cleaned(text);
  const home = country !== undefined && isCountry(country) ? country : undefined;
  const found = valid(typed, home) ?? (DIGITS.test(typed) ? valid(`+${typed}`) : undefined);
  return found?.number.slice(1);
}

/**
 * The number that an operator, a list or Meta names, always with its country code (a `+` or 00 may be left out), as E.164 without
 * `+`: one spelling for one SIM, the same that `numberIn` gives. `undefined` when no number of that country has such a length.
 *
 * Whether its range is in use is not asked here, as it is of what people type: operators open ranges before libphonenumber hears of
 * it, and a signal about such a number must not be refused.
 */
export function e164(text: string): string | undefined {
  const given = cleaned(text).replace(/^\+/, '');
  if (!LISTED.test(given)) return undefined;
  const found = parsed(`+${given}`);
  return found?.isPossible() === true ? found.number.slice(1) : undefined;
}

/** Numbers of Meta's that were looked at lately: every turn of a chat asks again. */
const seen = new LRUCache<string, { readonly number: string | undefined }>({ max: 10_000 });

/** The number a WhatsApp id is (all digits, at least 8), as `e164`; business-scoped ids are none. */
export function numberOfWhatsAppId(id: string): string | undefined {
  if (!/^[1-9]\d{7,14}$/.test(id)) return undefined;
  const kept = seen.get(id) ?? { number: e164(id) };
  seen.set(id, kept);
  return kept.number;
}

/**
 * A number in every spelling under which it may have been kept before all of them became one: its own first. Mexican and
 * Brazilian ones had another.
 */
export function spellingsOf(number: string): readonly string[] {
  if (/^52[2-9]\d{9}$/.test(number)) return [number, `521${number.slice(2)}`];
  if (/^55\d\d9\d{8}$/.test(number)) return [number, `${number.slice(0, 4)}${number.slice(5)}`];
  return [number];
}

/** Digits of the scripts our languages are written in, and what people put between them. */
const DIGITS = /^[\d\u0660-\u0669\u06f0-\u06f9\s().\p{Pd}]+$/u;
/** The same without points: of a number that a spreadsheet took for an amount (60123456789.0) the last digit is none. */
const LISTED = /^[\d\u0660-\u0669\u06f0-\u06f9\s()\p{Pd}]+$/u;

/** Without the marks that turn the direction of writing, which come along when a number is copied. */
function cleaned(text: string): string {
  return text
    .normalize('NFKC')
    .slice(0, 80)
    .replace(/\p{Cf}/gu, '')
    .trim()
    .replace(/^00/, '+');
}

function valid(text: string, country?: CountryCode): PhoneNumber | undefined {
  const found = parsed(text, country);
  return found?.isValid() === true ? found : undefined;
}

function parsed(text: string, country?: CountryCode): PhoneNumber | undefined {
  const found = parsePhoneNumberFromString(text, country);
  return found && (renumbered(found) ?? found);
}

/**
 * The number of today for two old spellings, which Meta still gives as WhatsApp ids and people still type: Mexico's mobile
 * numbers lost the 1 after the country code in 2019 (+52 1 55… is +52 55…), Brazil's got a ninth digit (+55 11 8765-4321 is
 * +55 11 98765-4321; landlines and what is a number as it stands stay). Argentina's 9 is part of E.164, and stays.
 */
function renumbered(found: PhoneNumber): PhoneNumber | undefined {
  const { countryCallingCode: country, nationalNumber: digits } = found;
  if (country === '52' && /^1\d{10}$/.test(digits)) return parsed(`+52${digits.slice(1)}`);
  if (country === '55' && /^\d{10}$/.test(digits) && !found.isValid())
    return valid(`+55${digits.slice(0, 2)}9${digits.slice(2)}`);
  return undefined;
}

/** How a line is named to its owner, never in full: its last three digits. */
export function lastDigits(value: string): string {
  return value.slice(-3);
}
