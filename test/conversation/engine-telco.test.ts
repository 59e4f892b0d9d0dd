import { beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ask, done, flow, start } from '../../bot/conversation/flow.js';
import { TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { Chat, offered, said } from './chat.js';
import { choice, say } from './toys.js';

/** What the telco does from now on: at which moment of the dialog it fails, and how. */
let trouble: { at: 'begin' | 'show' | 'answer' | 'nowhere'; error: Error };
let chat: Chat;

function reach(at: typeof trouble.at): void {
  if (trouble.at === at) throw trouble.error;
}

/** Asks the telco at every moment there is; `top-up` is a way into it that takes over, `stop` one that interrupts. */
const shop = flow({
  name: 'shop',
  version: 1,
  needsLine: false,
  state: z.null(),
  whenStale: { name: 'menu' },
  entries: { 'top-up': 'switch', stop: 'aside' },
  begin() {
    reach('begin');
    return ask('first', null);
  },
  steps: {
    first: {
      show(turn) {
        reach('show');
        return say(turn, 'first?', choice(turn, 'Go on', 'go'), choice(turn, 'Start again', 'again'));
      },
      on: {
        go(turn) {
          reach('answer');
          return done(say(turn, 'went on'));
        },
        again: () => start({ name: 'top-up' }),
      },
    },
  },
});

beforeEach(() => {
  trouble = { at: 'nowhere', error: new TelcoUnreachable('no answer') };
  chat = new Chat();
  chat.deploy(shop);
});

describe('a telco that fails', () => {
  test.each([
    ['TELCO_UNREACHABLE', new TelcoUnreachable('no answer')],
    ['TELCO_REFUSED', new TelcoRefused('roaming')],
    ['TELCO_AMBIGUOUS', new TelcoAmbiguous('who knows')],
  ])('while a question is answered (%s) leaves the question open: the same answer works later', async (code, error) => {
    await chat.say('top up');
    trouble = { at: 'answer', error };
    expect(said(await chat.say('go on'))).toEqual([code]);
    const question = chat.messages[0];
    trouble.at = 'nowhere';
    expect(said(await chat.press('Go on', question))).toEqual(['went on']);
  });

  test('as something else takes over leaves the open question where it was', async () => {
    await chat.say('settings');
    trouble.at = 'begin';
    expect(said(await chat.say('top up'))).toEqual(['TELCO_UNREACHABLE']);
    expect(said(await chat.say('help'))).toEqual(['help', 'resume', 'which colour?']);
  });

  test('as the first question of something else is drawn leaves the open question where it was', async () => {
    await chat.say('settings');
    for (const way of ['top up', 'stop']) {
      trouble.at = 'show';
      expect(said(await chat.say(way))).toEqual(['TELCO_UNREACHABLE']);
      trouble.at = 'nowhere';
      expect(said(await chat.say('help'))).toEqual(['help', 'resume', 'which colour?']);
    }
  });

  test('as an answer leads elsewhere leaves the question open', async () => {
    await chat.say('top up');
    trouble.at = 'begin';
    expect(said(await chat.say('start again'))).toEqual(['TELCO_UNREACHABLE']);
    expect(said(await chat.say('help'))).toEqual(['help', 'resume', 'first?']);
  });

  test('as a question is drawn again says so, whatever the reason it is drawn for', async () => {
    await chat.say('top up');
    trouble.at = 'show';
    expect(said(await chat.say('xyzzy'))).toEqual(['unknown', 'TELCO_UNREACHABLE']);
    expect(said(await chat.say('help'))).toEqual(['help', 'TELCO_UNREACHABLE']);
    await chat.say('settings');
    expect(said(await chat.say('cancel')).at(-1)).toBe('TELCO_UNREACHABLE');
    trouble.at = 'nowhere';
    expect(said(await chat.say('help'))).toEqual(['help', 'resume', 'first?']);
  });

  test('answers what was asked all the same, where only the way back to a question needs it', async () => {
    await chat.say('top up');
    trouble.at = 'show';
    const answer = await chat.say('balance');
    expect(said(answer)[0]).toBe('balance');
    expect(said(answer).at(-1)).toBe('TELCO_UNREACHABLE');
    expect(offered(answer)).toContain('Take Tiny');
  });
});

describe('any other failure', () => {
  test('is not swallowed: the turn fails and is tried again', async () => {
    await chat.say('top up');
    const before = chat.saved;
    trouble = { at: 'answer', error: new TypeError('a bug') };
    await expect(chat.say('go on')).rejects.toThrow(TypeError);
    expect(chat.saved).toBe(before);
  });
});
