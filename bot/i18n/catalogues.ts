import { en } from './en.js';
import { es } from './es.js';
import { ur } from './ur.js';

/** The languages Refill speaks. The first one is spoken to everyone whose language it does not. */
export const LOCALES = ['en', 'es', 'ur'] as const;

export type Locale = (typeof LOCALES)[number];

/** Every key of the catalogues. English is the model: tests hold the others to its keys and arguments. */
export type CatalogueKey = keyof typeof en;

/** Words to recognise, not to say: `phrases.<intent>`, separated by `|`. See phrases.ts. */
export type PhraseKey = Extract<CatalogueKey, `phrases.${string}`>;

/** A message that can be said. */
export type MessageKey = Exclude<CatalogueKey, PhraseKey>;

/** A translation may lag behind English for a commit; what is missing is said in English. */
export type Translation = Partial<Readonly<Record<CatalogueKey, string>>>;

export const CATALOGUES: Readonly<Record<Locale, Translation>> = { en, es, ur };

export const DIRECTIONS: Readonly<Record<Locale, 'ltr' | 'rtl'>> = { en: 'ltr', es: 'ltr', ur: 'rtl' };
