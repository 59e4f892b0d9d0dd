import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clip, clipGraphemes } from '../../bot/message/clip.js';

const FAMILY = '👨‍👩‍👧';
/** Half a surrogate pair. */
const BROKEN = /\p{Cs}/u;

describe('shortening', () => {
  test.each([
    ['Weekly Super', 12, 'Weekly Super'],
    ['Weekly Super', 11, 'Weekly Sup…'],
    ['Weekly Super', 8, 'Weekly…'],
    ['Weekly', 1, '…'],
    ['Weekly', 0, ''],
    [`Plan ${FAMILY}`, 12, 'Plan…'],
    [`Plan ${FAMILY}s`, 14, `Plan ${FAMILY}s`],
    ['cafe\u0301 con leche', 6, 'cafe\u0301…'],
    ['cafe\u0301 con leche', 5, 'caf…'],
    ['🇵🇰🇲🇾🇬🇹', 10, '🇵🇰🇲🇾…'],
  ])('%j to %s units is %j', (text, max, expected) => {
    expect(clip(text, max)).toBe(expected);
  });

  test('closes the isolates it cuts open', () => {
    expect(clip('\u2068Super 10 GB\u2069 باقی', 9)).toBe('\u2068Super…\u2069');
    expect(clip('\u2068Super\u2069 باقی ہے', 10)).toBe('\u2068Super\u2069 ب…');
  });

  test('counts graphemes where asked', () => {
    expect(clipGraphemes(FAMILY.repeat(5), 5)).toBe(FAMILY.repeat(5));
    expect(clipGraphemes(FAMILY.repeat(6), 5)).toBe(`${FAMILY.repeat(4)}…`);
    expect(clipGraphemes('abcdef', 3, '')).toBe('abc');
  });

  test('keeps the limit, whole characters and balanced isolates, whatever the text', () => {
    const piece = fc.constantFrom(
      'a',
      ' ',
      'é',
      'e\u0301',
      FAMILY,
      '🇵🇰',
      'ہ',
      'क्‍ष',
      '\u2068x\u2069',
      '\u2068',
      '\u2069',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, fc.nat({ max: 40 }), (whole, max) => {
        const short = clip(whole, max);
        expect(short.length).toBeLessThanOrEqual(max);
        if (whole.length <= max) return expect(short).toBe(whole);
        expect(BROKEN.test(short) && !BROKEN.test(whole)).toBe(false);
        expect(unclosed(short)).toBe(0);
        expect(max === 0 || short.includes('…')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  function unclosed(text: string): number {
    let open = 0;
    for (const char of text) {
      if (char === '\u2068') open++;
      if (char === '\u2069' && open > 0) open--;
    }
    return open;
  }

  test('cuts a letter buried in accents rather than go over the limit', () => {
    expect(clip(`a${'\u0301'.repeat(500)}`, 20)).toHaveLength(20);
  });
});
