import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { PurchaseState } from '../../bot/domain/purchase.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import type { PurchaseAnswer } from '../../bot/telco.js';
import { startOutboxWorker } from '../../workers/outbox.js';
import { startPurchasesWorker } from '../../workers/purchases.js';
import { type Sweeper, type SweeperOptions, startSweeper } from '../../workers/sweeper.js';
import {
  newPurchase,
  openStores,
  openWorkplace,
  type Stores,
  standing,
  telcoThat,
  until,
  type Workplace,
} from './workplace.js';

const MINUTE = 60_000;
const NEVER_BY_ITSELF = 2 ** 31 - 1;

let stores: Stores;
let place: Workplace;
let orders: number;
let sweepers: Sweeper[];

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

beforeEach(async () => {
  orders = 0;
  sweepers = [];
  const purchase = async (): Promise<PurchaseAnswer> => {
    orders += 1;
    return { status: 'completed' };
  };
  place = await openWorkplace(stores, telcoThat({ purchase }));
});
afterEach(async () => {
  await Promise.all(sweepers.map((sweeper) => sweeper.close()));
  await place.close();
});

function sweeper(change: Partial<SweeperOptions> = {}): Sweeper {
  const started = startSweeper({ ...place, everyMs: NEVER_BY_ITSELF, ...change });
  sweepers.push(started);
  return started;
}

const stateOf = async (id: string) => (await standing(place, id)).state;
const broken = () => Promise.reject(new LedgerUnavailable('the ledger is away'));

async function taskGauge(kind: string): Promise<number | undefined> {
  const { values } = await place.metrics.tasks.get();
  return values.find(({ labels }) => labels.kind === kind)?.value;
}

async function gauge(state: PurchaseState): Promise<number | undefined> {
  const { values } = await place.metrics.purchases.get();
  return values.find(({ labels }) => labels.state === state)?.value;
}

describe('a sweep', () => {
  test('submits a confirmed purchase whose job was lost, once', async () => {
    const { id } = await newPurchase(place);
    const { sweep } = sweeper();
    place.pass(9_000);
    await sweep();
    expect((await place.jobs.depth()).purchases).toBe(0);
    place.pass(2_000);
    await sweep();
    await sweep();
    expect((await place.jobs.depth()).purchases).toBe(1);
    startPurchasesWorker(place);
    await until(async () => (await place.jobs.depth()).purchases === 0);
    expect(orders).toBe(1);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('calls a purchase unknown that has been submitting for a minute, and has that told', async () => {
    const { id } = await newPurchase(place, 'submitting');
    const { sweep } = sweeper();
    place.pass(MINUTE - 1_000);
    await sweep();
    expect(await standing(place, id)).toEqual({ state: 'submitting', owed: [] });

    place.pass(2_000);
    await sweep();
    expect(await standing(place, id)).toEqual({ state: 'unknown', owed: ['checking'] });
    const heard = await place.converse();
    startOutboxWorker(place);
    await place.idle();
    const item = await place.ledger.outboxFor('checking', id);
    expect(heard).toEqual([expect.objectContaining({ kind: 'system', name: 'checking', ref: item?.id })]);
    expect(orders).toBe(0);
  });

  test('ends a confirmed purchase that could not be sent for two minutes: not charged, and told', async () => {
    const { id } = await newPurchase(place);
    const { sweep } = sweeper();
    place.pass(2 * MINUTE - 1_000);
    await sweep();
    expect((await standing(place, id)).state).toBe('confirmed');
    place.pass(2_000);
    await sweep();
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt'] });
    expect(await place.ledger.purchase(id)).toMatchObject({ failure: 'unreachable' });
    startPurchasesWorker(place);
    await place.jobs.add('purchases', id);
    await until(async () => (await place.jobs.depth()).purchases === 0);
    expect(orders).toBe(0);
  });

  test.each(['submitting', 'processing', 'unknown'] as const)(
    'has a person on a purchase that left half an hour ago and is %s, once over all processes',
    async (state) => {
      const { id } = await newPurchase(place, state);
      const [one, other] = [sweeper(), sweeper()];
      place.pass(28 * MINUTE);
      await Promise.all([one.sweep(), other.sweep()]);
      expect(place.alerts).toEqual([]);
      place.pass(2 * MINUTE);
      for (let round = 0; round < 3; round++) await Promise.all([one.sweep(), other.sweep()]);
      await sweeper().sweep();
      expect(place.alerts).toEqual(['PURCHASE_UNKNOWN']);
      expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'purchase-unknown', subject: id }]);
      expect(await taskGauge('purchase-unknown')).toBe(1);

      // The truth comes late: the task goes by itself.
      await place.ledger.movePurchase(id, 'callback-completed');
      await one.sweep();
      expect(await place.ledger.openTasks(10)).toEqual([]);
      expect(await taskGauge('purchase-unknown')).toBe(0);
    },
  );

  test('has an operator settle what nobody else could: the receipt is owed, the task is done, the note is kept', async () => {
    const { id } = await newPurchase(place, 'unknown');
    place.pass(30 * MINUTE);
    await sweeper().sweep();
    const note = 'seen in the charging system, ticket 4711';
    expect(await place.ledger.movePurchase(id, 'operator-completed', { note })).toMatchObject({ state: 'completed' });
    expect((await standing(place, id)).owed).toContain('receipt');
    expect(await place.ledger.openTasks(10)).toEqual([]);
    const trail = await place.ledger.purchaseMoves(id);
    expect(trail.at(-1)).toMatchObject({ event: 'operator-completed', by: 'operator', note });
  });

  test('goes on with the other steps when one fails', async () => {
    const stuck = await newPurchase(place, 'submitting');
    const { sweep } = sweeper({
      ledger: {
        ...place.ledger,
        stalePurchases: (state, ...rest) =>
          state === 'confirmed' ? broken() : place.ledger.stalePurchases(state, ...rest),
      },
    });
    place.pass(2 * MINUTE);
    await sweep();
    expect(await standing(place, stuck.id)).toEqual({ state: 'unknown', owed: ['checking'] });
    expect((await place.jobs.depth()).outbox).toBe(1);
    expect(await gauge('unknown')).toBe(1);
  });

  // The purchases of a step wait for one another: the oldest that cannot be moved holds up the rest of its batch.
  test('goes on with the other purchases when one cannot be moved', async () => {
    const stuck = await newPurchase(place, 'submitting');
    place.pass(1);
    const next = await newPurchase(place, 'submitting');
    const { sweep } = sweeper({
      ledger: {
        ...place.ledger,
        movePurchase: (id, ...rest) => (id === stuck.id ? broken() : place.ledger.movePurchase(id, ...rest)),
      },
    });
    place.pass(2 * MINUTE);
    await sweep();
    expect(await stateOf(stuck.id)).toBe('submitting');
    expect(await stateOf(next.id)).toBe('unknown');
  });

  test('claims nothing while there is no queue, and finds it when the queue is back', async () => {
    const { id } = await newPurchase(place, 'completed');
    let away = true;
    const jobs = { ...place.jobs, depth: () => (away ? broken() : place.jobs.depth()) };
    const { sweep } = sweeper({ jobs });
    await sweep();
    expect(await place.ledger.outboxFor('receipt', id)).toMatchObject({ attempts: 0 });
    away = false;
    await sweep();
    expect(await place.ledger.outboxFor('receipt', id)).toMatchObject({ attempts: 1 });
    expect((await place.jobs.depth()).outbox).toBe(1);
  });

  test('shows a purchase under way in the gauge, and none when it is over', async () => {
    const { id } = await newPurchase(place, 'processing');
    const { sweep } = sweeper();
    await sweep();
    expect(await gauge('processing')).toBe(1);
    await place.ledger.movePurchase(id, 'completed');
    await sweep();
    expect(await gauge('processing')).toBe(0);
  });

  test('owes a receipt again whose message got lost on the way, and forgets old messages', async () => {
    const purchase = await newPurchase(place, 'completed');
    const receipt = await place.ledger.outboxFor('receipt', purchase.id);
    await place.ledger.finishOutbox(receipt?.id ?? '');
    const message = { id: `m-${purchase.id}`, channel: 'whatsapp', state: 'failed', code: '131047' } as const;
    await place.ledger.recordDeliveries([{ ...message, about: receipt?.id ?? '', resend: true }]);
    const { sweep } = sweeper();
    await sweep();
    expect(await place.ledger.outboxItem(receipt?.id ?? '')).toMatchObject({ done: false, attempts: 0 });
    expect((await place.jobs.depth()).outbox).toBe(0);
    place.pass(16_000);
    await sweep();
    expect((await place.jobs.depth()).outbox).toBe(1);
    place.pass(31 * 24 * 60 * MINUTE);
    await sweep();
    expect(await place.ledger.delivery(message.id)).toBeUndefined();
  });

  test('happens by itself, and one at a time', async () => {
    let rounds = 0;
    let running = 0;
    const ledger = {
      ...place.ledger,
      async countPurchasesByState() {
        expect(running).toBe(0);
        running += 1;
        rounds += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
        running -= 1;
        return {};
      },
    };
    const { sweep, close } = sweeper({ ledger, everyMs: 5 });
    await Promise.all([sweep(), sweep()]);
    expect(rounds).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await close();
    const after = rounds;
    expect(after).toBeGreaterThan(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(rounds).toBe(after);
  });
});
