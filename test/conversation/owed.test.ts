import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChannelRefused } from '../../bot/channel.js';
import { readSession } from '../../bot/conversation/session.js';
import type { SentMessage } from '../../bot/conversation/turn-deps.js';
import { newPurchase } from '../ledger/contract/given.js';
import { openTurnHouse, type TurnHouse, Visit } from './turns.js';

let house: TurnHouse;
let visit: Visit;
let told: (SentMessage & { readonly refused?: string })[];
beforeAll(async () => {
  house = await openTurnHouse([]);
  Object.assign(house.deps, {
    onSent: (sent: SentMessage) => void told.push(sent),
    onRefused: (sent: SentMessage, { code }: ChannelRefused) => void told.push({ ...sent, refused: code }),
  });
});
afterAll(() => house.close());
beforeEach(() => {
  visit = new Visit(house);
  house.platform = 'up';
  told = [];
});

/** Something to tell this conversation that the ledger owes it. */
async function owed(): Promise<string> {
  const purchase = newPurchase({ conversationId: visit.id });
  await house.ledger.openPurchase(purchase);
  return (await house.ledger.promise('receipt', purchase.id, visit.id)).id;
}

const tell = (ref: string) => visit.hear({ kind: 'system', name: 'receipt', ref } as never);
const isDone = async (id: string) => (await house.ledger.outboxItem(id))?.done;
const jobs = async () => (await house.deps.jobs.depth()).outbox ?? 0;
const dueWithin = async (days: number) => {
  const due = await house.ledger.dueOutbox(new Date(Date.now() + days * 86_400_000), 1, 500);
  return due.map(({ id }) => id);
};

describe('what the platform takes only once the user writes', () => {
  test('waits for that, without being tried for days, and is on its way when they did', async () => {
    await visit.say('balance');
    const id = await owed();
    house.platform = 'awaits';
    await tell(id);
    expect(told.at(-1)).toMatchObject({ about: id, conversationId: visit.id, refused: 'CHANNEL_AWAITS_USER' });
    expect(await isDone(id)).toBe(false);
    expect(await dueWithin(6)).not.toContain(id);

    house.platform = 'up';
    const before = await jobs();
    await visit.say('balance');
    expect(await jobs()).toBe(before + 1);
    await tell(id);
    expect(told.at(-1)).toMatchObject({ about: id, channel: 'test' });
    expect(await isDone(id)).toBe(true);
    expect(readSession(visit.saved)?.owed).toBeUndefined();
  });

  test('is found as well when the session that knew of it is gone', async () => {
    await visit.say('balance');
    const id = await owed();
    house.platform = 'awaits';
    await tell(id);
    visit.saved = undefined;
    house.platform = 'up';
    const before = await jobs();
    await visit.say('balance');
    expect(await jobs()).toBe(before + 1);
    await visit.say('balance');
    expect(await jobs()).toBe(before + 1);
  });

  test('is not what is refused for another reason: that is tried again by itself', async () => {
    await visit.say('balance');
    const id = await owed();
    house.platform = 'blocked';
    await tell(id);
    expect(told.at(-1)).toMatchObject({ about: id, refused: 'CHANNEL_REFUSED' });
    expect(readSession(visit.saved)?.owed).toBeUndefined();
    expect(await dueWithin(6)).toContain(id);
  });
});

test('an answer is reported as sent under the id it was sent with, and is owed for nothing', async () => {
  await visit.say('balance');
  const sent = house.sent.at(-1);
  expect(told).toEqual([{ id: sent?.id, channel: 'test', conversationId: visit.id }]);
});
