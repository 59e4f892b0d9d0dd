import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { InboundEvent } from '../../bot/conversation/event.js';
import { NOTIFICATION_TYPES, type NotificationType } from '../../bot/domain/notification.js';
import type { OutboxItem } from '../../bot/ledger/ledger.js';
import { type RefusalReason, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { startOutboxWorker } from '../../workers/outbox.js';
import { type Sweeper, startSweeper } from '../../workers/sweeper.js';
import {
  newConversation,
  newLine,
  newPurchase,
  openStores,
  openWorkplace,
  type Stores,
  telcoThat,
  until,
  type Workplace,
} from './workplace.js';

let stores: Stores;
let place: Workplace;
let sweeper: Sweeper;
/** What the telco was told, call by call. */
let told: NotificationType[][];
/** What happens while the telco takes its n-th call (from 1). */
let meanwhile: (call: number) => Promise<unknown>;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

beforeEach(async () => {
  told = [];
  meanwhile = async () => undefined;
  const telco = telcoThat({
    async register(_, types) {
      told.push([...types]);
      await meanwhile(told.length);
    },
  });
  place = await openWorkplace(stores, telco);
  sweeper = startSweeper({ ...place, everyMs: 2 ** 31 - 1 });
});
afterEach(async () => {
  await sweeper.close();
  await place.close();
});

const isDone = async ({ id }: OutboxItem) => (await place.ledger.outboxItem(id))?.done;

describe('a receipt that is owed', () => {
  /** The turn of a receipt, as far as the outbox is concerned. */
  const told = async (event: InboundEvent) => {
    if (event.kind === 'system') await place.ledger.finishOutbox(event.ref);
  };

  async function owed(): Promise<OutboxItem> {
    const { id } = await newPurchase(place, 'completed');
    const item = await place.ledger.outboxFor('receipt', id);
    if (item === undefined) throw new Error('nothing is owed');
    return item;
  }

  test('and was lost on its way is delivered once by the next sweep', async () => {
    const item = await owed();
    const heard = await place.converse(told);
    startOutboxWorker(place);
    await place.idle();
    expect(heard).toEqual([]);
    await sweeper.sweep();
    await until(async () => (await isDone(item)) === true);
    place.pass(10 * 60_000);
    await sweeper.sweep();
    await place.idle();
    const { conversationId } = item;
    expect(heard).toEqual([
      expect.objectContaining({
        kind: 'system',
        name: 'receipt',
        ref: item.id,
        conversationId,
        id: expect.any(String),
      }),
    ]);
  });

  test('is delivered once though its job runs again and again in one try', async () => {
    const item = await owed();
    const heard = await place.converse();
    startOutboxWorker(place);
    for (let run = 0; run < 3; run++) {
      await place.jobs.add('outbox', item.id);
      await place.idle();
    }
    expect(heard).toHaveLength(1);
  });

  test('and could not be told is brought back by a later sweep', async () => {
    const item = await owed();
    const heard = await place.converse();
    startOutboxWorker(place);
    for (let minute = 0; minute < 3; minute++) {
      await sweeper.sweep();
      await place.idle();
      place.pass(60_001);
    }
    expect(await isDone(item)).toBe(false);
    // Tries are one minute apart, then two: the third sweep came too early for a third.
    expect(heard).toHaveLength(2);
  });

  /** Rounds of the sweeper, each long enough after the last for every promise to be due. */
  async function tries(count: number): Promise<void> {
    for (let round = 0; round < count; round++) {
      await sweeper.sweep();
      await place.idle();
      place.pass(6 * 3_600_000 + 1);
    }
  }

  test('and cannot be told for half a day is a person’s; once it is told after all, the task is done', async () => {
    const item = await owed();
    await place.converse();
    startOutboxWorker(place);
    await tries(8);
    expect(await place.ledger.openTasks(10)).toEqual([]);
    await tries(2);
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'promise', subject: item.id }]);
    expect(place.alerts).toEqual(['PROMISE_NOT_KEPT']);
    await place.ledger.finishOutbox(item.id);
    expect(await place.ledger.openTasks(10)).toEqual([]);
  });

  test('and whose task a person closed calls nobody again', async () => {
    await owed();
    await place.converse();
    startOutboxWorker(place);
    await tries(10);
    const [task] = await place.ledger.openTasks(10);
    expect(await place.ledger.closeTask(task?.id ?? '', 'told by phone')).toBe(true);
    await tries(3);
    expect(await place.ledger.openTasks(10)).toEqual([]);
    expect(place.alerts).toEqual(['PROMISE_NOT_KEPT']);
  });

  test('and is given up after weeks is never given up silently: the task stays', async () => {
    const item = await owed();
    const heard = await place.converse();
    startOutboxWorker(place);
    await tries(62);
    expect(await isDone(item)).toBe(true);
    expect(heard.length).toBeLessThanOrEqual(60);
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'promise', subject: item.id }]);
    expect(place.alerts).toEqual(['PROMISE_NOT_KEPT']);
  }, 60_000);

  test('whose job is poison does not keep its neighbours from theirs', async () => {
    const [poison, well] = [await owed(), await owed()];
    const heard = await place.converse(told);
    const outboxItem = (id: string) =>
      id === poison.id ? Promise.reject(new TypeError('poison')) : place.ledger.outboxItem(id);
    startOutboxWorker({ ...place, ledger: { ...place.ledger, outboxItem } });
    await sweeper.sweep();
    await until(async () => (await isDone(well)) === true);
    expect(heard.map((event) => event.kind === 'system' && event.ref)).toEqual([well.id]);
    expect(await isDone(poison)).toBe(false);
  });

  test('is not told once it is done', async () => {
    const item = await owed();
    await place.ledger.finishOutbox(item.id);
    const heard = await place.converse(told);
    startOutboxWorker(place);
    await place.jobs.add('outbox', item.id);
    await place.jobs.add('outbox', randomUUID());
    await place.idle();
    expect(heard).toEqual([]);
  });
});

describe('a registration', () => {
  /** Promised and handed to the queue, as a turn does it. */
  async function promised(conversation: string): Promise<OutboxItem> {
    const item = await place.ledger.promise('registration', conversation, conversation);
    await place.jobs.add('outbox', item.id);
    return item;
  }
  const stop = async (conversation: string) => {
    await place.ledger.setConsent(conversation, NOTIFICATION_TYPES, false, 'stop');
    await promised(conversation);
  };

  test('tells the telco what is welcome, and is done', async () => {
    const item = await promised(await newConversation(place, await newLine(place), 'low-data', 'pack-expired'));
    startOutboxWorker(place);
    await until(async () => (await isDone(item)) === true);
    expect(told).toEqual([['low-data', 'pack-expired']]);
  });

  test('follows a STOP that came while the telco was told: the last word is nothing', async () => {
    const conversation = await newConversation(place, await newLine(place), 'low-data');
    meanwhile = async (call) => call === 1 && (await stop(conversation));
    const item = await promised(conversation);
    startOutboxWorker(place);
    await until(async () => (await isDone(item)) === true);
    await place.idle();
    expect(told).toEqual([['low-data'], []]);
  });

  // Such a STOP finds the promise still open and its job still running, so it makes neither; then both end.
  test('follows a STOP that came right before it was called done', async () => {
    const conversation = await newConversation(place, await newLine(place), 'low-data');
    let stopped = false;
    const finishOutbox = async (id: string) => {
      if (!stopped) await stop(conversation);
      stopped = true;
      return place.ledger.finishOutbox(id);
    };
    await promised(conversation);
    startOutboxWorker({ ...place, ledger: { ...place.ledger, finishOutbox } });
    await until(async () => stopped);
    await place.idle();
    place.pass(60_001);
    await sweeper.sweep();
    await place.idle();
    expect(told.at(-1)).toEqual([]);
  });

  test('is about a line: what any of its conversations welcomes', async () => {
    const line = await newLine(place);
    await newConversation(place, line, 'pack-expired', 'low-data');
    const item = await promised(await newConversation(place, line, 'low-data', 'monetary-reload'));
    await newConversation(place, await newLine(place), 'pack-consumed');
    startOutboxWorker(place);
    await until(async () => (await isDone(item)) === true);
    expect(told).toEqual([['low-data', 'pack-expired', 'monetary-reload']]);
  });

  test('that the telco refuses is done', async () => {
    meanwhile = () => Promise.reject(new TelcoRefused('opted-out'));
    const item = await promised(await newConversation(place, await newLine(place), 'low-data'));
    startOutboxWorker(place);
    await until(async () => (await isDone(item)) === true);
    await place.idle();
    expect(told).toHaveLength(1);
  });

  test.each(['too-many-requests', 'unavailable'] satisfies RefusalReason[])(
    'that is refused for now (%s) comes back',
    async (reason) => {
      meanwhile = async (call) => {
        if (call === 1) throw new TelcoRefused(reason);
      };
      const item = await promised(await newConversation(place, await newLine(place), 'low-data'));
      startOutboxWorker(place);
      await until(async () => told.length === 1);
      expect(await isDone(item)).toBe(false);
      await until(async () => (await isDone(item)) === true);
      expect(told).toEqual([['low-data'], ['low-data']]);
    },
  );

  test('that cannot reach the telco stays owed until it can', async () => {
    meanwhile = async (call) => {
      if (call === 1) throw new TelcoUnreachable('nobody answers');
    };
    const conversation = await newConversation(place, await newLine(place), 'low-data');
    const item = await place.ledger.promise('registration', conversation, conversation);
    startOutboxWorker(place);
    await sweeper.sweep();
    await until(async () => told.length === 1);
    expect(await isDone(item)).toBe(false);
    await until(async () => (await isDone(item)) === true);
    expect(told).toEqual([['low-data'], ['low-data']]);
  });

  test('of a conversation without a line is done without a word', async () => {
    const id = `web-${randomUUID()}`;
    await place.ledger.saveConversation({ id, origin: { channel: 'web', workspace: '', user: id, address: id } });
    const item = await promised(id);
    startOutboxWorker(place);
    await until(async () => (await isDone(item)) === true);
    expect(told).toEqual([]);
  });
});
