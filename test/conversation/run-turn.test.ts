import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelSilent, ChannelUnreachable } from '../../bot/channel.js';
import { UnknownChannel } from '../../bot/conversation/run-turn.js';
import { readSession } from '../../bot/conversation/session.js';
import type { Offer } from '../../bot/domain/offer.js';
import { purchasesOf } from '../support/purchases.js';
import { offered, said } from './chat.js';
import { NUMBER, openTurnHouse, type TurnHouse, Visit } from './turns.js';

const offer: Offer = {
  planId: 'weekly',
  name: [{ language: 'en', text: 'Weekly' }],
  description: [],
  price: { amount: '5.00', currency: 'MYR' },
  quotas: [],
  fundSource: 'wallet',
};

let house: TurnHouse;
let visit: Visit;
beforeAll(async () => {
  house = await openTurnHouse([offer]);
});
afterAll(() => house.close());
beforeEach(() => {
  visit = new Visit(house);
  Object.assign(house, { platform: 'up', telcoDown: false, known: { line: house.line } });
  house.sent.length = 0;
});

const purchases = () => purchasesOf(house.ledger, house.line.id, 100);

/** A purchase of which nobody knows what became. */
async function bought(conversationId: string): Promise<string> {
  const [id, confirmation] = [randomUUID(), randomUUID()];
  const { planId, name: planName, fundSource } = offer;
  const terms = { planId, planName, price: { amount: '5.00', currency: 'MYR' }, fundSource };
  await house.ledger.openPurchase({ id, confirmation, lineId: house.line.id, conversationId, terms });
  await house.ledger.movePurchase(id, 'submit');
  await house.ledger.movePurchase(id, 'ambiguous');
  return id;
}

describe('a turn', () => {
  test('answers under an id that is the same when it is run again', async () => {
    const event = { kind: 'text', text: 'balance', id: 'event-1' } as const;
    await visit.hear(event);
    visit.saved = undefined;
    await visit.hear(event);
    await visit.hear({ ...event, id: 'event-2' });
    const [first, again, other] = house.sent.map(({ id }) => id);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test('that cannot be delivered now fails, so that it is tried again', async () => {
    house.platform = 'down';
    await expect(visit.say('balance')).rejects.toThrow(ChannelUnreachable);
    expect(visit.saved).toBeUndefined();
  });

  test('whose answer may be there already is not run again, and the buttons of what is shown work', async () => {
    house.platform = 'silent';
    const shown = await visit.say('balance');
    expect(house.sent).toHaveLength(1);
    house.platform = 'up';
    const offers = await visit.token(shown?.actions.find(({ label }) => label === 'See offers')?.token ?? '');
    expect(offers?.blocks.some(({ type }) => type === 'offers')).toBe(true);
  });

  test('that owes something is run until the platform has it; nobody is owed a nudge', async () => {
    await visit.say('balance');
    const outbox = await house.ledger.promise('checking', await bought(visit.id), visit.id);
    const checking = { kind: 'system', name: 'checking', ref: outbox.id } as const;
    const nudge = await house.ledger.addNudge({
      operator: 'digi',
      transactionId: randomUUID(),
      type: 'low-data',
      lineId: house.line.id,
      conversationId: visit.id,
      planName: [],
    });
    await house.ledger.setConsent(visit.id, ['low-data'], true, 'test');
    house.platform = 'silent';
    await expect(visit.hear(checking)).rejects.toThrow(ChannelSilent);
    expect(await house.ledger.outboxItem(outbox.id)).toMatchObject({ done: false });
    expect(await visit.hear({ kind: 'system', name: 'nudge', ref: nudge?.id ?? '' })).toBeDefined();
    expect(await house.ledger.nudge(nudge?.id ?? '')).toMatchObject({ state: 'sent' });
    house.platform = 'up';
    await visit.hear(checking);
    expect(await house.ledger.outboxItem(outbox.id)).toMatchObject({ done: true });
  });

  test('that the platform refuses is over: there is nobody to tell', async () => {
    house.platform = 'blocked';
    expect(await visit.say('balance')).toBeUndefined();
    expect(readSession(visit.saved)).toBeDefined();
  });

  test('on a channel that is not on fails', async () => {
    const from = { channel: 'fax', workspace: '', user: 'x', address: 'x' };
    await expect(visit.hear({ kind: 'hello', from })).rejects.toThrow(UnknownChannel);
  });

  test('owed to a conversation nobody knows any more is over, and owed no more', async () => {
    const { id } = await house.ledger.promise('checking', 'a-purchase', 'forgotten');
    const event = { kind: 'system', name: 'checking', ref: id, from: undefined } as never;
    expect(await visit.hear(event)).toBeUndefined();
    expect(await house.ledger.outboxItem(id)).toMatchObject({ done: true });
    // What was remembered of it goes too: this is read as a new conversation.
    expect(visit.saved).toBe('{}');
  });

  test('while the telco is away says so, and the conversation goes on', async () => {
    await visit.say('balance');
    house.telcoDown = true;
    const answer = await visit.say('offers');
    expect(offered(answer)).toEqual(['See offers', 'My balance']);
    house.telcoDown = false;
    expect((await visit.say('offers'))?.blocks.some(({ type }) => type === 'offers')).toBe(true);
  });

  test('keeps no number in its session', async () => {
    for (const text of ['hello', 'balance', 'offers', '1', '1']) await visit.say(text);
    expect(visit.saved).not.toContain(NUMBER);
    expect(readSession(visit.saved)?.lineId).toBe(house.line.id);
  });
});

describe('a confirmation whose answer could not be delivered', () => {
  test('is one purchase, however often the turn is run', async () => {
    for (const text of ['offers', '1', '1']) await visit.say(text);
    house.platform = 'down';
    for (let time = 0; time < 3; time++) {
      await expect(visit.hear({ kind: 'text', text: '1', id: 'confirm' })).rejects.toThrow(ChannelUnreachable);
    }
    house.platform = 'up';
    await visit.hear({ kind: 'text', text: '1', id: 'confirm' });
    expect(await purchases()).toHaveLength(1);
  });
});

describe('someone without a line', () => {
  test('is told how to link one, and goes on as soon as one is linked', async () => {
    house.known = undefined;
    const needed = await visit.say('balance');
    expect(said(needed)[0]).toMatch(/link/i);
    house.known = { line: house.line };
    expect((await visit.say('balance'))?.blocks.some(({ type }) => type === 'gauge')).toBe(true);
  });

  test('because it was erased is told the same, rather than that something went wrong', async () => {
    house.known = undefined;
    visit.saved = JSON.stringify({
      ...{ v: 1, locale: 'en', timezone: 'UTC', misses: 0, stack: [], choices: [] },
      lineId: '00000000-0000-4000-8000-000000000000',
    });
    expect(said(await visit.say('balance'))[0]).toMatch(/link/i);
  });
});

describe('somebody we meet for the first time', () => {
  const spanish = { locale: 'es-GT', timezone: 'America/Guatemala' };
  let asked: number;
  beforeEach(() => {
    asked = 0;
    Object.assign(house.deps, {
      profileOf: async () => {
        asked += 1;
        return spanish;
      },
    });
  });
  afterEach(() => void Object.assign(house.deps, { profileOf: undefined }));

  test('is answered in the language their profile has, which is asked for once', async () => {
    expect((await visit.say('balance'))?.language).toMatch(/^es/);
    await visit.say('balance');
    visit.saved = undefined;
    await visit.say('balance');
    expect(asked).toBe(1);
    expect(readSession(visit.saved)).toMatchObject(spanish);
  });

  test('is not asked about where their message says it', async () => {
    const from = { channel: 'test', workspace: '', user: visit.id, address: 'here', locale: 'ur' };
    expect((await visit.hear({ kind: 'text', text: 'balance', from }))?.language).toBe('ur');
    expect(asked).toBe(0);
  });
});
