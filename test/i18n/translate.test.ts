import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTranslators, LOCALES, type Localized, MessageFailed } from '../../bot/i18n/index.js';

const translators = createTranslators();
const at = new Date('2026-11-29T09:00:00Z');
const now = new Date('2026-11-22T09:00:00Z');

describe('whose words', () => {
  test.each([
    ['en', 'en'],
    ['en-US', 'en'],
    ['es-GT', 'es'],
    ['es_419', 'es'],
    ['ur-PK', 'ur'],
    ['UR', 'ur'],
    [' es ', 'es'],
    ['ms-MY', 'en'],
    ['est', 'en'],
    ['', 'en'],
    ['not a tag', 'en'],
    [undefined, 'en'],
  ])('%s is spoken to in %s', (tag, locale) => {
    expect(translators.bestLocale(tag)).toBe(locale);
    expect(translators.for(tag, undefined).locale).toBe(locale);
  });

  test('Urdu reads from the right, the others from the left', () => {
    expect(LOCALES.map((locale) => translators.for(locale, undefined).direction)).toEqual(['ltr', 'ltr', 'rtl']);
  });

  test('any hints at all get a translator that speaks', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), (tag, zone) => {
        const t = translators.for(tag, zone);
        expect(t.dateTime(at, now)).not.toBe('');
        expect(t.t('unit.unlimited')).not.toBe('');
      }),
    );
  });

  test('the same hints get the same translator', () => {
    expect(translators.for('ur-PK', 'Asia/Karachi')).toBe(translators.for('ur-PK', 'Asia/Karachi'));
  });
});

describe('a message', () => {
  test('is filled in, plurals and all', () => {
    const say = (locale: string, days: number) =>
      translators.for(locale, undefined).t('unit.days', { count: days, number: String(days) });
    expect([say('en', 1), say('en', 7), say('es', 1), say('es', 7), say('ur', 7)]).toEqual([
      '1 day',
      '7 days',
      '1 día',
      '7 días',
      '7 دن',
    ]);
  });

  test('shows markup in an argument as it is', () => {
    const t = translators.for('en', undefined);
    expect(t.t('quota.left', { remaining: '<b>{x}</b>' })).toBe('<b>{x}</b> left');
  });

  test('with an argument forgotten is an error that names the key', () => {
    const t = translators.for('es', undefined);
    expect(() => t.t('quota.left')).toThrow(MessageFailed);
    expect(() => t.t('quota.left', {})).toThrow(/quota\.left.*es/);
  });
});

describe('dates', () => {
  test('are told in the subscriber’s zone', () => {
    expect(translators.for('en', 'Asia/Karachi').dateTime(at, now)).toBe('Sun 29 Nov, 14:00');
    expect(translators.for('en', 'America/Guatemala').dateTime(at, now)).toBe('Sun 29 Nov, 03:00');
    expect(translators.for('en', 'Pacific/Auckland').dateTime(at, now)).toBe('Sun 29 Nov, 22:00');
  });

  test('name the year where it could be taken for another, ahead or behind', () => {
    const told = (locale: string, date: string) => translators.for(locale, 'UTC').dateTime(new Date(date), now);
    expect(told('en', '2037-12-31T23:59:00Z')).toBe('Thu, 31 Dec 2037, 23:59');
    expect(told('es', '2037-12-31T23:59:00Z')).toBe('jue, 31 dic 2037, 23:59');
    expect(told('ur', '2037-12-31T23:59:00Z')).toBe('جمعرات، 31 دسمبر، 2037، 23:59');
    expect(told('en', '2027-11-22T09:00:00Z')).toBe('Mon, 22 Nov 2027, 09:00');
    expect(told('en', '2025-11-22T09:00:00Z')).toBe('Sat, 22 Nov 2025, 09:00');
    expect(told('en', '2027-02-20T09:00:00Z')).toBe('Sat 20 Feb, 09:00');
    expect(told('en', '2026-08-24T09:00:00Z')).toBe('Mon 24 Aug, 09:00');
  });

  test('fall on the subscriber’s own day', () => {
    const late = new Date('2026-11-29T22:00:00Z');
    expect(translators.for('en', 'Asia/Kuala_Lumpur').date(late)).toBe('30 November 2026');
    expect(translators.for('es', 'America/Bogota').date(late)).toBe('29 de noviembre de 2026');
    expect(translators.for('ur', 'Asia/Karachi').date(late)).toBe('30 نومبر، 2026');
  });

  test('are told in UTC where the zone is unknown', () => {
    for (const zone of ['Mars/Olympus', '', undefined, '../../etc/passwd']) {
      expect(translators.for('en', zone).timezone).toBe('UTC');
      expect(translators.for('en', zone).dateTime(at, now)).toBe('Sun 29 Nov, 09:00');
    }
  });

  test('follow the region where it is known', () => {
    expect(translators.for('en-US', 'UTC').date(at)).toBe('November 29, 2026');
    expect(translators.for('en-XX', 'UTC').date(at)).toBe('29 November 2026');
  });
});

describe('a list', () => {
  test.each([
    ['en', 'a, b and c'],
    ['es', 'a, b y c'],
    ['ur', 'a، b، اور c'],
  ])('in %s reads %s', (locale, expected) => {
    expect(translators.for(locale, undefined).list(['a', 'b', 'c'] as unknown as Localized[])).toBe(expected);
  });
});
