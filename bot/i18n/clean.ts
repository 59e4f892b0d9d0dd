import { clip } from '../message/clip.js';

const PRINTABLE_ASCII = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

/**
 * Everything invisible that can disguise text or break a layout: control, format and private characters, direction marks,
 * overrides and isolates, broken surrogates, blank letters. White space stays (it is collapsed), and what scripts and emoji
 * need: ZWNJ, ZWJ, Arabic number signs, variation selectors, the tag letters in flags.
 */
const INVISIBLE =
  /(?!\u200c|\u200d|[\s\u0085\u0600-\u0605\u06dd\u{e0020}-\u{e007f}])[\p{Cc}\p{Cf}\p{Cs}\p{Co}]|\u034f|[\u115f\u1160\u3164\uffa0\ufffc]|\ufeff/gu;

const SPACES = /[\s\u0085]+/gu;
/** Joiners that join nothing. */
const STRAY_JOINERS = /(?<=^|\s)[\u200c\u200d]+|[\u200c\u200d]+(?=\s|$)|(?<=[\u200c\u200d])[\u200c\u200d]+/gu;
/** More marks on one letter than any language writes: they would climb over the lines above. */
const PILED_MARKS = /(\p{M}{6})\p{M}+/gu;

/**
 * Words from outside, made fit to show: invisible characters stripped, white space (line breaks too) collapsed, at most
 * `max` UTF-16 units. What it does not do is escape markup: each channel does that, for its own kind (FAULTS 57).
 */
export function clean(text: string, max: number): string {
  if (text.length <= max && PRINTABLE_ASCII.test(text)) return text;
  // A hostile megabyte is cut before it is looked at; what is stripped may cost some of the rest.
  const bounded = text.length > 8 * max ? text.slice(0, 8 * max) : text;
  const visible = bounded.replace(INVISIBLE, '').replace(STRAY_JOINERS, '').replace(PILED_MARKS, '$1');
  return clip(visible.replace(SPACES, ' ').trim(), max);
}
