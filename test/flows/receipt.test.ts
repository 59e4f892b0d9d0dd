import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Balance } from '../../bot/domain/balance.js';
import type { Snapshot } from '../../bot/domain/evidence.js';
import type { Message } from '../../bot/message/message.js';
import { TelcoUnreachable } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { offer, settle, words } from './shop.js';

const ABSENT: Balance = { plans: [], money: '3.00' };
const THERE: Balance = {
  plans: [
    {
      id: 'day',
      name: [],
      description: [],
      applications: [],
      gauges: [{ unit: 'bytes', quota: 1_000n, remaining: 1_000n }],
    },
  ],
};
const BEFORE: Snapshot = { plans: 0, quotas: {}, money: '5.00' };

let balance: () => Promise<Balance>;
let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  house = await openTurnHouse([offer('day', '2.00')], { does: { balance: () => balance() } });
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  await settle(house);
  [balance, house.known, house.now] = [async () => ABSENT, { line: house.line }, Date.now()];
  visit = new Visit(house);
  await visit.say('hello');
});

/** A purchase that was just confirmed. */
async function confirmed(): Promise<string> {
  const id = randomUUID();
  const price = { amount: '2.00', currency: 'MYR' };
  const terms = {
    planId: 'day',
    planName: [{ language: 'en', text: 'Plan day' }],
    price,
    fundSource: 'wallet',
  } as const;
  const ids = { id, confirmation: randomUUID(), lineId: house.line.id, conversationId: visit.id };
  await house.ledger.openPurchase({ ...ids, terms });
  return id;
}

/** The outbox comes round with what is owed; what its buyer is told. */
async function comesRound(name: 'receipt' | 'checking', id: string): Promise<Message | undefined> {
  const item = await house.ledger.outboxFor(name, id);
  return visit.hear({ kind: 'system', name, ref: item?.id ?? '' } as Parameters<Visit['hear']>[0]);
}

/** Completed just now; what its buyer is told. */
async function told(snapshot?: Snapshot): Promise<Message | undefined> {
  const id = await confirmed();
  await house.ledger.movePurchase(id, 'submit', snapshot === undefined ? {} : { snapshot });
  await house.ledger.movePurchase(id, 'completed');
  return comesRound('receipt', id);
}

describe('a receipt', () => {
  test('says "being activated" while the balance does not show the plan', async () => {
    const receipt = words(await told(BEFORE));
    expect(receipt).toContain('is paid for and is being activated');
    expect(receipt).not.toContain('is yours');
    expect(receipt).toContain('RM 2.00');
  });

  test('says that it is there when it is', async () => {
    balance = async () => THERE;
    expect(words(await told(BEFORE))).toContain('Plan day is yours');
  });

  test.each<[string, () => Promise<Balance>]>([
    ['refuses to say', () => Promise.reject(new TelcoUnreachable('no answer'))],
    ['does not answer', () => new Promise(() => undefined)],
  ])('takes the telco’s word where its balance %s', async (_, answer) => {
    balance = answer;
    expect(words(await told(BEFORE))).toContain('Plan day is yours');
  });

  test('takes the telco’s word where nothing is known of before, or the chat is about another line', async () => {
    expect(words(await told())).toContain('Plan day is yours');
    house.known = { line: await house.ledger.ensureLine('digi', { type: 'MSISDN', value: '60123450006' }) };
    expect(words(await told(BEFORE))).toContain('Plan day is yours');
  });

  test('takes the telco’s word where the line is another SIM now: that one’s balance says nothing', async () => {
    house.known = { line: { ...house.line, key: { type: 'CPID', value: 'the-second-sim' } } };
    expect(words(await told(BEFORE))).toContain('Plan day is yours');
  });

  test('that comes late does not take a plan that was used up for one that was never there', async () => {
    house.now += 31 * 60_000;
    expect(words(await told(BEFORE))).toContain('Plan day is yours');
  });
});

describe('"still checking"', () => {
  async function unclear(): Promise<string> {
    const id = await confirmed();
    await house.ledger.movePurchase(id, 'submit');
    await house.ledger.movePurchase(id, 'ambiguous');
    return id;
  }

  test('that was overtaken by the same order going out again is said when that one is not answered either, once', async () => {
    const id = await unclear();
    await house.ledger.movePurchase(id, 'resubmit');
    expect(await comesRound('checking', id)).toBeUndefined();
    await house.ledger.movePurchase(id, 'ambiguous');
    expect(words(await comesRound('checking', id))).toContain('still checking with your operator whether Plan day');
    expect(await comesRound('checking', id)).toBeUndefined();
  });

  test('that was overtaken by the end is not said: the receipt says it better', async () => {
    const id = await unclear();
    await house.ledger.movePurchase(id, 'completed');
    expect(await comesRound('checking', id)).toBeUndefined();
    const item = await house.ledger.outboxFor('checking', id);
    expect(await house.ledger.outboxItem(item?.id ?? '')).toMatchObject({ done: true });
    expect(words(await comesRound('receipt', id))).toContain('Plan day is yours');
  });
});
