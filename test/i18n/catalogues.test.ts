import { describe, expect, test } from '@jest/globals';
import IntlMessageFormat from 'intl-messageformat';
import { CATALOGUES, type CatalogueKey, LOCALES, type Locale } from '../../bot/i18n/catalogues.js';
import { phrases } from '../../bot/i18n/index.js';
import { matchKeyword, normalise } from '../../bot/message/match.js';

type Element = ReturnType<IntlMessageFormat['getAst']>[number];

/** The parser's element types (icu-messageformat-parser, TYPE). */
const LITERAL = 0;
const DATE = 3;
const TIME = 4;
const SELECT = 5;
const PLURAL = 6;
const POUND = 7;

const english = CATALOGUES.en;
const keys = Object.keys(english) as CatalogueKey[];
const isPhrases = (key: string) => key.startsWith('phrases.');
const translations = LOCALES.filter((locale) => locale !== 'en');

function parse(locale: Locale, key: CatalogueKey): Element[] {
  return new IntlMessageFormat(CATALOGUES[locale][key] ?? '', locale, undefined, { ignoreTag: true }).getAst();
}

/** Every element of a message, those inside plural and select forms too. */
function flatten(elements: readonly Element[]): Element[] {
  return elements.flatMap((element) =>
    'options' in element
      ? [element, ...Object.values(element.options).flatMap(({ value }) => flatten(value))]
      : [element],
  );
}

function everyMessage(locale: Locale): { key: CatalogueKey; elements: Element[] }[] {
  return keys
    .filter((key) => !isPhrases(key) && CATALOGUES[locale][key] !== undefined)
    .map((key) => ({ key, elements: flatten(parse(locale, key)) }));
}

function argumentsOf(elements: readonly Element[]): string[] {
  const named = elements.filter(({ type }) => type !== LITERAL && type !== POUND);
  return [...new Set(named.map((element) => ('value' in element ? String(element.value) : '')))].sort();
}

/** What is said, arguments left out. */
function wordsOf(elements: readonly Element[]): string {
  return elements.flatMap((element) => (element.type === LITERAL ? [element.value] : [])).join(' ');
}

describe.each(translations)('the %s catalogue', (locale) => {
  const catalogue = CATALOGUES[locale];

  test('says everything that English says, and nothing else', () => {
    expect(keys.filter((key) => catalogue[key] === undefined)).toEqual([]);
    expect(Object.keys(catalogue).filter((key) => !(key in english))).toEqual([]);
  });

  test('uses the arguments that English uses', () => {
    const wrong = everyMessage(locale).flatMap(({ key, elements }) => {
      const expected = argumentsOf(flatten(parse('en', key)));
      const actual = argumentsOf(elements);
      return String(expected) === String(actual) ? [] : [`${key}: {${actual}} instead of {${expected}}`];
    });
    expect(wrong).toEqual([]);
  });

  test('knows every choice of a select that English knows', () => {
    const choices = (elements: readonly Element[]) =>
      elements.flatMap((element) =>
        element.type === SELECT && 'options' in element
          ? [[element.value, ...Object.keys(element.options).sort()]]
          : [],
      );
    const wrong = everyMessage(locale).filter(({ key, elements }) => {
      const known = new Set(choices(elements).map(String));
      return choices(flatten(parse('en', key))).some((choice) => !known.has(String(choice)));
    });
    expect(wrong.map(({ key }) => key)).toEqual([]);
  });

  test('has no English left in it', () => {
    expect(
      everyMessage(locale)
        .filter(({ key, elements }) => leftover(locale, key, wordsOf(elements)))
        .map(({ key }) => key),
    ).toEqual([]);
  });
});

/** Words that every language here writes the same: units, names, and Spanish words that look English. */
const SHARED = new Set([
  'sms',
  'min',
  'kb',
  'mb',
  'gb',
  'tb',
  'byte',
  'bytes',
  'refill',
  'whatsapp',
  'slack',
  'teams',
  'ok',
  'no',
  'total',
  'plan',
]);

function leftover(locale: Locale, key: CatalogueKey, words: string): boolean {
  // A language is listed under its own name, whoever reads the list.
  if (key.startsWith('language.')) return false;
  const foreign = (words.toLowerCase().match(/[a-z]{2,}/g) ?? []).filter((word) => !SHARED.has(word));
  if (foreign.length === 0) return false;
  // Urdu has its own script, so any other Latin word is a leftover; Spanish is caught when it says exactly what English says.
  return locale === 'ur' || words === wordsOf(flatten(parse('en', key)));
}

describe.each(LOCALES)('in the %s catalogue', (locale) => {
  test('nothing is empty, padded or doubly spaced', () => {
    const untidy = Object.entries(CATALOGUES[locale]).filter(
      ([, text]) => text.trim() !== text || !text || / {2}/.test(text),
    );
    expect(untidy.map(([key]) => key)).toEqual([]);
  });

  test('plurals have the forms the language has, always `other`, and `one` where English has it', () => {
    const forms = new Set<string>(new Intl.PluralRules(locale).resolvedOptions().pluralCategories);
    const wrong = everyMessage(locale).flatMap(({ key, elements }) =>
      elements.flatMap((element) => {
        if (element.type !== PLURAL || !('options' in element)) return [];
        const given = Object.keys(element.options).filter((form) => !form.startsWith('='));
        const hasOne = given.includes('one') || !/\bone \{/.test(english[key] ?? '');
        const fits = hasOne && given.includes('other') && given.every((form) => forms.has(form));
        return fits ? [] : [`${key}: ${given.join(', ')}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('dates and times come in as words, since a message does not know the zone', () => {
    const dated = everyMessage(locale).filter(({ elements }) =>
      elements.some(({ type }) => type === DATE || type === TIME),
    );
    expect(dated.map(({ key }) => key)).toEqual([]);
  });

  test('no apostrophe hides an argument from the formatter', () => {
    const hidden = everyMessage(locale).filter(({ elements }) => /[{}]/.test(wordsOf(elements)));
    expect(hidden.map(({ key }) => key)).toEqual([]);
  });

  test('a message starts in the language’s own direction, since chat apps go by the first letter', () => {
    const start = locale === 'ur' ? /^[^\p{L}]*\p{Script=Arabic}/u : /^[^\p{L}]*\p{Script=Latin}/u;
    const wrong = everyMessage(locale).filter(({ key, elements }) => {
      const words = wordsOf(elements);
      return (
        /\p{L}/u.test(words) && !start.test(words) && !key.startsWith('language.') && elements[0]?.type === LITERAL
      );
    });
    expect(wrong.map(({ key }) => key)).toEqual([]);
  });

  test('the words that it tells people to type are understood', () => {
    const quoted = (key: 'help.stop' | 'consent.on') =>
      [...(CATALOGUES[locale][key] ?? '').matchAll(/[“«”]([^“«”»]+)[”»“]/g)].map(([, words = '']) =>
        matchKeyword(words, phrases(locale)),
      );
    expect(quoted('consent.on')).toEqual(['stop']);
    expect(quoted('help.stop')).toEqual(['stop', 'cancel']);
  });

  test('no phrase names two intents, and every intent has phrases', () => {
    const owners = new Map<string, Set<string>>();
    for (const [intent, list] of Object.entries(phrases(locale))) {
      expect(list.length).toBeGreaterThan(0);
      for (const phrase of list) {
        const same = normalise(phrase);
        expect(same).not.toBe('');
        owners.set(same, (owners.get(same) ?? new Set()).add(intent));
      }
    }
    expect(
      [...owners].filter(([, intents]) => intents.size > 1).map(([phrase, by]) => `${phrase}: ${[...by]}`),
    ).toEqual([]);
  });
});
