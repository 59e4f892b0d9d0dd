import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, labels, offer, ordered, settle, toConfirmation, words } from './shop.js';

/* What was said before the question it would answer, and what an operator has tried again (`npm run dead-letters -- replay`). */

const DAY = 86_400_000;

let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  house = await openTurnHouse([offer('day', '5.00'), offer('week', '10.00')]);
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  await settle(house);
  house.now = Date.now();
  visit = new Visit(house);
});

const count = async () => (await ordered(house)).length;
const replayed = (text: string, ago: number) =>
  visit.hear({ kind: 'text', text, at: house.now - ago, replayed: true } as Parameters<Visit['hear']>[0]);

describe('words from before a confirmation was shown', () => {
  test('do not buy, though its first option is that; said again they do', async () => {
    const before = await count();
    await toConfirmation(visit, 'day');
    for (const text of ['1', 'Pay RM 5.00']) {
      const event = { kind: 'text', text, at: house.now - 1 } as Parameters<Visit['hear']>[0];
      expect(labels(await visit.hear(event))).toContain('Pay RM 5.00');
      expect(await count()).toBe(before);
    }
    expect(words(await visit.say('1'))).toContain('On its way');
    expect(await count()).toBe(before + 1);
  });

  test('choose what buys nothing while two machines’ clocks may differ by that much', async () => {
    await toConfirmation(visit, 'day');
    const early = { kind: 'text', text: '3', at: house.now - 1_000 } as Parameters<Visit['hear']>[0];
    expect(words(await visit.hear(early))).toContain('cancelled');
    await toConfirmation(visit, 'day');
    const earlier = { ...early, at: house.now - 10_000 };
    expect(words(await visit.hear(earlier))).toContain('did not get that');
  });
});

describe('what is replayed', () => {
  test.each(['1', '2', '3', 'Pay RM 5.00', 'cancel', 'back'])(
    'days later, %p neither answers nor leaves a confirmation of today',
    async (text) => {
      const before = await count();
      await toConfirmation(visit, 'day');
      const answer = await replayed(text, 3 * DAY);
      expect(words(answer)).toContain('did not get that');
      expect(labels(answer)).toContain('Pay RM 5.00');
      expect(await count()).toBe(before);
      expect(words(await visit.say('1'))).toContain('On its way');
    },
  );

  test('after a message of a version that did not note when it was sent answers nothing either', async () => {
    const before = await count();
    await toConfirmation(visit, 'day');
    visit.saved = visit.saved?.replaceAll(/"shownAt":\d{13},"until"/g, '"until"');
    expect(words(await replayed('1', 3 * DAY))).toContain('did not get that');
    expect(await count()).toBe(before);
  });

  test.each(['text', 'press'] as const)(
    'as a %s minutes after it went wrong says that the offer expired',
    async (kind) => {
      const before = await count();
      const confirmation = await toConfirmation(visit, 'day');
      house.now += 60_000;
      const token = button(confirmation, 'Pay RM 5.00');
      const event = { kind, ...(kind === 'text' ? { text: '1' } : { token }), at: house.now - 1_000, replayed: true };
      const answer = await visit.hear(event as Parameters<Visit['hear']>[0]);
      expect(words(answer)).toContain('That offer has expired');
      expect(await count()).toBe(before);
      // Nothing is left open that a later word could buy.
      await visit.say('Pay RM 5.00');
      expect(await count()).toBe(before);
    },
  );

  test('of a confirmation that did buy tells what became of it', async () => {
    const confirmation = await toConfirmation(visit, 'day');
    const token = button(confirmation, 'Pay RM 5.00');
    const before = visit.saved;
    await visit.token(token);
    const after = await count();
    // The turn that bought ended before it was saved.
    visit.saved = before;
    const answer = await visit.hear({ kind: 'press', token, replayed: true } as Parameters<Visit['hear']>[0]);
    expect(words(answer)).not.toContain('has expired');
    expect(words(answer)).toContain('Plan day');
    expect(await count()).toBe(after);
  });

  test('asks for what costs nothing as ever', async () => {
    await visit.say('hello');
    expect(words(await replayed('offers', 3 * DAY))).toContain('Plan week');
  });
});
