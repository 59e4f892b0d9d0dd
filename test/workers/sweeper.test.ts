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

  test.each([
    ['submitting', MINUTE],
    ['processing', 15 * MINUTE],
  ] as const)('calls a purchase unknown that has been %s for %d ms, and has that told', async (state, limitMs) => {
    const { id } = await newPurchase(place, state);
    const { sweep } = sweeper();
    place.pass(limitMs - 1_000);
    await sweep();
    expect(await standing(place, id)).toEqual({ state, owed: [] });

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

  test('calls a person once for each purchase that stays unknown, not at every round', async () => {
    await newPurchase(place, 'unknown');
    const { sweep } = sweeper();
    place.pass(14 * MINUTE);
    await sweep();
    expect(place.alerts).toEqual([]);
    place.pass(2 * MINUTE);
    await sweep();
    await sweep();
    expect(place.alerts).toEqual(['PURCHASE_UNKNOWN']);
    await newPurchase(place, 'unknown');
    place.pass(16 * MINUTE);
    await sweep();
    expect(place.alerts).toEqual(['PURCHASE_UNKNOWN', 'PURCHASE_UNKNOWN']);
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
    await place.ledger.movePurchase(id, 'completed', { why: 'test' });
    await sweep();
    expect(await gauge('processing')).toBe(0);
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
