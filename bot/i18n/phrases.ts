import { CATALOGUES, type CatalogueKey, LOCALES, type Locale, type PhraseKey } from './catalogues.js';

const PREFIX = 'phrases.';

/** What an intent's phrases are filed under, e.g. `balance`, `top-up`. */
export type PhraseIntent = PhraseKey extends `phrases.${infer Intent}` ? Intent : never;

export type Phrases = Readonly<Record<PhraseIntent, readonly string[]>>;

const known = new Map<Locale, Phrases>();

/**
 * The words that name each intent, for a reader of `locale`: its own first, then every other language's, because people mix
 * languages. A phrase that means something else in another language keeps the meaning it has in `locale`.
 */
export function phrases(locale: Locale): Phrases {
  let merged = known.get(locale);
  if (merged === undefined) {
    merged = merge([locale, ...LOCALES.filter((other) => other !== locale)]);
    known.set(locale, merged);
  }
  return merged;
}

function merge(locales: readonly Locale[]): Phrases {
  const taken = new Set<string>();
  const merged: Partial<Record<PhraseIntent, string[]>> = {};
  for (const locale of locales) {
    for (const [key, text] of Object.entries(CATALOGUES[locale]) as [CatalogueKey, string][]) {
      if (!key.startsWith(PREFIX)) continue;
      const intent = key.slice(PREFIX.length) as PhraseIntent;
      const fresh = text.split('|').filter((phrase) => !taken.has(phrase));
      for (const phrase of fresh) taken.add(phrase);
      merged[intent] = [...(merged[intent] ?? []), ...fresh];
    }
  }
  return merged as Phrases;
}
