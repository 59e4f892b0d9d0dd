import { buying } from './es/buying.js';
import { identity } from './es/identity.js';
import { selling } from './es/selling.js';
import { words } from './es/words.js';

/** Spanish for Latin America, addressing the subscriber as «tú». */
export const es = { ...words, ...selling, ...buying, ...identity };
