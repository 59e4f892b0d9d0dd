import { clip } from '../message/clip.js';
import type { Localized } from './localized.js';

/** Localized words, shortened at a grapheme boundary to at most `max` UTF-16 units where they are longer. */
export function cut(text: Localized, max: number): Localized {
  return text.length <= max ? text : (clip(text, max) as Localized);
}

/** Words that come back from where they were shown: they were localized when they went out. */
export function shownBefore(text: string): Localized {
  return text as Localized;
}
