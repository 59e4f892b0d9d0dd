import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type Catalogue, en, type Key } from './en.js';
import { es } from './es.js';
import { ur } from './ur.js';

export type { Key } from './en.js';

export const LANGUAGES = ['en', 'es', 'ur'] as const;

export type Language = (typeof LANGUAGES)[number];

const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en, es, ur };

/** English without a country is written the way most of the world writes its dates. */
const WRITTEN_AS: Readonly<Record<Language, string>> = { en: 'en-GB', es: 'es', ur: 'ur' };

/** Words in one of the page's languages. */
export interface Words {
  readonly language: Language;
  /** What numbers and dates are written in: the language, or a regional form of it such as `es-GT`. */
  readonly locale: string;
  readonly direction: 'ltr' | 'rtl';
  t(key: Key, values?: Readonly<Record<string, string | number>>): string;
}

/** The page's words for a BCP 47 tag; English where it has none in that language. */
export function wordsFor(locale: string): Words {
  const base = locale.toLowerCase().split('-')[0] ?? '';
  const language = LANGUAGES.find((known) => known === base) ?? 'en';
  const catalogue = CATALOGUES[language];
  const direction = language === 'ur' ? 'rtl' : 'ltr';
  // What is filled in keeps its own direction: `12 GB` must not become `GB 12` between Urdu words.
  const isolate = (value: string | number) => (direction === 'rtl' ? `\u2068${value}\u2069` : String(value));
  return {
    language,
    locale: language === base && locale !== 'en' ? locale : WRITTEN_AS[language],
    direction,
    t: (key, values = {}) =>
      catalogue[key].replace(/\{(\w+)\}/g, (hole, name: string) => isolate(values[name] ?? hole)),
  };
}

const context = createContext<Words>(wordsFor('en'));

export const WordsProvider = context.Provider;

/** The words of the part of the page we are in: the chat speaks the subscriber's language, the rest the page's. */
export function useWords(): Words {
  return useContext(context);
}
