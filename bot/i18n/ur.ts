import { buying } from './ur/buying.js';
import { identity } from './ur/identity.js';
import { selling } from './ur/selling.js';
import { words } from './ur/words.js';

/** Urdu as Pakistani telcos write it: Nastaliq script, Latin digits, KB, MB and GB in Latin letters, polite «آپ». */
export const ur = { ...words, ...selling, ...buying, ...identity };
