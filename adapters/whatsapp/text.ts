import { clip } from '../../bot/message/clip.js';

/** `*x*`, `_x_`, `~x~` and backticks are markup in a WhatsApp body, and there is no way to escape them: look-alikes stand in. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '*': '\u2217',
  _: '\u02cd',
  '~': '\u223c',
  '`': '\u02cb',
  '-': '\u2010',
  '>': '\u203a',
};

/** Inside a word (`plan_10_gb`) an underscore or a tilde marks nothing and stays as it is, to be copied. */
const MARKUP = /[*`]|(?<![\p{L}\p{N}])[_~]|[_~](?![\p{L}\p{N}])|^[ \t]*[->](?=\s)/gmu;
const MAY_HOLD_MARKUP = /[*`_~>-]/;

/** `text` as WhatsApp shows it literally, in a body or a footer; of the same length. Headers, titles and rows know no markup. */
export function literal(text: string): string {
  if (!MAY_HOLD_MARKUP.test(text)) return text;
  return text.replace(MARKUP, (found) => found.slice(0, -1) + (LOOK_ALIKES[found.slice(-1)] ?? ''));
}

/** On one line: titles, labels and prices hold no line break on WhatsApp. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

const ISOLATED = /[\u2066-\u2068][^\u2066-\u2069]*\u2069/g;
const RTL_LETTER = /^[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * The mark that has to stand first in a line that begins with `text`, or nothing. WhatsApp lays every line out by its first
 * strong character, so a line of an Urdu message that begins with a Latin plan name would run the other way.
 */
export function directionMark(text: string, direction: 'ltr' | 'rtl'): string {
  if (direction === 'ltr' && /^[\x20-\x7e]*[A-Za-z]/.test(text)) return '';
  const first = /\p{L}/u.exec(text.replace(ISOLATED, ''))?.[0];
  const reads = first === undefined ? 'ltr' : RTL_LETTER.test(first) ? 'rtl' : 'ltr';
  if (reads === direction) return '';
  return direction === 'rtl' ? '\u200f' : '\u200e';
}

/** A line of a body. `lead` and `tail` are never cut; `text` is, when the body is too long. */
export interface Line {
  /** Whether it begins a paragraph. */
  readonly apart: boolean;
  readonly lead: string;
  readonly text: string;
  readonly tail: string;
  readonly worth: Worth;
}

/** What may be given up for the rest, first to last: the details of an offer, then sentences, then facts. */
const ASIDES = ['detail', 'sentence', 'fact'] as const;

/** What a message is for: the words of what can be chosen (badges too), and the names of plans. */
const CHOICES = ['choice', 'name'] as const;

export type Worth = (typeof ASIDES | typeof CHOICES)[number];

/** A detail shorter than this says nothing and is left out; the words of a choice and a name are not cut below it. */
const SHORTEST = 12;
const ELLIPSIS = '\n…';

/**
 * The lines as one text of at most `limit` UTF-16 units. What is too long is shortened at grapheme boundaries, everything of
 * the same worth to the same length. Names and prices are not touched as long as giving up everything else makes room: only when
 * they would be too long alone (with what can be chosen beside them cut to {@link SHORTEST}) are the longest names shortened,
 * and only when not even short names fit are choices left out, whole and from the end: never a name without its price.
 */
export function fit(lines: readonly Line[], limit: number): string {
  let kept = lines;
  const excess = (room: number) => join(kept).length - room;
  for (const worth of ASIDES) {
    if (excess(limit) <= 0) return join(kept);
    kept = shorten(kept, worth, excess(limit));
  }
  if (excess(limit) <= 0) return join(kept);
  const room = limit - ELLIPSIS.length;
  for (const worth of ASIDES) kept = leaveOut(kept, [worth], excess(room));
  for (const worth of CHOICES) kept = shorten(kept, worth, excess(room));
  kept = leaveOut(kept, CHOICES, excess(room));
  return clip(join(kept) + (kept.length < lines.length ? ELLIPSIS : ''), limit);
}

/** All of it, however long. */
export function join(lines: readonly Line[]): string {
  return lines.map(lineText).join('').trimStart();
}

function lineText({ apart, lead, text, tail }: Line): string {
  return `${apart ? '\n\n' : '\n'}${lead}${text}${tail}`;
}

/** Without the last lines of these worths, as many as make up for `excess`. */
function leaveOut(lines: readonly Line[], worths: readonly Worth[], excess: number): readonly Line[] {
  let left = excess;
  return lines
    .toReversed()
    .filter((line) => {
      if (!worths.includes(line.worth) || left <= 0) return true;
      left -= lineText(line).length;
      return false;
    })
    .toReversed();
}

function shorten(lines: readonly Line[], worth: Worth, excess: number): readonly Line[] {
  if (excess <= 0) return lines;
  const lengths = lines.filter((line) => line.worth === worth).map(({ text }) => text.length);
  const longest = fairShare(lengths, lengths.reduce((sum, length) => sum + length, 0) - excess);
  const tooShort = longest < SHORTEST;
  return lines.flatMap((line) => {
    if (line.worth !== worth || line.text.length <= longest) return line;
    if (tooShort && worth === 'detail') return [];
    return { ...line, text: clip(line.text, Math.max(longest, SHORTEST)) };
  });
}

/** The length to which each text may be cut so that all together take at most `budget`. */
function fairShare(lengths: readonly number[], budget: number): number {
  let left = budget;
  const sorted = lengths.toSorted((a, b) => a - b);
  for (const [index, length] of sorted.entries()) {
    const share = Math.floor(left / (sorted.length - index));
    if (length > share) return Math.max(0, share);
    left -= length;
  }
  return Number.POSITIVE_INFINITY;
}
