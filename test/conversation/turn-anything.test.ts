import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSession } from '../../bot/conversation/session.js';
import type { Offer } from '../../bot/domain/offer.js';
import { normalise } from '../../bot/message/match.js';
import type { Message } from '../../bot/message/message.js';
import { purchasesOf } from '../support/purchases.js';
import { NUMBER, openTurnHouse, type TurnHouse, Visit } from './turns.js';

const MAX_SESSION_BYTES = 8_192;
const CONFIRM = 'purchase.confirm~';

/** As long-winded as a telco gets: three languages, long descriptions, a cookie, more offers than fit one message. */
const offers = Array.from({ length: 12 }, (_, index): Offer => {
  const words = (language: string, text: string) => ({ language, text: `${text} ${index + 1} `.padEnd(60, 'plan ') });
  const sentence = (language: string) => ({ language, text: `${language}: `.padEnd(200, 'all you can stream ') });
  return {
    planId: `plan-${index + 1}`,
    name: [words('en', 'Super'), words('es', 'Súper'), words('ur', 'سپر')],
    description: [sentence('en'), sentence('es'), sentence('ur')],
    price: { amount: `${index + 1}.00`, currency: 'MYR' },
    quotas: [{ unit: 'bytes', amount: 1_000_000_000n }],
    validitySeconds: 604_800,
    fundSource: index % 3 === 0 ? 'loan' : 'wallet',
    context: 'c'.repeat(200),
  };
});

let house: TurnHouse;
beforeAll(async () => {
  house = await openTurnHouse(offers);
});
afterAll(() => house.close());

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
    'person',
    'purchases',
    'stop',
    'top up',
    'hello',
  ],
  ...[
    'super',
    'pay',
    'buy',
    'yes',
    'ok',
    "don't buy",
    'buy it',
    'confirm',
    'RM 1.00',
    'español',
    'بیلنس',
    '👍',
    '\u202epay',
    'x'.repeat(10_000),
  ],
);
const numbers = fc.oneof(fc.integer({ min: 0, max: 12 }).map(String), fc.constantFrom('٢', '۱', '1.', '1.00', '#1'));

/** What someone does, given all messages so far: a text, or a button's token. */
type Act = (messages: readonly Message[]) => { text: string } | { token: string } | { ms: number } | { down: boolean };

const pressed = fc.tuple(fc.nat(9), fc.nat(12)).map(
  ([back, which]): Act =>
    (messages) => {
      const message = messages.at(-1 - back) ?? messages.at(-1);
      return { token: message?.actions[which % Math.max(1, message.actions.length)]?.token ?? 'balance~x~0' };
    },
);
/** Some of a button's words, or all of them with more around: close to an answer, and not one that buys. */
const almost = fc.tuple(fc.nat(2), fc.constantFrom('first', 'last', 'not', 'please')).map(
  ([which, how]): Act =>
    (messages) => {
      const label = messages.at(-1)?.actions[which]?.label ?? 'pay';
      const [first = ''] = label.split(' ');
      return {
        text: { first, last: label.slice(first.length), not: `don't ${label}`, please: `${label} please` }[how],
      };
    },
);
const crafted = fc
  .constantFrom('purchase.confirm', 'purchase.buy', 'offers.buy', 'receipt', 'nudge', '__proto__', 'constructor')
  .chain((name) =>
    fc.constantFrom(`${name}~x~0`, `${name}~~`, name).map(
      (token): Act =>
        () => ({ token }),
    ),
  );
const acts = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.oneof(words, numbers, fc.string({ unit: 'grapheme' })).map(
      (text): Act =>
        () => ({ text }),
    ),
  },
  { weight: 4, arbitrary: pressed },
  { weight: 3, arbitrary: almost },
  // The first button of the newest message: the shortest way to an offer, its confirmation, and the order.
  {
    weight: 6,
    arbitrary: fc.constant<Act>((messages) => ({ token: messages.at(-1)?.actions[0]?.token ?? 'offers~x~0' })),
  },
  { weight: 1, arbitrary: crafted },
  {
    weight: 1,
    arbitrary: fc.constantFrom(60_000, 1_860_000, 90_000_000).map(
      (ms): Act =>
        () => ({ ms }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (down): Act =>
        () => ({ down }),
    ),
  },
);

/** Whether this is a press on a priced confirmation, or an exact reply to the newest one (DESIGN.md, step 6). */
function mayBuy(said: ReturnType<Act>, newest: Message | undefined): boolean {
  if ('token' in said) return said.token.startsWith(CONFIRM);
  const index = newest?.actions.findIndex(({ token }) => token.startsWith(CONFIRM)) ?? -1;
  if (!('text' in said) || index < 0) return false;
  return [String(index + 1), normalise(newest?.actions[index]?.label ?? '')].includes(normalise(said.text));
}

async function purchases(): Promise<number> {
  const list = await purchasesOf(house.ledger, house.line.id, 10_000);
  for (const { id, state } of list) {
    if (state !== 'confirmed') continue;
    await house.ledger.movePurchase(id, 'submit');
    await house.ledger.movePurchase(id, 'refused');
  }
  return list.length;
}

let bought = 0;

async function play(sequence: readonly Act[]): Promise<void> {
  const visit = new Visit(house);
  house.telcoDown = false;
  let count = await purchases();
  for (const act of sequence) {
    const said = act(visit.messages);
    if ('ms' in said) house.now += said.ms;
    if ('down' in said) house.telcoDown = said.down;
    if (!('text' in said) && !('token' in said)) continue;
    const newest = visit.messages.at(-1);
    const answer = 'text' in said ? await visit.say(said.text) : await visit.token(said.token);
    expect(answer?.blocks.length).toBeGreaterThanOrEqual(1);
    for (const { token } of answer?.actions ?? []) expect(token).toMatch(/^[\x21-\x7e]{1,200}$/);
    const before = count;
    count = await purchases();
    if (count > before) expect([said, mayBuy(said, newest)]).toEqual([said, true]);
    bought += count - before;
    expect(Buffer.byteLength(visit.saved ?? '')).toBeLessThan(MAX_SESSION_BYTES);
    // Nothing is left of who asked to be forgotten.
    if (visit.saved !== '{}') expect(readSession(visit.saved)).toBeDefined();
    expect(visit.saved).not.toContain(NUMBER);
  }
}

describe('whatever a subscriber sends', () => {
  test('is answered; only a press on a priced confirmation or an exact reply to it buys; the session stays small', async () => {
    await fc.assert(fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: 20 }), play), { numRuns: 150 });
    // Or the rule above was not put to the test.
    expect(bought).toBeGreaterThan(3);
  }, 120_000);
});
