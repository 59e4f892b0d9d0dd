import { describe, expect, test } from '@jest/globals';
import { ownNumber } from '../../bot/identity/linked.js';
import { e164, numberIn, spellingsOf } from '../../bot/identity/number.js';
import { PERSONAS } from '../../sandbox/index.js';

/** A wa_id of Meta's; the number its owner types. */
const SAME: readonly (readonly [string, string, string])[] = [
  ['Mexico, with the 1 of before 2019', '5215512345678', '+52 55 1234 5678'],
  ['Mexico, as it is today', '525512345678', '+52 1 55 1234 5678'],
  ['Brazil, without the ninth digit', '551187654321', '+55 11 98765-4321'],
  ['Brazil, as it is today', '5511987654321', '+55 (11) 98765-4321'],
  ['Argentina, whose 9 is part of the number', '5491123456789', '+54 11 15-2345-6789'],
  ['Malaysia, typed with the 0 of at home', '60123456789', '+60 012-345 6789'],
];

describe('a number', () => {
  test.each(SAME)('is one, whoever names it: %s', (_where, waId, typed) => {
    const number = numberIn(typed);
    expect(number).toMatch(/^\d{11,13}$/);
    expect(ownNumber({ channel: 'whatsapp', user: waId })).toBe(number);
    expect(ownNumber({ channel: 'whatsapp', user: 'MX.4711', phone: waId })).toBe(number);
    expect(e164(typed)).toBe(number);
    expect(e164(waId)).toBe(number);
    expect(spellingsOf(number ?? '')).toContain(e164(waId));
    expect(e164(number ?? '')).toBe(number);
  });

  test('that was right before is spelled as before: what is kept by its fingerprint is found', () => {
    for (const number of ['60123456789', '923001234567', '12125550123', '551132345678', '393331234567'])
      expect(e164(number)).toBe(number);
    for (const { msisdn } of PERSONAS) expect(e164(msisdn)).toBe(msisdn);
  });

  test('that was kept in a spelling of before is looked for by that one too', () => {
    expect(spellingsOf('525512345678')).toEqual(['525512345678', '5215512345678']);
    expect(spellingsOf('5511987654321')).toEqual(['5511987654321', '551187654321']);
    expect(spellingsOf('551132345678')).toEqual(['551132345678']);
    expect(spellingsOf('60123456789')).toEqual(['60123456789']);
  });

  test('of a new range is an operator’s to say, and nobody’s to type', () => {
    expect(e164('60777000333')).toBe('60777000333');
    expect(numberIn('+60777000333')).toBeUndefined();
  });

  test.each(['12345678', '0123456789', '106540352242922', '999123456789', '+601234567890123', '', '+', '6012 ext. 5'])(
    'is not what %j is',
    (text) => {
      expect(e164(text)).toBeUndefined();
      expect(ownNumber({ channel: 'whatsapp', user: text })).toBeUndefined();
    },
  );

  test('of whatever text is one spelling for good', () => {
    for (let n = 0; n < 2_000; n++) {
      const text = String(Math.floor(n * 5_003_777.77) + 10_000_000);
      const number = e164(text);
      if (number !== undefined) expect(e164(number)).toBe(number);
    }
  });
});
