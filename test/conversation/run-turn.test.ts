import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelUnreachable } from '../../bot/channel.js';
import { UnknownChannel } from '../../bot/conversation/run-turn.js';
import { readSession } from '../../bot/conversation/session.js';
import type { Offer } from '../../bot/domain/offer.js';
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

const purchases = () => house.ledger.purchasesOf(house.line.id, 100);

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

  test('that the platform refuses is over: there is nobody to tell', async () => {
    house.platform = 'blocked';
    expect(await visit.say('balance')).toBeUndefined();
    expect(readSession(visit.saved)).toBeDefined();
  });

  test('on a channel that is not on fails', async () => {
    const from = { channel: 'fax', workspace: '', user: 'x', address: 'x' };
    await expect(visit.hear({ kind: 'hello', from })).rejects.toThrow(UnknownChannel);
  });

  test('owed to a conversation nobody knows any more is over', async () => {
    const event = { kind: 'system', name: 'receipt', ref: 'x', from: undefined } as never;
    expect(await visit.hear(event)).toBeUndefined();
    expect(visit.saved).toBeUndefined();
  });

  test('while the telco is away says so, and the conversation goes on', async () => {
    await visit.say('balance');
    house.telcoDown = true;
    const answer = await visit.say('offers');
    expect(offered(answer)).toEqual(['Menu', 'Help']);
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
