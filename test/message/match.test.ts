import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LOCALES, phrases } from '../../bot/i18n/index.js';
import { matchKeyword, matchOption, matchPhrase, normalise } from '../../bot/message/match.js';

describe('normalising', () => {
  test.each([
    ['  Show   OFFERS! ', 'show offers'],
    ['¿Cuánto me queda?', 'cuanto me queda'],
    ['ESPAÑOL', 'espanol'],
    ["what's left", 'whats left'],
    ['２．', '2'],
    ['2️⃣', '2'],
    ['۲', '2'],
    ['٣)', '3'],
    ['#1', '1'],
    ['offers 😀🎉', 'offers'],
    ['of\u200bfers\u202e', 'offers'],
    ['بَیلَنس', 'بیلنس'],
    ['بيلنس', 'بیلنس'],
    ['کـــتنا', 'کتنا'],
    ['😀', ''],
    ['', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(normalise(text)).toBe(expected);
  });

  test('is done once and for all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
        expect(normalise(normalise(text))).toBe(normalise(text));
      }),
    );
  });

  test('looks at the first 200 graphemes only', () => {
    expect(normalise('a'.repeat(10_000))).toBe('a'.repeat(200));
    expect(normalise(`${'é'.repeat(199)}bc`)).toBe(`${'e'.repeat(199)}b`);
  });
});

describe('picking an option by typing', () => {
  const labels = ['Super 10 GB', 'Weekly 5 GB', 'Weekly plan', 'Back'];

  test.each([
    ['1', 0],
    ['2.', 1],
    ['3)', 2],
    ['#4', 3],
    ['۲', 1],
    ['2️⃣', 1],
    ['super 10 gb', 0],
    ['SUPER', 0],
    ['weekly 5', 1],
    ['back!', 3],
    ['I want the weekly plan please', 2],
  ])('%j is option %s', (text, index) => {
    expect(matchOption(text, labels)).toBe(index);
  });

  test.each([
    ['0'],
    ['5'],
    ['10'],
    ['99999999999999999999'],
    ['-'],
    [''],
    ['😀'],
    ['weekly'],
    ['gb'],
    ['something else'],
    ["don't go back"],
  ])('%j is none of them', (text) => {
    expect(matchOption(text, labels)).toBeUndefined();
  });

  test('a label wins over the number it looks like', () => {
    expect(matchOption('2', ['2', '1'])).toBe(0);
  });

  test('two options with the same words are told apart by number only', () => {
    expect(matchOption('view', ['View', 'View'])).toBeUndefined();
    expect(matchOption('2', ['View', 'View'])).toBe(1);
  });

  test('where it must be exact, nothing but the number or the whole label presses', () => {
    const confirm = ['Buy for RM 5.00', 'Cancel'];
    expect(matchOption('buy for rm 5.00', confirm, 'exact')).toBe(0);
    expect(matchOption('1', confirm, 'exact')).toBe(0);
    for (const text of ['buy', "don't buy", '5', 'RM 5', 'yes buy for RM 5.00 now', 'rm']) {
      expect(matchOption(text, confirm, 'exact')).toBeUndefined();
    }
  });

  test('an isolated price in a label can be typed plainly', () => {
    expect(matchOption('Rs 500 ادا کریں', ['\u2068Rs 500\u2069 ادا کریں', 'واپس'], 'exact')).toBe(0);
  });

  test('every label can be picked by its number and, where it has words of its own, by them', () => {
    const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{3,8}$/), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(words, (options) => {
        options.forEach((option, index) => {
          expect(matchOption(option, options)).toBe(index);
          expect(matchOption(`${index + 1}`, options)).toBe(index);
        });
      }),
    );
  });
});

describe('keywords', () => {
  const intents = {
    balance: ['balance', 'data left', 'add'],
    topUp: ['top up', 'add credit', 'top up my balance'],
    stop: ['stop'],
    other: ['halt'],
  };

  test.each([
    ['Balance?', 'balance'],
    ['how much data left do I have', 'balance'],
    ['please add credit', 'topUp'],
    ['top up my balance', 'topUp'],
    ['STOP!!!', 'stop'],
  ])('%j asks for %s', (text, intent) => {
    expect(matchKeyword(text, intents)).toBe(intent);
  });

  test.each([['unbalanced'], ['stopping'], [''], ['😀'], ['hello there']])('%j asks for nothing known', (text) => {
    expect(matchKeyword(text, intents)).toBeUndefined();
  });

  test.each([
    ['STOP!!!', 'stop'],
    ['add credit', 'topUp'],
    ['please add credit', undefined],
    ['Abdul Balance', undefined],
    ['', undefined],
  ])('%j as a whole asks for %s', (text, intent) => {
    expect(matchPhrase(text, intents)).toBe(intent);
  });

  test('two intents with equally long phrases are nobody’s', () => {
    expect(matchPhrase('x', { a: ['x'], b: ['X!'] })).toBeUndefined();
    expect(matchKeyword('stop or halt', intents)).toBeUndefined();
    expect(matchKeyword('x', { a: ['x'], b: ['X!'] })).toBeUndefined();
  });

  test.each([
    ['en', 'what is left?', 'balance'],
    ['en', 'I need more data', 'offers'],
    ['en', 'hola', 'menu'],
    ['es', '¿Cuánto me queda?', 'balance'],
    ['es', 'quiero hablar con un asesor', 'person'],
    ['es', 'MIS COMPRAS', 'purchases'],
    ['ur', 'میرا بیلنس بتائیں', 'balance'],
    ['ur', 'پیغامات بند کریں', 'stop'],
    ['ur', 'kitna balance hai', 'balance'],
    ['ur', 'help', 'help'],
  ] as const)('somebody who reads %s says %j and means %s', (locale, text, intent) => {
    expect(matchKeyword(text, phrases(locale))).toBe(intent);
  });

  test('every phrase of every catalogue leads where it should', () => {
    for (const locale of LOCALES) {
      for (const [intent, list] of Object.entries(phrases(locale))) {
        for (const phrase of list) expect([phrase, matchKeyword(phrase, phrases(locale))]).toEqual([phrase, intent]);
      }
    }
  });
});

describe('whatever is typed', () => {
  const piece = fc.constantFrom(
    'stop ',
    '😀',
    '\u202e',
    '\u2067',
    '۱',
    'ہ',
    'a\u0301',
    '\ud800',
    '👨‍👩‍👧',
    '\n',
    '٪',
    'ﷺ',
    ' ',
  );
  const hostile = fc
    .tuple(fc.array(piece, { minLength: 1, maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 50 }))
    .map(([pieces, tail]) => (pieces.join('') + tail).repeat(10_000).slice(0, 10_000));

  test('10,000 characters of it do no harm', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(normalise(text)).not.toMatch(/[\p{Cf}\p{Cc}\p{Cs}]/u);
        const option = matchOption(text, ['Super 10 GB', 'Back']);
        expect(option === undefined || option < 2).toBe(true);
        const intent = matchKeyword(text, phrases('en'));
        expect(intent === undefined || intent in phrases('en')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
