import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTranslators, LOCALES, type Localized, phrases } from '../../bot/i18n/index.js';

const translators = createTranslators();
const en = translators.for('en', undefined);
const es = translators.for('es-GT', undefined);
const ur = translators.for('ur', undefined);

describe('the telco’s own words', () => {
  const name = [
    { language: 'en', text: 'Weekly Super' },
    { language: 'es-MX', text: 'Súper semanal' },
    { language: 'ms', text: 'Super Mingguan' },
    { language: 'ur', text: 'ہفتہ وار سپر' },
  ];

  test('come in the subscriber’s language', () => {
    expect([en, es, ur].map((t) => t.telcoText(name))).toEqual(['Weekly Super', 'Súper semanal', 'ہفتہ وار سپر']);
  });

  test('come in a language that only the telco speaks, if it is the subscriber’s', () => {
    expect(translators.for('ms-MY', undefined).telcoText(name)).toBe('Super Mingguan');
    expect(translators.for('fr', undefined).telcoText(name)).toBe('Weekly Super');
  });

  test('give way to ours when there are none, or none that can be seen', () => {
    const ours = 'your plan' as Localized;
    expect(en.telcoText([], ours)).toBe('your plan');
    expect(en.telcoText([{ language: 'en', text: ' \u202e\u200b ' }], ours)).toBe('your plan');
    expect(en.telcoText([])).toBe('');
  });
});

describe('words from outside', () => {
  test.each([
    ['line\r\nbreaks\tand\u2028more', 'line breaks and more'],
    ['a\u0000b\u0007c\u001bd', 'abcd'],
    ['RM\u202e05.5\u202c', 'RM05.5'],
    ['\u2066a\u2067b\u2068c\u2069', 'abc'],
    ['\u200ea\u200fb\u061cc', 'abc'],
    ['zero\u200bwidth\ufeff\u2060', 'zerowidth'],
    ['soft\u00adhyphen', 'softhyphen'],
    ['broken \ud800 half', 'broken half'],
    ['blank\u3164letter', 'blankletter'],
    ['\u200d\u200cplain\u200d', 'plain'],
    ['  padded  ', 'padded'],
  ])('%j are shown as %j', (text, expected) => {
    expect(en.literal(text)).toBe(expected);
  });

  test('keep what scripts and emoji are made of', () => {
    const family = '👨‍👩‍👧 ❤️ 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';
    expect(en.literal(family)).toBe(family);
    expect(ur.literal('می‌خواہم')).toBe('می‌خواہم');
    expect(en.literal('क्‍ष')).toBe('क्‍ष');
  });

  test('do not climb over the lines above', () => {
    expect(en.literal(`a${'\u0301'.repeat(100)}b`)).toHaveLength(8);
  });

  test('stay markup if they are markup: escaping is the channel’s', () => {
    expect(en.literal('<!channel> *x* <script>')).toBe('<!channel> *x* <script>');
  });

  test('are shortened between graphemes', () => {
    const long = en.literal('👨‍👩‍👧'.repeat(100));
    expect(long.length).toBeLessThanOrEqual(200);
    expect(long).toBe(`${'👨‍👩‍👧'.repeat(24)}…`);
  });

  test('are described at more length than they are named', () => {
    const text = 'word '.repeat(500);
    expect(en.literal(text).length).toBeLessThanOrEqual(200);
    expect(en.telcoText([{ language: 'en', text }]).length).toBeGreaterThan(500);
    expect(en.telcoText([{ language: 'en', text }]).length).toBeLessThanOrEqual(600);
  });

  test('whatever they are, hold no control, are bounded, and close what they open', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), fc.constantFrom(...LOCALES), (text, locale) => {
        const shown = translators.for(locale, undefined).literal(text);
        expect(shown).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066\u2067]/u);
        expect(shown.split('\u2068').length).toBe(shown.split('\u2069').length);
        expect(shown.replaceAll(/[\u2068\u2069]/g, '').length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('words of the other direction', () => {
  const fsi = (text: string) => `\u2068${text}\u2069`;

  test('are isolated in Urdu, whole or run by run', () => {
    expect(ur.literal('Super 10 GB (weekly)')).toBe(fsi('Super 10 GB (weekly)'));
    expect(ur.literal('ہفتہ وار Super 10GB, آفر')).toBe(`ہفتہ وار ${fsi('Super 10GB')}, آفر`);
    expect(ur.literal('ڈیٹا 10')).toBe('ڈیٹا 10');
  });

  test('are isolated in English and Spanish', () => {
    expect(en.literal('سپر')).toBe(fsi('سپر'));
    expect(es.literal('Plan سپر پلان for you')).toBe(`Plan ${fsi('سپر پلان')} for you`);
    expect(en.literal('Súper 10 GB 😀')).toBe('Súper 10 GB 😀');
  });
});

describe('phrases', () => {
  test('come in every language, the reader’s own first', () => {
    expect(phrases('es').balance[0]).toBe('saldo');
    expect(phrases('es').balance).toEqual(expect.arrayContaining(['balance', 'بیلنس']));
    expect(phrases('ur').balance[0]).toBe('بیلنس');
  });

  test('are put together once', () => {
    expect(phrases('ur')).toBe(phrases('ur'));
  });
});
