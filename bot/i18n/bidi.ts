/**
 * Keeps a price or a Latin plan name readable inside right-to-left text, and an Urdu name inside left-to-right text. Without
 * this, `5 GB` in an Urdu sentence is displayed as `GB 5` (Unicode Bidirectional Algorithm, UAX 9, rules N1 and N2).
 */
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';

const RTL = '\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}';
/** Letters and marks of right-to-left scripts, without the digits and punctuation of the Arabic block. */
const RTL_LETTER = new RegExp(`(?=[\\p{L}\\p{M}])[${RTL}]`, 'u');
const LTR_LETTER = new RegExp(`(?![${RTL}])\\p{L}`, 'u');

/** Stretches that hold no letter of the surrounding direction. */
const FOREIGN_IN_RTL = new RegExp(`(?:(?!(?=[\\p{L}\\p{M}])[${RTL}]).)+`, 'gu');
const FOREIGN_IN_LTR = new RegExp(`(?:(?!(?![${RTL}])\\p{L}).)+`, 'gu');
const EDGES = /^([\s.,:;!?،؛؟۔]*)(.*?)([\s.,:;!?،؛؟۔]*)$/su;

/** The quick no: nothing at or above the first right-to-left block. */
const HIGH = /[\u0590-\uffff]/;

/** `text`, which stands in a `direction` sentence, with every run of the other direction wrapped in FSI and PDI. */
export function isolate(text: string, direction: 'ltr' | 'rtl'): string {
  if (direction === 'ltr') {
    if (!HIGH.test(text) || !RTL_LETTER.test(text)) return text;
    return LTR_LETTER.test(text) ? text.replace(FOREIGN_IN_LTR, (run) => wrapIf(RTL_LETTER, run)) : wrap(text);
  }
  if (!LTR_LETTER.test(text)) return text;
  return RTL_LETTER.test(text) ? text.replace(FOREIGN_IN_RTL, (run) => wrapIf(LTR_LETTER, run)) : wrap(text);
}

function wrapIf(letter: RegExp, run: string): string {
  if (!letter.test(run)) return run;
  const [, before = '', core = '', after = ''] = EDGES.exec(run) ?? [];
  return before + wrap(core) + after;
}

function wrap(text: string): string {
  return FIRST_STRONG_ISOLATE + text + POP_ISOLATE;
}
