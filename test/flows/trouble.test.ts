import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { REFUSALS, type RefusalReason, type Way } from '../../bot/domain/refusal.js';
import { TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, labels, offer, ordered, toConfirmation, words } from './shop.js';

const OFFERS = [offer('day', '2.00')];
let refusal: Error | undefined;
let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  const offers = async () => {
    if (refusal !== undefined) throw refusal;
    return { state: 'need-offers', offers: OFFERS } as const;
  };
  house = await openTurnHouse(OFFERS, { does: { offers } });
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  refusal = undefined;
  visit = new Visit(house);
  await visit.say('hello');
});

/** As the English catalogue calls them. */
const LABELS: Readonly<Record<Exclude<Way, 'loan'>, string>> = {
  offers: 'See offers',
  'top-up': 'How to top up',
  balance: 'My balance',
  'opt-in': 'Opt in again',
  link: 'Link my number',
  person: 'Talk to a person',
};
const REASONS = [
  ...['unspecified', 'invalid-number', 'bad-request', 'roaming', 'opted-out', 'too-many-requests', 'unavailable'],
  ...['conflict', 'insufficient-funds', 'not-allowed'],
] as RefusalReason[];
const buttonsOf = (row: keyof typeof REFUSALS) =>
  REFUSALS[row].ways.flatMap((way) => (way === 'loan' ? [] : [LABELS[way]]));

describe('a telco in trouble', () => {
  test.each(REASONS)('%s leads where the table of refusals says', async (reason) => {
    refusal = new TelcoRefused(reason);
    expect(labels(await visit.say('offers'))).toEqual(buttonsOf(reason));
  });

  test('that does not answer does too, and its buttons work once it does', async () => {
    refusal = new TelcoUnreachable('no answer');
    const trouble = await visit.say('offers');
    expect(labels(trouble)).toEqual(buttonsOf('unreachable'));
    refusal = undefined;
    expect(words(await visit.token(button(trouble, 'See offers')))).toContain('Plan day');
  });
});

describe('a telco in trouble as an order is confirmed', () => {
  test.each(['roaming', 'opted-out'] as const)(
    'for good (%s) ends the question, and says what to do',
    async (reason) => {
      const priced = await toConfirmation(visit, 'day');
      refusal = new TelcoRefused(reason);
      const said = await visit.token(button(priced, 'Pay RM 2.00'));
      expect(labels(said)).toEqual(buttonsOf(reason));
      expect(words(said)).toContain('Nothing was charged');
      expect(await ordered(house)).toEqual([]);
    },
  );

  test('for a while keeps the question open: the button works later', async () => {
    const priced = await toConfirmation(visit, 'day');
    refusal = new TelcoRefused('too-many-requests');
    expect(labels(await visit.token(button(priced, 'Pay RM 2.00')))).toContain('Pay RM 2.00');
    refusal = undefined;
    expect(words(await visit.token(button(priced, 'Pay RM 2.00')))).toContain('On its way');
  });
});
