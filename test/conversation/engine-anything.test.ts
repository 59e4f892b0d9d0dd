import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSession } from '../../bot/conversation/session.js';
import type { Message } from '../../bot/message/message.js';
import { Chat, said } from './chat.js';
import { offersVersion } from './toys.js';

const MAX_SESSION_BYTES = 8_192;

const words = fc.constantFrom(
  ...[
    'balance',
    'offers',
    'help',
    'settings',
    'language',
    'menu',
    'cancel',
    'back',
    'agent',
    'purchases',
    'stop',
    'ofertas',
    'مدد',
  ],
  ...['Small plan', 'order it', 'yes, order it', 'red', 'See offers', 'take tiny'],
);
const numbers = fc.oneof(
  fc.integer({ min: -3, max: 12 }).map(String),
  fc.constantFrom('٢', '۳', '１', '1.', '#2', '999999999999999999999'),
);
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '\n',
    '\u202eecnalab\u202c',
    '\u200f\u200e\u2066',
    '👍🏽',
    '👨‍👩‍👧‍👦'.repeat(50),
    '\u0000',
    '\ud83d',
    '\ufeff1',
  ],
  ...[
    'x'.repeat(10_000),
    '💥'.repeat(5_000),
    '\u202e'.repeat(10_000),
    'balance '.repeat(1_250),
    '"'.repeat(10_000),
    '1'.repeat(10_000),
  ],
);
const anyText = fc.oneof(
  words,
  words,
  numbers,
  odd,
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

const names = fc.constantFrom(
  'offers.view',
  'order',
  'confirm',
  'receipt',
  'nudge',
  'balance',
  'back',
  'cancel',
  '__proto__',
  'constructor',
);
const anyToken = fc.oneof(
  fc
    .tuple(names, fc.constantFrom('', 'a', '__proto__'), fc.constantFrom('0', '-1', '', 'NaN', 'form', 'length'))
    .map((parts) => parts.join('~')),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
);

type Move = (chat: Chat) => Promise<Message | undefined> | undefined;

/** A button of any message there was, now and then of a message gone by. */
const press = fc.tuple(fc.nat(), fc.nat()).map(
  ([back, which]): Move =>
    (chat) => {
      const message = chat.messages[chat.messages.length - 1 - (back % Math.max(1, Math.min(8, chat.messages.length)))];
      const action = message?.actions[which % Math.max(1, message.actions.length)];
      return action === undefined ? undefined : chat.token(action.token);
    },
);

const moves = fc.oneof(
  {
    weight: 5,
    arbitrary: anyText.map(
      (text): Move =>
        (chat) =>
          chat.say(text),
    ),
  },
  { weight: 6, arbitrary: press },
  {
    weight: 2,
    arbitrary: anyToken.map(
      (token): Move =>
        (chat) =>
          chat.token(token),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyToken, fc.dictionary(fc.string({ maxLength: 50 }), fc.string({ maxLength: 500 }), { maxKeys: 5 }))
      .map(
        ([token, values]): Move =>
          (chat) =>
            chat.hear({ kind: 'form', token, values }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('receipt', 'nudge', 'gone', 'order').map(
      (name): Move =>
        (chat) =>
          chat.system(name),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Move>((chat) => chat.hello()) },
  {
    weight: 1,
    arbitrary: fc.nat({ max: 172_800_000 }).map(
      (ms): Move =>
        (chat) =>
          chat.wait(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 3 }).map(
      (version): Move =>
        (chat) =>
          void chat.deploy(offersVersion(version)),
    ),
  },
);

describe('whatever people send', () => {
  test('is answered, and leaves a session that can be read and stays small', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(moves, { minLength: 1, maxLength: 25 }), async (sequence) => {
        const chat = new Chat();
        for (const move of sequence) {
          const going = move(chat);
          if (going === undefined) continue;
          const answer = await going;
          expect(answer?.blocks.length).toBeGreaterThanOrEqual(1);
          expect(said(answer).join('').length).toBeLessThan(2_000);
          for (const { token } of answer?.actions ?? []) expect(token).toMatch(/^[\x21-\x7e]{1,200}$/);
          expect(Buffer.byteLength(chat.saved ?? '')).toBeLessThan(MAX_SESSION_BYTES);
          const session = readSession(chat.saved);
          expect(session?.stack.length).toBeLessThanOrEqual(3);
          expect(session?.choices.length).toBeLessThanOrEqual(5);
        }
      }),
      { numRuns: 1_500 },
    );
  }, 60_000);
});
