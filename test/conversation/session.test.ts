import { describe, expect, test } from '@jest/globals';
import { type ChoiceSet, newSession, readSession, type Session, writeSession } from '../../bot/conversation/session.js';

const NOW = Date.UTC(2026, 10, 21);

const set = (id: string, until: number): ChoiceSet => ({
  id,
  until,
  options: [{ label: 'Large plan', intent: { name: 'offers.view', slots: { plan: 'Large' } }, exact: true }],
});

const session: Session = {
  ...newSession({
    locale: 'ur',
    timezone: 'Asia/Karachi',
    lineId: 'line',
    origin: 'hash',
    consentAsked: true,
    greeted: true,
  }),
  misses: 1,
  nudged: { data: NOW },
  stack: [{ flow: 'offers', version: 1, step: 'confirm', state: { plan: 'Large' } }],
  choices: [set('a', NOW + 1), set('b', NOW + 2)],
};

describe('a session', () => {
  test('comes back as it was saved, but for the words of older choices', () => {
    const [older, newest] = session.choices;
    const wordless = { ...older, options: older?.options.map((option) => ({ ...option, label: '' })) };
    expect(readSession(writeSession(session, NOW))).toEqual({ ...session, choices: [wordless, newest] });
  });

  test('starts with nothing but what is known', () => {
    const fresh = newSession({ locale: 'en', timezone: 'UTC' });
    expect(fresh).toEqual({ v: 1, locale: 'en', timezone: 'UTC', misses: 0, stack: [], choices: [] });
    expect(readSession(writeSession(fresh, NOW))).toEqual(fresh);
  });

  test.each([
    ['that was never saved', undefined],
    ['that is empty', ''],
    ['that was cut short', JSON.stringify(session).slice(0, -2)],
    ['that is no object', 'null'],
    ['of another version', JSON.stringify({ ...session, v: 2 })],
    ['without a version', JSON.stringify({ ...session, v: undefined })],
    ['without a stack', JSON.stringify({ ...session, stack: undefined })],
    ['with a stack of another form', JSON.stringify({ ...session, stack: [{ flow: 'offers' }] })],
    [
      'with choices of another form',
      JSON.stringify({ ...session, choices: [{ id: 'a', until: 'tomorrow', options: [] }] }),
    ],
    ['with words where a count should be', JSON.stringify({ ...session, misses: 'many' })],
  ])('%s is read as none', (_which, saved) => {
    expect(readSession(saved)).toBeUndefined();
  });

  test('leaves out choices whose time is over', () => {
    const saved = writeSession(
      { ...session, choices: [set('old', NOW), set('older', NOW - 1), set('good', NOW + 1)] },
      NOW,
    );
    expect(readSession(saved)?.choices.map(({ id }) => id)).toEqual(['good']);
  });

  test('keeps the newest choices, over or not: a number typed to them must not mean an older message', () => {
    const saved = writeSession({ ...session, choices: [set('good', NOW + 1), set('over', NOW - 1)] }, NOW);
    expect(readSession(saved)?.choices.map(({ id }) => id)).toEqual(['good', 'over']);
  });
});
