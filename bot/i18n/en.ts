import { buying } from './en/buying.js';
import { identity } from './en/identity.js';
import { selling } from './en/selling.js';
import { words } from './en/words.js';

/**
 * English, and the model for every other catalogue. Values are ICU messages; dates and money come in already formatted
 * (`t.dateTime()`, `t.money()`), because only the translator knows the subscriber's zone and the currency's habits.
 */
export const en = { ...words, ...selling, ...buying, ...identity };
