import { LRUCache } from 'lru-cache';
import { pickText } from '../domain/text.js';
import { type Amounts, amountsFor } from './amounts.js';
import { isolate } from './bidi.js';
import { DIRECTIONS, type Locale } from './catalogues.js';
import { clean } from './clean.js';
import { compileCatalogue, type Say } from './compile.js';
import { datesFor } from './dates.js';
import type { Localized } from './localized.js';
import { type Numbers, numbersFor } from './numbers.js';
import { bestLocale, formatLocale, validZone } from './regions.js';
import type { Translator } from './translator.js';

export interface Translators {
  /** The translator for a user's hints: a BCP 47 tag and an IANA zone, either of which may be missing or nonsense. */
  for(locale: string | undefined, timezone: string | undefined): Translator;
  /** The supported locale that fits a BCP 47 tag, English when none does. */
  bestLocale(tag: string | undefined): Locale;
}

/** Most people of one telco share a zone: a few hundred translators are plenty, and a bound stops invented hints. */
const MAX_TRANSLATORS = 500;

/** Longest telco text shown (a description), and longest single word from outside, in UTF-16 units. */
const MAX_TEXT = 600;
const MAX_LITERAL = 200;

/** What depends on the language and region only, shared by all zones. */
interface Language {
  readonly locale: Locale;
  readonly region: string;
  readonly say: Say;
  readonly numbers: Numbers;
  readonly amounts: Amounts;
  readonly lists: Intl.ListFormat;
}

/** One set of translators for a process. */
export function createTranslators(): Translators {
  const languages = new Map<string, Language>();
  const translators = new LRUCache<string, Translator>({ max: MAX_TRANSLATORS });

  function languageFor(tag: string | undefined): Language {
    const locale = bestLocale(tag);
    const region = formatLocale(locale, tag);
    let language = languages.get(region);
    if (language === undefined) {
      language = createLanguage(locale, region);
      languages.set(region, language);
    }
    return language;
  }

  return {
    for(tag, zone) {
      const key = `${tag ?? ''}\u0000${zone ?? ''}`;
      let translator = translators.get(key);
      if (translator === undefined) {
        translator = createTranslator(languageFor(tag), tag, validZone(zone));
        translators.set(key, translator);
      }
      return translator;
    },
    bestLocale,
  };
}

function createLanguage(locale: Locale, region: string): Language {
  const direction = DIRECTIONS[locale];
  const say = compileCatalogue(locale, region);
  const numbers = numbersFor(region);
  const guard = (text: string) => isolate(text, direction);
  const literal = (text: string) => clean(text, MAX_LITERAL);
  const lists = new Intl.ListFormat(region);
  return { locale, region, say, numbers, amounts: amountsFor(say, numbers, literal, guard), lists };
}

function createTranslator(language: Language, tag: string | undefined, timezone: string): Translator {
  const { locale, say, numbers, amounts, lists } = language;
  const direction = DIRECTIONS[locale];
  const dates = datesFor(language.region, timezone);
  const localized = (text: string) => text as Localized;
  const outside = (text: string, max: number) => localized(isolate(clean(text, max), direction));

  return {
    locale,
    direction,
    timezone,
    t: (key, values) => localized(say(key, values)),
    telcoText(texts, otherwise) {
      // A plan name in the user's own language is welcome even where Refill itself does not speak it.
      const text = pickText(texts, tag ?? locale, locale);
      const shown = text === undefined ? '' : outside(text, MAX_TEXT);
      return localized(shown || (otherwise ?? ''));
    },
    literal: (text) => outside(text, MAX_LITERAL),
    money: (money) => outside(numbers.money(money), MAX_LITERAL),
    amount: (unit, amount) => localized(amounts.amount(unit, amount)),
    gauge: (gauge) => localized(amounts.gauge(gauge)),
    quotas: (quotas) => localized(amounts.quotas(quotas)),
    duration: (seconds) => localized(amounts.duration(seconds)),
    dateTime: (date, now) => localized(dates.dateTime(date, now)),
    date: (date) => localized(dates.date(date)),
    list: (items) => localized(lists.format(items)),
  };
}
