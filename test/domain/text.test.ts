import { describe, expect, test } from '@jest/globals';
import { pickText } from '../../bot/domain/text.js';

const texts = ['en', 'es-MX', 'es', 'pt_BR', 'zh-Hant-TW'].map((language) => ({ language, text: `in ${language}` }));

describe('the best text', () => {
  test.each([
    ['es-MX', 'in es-MX'],
    ['es-GT', 'in es'],
    ['ES_mx', 'in es-MX'],
    ['pt-PT', 'in pt_BR'],
    ['zh-Hant-TW-x-private', 'in zh-Hant-TW'],
    ['ur', 'in en'],
    ['', 'in en'],
  ])('for %s is %s', (locale, expected) => {
    expect(pickText(texts, locale)).toBe(expected);
  });

  test('is looked for in one language after the other, and English last', () => {
    expect(pickText(texts, 'ur', 'pt')).toBe('in pt_BR');
    expect(pickText([{ language: 'ms', text: 'ada' }, ...texts], 'ur', 'fr')).toBe('in en');
  });

  test('is the first that says anything where no language fits', () => {
    expect(
      pickText(
        [
          { language: 'ms', text: ' ' },
          { language: 'th', text: 'ครับ' },
        ],
        'ur',
      ),
    ).toBe('ครับ');
    expect(
      pickText(
        [
          { language: 'ur', text: '' },
          { language: 'en', text: 'ok' },
        ],
        'ur',
      ),
    ).toBe('ok');
  });

  test('is none where nothing is said', () => {
    expect(pickText([], 'en')).toBeUndefined();
    expect(pickText([{ language: 'en', text: '' }], 'en')).toBeUndefined();
  });
});
