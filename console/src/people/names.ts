import type { Persona } from '../api/types.js';
import { en, type Key } from '../i18n/en.js';
import type { Words } from '../i18n/index.js';

/** `Daniel`, or `Daniel (copy)` for a subscriber of one's own. */
export function nameOf(words: Words, persona: Persona, subscriber: string): string {
  return subscriber.includes('~') ? words.t('people.copy-label', { name: persona.name }) : persona.name;
}

/** A persona in a few words: the page's own where it has them, else the sandbox's. */
export function summaryOf(words: Words, persona: Persona): string {
  const key = `people.${persona.id}`;
  return isKey(key) ? words.t(key) : persona.summary;
}

function isKey(key: string): key is Key {
  return Object.hasOwn(en, key);
}
