import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Origin } from '../../bot/conversation/event.js';
import { newSession } from '../../bot/conversation/session.js';
import { turnIdentity } from '../../bot/conversation/turn-identity.js';
import { linkedIdentity } from '../../bot/identity/linked.js';
import { createWatch } from '../../bot/inbox.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { createMetrics } from '../../bot/metrics.js';
import type { Database } from '../../bot/stores/database.js';
import { silent, tempVault, withPglite } from '../support/stores.js';
import { conversationOf, type House, openHouse, payload } from './house.js';
import { inbound, postWebhook, SETTINGS, webhook } from './whatsapp.js';

/* Whose chat a number is, with a real ledger behind the channel: numbers change hands, ids change too, and Redis may be lost. */

let database: Database;
let ledger: Ledger;
let house: House;
beforeAll(async () => {
  ({ database } = await withPglite());
  ledger = createLedger(database, tempVault());
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  house = await opened();
});
afterEach(() => house.stop());

/** Webhooks and Redis as they are with nothing in them: as after a start with an empty Redis. */
async function opened(): Promise<House> {
  const fresh = await openHouse();
  const watch = createWatch({ ledger, metrics: createMetrics() }, undefined as never, silent);
  return Object.assign(fresh, {
    usersNamed: (user: string) => ledger.usersNamed({ ...PLACE, user }),
    movedAway: (user: Parameters<House['movedAway']>[0]) => watch.movedAway?.(user),
  });
}

async function redisIsLost(): Promise<void> {
  await house.stop();
  house = await opened();
}

const PLACE = { channel: 'whatsapp', workspace: SETTINGS.phoneNumberId } as const;
const HOUR = 3_600_000;
let numbers = 60_115_500_000;
const number = () => String(numbers++);
const newId = () => `MY.${randomUUID().replaceAll('-', '')}`;

/** Says something by number, id or both; the turn that answers it knows them from then on. */
async function says(who: { readonly number?: string; readonly bsuid?: string }): Promise<Origin> {
  const { number: from = '', bsuid = '' } = who;
  const message = inbound(from, 'balance', bsuid === '' ? {} : { from_user_id: bsuid });
  const contact = { ...(from !== '' && { wa_id: from }), ...(bsuid !== '' && { user_id: bsuid }) };
  expect(await postWebhook(house.url, webhook({ contacts: [contact], messages: [message] }))).toBe(200);
  const heard = house.delivered.at(-1);
  if (heard === undefined || !('from' in heard)) throw new Error('nothing was delivered');
  await ledger.saveConversation({ id: heard.conversationId, origin: heard.from, lineId: null });
  return heard.from;
}

async function toldOf(previous: string, current: string, wa_id: string): Promise<void> {
  const update = JSON.parse(payload('user-id-update'));
  const [told] = update.entry[0].changes[0].value.user_id_update;
  update.entry[0].changes[0].value.user_id_update = [{ ...told, wa_id, user_id: { previous, current } }];
  expect(await postWebhook(house.url, JSON.stringify(update))).toBe(200);
}

/** Proves another line in the chat, by code. */
const proves = async (user: string, msisdn = number()) => {
  const key = { type: 'MSISDN', value: msisdn } as const;
  const proof = { operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 24 * HOUR, choose: true } as const;
  await ledger.linkLine({ ...PLACE, user }, proof);
  return msisdn;
};

/** Which number the chat is about, and what else stands. */
const seenBy = async (from: Origin) => {
  const methods = new Set(['whatsapp', 'code', 'directory'] as const);
  const identity = linkedIdentity({ ledger, methods, operatorOf: async () => 'digi', youngForMs: 24 * HOUR });
  return (await identity.resolve(from))?.line.key.value;
};
/** What “My numbers” and every other screen goes by. */
const linesOf = async (from: Origin) => {
  const parts = { ledger, linking: undefined, from, conversationId: conversationOf(from.user), eventId: 'e' };
  const session = newSession({ locale: 'en', timezone: 'UTC' });
  const effects = { known: undefined, session, now: new Date(), use: () => undefined, soon: async () => undefined };
  const user = await turnIdentity({ ...parts, ...effects }).user();
  return [...(user?.links ?? []), ...(user?.given ?? [])].map(({ line }) => line.key.value);
};
const standing = async (user: string) =>
  (await ledger.linkedUser({ ...PLACE, user }))?.links.map(({ state, reason }) => reason ?? state);

describe('a number that comes with another id', () => {
  test('is somebody else’s: nothing of the former owner’s is theirs, and the operator hears of it', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    expect((await says({ number: n, bsuid: before })).user).toBe(n);
    const other = await proves(n);
    expect(await seenBy(await says({ number: n, bsuid: before }))).toBe(other);

    const newcomer = await says({ number: n, bsuid: after });
    expect(house.delivered.at(-1)?.conversationId).toBe(conversationOf(after));
    expect(await linesOf(newcomer)).toEqual([]);
    // The number is theirs now, the line that was proved with it is not.
    expect(await seenBy(newcomer)).toBe(n);
    expect(await standing(n)).toEqual(['number-change']);
    expect(house.optOuts).toEqual([{ conversationId: conversationOf(n), how: 'whatsapp:moved' }]);
    expect(house.alerts).toMatchObject([{ code: 'whatsapp:new-owner' }]);
    expect(JSON.stringify(house.alerts)).not.toContain(n);

    // From now on the number leads to them, and the next owner is somebody else again.
    expect((await says({ number: n })).user).toBe(after);
    const third = newId();
    expect((await says({ number: n, bsuid: third })).user).toBe(third);
    expect(await standing(after)).toEqual(['number-change']);
  });

  test('is so too when Redis was lost in between', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ number: n, bsuid: before });
    await proves(n);
    // Not every event names the id.
    await says({ number: n });
    await redisIsLost();
    expect(await seenBy(await says({ number: n, bsuid: after }))).toBe(n);
    expect(house.delivered.at(-1)?.conversationId).toBe(conversationOf(after));
    expect(await standing(n)).toEqual(['number-change']);
  });

  test('is so too when the chat began without a number', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ bsuid: before });
    await says({ number: n, bsuid: before });
    await proves(before);
    expect((await says({ number: n, bsuid: after })).user).toBe(after);
    expect(await standing(before)).toEqual(['number-change']);
  });

  test('has not what a list gave its former owner', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ bsuid: before });
    const key = { type: 'MSISDN', value: number() } as const;
    await ledger.saveLinks([{ ...PLACE, user: n, operator: 'digi', key }], 'staff.csv');
    expect(await seenBy(await says({ number: n, bsuid: before }))).toBe(key.value);
    expect(await seenBy(await says({ number: n, bsuid: after }))).toBe(n);
    expect(await standing(n)).toEqual(['number-change']);
  });

  describe('and was known by it before the number was', () => {
    test.each<[string, (id: string) => Promise<unknown>]>([
      ['wrote with the number hidden', (id) => says({ bsuid: id })],
      ['was told of in a change of ids without a number', (id) => toldOf(newId(), id, '')],
    ])('is somebody else’s just as much: %s', async (_how, met) => {
      const [n, before, after] = [number(), newId(), newId()];
      await says({ number: n, bsuid: before });
      await proves(n);
      const key = { type: 'MSISDN', value: number() } as const;
      await ledger.saveLinks([{ ...PLACE, user: n, operator: 'digi', key }], 'staff.csv');
      await met(after);
      house.alerts.length = 0;

      const newcomer = await says({ number: n, bsuid: after });
      expect(newcomer.user).toBe(after);
      expect(await seenBy(newcomer)).toBe(n);
      expect(await standing(n)).toEqual(['number-change', 'number-change']);
      expect(house.optOuts).toEqual([{ conversationId: conversationOf(n), how: 'whatsapp:moved' }]);
      expect(house.alerts).toMatchObject([{ code: 'whatsapp:new-owner' }]);

      // Once is enough, and the number leads to them.
      await says({ number: n, bsuid: after });
      expect((await says({ number: n })).user).toBe(after);
      expect(house.alerts).toHaveLength(1);
    });

    test('is theirs alone when nobody else had it, also after Redis was lost', async () => {
      const [n, id] = [number(), newId()];
      await says({ bsuid: id });
      await says({ number: n, bsuid: id });
      const other = await proves(id);
      await redisIsLost();
      expect(await seenBy(await says({ number: n, bsuid: id }))).toBe(other);
      expect(house.optOuts).toEqual([]);
      expect(house.alerts).toEqual([]);
    });

    test('stays theirs when only the id changes', async () => {
      const [n, before, after] = [number(), newId(), newId()];
      await says({ bsuid: before });
      await says({ number: n, bsuid: before });
      const other = await proves(before);
      await toldOf(before, after, n);
      expect(await seenBy(await says({ number: n, bsuid: after }))).toBe(other);
      expect(house.alerts).toEqual([]);
    });
  });

  test('is nobody new when WhatsApp said so before, also after Redis was lost', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ number: n, bsuid: before });
    const other = await proves(n);
    await toldOf(before, after, n);
    expect(await seenBy(await says({ number: n, bsuid: after }))).toBe(other);
    expect((await says({ bsuid: after })).user).toBe(n);
    await redisIsLost();
    expect(await seenBy(await says({ number: n, bsuid: after }))).toBe(other);
    expect(house.alerts).toEqual([]);
  });

  test('is nobody new when no id was named before', async () => {
    const [n, id] = [number(), newId()];
    await says({ number: n });
    const other = await proves(n);
    expect(await seenBy(await says({ number: n, bsuid: id }))).toBe(other);
    await redisIsLost();
    expect(await seenBy(await says({ number: n, bsuid: id }))).toBe(other);
    expect((await says({ bsuid: id })).user).toBe(n);
    expect(house.alerts).toEqual([]);
  });

  test('is taken only once what its former owner proved is blocked', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ number: n, bsuid: before });
    await proves(n);
    const { movedAway } = house;
    house.movedAway = () => Promise.reject(new Error('the ledger is away'));
    const message = inbound(n, 'balance', { from_user_id: after });
    expect(await postWebhook(house.url, webhook({ messages: [message] }))).toBe(503);
    house.movedAway = movedAway;
    expect(await postWebhook(house.url, webhook({ messages: [message] }))).toBe(200);
    expect(house.delivered.at(-1)?.conversationId).toBe(conversationOf(after));
    expect(await standing(n)).toEqual(['number-change']);
    expect(house.alerts).toHaveLength(1);
  });
});

describe('who takes another number', () => {
  test('is found when Redis was lost: what they proved is blocked', async () => {
    const [n, before] = [number(), newId()];
    await says({ number: n, bsuid: before });
    await proves(n);
    await redisIsLost();
    await toldOf(before, newId(), number());
    expect(await standing(n)).toEqual(['number-change']);
    expect(house.alerts).toEqual([]);
  });

  test('and whom nobody knows is told to the operator', async () => {
    await toldOf(newId(), newId(), number());
    expect(house.alerts).toMatchObject([{ code: 'whatsapp:unknown-mover' }]);
    expect(house.optOuts).toEqual([]);
  });
});

describe('who is forgotten', () => {
  const kept = async () =>
    (await house.redis.keys(`${house.prefix}:whatsapp:*`)).filter((key) => /:(user|ids):/.test(key));

  test('leaves no id and no number behind, whatever they were called', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ number: n, bsuid: before });
    await toldOf(before, after, n);
    const from = await says({ number: n, bsuid: after });
    expect((await kept()).length).toBeGreaterThan(2);
    await house.channel.forget?.(from);
    expect(await kept()).toEqual([]);
    await house.channel.forget?.(from);
    expect(await kept()).toEqual([]);
  });

  test('is not remembered because of what is told late of a message to them', async () => {
    const [n, bsuid] = [number(), newId()];
    const from = await says({ number: n, bsuid });
    await house.channel.forget?.(from);
    house.usersNamed = async () => [];
    const told = { id: `wamid.${n}`, status: 'failed', timestamp: '1', recipient_id: n, recipient_user_id: bsuid };
    expect(await postWebhook(house.url, webhook({ statuses: [{ ...told, errors: [{ code: 131026 }] }] }))).toBe(200);
    expect(await kept()).toEqual([]);
  });

  test('and whose number has another owner by then takes nothing from them by such news', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    await says({ number: n, bsuid: after });
    await proves(n);
    const told = { id: `wamid.${n}`, status: 'failed', timestamp: '1', recipient_id: n, recipient_user_id: before };
    expect(await postWebhook(house.url, webhook({ statuses: [{ ...told, errors: [{ code: 131026 }] }] }))).toBe(200);
    expect(await standing(n)).toEqual(['active']);
    expect(house.optOuts.map(({ conversationId }) => conversationId)).toEqual([conversationOf(before)]);
    expect(house.alerts).toEqual([]);
  });

  test('keeps nothing from the next owner of their number', async () => {
    const [n, before, after] = [number(), newId(), newId()];
    const from = await says({ bsuid: before });
    await says({ number: n, bsuid: before });
    await says({ number: n, bsuid: after });
    await house.channel.forget?.({ ...from, phone: n });
    expect((await says({ number: n })).user).toBe(after);
    expect((await kept()).length).toBeGreaterThan(0);
  });
});
