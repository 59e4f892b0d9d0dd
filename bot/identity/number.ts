import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** True for an ISO 3166-1 country with numbers of its own, in capitals (`MY`). */
export function isCountry(code: string): code is CountryCode {
  return isSupportedCountry(code);
}

/**
 * The number somebody typed, as E.164 without `+`; `undefined` when it is nobody's. With a country code, or as they write it at
 * home where `country` (ISO 3166-1) says where that is. Digits of any script, and whatever people put between them.
 */
export function numberIn(text: string, country?: string): string | undefined {
  const typed = text.normalize('NFKC').slice(0, 80).trim().replace(/^00/, '+');
  const home = country !== undefined && isCountry(country) ? country : undefined;
  const found =
    valid(typed, home) ?? (/^[\d\u0660-\u0669\u06f0-\u06f9\s().-]+$/.test(typed) ? valid(`+${typed}`) : undefined);
  return found?.number.slice(1);
}

function valid(text: string, country?: CountryCode) {
  const found = parsePhoneNumberFromString(text, country);
  return found?.isValid() === true ? found : undefined;
}

/** How a line is named to its owner, never in full: its last three digits. */
export function lastDigits(value: string): string {
  return value.slice(-3);
}
