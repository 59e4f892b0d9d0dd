import { LOCALES, type Locale } from './catalogues.js';

/** How dates and numbers are written when we know the language only. */
const HOME: Readonly<Record<Locale, string>> = { en: 'en-GB', es: 'es-419', ur: 'ur-PK' };

/** Latin digits in every language: what telcos in Pakistan print, and what keypads and receipts show. */
const DIGITS = '-u-nu-latn';

/** The supported locale that fits `tag` (BCP 47, sloppy as it comes), English when none does. */
export function bestLocale(tag: string | undefined): Locale {
  const language = tag?.trim().split(/[-_]/, 1)[0]?.toLowerCase();
  return LOCALES.find((locale) => locale === language) ?? LOCALES[0];
}

const LANGUAGE_AND_REGION = /^([a-z]{2,3})(?:[-_][a-z]{4})?[-_]([a-z]{2}|\d{3})(?![a-z\d])/i;

/** The Intl locale for dates and numbers: the user's own region where Intl has it in that language, else the language's home. */
export function formatLocale(locale: Locale, tag: string | undefined): string {
  const [, language, region] = LANGUAGE_AND_REGION.exec(tag?.trim() ?? '') ?? [];
  if (region !== undefined && language?.toLowerCase() === locale) {
    const wanted = `${locale}-${region.toUpperCase()}`;
    if (new Intl.NumberFormat(wanted).resolvedOptions().locale === wanted) return wanted + DIGITS;
  }
  return HOME[locale] + DIGITS;
}

/** `zone` if it is an IANA zone this runtime knows, else UTC: a wrong hint must not cost the subscriber an answer. */
export function validZone(zone: string | undefined): string {
  if (zone === undefined || zone === '') return 'UTC';
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}
