import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { Origin } from '../../bot/conversation/event.js';
import { runTurn } from '../../bot/conversation/run-turn.js';
import type { TurnDeps } from '../../bot/conversation/turn-deps.js';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { NotificationType } from '../../bot/domain/notification.js';
import type { PurchaseEvent } from '../../bot/domain/purchase.js';
import { TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { startOutboxWorker } from '../../workers/outbox.js';
import { type Sweeper, startSweeper } from '../../workers/sweeper.js';
import {
  newPurchase,
  OPERATOR,
  openStores,
  openWorkplace,
  type Stores,
  telcoThat,
  until,
  type Workplace,
} from './workplace.js';

/* Being forgotten and giving a line up: our part in time, the telco's when it can be told. */

let stores: Stores;
let place: Workplace;
let sweeper: Sweeper;
/** What the telco was told, of which number. */
let told: { readonly number: string; readonly types: readonly NotificationType[] }[];
let answer: () => Promise<void>;
/** What a channel does to forget somebody. */
let forget: (from: Origin) => Promise<void>;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());
beforeEach(async () => {
  told = [];
  answer = async () => undefined;
  forget = async () => undefined;
  const telco = telcoThat({
    async register({ key }, types) {
      await answer();
      told.push({ number: key.value, types });
    },
  });
  place = await openWorkplace(stores, telco);
  await stores.database.drizzle.execute(sql`truncate withdrawals, suppressions, erasures`);
  sweeper = startSweeper({ ...place, everyMs: 2 ** 31 - 1 });
  startOutboxWorker({ ...place, forget: (from) => forget(from) });
});
afterEach(async () => {
  await sweeper.close();
  await place.close();
});

const PRICE = { amount: '5.00', currency: 'MYR' };
let numbers = 601155550000;
const number = () => ({ type: 'MSISDN', value: String(numbers++) }) as const;
const someone = (): ChatUser => ({ channel: 'slack', workspace: 'T', user: randomUUID() });

/** Somebody with a line, who agreed to alerts about it. */
async function settled(
  who = someone(),
  key: ReturnType<typeof number> = number(),
  method: 'code' | 'directory' = 'code',
) {
  const link = { operator: OPERATOR, key, method, source: 'test', youngForMs: 0, choose: true } as const;
  const { line } = await place.ledger.linkLine(who, link);
  const conversationId = `slack-${who.user}`;
  await place.ledger.saveConversation({ id: conversationId, origin: { ...who, address: '{}' }, lineId: line.id });
  await place.ledger.setConsent(conversationId, ['low-data'], true, 'test');
  return { who, key, line, conversationId };
}

const forgotten = async ({ who, conversationId }: Awaited<ReturnType<typeof settled>>, alias?: ChatUser) => {
  const promise = await place.ledger.beginErasure(who, conversationId, alias);
  await sweeper.sweep();
  await until(async () => (await place.ledger.outboxItem(promise))?.done === true);
};

describe('who asks to be forgotten', () => {
  test('is forgotten here though no telco answers, which is told once it does', async () => {
    answer = () => Promise.reject(new TelcoUnreachable('nobody answers'));
    const one = await settled();
    await forgotten(one);
    expect(await place.ledger.linkedUser(one.who)).toBeUndefined();
    expect(await place.ledger.conversation(one.conversationId)).toBeUndefined();
    expect((await place.ledger.line(one.line.id))?.key.value).toBe('');
    expect(await place.ledger.askedForConsent(one.conversationId)).toBe(false);
    expect(told).toEqual([]);

    answer = async () => undefined;
    await sweeper.sweep();
    await until(async () => (await place.ledger.withdrawals(10)).length === 0);
    expect(told).toEqual([{ number: one.key.value, types: [] }]);
  });

  test('is forgotten by the channel too, and not done before it has', async () => {
    const one = await settled();
    const asked: Origin[] = [];
    const known: (boolean | undefined)[] = [];
    let promise = '';
    forget = async (from) => {
      asked.push(from);
      known.push((await place.ledger.outboxItem(promise))?.done);
      if (asked.length === 1) throw new Error('the store is away');
    };
    promise = await place.ledger.beginErasure(one.who, one.conversationId);
    await sweeper.sweep();
    await until(async () => (await place.ledger.outboxItem(promise))?.done === true);
    expect(known).toEqual([false, false]);
    expect(asked).toEqual(Array(2).fill({ ...one.who, address: '{}' }));
    expect(await place.ledger.conversation(one.conversationId)).toBeUndefined();
  });

  test('and whom the telco never takes back is a person’s business, never dropped in silence', async () => {
    answer = () => Promise.reject(new TelcoUnreachable('nobody answers'));
    const one = await settled();
    await forgotten(one);
    // Two weeks of trying.
    await stores.database.drizzle.execute(sql`update outbox set attempts = 60 where kind = 'withdrawal'`);
    await sweeper.sweep();
    await until(async () => (await place.ledger.openTasks(10)).length === 1);
    await place.idle();
    place.pass(7 * 3_600_000);
    expect(await place.ledger.dueOutbox(place.now(), 1, 10)).toEqual([]);
    expect(await place.ledger.openTasks(10)).toMatchObject([
      { kind: 'promise', about: expect.stringContaining('withdrawals') },
    ]);
    const [left] = await place.ledger.withdrawals(10);
    expect(left?.line.key).toEqual(one.key);
    // What is kept for it would stay for ever if only the task went.
    const [task] = await place.ledger.openTasks(10);
    expect(await place.ledger.closeTask(task?.id ?? '', 'seen to')).toBe(false);
    expect(await place.ledger.dropAbandoned(task?.subject ?? '')).toBe(false);
    expect(await place.ledger.openTasks(10)).toEqual([task]);
    expect(await place.ledger.endWithdrawal(left?.id ?? '')).toBe(true);
    expect(await place.ledger.openTasks(10)).toEqual([]);
    expect(await place.ledger.withdrawals(10)).toEqual([]);
  });

  test('and whom the telco does not know is done; any other no is a person’s at once', async () => {
    answer = () => Promise.reject(new TelcoRefused('invalid-number'));
    await forgotten(await settled());
    await sweeper.sweep();
    await until(async () => (await place.ledger.withdrawals(10)).length === 0);
    expect(told).toEqual([]);
    answer = () => Promise.reject(new TelcoRefused('not-allowed'));
    await forgotten(await settled());
    await sweeper.sweep();
    await until(async () => (await place.ledger.openTasks(10)).length === 1);
    expect(await place.ledger.withdrawals(10)).toHaveLength(1);
  });

  test('while a purchase is under way keeps its number until it ended, and no longer', async () => {
    const one = await settled();
    const { id } = await newPurchase(place, 'processing', { lineId: one.line.id, conversationId: one.conversationId });
    const promise = await place.ledger.beginErasure(one.who, one.conversationId);
    await sweeper.sweep();
    await until(async () => (await place.ledger.conversation(one.conversationId)) === undefined);
    await place.idle();
    expect((await place.ledger.line(one.line.id))?.key).toEqual(one.key);
    await place.ledger.movePurchase(id, 'completed');
    await place.ledger.endChecks(id);
    place.pass(10 * 60_000);
    await sweeper.sweep();
    await until(async () => (await place.ledger.outboxItem(promise))?.done === true);
    expect((await place.ledger.line(one.line.id))?.key.value).toBe('');
  });

  test('in two conversations, with a purchase under way, is not done until that ended', async () => {
    const one = await settled();
    const other = `${one.conversationId}-dm`;
    const origin = { ...one.who, address: '{}' };
    await place.ledger.saveConversation({ id: other, origin, lineId: one.line.id });
    const { id } = await newPurchase(place, 'processing', { lineId: one.line.id, conversationId: other });
    const forgot: (string | undefined)[] = [];
    const heard = await place.converse(async (event) => {
      const entry = { event, session: '{"v":1,"something":"remembered"}' };
      forgot.push((await runTurn({ ledger: place.ledger } as TurnDeps, entry)).session);
    });
    const promise = await place.ledger.beginErasure(one.who, one.conversationId);
    await sweeper.sweep();
    await until(async () => forgot.length === 1);
    await place.idle();
    expect(heard).toMatchObject([{ conversationId: other, name: 'erasure' }]);
    expect(forgot).toEqual(['{}']);
    expect(await place.ledger.outboxItem(promise)).toMatchObject({ done: false });
    expect((await place.ledger.line(one.line.id))?.key).toEqual(one.key);

    await place.ledger.movePurchase(id, 'completed');
    await place.ledger.endChecks(id);
    place.pass(10 * 60_000);
    await sweeper.sweep();
    await until(async () => (await place.ledger.outboxItem(promise))?.done === true);
    expect((await place.ledger.line(one.line.id))?.key.value).toBe('');
    expect((await place.ledger.purchase(id))?.conversationId).toBe('forgotten');
  });

  test.each([
    ['that completed, and is yet to be looked at', ['submit', 'completed']],
    ['whose end nobody knows yet', ['submit', 'ambiguous']],
    ['that was not sent yet', []],
  ] as const)('loses whose conversation a purchase was %s, once it is settled', async (_, events) => {
    await place.converse();
    const one = await settled();
    const snapshot = { plans: 0, quotas: {}, money: '5.00' };
    const { id, terms } = await newPurchase(place, 'confirmed', {
      ...{ lineId: one.line.id, conversationId: one.conversationId },
      terms: { planId: 'day', planName: [], price: PRICE, fundSource: 'wallet', context: 'a cookie' },
    });
    const move = (event: PurchaseEvent) => place.ledger.movePurchase(id, event, event === 'submit' ? { snapshot } : {});
    for (const event of events) await move(event);
    const promise = await place.ledger.beginErasure(one.who, one.conversationId);
    await sweeper.sweep();
    await until(async () => (await place.ledger.conversation(one.conversationId)) === undefined);
    await place.idle();
    // What is needed to end it is still there, and so is the promise, however long that takes.
    expect(await place.ledger.purchase(id)).toMatchObject({ conversationId: one.conversationId, terms });
    expect(await place.ledger.outboxItem(promise)).toMatchObject({ done: false });
    place.pass(40 * 86_400_000);
    expect(await place.ledger.forgetOld('erasures', 30, 10)).toBe(0);

    if (events.length === 0) await move('expired');
    else if (events[1] === 'ambiguous') await move('operator-failed');
    else await place.ledger.endChecks(id);
    await sweeper.sweep();
    await until(async () => (await place.ledger.outboxItem(promise))?.done === true);
    const { rows } = (await stores.database.drizzle.execute(
      sql`select conversation_id, context_sealed, snapshot_sealed from purchases where id = ${id}`,
    )) as unknown as { rows: unknown[] };
    expect(rows).toEqual([{ conversation_id: 'forgotten', context_sealed: null, snapshot_sealed: null }]);
    place.pass(40 * 86_400_000);
    expect(await place.ledger.forgetOld('erasures', 30, 10)).toBe(1);
  });

  test('is not brought back by the next list, by no name of theirs, until they link a number themselves', async () => {
    const key = number();
    const listed = { channel: 'whatsapp', workspace: 'W', user: key.value, operator: OPERATOR, key };
    const [who, alias] = [{ ...someone(), channel: 'whatsapp', workspace: 'W' }, listed];
    await place.ledger.saveLinks([listed], 'staff.csv');
    expect(await place.ledger.linkedLine('whatsapp', 'W', key.value)).toMatchObject({ key });
    await place.ledger.saveConversation({ id: 'whatsapp-1', origin: { ...who, address: '{}' } });
    const promise = await place.ledger.beginErasure(who, 'whatsapp-1', alias);
    expect(await place.ledger.linkedUser(alias)).toMatchObject({ links: [] });
    await sweeper.sweep();
    await until(async () => (await place.ledger.outboxItem(promise))?.done === true);
    expect(await place.ledger.linkedUser(alias)).toBeUndefined();

    const other = { ...listed, user: number().value, key: number() };
    expect(await place.ledger.countSuppressed([listed, other])).toBe(1);
    expect(await place.ledger.saveLinks([listed, other], 'staff.csv')).toBe(1);
    expect(await place.ledger.linkedUser(alias)).toBeUndefined();
    expect(await place.ledger.findLine(OPERATOR, key)).toMatchObject({ key: { value: '' } });

    // What the platform says by itself is no new consent; what they choose is.
    const link = { operator: OPERATOR, key, source: 'test', youngForMs: 0 } as const;
    await place.ledger.linkLine(alias, { ...link, method: 'whatsapp', choose: false });
    expect(await place.ledger.countSuppressed([listed])).toBe(1);
    await place.ledger.linkLine(alias, { ...link, method: 'code', choose: true });
    expect(await place.ledger.countSuppressed([listed])).toBe(0);
  });
});

describe('a line that is given up', () => {
  const owed = async () => (await place.ledger.withdrawals(10)).map(({ line }) => line.id);
  async function allTold(): Promise<void> {
    await sweeper.sweep();
    await until(async () => (await owed()).length === 0);
  }

  test('in the chat is withdrawn from its telco', async () => {
    const one = await settled();
    expect(await place.ledger.unlinkLine(one.who, one.line.id, 'user')).toBe(true);
    await allTold();
    expect(told).toEqual([{ number: one.key.value, types: [] }]);
    // The chat notices at its next turn, and has nothing more to say about it.
    await place.ledger.saveConversation({
      id: one.conversationId,
      origin: { ...one.who, address: '{}' },
      lineId: null,
    });
    expect(await owed()).toEqual([]);
  });

  test('by one of two leaves what the other agreed to', async () => {
    const one = await settled();
    const other = await settled(someone(), one.key);
    await place.ledger.setConsent(other.conversationId, ['pack-expired'], true, 'test');
    await place.ledger.unlinkLine(one.who, one.line.id, 'user');
    await allTold();
    expect(told).toEqual([{ number: one.key.value, types: ['low-data', 'pack-expired'] }]);
  });

  test('by the directory, with another number or with none, is withdrawn; brought back, it is told again', async () => {
    const one = await settled(someone(), number(), 'directory');
    const moved = { ...one.who, operator: OPERATOR, key: number() };
    await place.ledger.saveLinks([moved], 'staff.csv');
    await allTold();
    expect(told).toEqual([{ number: one.key.value, types: [] }]);
    await place.ledger.saveLinks([{ ...moved, key: one.key }], 'staff.csv');
    expect(await place.ledger.outboxFor('registration', one.conversationId)).toBeDefined();
    await place.ledger.unlinkListed([one.who], 'staff.csv');
    expect(await owed()).toEqual([one.line.id]);
    expect(await place.ledger.conversationsOf(one.line.id)).toEqual([]);
  });

  test('because the chat is about another now is withdrawn; nothing is said where nothing was agreed to', async () => {
    const [one, quiet] = [await settled(), await settled()];
    await stores.database.drizzle.execute(sql`delete from consents where conversation_id = ${quiet.conversationId}`);
    const next = await place.ledger.ensureLine(OPERATOR, number());
    for (const { conversationId: id, who } of [one, quiet])
      await place.ledger.saveConversation({ id, origin: { ...who, address: '{}' }, lineId: next.id });
    await place.ledger.unlinkLine(quiet.who, quiet.line.id, 'user');
    expect(await owed()).toEqual([one.line.id]);
  });
});
