import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Offer } from '../../bot/domain/offer.js';
import { REFUSALS } from '../../bot/domain/refusal.js';
import type { Message } from '../../bot/message/message.js';
import { TelcoUnreachable } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { purchasesOf } from '../support/purchases.js';
import { button, labels, offer, settle, toConfirmation, words } from './shop.js';

const offers: Offer[] = [];
let answering: 'yes' | 'no' | 'never';
let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  const does = {
    offers: async () => {
      if (answering === 'no') throw new TelcoUnreachable('no answer');
      if (answering === 'never') await new Promise(() => undefined);
      return { state: 'need-offers', offers } as const;
    },
  };
  const limits = { day: [{ amount: '12.00', currency: 'MYR' }], week: [{ amount: '20.00', currency: 'MYR' }] };
  house = await openTurnHouse(offers, { does, limits });
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  await settle(house);
  answering = 'yes';
  house.known = { line: house.line };
  offers.splice(0, offers.length, offer('day', '2.00'), offer('week', '10.00'));
  visit = new Visit(house);
  await visit.say('hello');
});

/** Buys, has the telco refuse it, and returns what the subscriber is told then. */
async function refused(failure?: string): Promise<Message | undefined> {
  const id = randomUUID();
  const price = { amount: '2.00', currency: 'MYR' };
  const terms = { planId: 'day', planName: offers[0]?.name ?? [], price, fundSource: 'wallet' } as const;
  const ids = { id, confirmation: randomUUID(), lineId: house.line.id, conversationId: visit.id };
  await house.ledger.openPurchase({ ...ids, terms });
  await house.ledger.movePurchase(id, 'callback-failed', failure === undefined ? {} : { failure });
  const item = await house.ledger.outboxFor('receipt', id);
  return visit.hear({ kind: 'system', name: 'receipt', ref: item?.id ?? '' } as Parameters<Visit['hear']>[0]);
}

describe('a refusal', () => {
  test.each<[string, string, string[]]>([
    ['insufficient-funds', 'was not enough', ['How to top up', 'See offers']],
    ['INSUFFICIENT_FUNDS', 'was not enough', ['How to top up', 'See offers']],
    ['roaming', 'back on your own network', ['My balance', 'Talk to a person']],
    ['NO_CONSENT', 'opted out', ['Opt in again', 'Talk to a person']],
    ['conflict', 'try again in a few minutes', ['My balance', 'See offers']],
    ['too-many-requests', 'too busy', ['See offers', 'Talk to a person']],
    ['unavailable', 'in an hour or so', ['My balance', 'Talk to a person']],
    ['INVALID_PRODUCT', 'not sold any more', ['See offers']],
    ['BAD_CPID', 'does not know the number', ['Link my number', 'Talk to a person']],
    ['USER_BARRED', 'does not allow', ['See offers', 'Talk to a person']],
    ['PIN_ENTRY_ERROR', 'PIN', ['See offers', 'Talk to a person']],
    ['bad-request', 'our mistake', ['See offers', 'Talk to a person']],
    ['other-sim', 'another SIM', ['See offers', 'Talk to a person']],
    ['unreachable', 'did not get through', ['See offers', 'My balance']],
    ['A_WORD_OF_TOMORROW', 'could not complete', ['See offers', 'Talk to a person']],
  ])('%s is told plainly, with what to do next', async (failure, said, next) => {
    const message = await refused(failure);
    expect(words(message)).toContain(said);
    expect(words(message)).toContain('Nothing was charged');
    expect(labels(message)).toEqual(next);
  });

  test('without a reason is told too', async () => {
    const message = await refused();
    expect(words(message)).toContain('could not complete');
    expect(words(message)).toContain('Nothing was charged');
  });

  test('of any row leads somewhere: each of its buttons answers', async () => {
    for (const failure of Object.keys(REFUSALS)) {
      const message = await refused(failure);
      for (const { token, label } of message?.actions ?? []) {
        const answer = await visit.token(token);
        expect([failure, label, (answer?.blocks.length ?? 0) > 0]).toEqual([failure, label, true]);
        expect(words(answer)).not.toContain('not open any more');
      }
    }
  }, 60_000);
});

describe('not enough money', () => {
  test('offers a loan where the telco has one, and the button shows loans only', async () => {
    offers.push(offer('loan', '3.00', { fundSource: 'loan' }));
    const message = await refused('INSUFFICIENT_FUNDS');
    expect(labels(message)).toEqual(['Borrow instead', 'How to top up', 'See offers']);
    const loans = await visit.token(button(message, 'Borrow instead'));
    expect(labels(loans).join()).toContain('Plan loan');
    expect(labels(loans).join()).not.toContain('Plan week');
  });

  test.each(['no', 'never'] as const)(
    'is told at once when the telco answers %s to the question for loans',
    async (how) => {
      answering = how;
      const message = await refused('INSUFFICIENT_FUNDS');
      expect(labels(message)).toEqual(['How to top up', 'See offers']);
    },
  );

  test('asks nothing about a line that the chat is not about any more', async () => {
    offers.push(offer('loan', '3.00', { fundSource: 'loan' }));
    house.known = { line: await house.ledger.ensureLine('digi', { type: 'MSISDN', value: '60123450003' }) };
    expect(labels(await refused('INSUFFICIENT_FUNDS'))).not.toContain('Borrow instead');
  });
});

describe('the spending limit', () => {
  test('is said in figures before anything is ordered, with what still fits', async () => {
    const first = await toConfirmation(visit, 'week');
    expect(words(await visit.token(button(first, 'Pay RM 10.00')))).toContain('On its way');
    const [{ id = '' } = {}] = await purchasesOf(house.ledger, house.line.id, 1);
    await house.ledger.movePurchase(id, 'callback-completed');
    const second = await toConfirmation(visit, 'week');
    const over = await visit.token(button(second, 'Pay RM 10.00'));
    expect(words(over)).toContain('I did not order Plan week for RM 10.00');
    expect(words(over)).toContain('The limit here is RM 12.00 in 24 hours, and RM 2.00 of it is left');
    expect(words(over)).toContain('There is room for it from');
    expect(words(over)).toContain('Nothing was charged');
    expect(labels(over)).toEqual(['See offers', 'My purchases', 'Talk to a person']);
    // What still fits is still sold.
    const small = await toConfirmation(visit, 'day');
    expect(words(await visit.token(button(small, 'Pay RM 2.00')))).toContain('On its way');
  });
});

describe('"my purchases"', () => {
  test('are listed with state and reference, five a page, older ones behind a button, and back again', async () => {
    const line = await house.ledger.ensureLine('digi', { type: 'MSISDN', value: '60123450004' });
    house.known = { line };
    const price = { amount: '0.10', currency: 'MYR' };
    for (let i = 1; i <= 7; i++) {
      const id = randomUUID();
      const terms = {
        planId: `P${i}`,
        planName: [{ language: 'en', text: `Plan ${i}` }],
        price,
        fundSource: 'wallet',
      } as const;
      await house.ledger.openPurchase({
        id,
        confirmation: randomUUID(),
        lineId: line.id,
        conversationId: visit.id,
        terms,
      });
      if (i === 7) break;
      await house.ledger.movePurchase(id, 'submit');
      await house.ledger.movePurchase(
        id,
        i === 2 ? 'refused' : 'completed',
        i === 6 ? { confirmationCode: 'C-6' } : {},
      );
    }
    const newest = await visit.say('my purchases');
    for (const said of ['Plan 7 · RM 0.10 · on its way', 'Plan 6 · RM 0.10 · done · reference C-6', 'Plan 3']) {
      expect(words(newest)).toContain(said);
    }
    expect(words(newest)).not.toContain('Plan 2 ·');
    const older = await visit.token(button(newest, 'Older ones'));
    expect(words(older)).toContain('Plan 2 · RM 0.10 · failed, not charged');
    expect(words(older)).toContain('Plan 1');
    expect(words(older)).not.toContain('Plan 3');
    expect(labels(older)).not.toContain('Older ones');
    expect(words(await visit.token(button(older, 'The newest')))).toContain('Plan 7');
  });

  test('of nobody else: another line has none of them', async () => {
    house.known = { line: await house.ledger.ensureLine('digi', { type: 'MSISDN', value: '60123450005' }) };
    expect(words(await visit.say('my purchases'))).toContain('not bought anything');
  });
});
