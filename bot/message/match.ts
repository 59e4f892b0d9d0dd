import { clipGraphemes } from './clip.js';

/** Nobody types more than this to pick an option; the rest of a long text is not looked at. */
const MAX_GRAPHEMES = 200;
const MAX_UNITS = 1_000;

/**
 * Text as it is compared: small letters, ASCII digits, no accents on Latin letters, no vowel marks on Arabic ones (whose
 * look-alike letters are made one, since keyboards differ), no punctuation, emoji or invisible characters, single spaces.
 * Only the first 200 graphemes count.
 */
export function normalise(text: string): string {
  const cut = clipGraphemes(text.slice(0, MAX_UNITS), MAX_GRAPHEMES, '');
  if (PLAIN.test(cut)) return cut;
  return cut
    .normalize('NFKD')
    .toLowerCase()
    .replace(UNSEEN, '')
    .replace(ARABIC_VARIANTS, (letter) => ARABIC_LETTERS[letter] ?? letter)
    .replace(ARABIC_DIGITS, (digit) => String(digit.charCodeAt(0) & 0xf))
    .normalize('NFC')
    .replace(SEPARATORS, ' ')
    .trim();
}

const PLAIN = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

/** Apostrophes, format characters, accents, Arabic vowel marks and stretching, keycaps and emoji selectors. */
const UNSEEN =
  /['’ʼ`´]|\p{Cf}|[\u0300-\u036f]|[\u0610-\u061a\u064b-\u0652\u0656-\u065f]|\u0670|\u0640|[\u20d0-\u20ff]|[\ufe00-\ufe0f]/gu;
const SEPARATORS = /[^\p{L}\p{M}\p{N}]+/gu;
const ARABIC_DIGITS = /[\u0660-\u0669\u06f0-\u06f9]/g;
const ARABIC_VARIANTS = /[\u064a\u0649\u0643\u0647\u0629\u06be\u06c3\u06d5]/g;
/** Arabic yeh, kaf and heh in their Urdu forms; ھ counts as ہ, since people mix them. */
const ARABIC_LETTERS: Readonly<Record<string, string>> = {
  '\u064a': '\u06cc',
  '\u0649': '\u06cc',
  '\u0643': '\u06a9',
  '\u0647': '\u06c1',
  '\u0629': '\u06c1',
  '\u06be': '\u06c1',
  '\u06c3': '\u06c1',
  '\u06d5': '\u06c1',
};

/**
 * Which of the `labels` somebody meant by `text`, as an index from 0: the label itself, its number from 1 (`2`, `2.`, `#2`,
 * `۲`), or words that fit one label only. `exact` leaves the words out: it is what a purchase asks for, so that neither
 * "5" nor "don't buy" can press "Buy for RM 5". Undefined when nothing fits or several do.
 */
export function matchOption(
  text: string,
  labels: readonly string[],
  how: 'words' | 'exact' = 'words',
): number | undefined {
  const typed = normalise(text);
  // "-1" names no option, though it has no minus any more once it is normalised.
  if (typed === '' || /^\s*[-−]\s*\d/.test(text)) return undefined;
  const known = labels.map(normalise);

  const same = only(known, (label) => label === typed);
  if (same !== undefined) return same;
  // Nobody numbers an option 000002; a one-time code may well be that.
  if (/^0\d{3,}$/.test(typed)) return undefined;
  if (/^\d+$/.test(typed)) {
    const number = Number(typed);
    return number >= 1 && number <= labels.length ? number - 1 : undefined;
  }
  if (how === 'exact') return undefined;
  return partOfOne(typed, known) ?? containsOne(typed, known);
}

/** Matches `super` to `Super 10 GB` where no other label has all these words. */
function partOfOne(typed: string, labels: readonly string[]): number | undefined {
  const words = typed.split(' ');
  if (!words.some((word) => /\p{L}{2}/u.test(word))) return undefined;
  return only(labels, (label) => {
    const known = label.split(' ');
    return words.every((word) => known.includes(word));
  });
}

/** Matches `the super plan please` to `Super plan`. One-word labels are left out: "don't buy" must not be "Buy". */
function containsOne(typed: string, labels: readonly string[]): number | undefined {
  return only(labels, (label) => label.includes(' ') && ` ${typed} `.includes(` ${label} `));
}

function only(labels: readonly string[], fits: (label: string) => boolean): number | undefined {
  const first = labels.findIndex(fits);
  if (first < 0 || labels.slice(first + 1).some(fits)) return undefined;
  return first;
}

/**
 * The intent whose phrase `text` is, or else contains as whole words; the longest phrase wins, and two intents with equally
 * long ones are nobody's. `phrases` is expected to live long: what is made of it is kept with it.
 */
export function matchKeyword<Intent extends string>(
  text: string,
  phrases: Readonly<Record<Intent, readonly string[]>>,
): Intent | undefined {
  const typed = normalise(text);
  if (typed === '') return undefined;
  const index = indexOf(phrases);
  const exact = index.intents.get(typed);
  if (exact !== undefined) return exact === AMBIGUOUS ? undefined : (exact as Intent);
  const found = longestContained(typed.split(' '), index);
  return found === AMBIGUOUS ? undefined : (found as Intent | undefined);
}

/** The intent whose phrase `text` is, with nothing before or after it. */
export function matchPhrase<Intent extends string>(
  text: string,
  phrases: Readonly<Record<Intent, readonly string[]>>,
): Intent | undefined {
  const intent = indexOf(phrases).intents.get(normalise(text));
  return intent === AMBIGUOUS ? undefined : (intent as Intent | undefined);
}

const AMBIGUOUS = Symbol('more than one intent');

interface PhraseIndex {
  readonly intents: ReadonlyMap<string, string | typeof AMBIGUOUS>;
  /** Words in the longest phrase. */
  readonly longest: number;
}

const indexes = new WeakMap<object, PhraseIndex>();

function indexOf(phrases: Readonly<Record<string, readonly string[]>>): PhraseIndex {
  const known = indexes.get(phrases);
  if (known !== undefined) return known;
  const intents = new Map<string, string | typeof AMBIGUOUS>();
  let longest = 0;
  for (const [intent, list] of Object.entries(phrases)) {
    for (const phrase of list.map(normalise)) {
      if (phrase === '') continue;
      const other = intents.get(phrase);
      intents.set(phrase, other === undefined || other === intent ? intent : AMBIGUOUS);
      longest = Math.max(longest, phrase.split(' ').length);
    }
  }
  const made = { intents, longest };
  indexes.set(phrases, made);
  return made;
}

function longestContained(words: readonly string[], { intents, longest }: PhraseIndex) {
  let best: string | typeof AMBIGUOUS | undefined;
  let length = 0;
  for (let start = 0; start < words.length; start++) {
    let phrase = '';
    for (let end = start; end < Math.min(words.length, start + longest); end++) {
      phrase = end === start ? (words[end] ?? '') : `${phrase} ${words[end]}`;
      const intent = intents.get(phrase);
      if (intent === undefined || phrase.length < length) continue;
      best = phrase.length === length && best !== intent ? AMBIGUOUS : intent;
      length = phrase.length;
    }
  }
  return best;
}
