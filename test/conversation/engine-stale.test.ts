import { beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { phrases } from '../../bot/i18n/index.js';
import { flows } from '../../flows/index.js';
import { Chat, said } from './chat.js';
import { offersVersion, toys } from './toys.js';

const MINUTES = 60_000;
const HOURS = 60 * MINUTES;

let chat: Chat;
beforeEach(async () => {
  chat = new Chat();
});

describe('a button', () => {
  test('of an older message means what it meant there', async () => {
    const list = await chat.say('offers');
    await chat.say('balance');
    expect(said(await chat.press('Large plan', list))).toEqual(['detail of Large']);
  });

  test('that picks something is stale when its time is over, and leads to what there is today', async () => {
    const list = await chat.say('offers');
    chat.wait(31 * MINUTES);
    expect(said(await chat.press('Large plan', list))).toEqual(['expired, so offers', 'offers']);
  });

  test('that picks something is stale when five newer messages have buttons', async () => {
    const list = await chat.say('offers');
    for (let time = 0; time < 5; time++) await chat.say('balance');
    expect(said(await chat.press('Large plan', list))).toEqual(['expired, so offers', 'offers']);
  });

  test('that means the same everywhere is never stale', async () => {
    const list = await chat.say('offers');
    chat.wait(1000 * HOURS);
    expect(said(await chat.press('See balance', list))).toEqual(['balance']);
    const strange = new Chat();
    expect(said(await strange.press('See balance', list))).toEqual(['balance']);
  });

  test('of a question that was answered or dropped is stale', async () => {
    await chat.say('offers');
    const detail = await chat.press('Small plan');
    await chat.press('Order it');
    const confirm = chat.messages.at(-1);
    await chat.press('Yes, order it');
    expect(said(await chat.press('Yes, order it', confirm))).toEqual(['expired, so offers', 'offers']);
    expect(said(await chat.press('Order it', detail))).toEqual(['expired, so offers', 'offers']);
    const colours = await chat.say('settings');
    await chat.say('menu');
    expect(said(await chat.press('Red', colours))).toEqual(['expired, so menu', 'menu']);
  });

  test('of an earlier question of the same kind carries its own meaning to the flow', async () => {
    await chat.say('offers');
    await chat.press('Small plan');
    const small = await chat.press('Order it');
    await chat.say('offers');
    await chat.press('Large plan');
    await chat.press('Order it');
    expect(said(await chat.press('Yes, order it', small))).toEqual(['not that one']);
  });
});

describe('a typed answer to an old message', () => {
  test('that picked something leads to what there is today', async () => {
    await chat.say('offers');
    chat.wait(31 * MINUTES);
    expect(said(await chat.say('2'))).toEqual(['expired, so offers', 'offers']);
  });

  test('does not slip to a message before it, even when a silent turn came in between', async () => {
    await chat.hello();
    await chat.say('offers');
    chat.wait(31 * MINUTES);
    expect(await chat.system('receipt', 'kept')).toBeUndefined();
    expect(said(await chat.say('1'))).toEqual(['expired, so offers', 'offers']);
  });

  test('that means the same everywhere is taken', async () => {
    await chat.say('offers');
    chat.wait(31 * MINUTES);
    expect(said(await chat.say('see balance'))).toEqual(['balance']);
  });
});

describe('after a deployment', () => {
  beforeEach(async () => {
    await chat.say('offers');
    await chat.press('Small plan');
    await chat.press('Order it');
  });

  test.each([
    ['with another version of the flow', offersVersion(2)],
    ['with a state it cannot read', offersVersion(1, z.object({ plan: z.literal('Gigantic') }))],
    ['without the step', { ...offersVersion(1), steps: {} }],
  ])('%s, an open question starts again politely', async (_how, replaced) => {
    const question = chat.messages.at(-1);
    chat.deploy(replaced);
    expect(said(await chat.press('Yes, order it', question)).slice(-2)).toEqual(
      replaced.steps['confirm'] === undefined ? ['expired, so menu', 'menu'] : ['expired, so offers', 'offers'],
    );
  });

  test('a typed answer to it, or words nobody knows, are no error either', async () => {
    chat.deploy(offersVersion(2));
    expect(said(await chat.say('Yes, order it'))).toEqual(['expired, so offers', 'offers']);
    await chat.press('Small plan');
    chat.deploy(offersVersion(3));
    expect(said(await chat.say('xyzzy'))).toEqual(['unknown', 'menu']);
  });

  test('what an older dialog interrupted goes on, if it can be read', async () => {
    await chat.say('settings');
    chat.deploy({ ...(toys.find(({ name }) => name === 'settings') ?? offersVersion(1)), version: 2 });
    expect(said(await chat.say('xyzzy'))).toEqual(['unknown', 'order Small?']);
  });

  test('with a session of another form, the conversation starts afresh', async () => {
    chat.saved = chat.saved?.replace('"v":1', '"v":0');
    expect(said(await chat.say('1'))).toEqual(['unknown', 'menu']);
    chat.saved = '{"v":1,"misses":';
    expect(said(await chat.say('1'))).toEqual(['unknown', 'menu']);
  });
});

describe('what only Refill may start', () => {
  const tokens = ['receipt~x~0', 'nudge~AAAAAA~0', 'receipt', 'receipt~~', 'nudge~x~form'];

  test.each(tokens)('does not start by the button %s', async (token) => {
    await chat.say('offers');
    for (const answer of [await chat.token(token), await chat.hear({ kind: 'form', token, values: { ref: '7' } })]) {
      expect(said(answer).filter((words) => /^(receipt|nudge)/.test(words))).toEqual([]);
    }
  });

  test('does not start by a button that borrows the set of a real one', async () => {
    const list = await chat.say('offers');
    const set = list?.actions[0]?.token.split('~')[1];
    expect(said(await chat.token(`receipt~${set}~0`))).toEqual(['unknown', 'menu']);
  });

  test('does not start by words', async () => {
    for (const words of ['receipt', 'nudge', 'receipt 7']) {
      expect(said(await chat.say(words)).filter((line) => /^(receipt|nudge) /.test(line))).toEqual([]);
    }
  });

  test('has no phrase in any language, in the real flows', () => {
    const system = flows.flatMap(({ entries }) =>
      Object.keys(entries).filter((intent) => entries[intent] === 'system'),
    );
    expect(system).toEqual(expect.arrayContaining(['receipt', 'nudge']));
    for (const locale of ['en', 'es', 'ur'] as const) {
      expect(Object.keys(phrases(locale)).filter((intent) => system.includes(intent))).toEqual([]);
    }
  });
});

describe('a token nobody made', () => {
  test.each([
    ['that is empty', ['', '~', '~~', '~~~~~~~~']],
    [
      'named after what every object has',
      ['__proto__~a~0', 'constructor~a~0', 'toString~a~0', 'hasOwnProperty', '__proto__'],
    ],
    ['with an index that is none', ['order~a~-1', 'order~a~1e0', 'order~a~Infinity', 'order~a~NaN', 'order~a~ ']],
    ['in letters nobody uses', ['💥~💥~💥', '\u202eorder~a~0', '\u0000~\u0000~0', '\ud800~a~0']],
    ['as long as may be', ['x'.repeat(300), `order~${'a'.repeat(250)}~0`, '~'.repeat(300)]],
  ])('%s is not understood, and harms nothing', async (_which, tokens) => {
    for (const token of tokens) {
      chat = new Chat();
      await chat.say('offers');
      await chat.press('Small plan');
      const stale = token.startsWith('order~');
      expect(said(await chat.token(token))).toEqual(
        stale ? ['expired, so offers', 'offers'] : ['unknown', 'detail of Small'],
      );
      expect(said(await chat.say('1'))).toEqual([stale ? 'detail of Small' : 'order Small?']);
    }
  });

  test('cannot reach an option of a real message under another name, or outside it', async () => {
    for (const [name, index] of [
      ['constructor', '0'],
      ['balance', '0'],
      ['order', '0'],
      ['offers.view', '-1'],
      ['offers.view', 'length'],
    ]) {
      chat = new Chat();
      const list = await chat.say('offers');
      const set = list?.actions[0]?.token.split('~')[1];
      expect(said(await chat.token(`${name}~${set}~${index}`)).at(-1)).toMatch(/^(menu|balance|offers)$/);
    }
  });
});
