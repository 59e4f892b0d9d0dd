import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createMillom } from '../../adapters/millom/index.js';
import type { Balance } from '../../bot/domain/balance.js';
import { planArrived, snapshotOf } from '../../bot/domain/evidence.js';
import { type PurchaseAnswer, type Telco, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { type FaultOrder, type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/index.js';
import { submit } from '../../workers/purchases.js';
import { type Reconciler, startReconciler } from '../../workers/reconcile.js';
import { startSweeper } from '../../workers/sweeper.js';
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

const CREDENTIALS = { clientId: 'refill', clientSecret: 'secret' };
const MINUTE = 60_000;
const NEVER_BY_ITSELF = 2 ** 31 - 1;

let stores: Stores;
let place: Workplace;
let reconciler: Reconciler;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

async function open(telco: Telco) {
  place = await openWorkplace(stores, telco);
  reconciler = startReconciler({ ...place, everyMs: NEVER_BY_ITSELF });
}
afterEach(async () => {
  await reconciler.close();
  await place.close();
});

/** What the sandbox's Millom is and does, and a fresh subscriber who wants to buy. */
async function atMillom(options: Partial<SandboxOptions> & { deduplicates?: boolean }) {
  const { deduplicates = false, ...world } = options;
  const sandbox: Sandbox = await startSandbox({ ...CREDENTIALS, deduplicate: false, samePlanSeconds: 0, ...world });
  const millom = createMillom({
    ...CREDENTIALS,
    baseUrl: sandbox.url,
    tokenUrl: sandbox.tokenUrl,
    serviceProvider: 'refill',
    deduplicates,
    deadlineMs: 1_000,
  });
  await open(millom);
  const { id: subscriber, operator, msisdn } = sandbox.ensure(`daniel~${randomUUID().slice(0, 8)}`);
  const line = await place.ledger.ensureLine(operator, { type: 'MSISDN', value: msisdn });
  const offer = (await millom.offers(line)).offers[0];
  if (offer?.price === undefined) throw new Error('nothing to buy');
  const { planId, name, price, fundSource, context } = offer;
  const terms = { planId, planName: name, price, fundSource, ...(context !== undefined && { context }) };
  return {
    sandbox,
    subscriber,
    millom,
    line,
    buy: () => newPurchase(place, 'confirmed', { lineId: line.id, terms }),
    charges: () => sandbox.charges().filter(({ subscriberId }) => subscriberId === subscriber),
    fault: (kind: FaultOrder['kind'], times = 1) =>
      sandbox.addFault({ kind, operation: 'purchasePlan', subscriberId: subscriber, times }),
    async close() {
      await millom.close();
      await sandbox.close();
    },
  };
}

/** Every look there is in `ms`, as if the reconciler ran all the time. */
async function reconcileFor(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 15_000) {
    place.pass(15_000);
    await reconciler.reconcile();
  }
}

describe('an order whose answer was lost', () => {
  let world: Awaited<ReturnType<typeof atMillom>>;
  afterEach(() => world.close());

  test.each(['drop-after', '5xx-after', 'broken-json', 'html', 'huge-body'] as const)(
    '(%s) but was carried out is found on the balance: completed, one charge, one receipt',
    async (kind) => {
      world = await atMillom({});
      const { id } = await world.buy();
      world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
      world.fault(kind);
      await submit(place, id);
      expect(await standing(place, id)).toEqual({ state: 'unknown', owed: ['checking'] });
      await reconciler.reconcile();
      expect((await standing(place, id)).state).toBe('unknown');
      await reconcileFor(30_000);
      expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt', 'checking'] });
      expect(world.charges()).toHaveLength(1);
      expect((await place.ledger.purchaseMoves(id)).at(-1)).toMatchObject({ by: 'reconciler', said: 'balance' });
    },
  );

  test('and was carried out while the plan was running already is found by its later end', async () => {
    world = await atMillom({});
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
    const first = await world.buy();
    await submit(place, first.id);
    expect((await standing(place, first.id)).state).toBe('completed');
    const held = (await world.millom.balance(world.line)).plans.filter(({ id }) => id === first.terms.planId);
    expect(held).toHaveLength(1);
    const again = await world.buy();
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
    world.fault('drop-after');
    await submit(place, again.id);
    await reconcileFor(MINUTE);
    expect((await standing(place, again.id)).state).toBe('completed');
    expect(world.charges()).toHaveLength(2);
  });

  test('and was not carried out proves nothing: it stays unknown, never failed, and a person has it by 30 minutes', async () => {
    world = await atMillom({});
    const { id } = await world.buy();
    world.fault('drop-before');
    await submit(place, id);
    const sweeper = startSweeper({ ...place, everyMs: NEVER_BY_ITSELF });
    await reconcileFor(28 * MINUTE);
    await sweeper.sweep();
    expect(place.alerts).toEqual([]);
    await reconcileFor(2 * MINUTE);
    await sweeper.sweep();
    await sweeper.close();
    expect((await standing(place, id)).state).toBe('unknown');
    expect(place.alerts).toEqual(['PURCHASE_UNKNOWN']);
    expect(world.charges()).toEqual([]);
  });

  test('proves nothing while money was added that hides the charge, and nothing is posted', async () => {
    world = await atMillom({});
    const { id } = await world.buy();
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
    world.fault('drop-after');
    await submit(place, id);
    await world.sandbox.topUp(world.subscriber, '100.00');
    await reconcileFor(5 * MINUTE);
    expect((await standing(place, id)).state).toBe('unknown');
    expect(world.charges()).toHaveLength(1);
  });

  test('and whose plan shows late is not called done for the money alone: it waits for the plan', async () => {
    world = await atMillom({});
    const { id, terms } = await world.buy();
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed', activationDelayMs: 6_000 });
    world.fault('drop-after');
    await submit(place, id);
    expect(world.charges()).toHaveLength(1);
    await reconcileFor(30_000);
    expect((await standing(place, id)).state).toBe('unknown');
    const before = await place.ledger.snapshot(id);
    const shows = async () => {
      const after = snapshotOf(await world.millom.balance(world.line), terms.planId);
      return before !== undefined && planArrived(before, after);
    };
    await until(shows);
    await reconcileFor(MINUTE);
    expect((await standing(place, id)).state).toBe('completed');
  });

  test('is looked for ever more rarely', async () => {
    world = await atMillom({});
    const { id } = await world.buy();
    world.fault('drop-before');
    await submit(place, id);
    const looks: number[] = [];
    for (let seconds = 0; seconds <= 40 * 60; seconds += 10) {
      if ((await place.ledger.dueChecks(10)).length > 0) looks.push(seconds);
      place.pass(10_000);
    }
    const gaps = looks.map((at, index) => at - (looks[index - 1] ?? 0));
    expect(gaps).toEqual([30, 30, 60, 120, 240, 480, 960]);
  });

  test('while the callback never came is looked for at 15 minutes, and found', async () => {
    world = await atMillom({ callbackDelayMs: 0 });
    const { id } = await world.buy();
    world.sandbox.nextPurchase(world.subscriber, { mode: 'processing', callback: 'never' });
    await submit(place, id);
    await reconcileFor(14 * MINUTE);
    expect((await standing(place, id)).state).toBe('processing');
    await reconcileFor(2 * MINUTE);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('while the callback never came and the balance proves nothing is unknown at 15 minutes, and that is told', async () => {
    world = await atMillom({ callbackDelayMs: 3_600_000 });
    const { id } = await world.buy();
    await submit(place, id);
    await reconcileFor(16 * MINUTE);
    expect(await standing(place, id)).toEqual({ state: 'unknown', owed: ['checking'] });
  });

  test('is not taken for done by the plan of an earlier purchase that shows late', async () => {
    world = await atMillom({});
    const first = await world.buy();
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed', activationDelayMs: 2_000 });
    await submit(place, first.id);
    const second = await world.buy();
    world.fault('drop-before');
    await submit(place, second.id);
    expect(await place.ledger.snapshot(second.id)).toBeUndefined();
    const shows = async () =>
      (await world.millom.balance(world.line)).plans.some(({ id }) => id === first.terms.planId);
    await until(shows);
    await reconcileFor(10 * MINUTE);
    expect((await standing(place, second.id)).state).toBe('unknown');
    // Now that the first one's plan was seen, the next order is compared again.
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
    await place.ledger.movePurchase(second.id, 'operator-failed');
    const third = await world.buy();
    world.fault('drop-after');
    await submit(place, third.id);
    await reconcileFor(MINUTE);
    expect((await standing(place, third.id)).state).toBe('completed');
    expect(world.charges()).toHaveLength(2);
  });

  describe('of a line whose money cannot be seen', () => {
    const plan = { id: 'daily-1gb', name: [], description: [], gauges: [], applications: [] };
    let balance: Balance;

    beforeEach(async () => {
      balance = { plans: [] };
      await open(
        telcoThat({
          purchase: () => Promise.reject(new Error('the connection broke')),
          balance: async () => balance,
        }),
      );
      world = { close: async () => undefined } as typeof world;
    });

    async function ordered(): Promise<string> {
      const { id: lineId } = await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111222335' });
      const { id } = await newPurchase(place, 'confirmed', { lineId });
      await submit(place, id);
      return id;
    }

    test('is proved by a plan that comes soon', async () => {
      const id = await ordered();
      await reconcileFor(7 * MINUTE);
      balance = { plans: [plan] };
      await reconcileFor(9 * MINUTE);
      expect((await standing(place, id)).state).toBe('completed');
    });

    test('is not proved by one that comes later: it may be a renewal, or bought elsewhere', async () => {
      const id = await ordered();
      await reconcileFor(20 * MINUTE);
      balance = { plans: [plan] };
      await reconcileFor(120 * MINUTE);
      expect((await standing(place, id)).state).toBe('unknown');
    });

    test('is not proved by one that is there when looking begins again after hours', async () => {
      const id = await ordered();
      place.pass(180 * MINUTE);
      balance = { plans: [plan] };
      await reconcileFor(60 * MINUTE);
      expect((await standing(place, id)).state).toBe('unknown');
    });

    test('is proved by a plan that comes soon where every repetition is called a conflict, too', async () => {
      await Promise.all([reconciler.close(), place.close()]);
      let sent = 0;
      await open(
        telcoThat({
          deduplicatesPurchases: true,
          purchase: () =>
            Promise.reject(
              ++sent === 1 ? new Error('the connection broke') : new TelcoRefused('conflict', { status: 409 }),
            ),
          balance: async () => balance,
        }),
      );
      const id = await ordered();
      balance = { plans: [plan] };
      await reconcileFor(MINUTE);
      expect(sent).toBe(2);
      expect((await standing(place, id)).state).toBe('completed');
    });

    test('is compared with no balance that said nothing', async () => {
      balance = { plans: [], plansMissing: true };
      const id = await ordered();
      expect(await place.ledger.snapshot(id)).toBeUndefined();
      balance = { plans: [plan] };
      await reconcileFor(10 * MINUTE);
      expect((await standing(place, id)).state).toBe('unknown');
    });
  });

  describe('at a telco that charges an id once', () => {
    test.each(['drop-before', 'drop-after', '5xx-after', '5xx-before'] as const)(
      '(%s) is sent again under the same id: one charge, one receipt, told once that it is checked',
      async (kind) => {
        world = await atMillom({ deduplicate: true, deduplicates: true });
        const { id } = await world.buy();
        world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
        world.fault(kind);
        await submit(place, id);
        expect((await standing(place, id)).state).toBe('unknown');
        place.pass(6_000);
        world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
        await reconciler.reconcile();
        expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt', 'checking'] });
        expect(world.charges().map(({ transactionId }) => transactionId)).toEqual([id]);
      },
    );

    test('that takes the second and never calls back is looked at 15 minutes later, like after the first', async () => {
      world = await atMillom({ callbackDelayMs: 0, deduplicate: true, deduplicates: true });
      const { id } = await world.buy();
      world.fault('drop-before');
      await submit(place, id);
      place.pass(6_000);
      world.sandbox.nextPurchase(world.subscriber, { mode: 'processing', callback: 'never' });
      await reconciler.reconcile();
      expect((await standing(place, id)).state).toBe('processing');
      await until(async () => world.charges().length === 1);
      await reconcileFor(14 * MINUTE);
      expect((await standing(place, id)).state).toBe('processing');
      await reconcileFor(2 * MINUTE);
      expect((await standing(place, id)).state).toBe('completed');
      expect(world.charges()).toHaveLength(1);
    });

    test('is sent again with growing pauses while it stays unclear, and told once', async () => {
      world = await atMillom({ deduplicate: true, deduplicates: true });
      const { id } = await world.buy();
      world.fault('drop-before', 4);
      await submit(place, id);
      const told = await place.ledger.outboxFor('checking', id);
      await place.ledger.finishOutbox(told?.id ?? '');
      await reconcileFor(MINUTE);
      expect(await standing(place, id)).toEqual({ state: 'unknown', owed: [] });
      await reconcileFor(3 * MINUTE);
      expect((await standing(place, id)).state).toBe('processing');
      const trail = await place.ledger.purchaseMoves(id);
      expect(trail.filter(({ event }) => event === 'resubmit')).toHaveLength(4);
    });

    test('that could not be reached for long is not sent again: nobody is charged for what they wanted an hour ago', async () => {
      world = await atMillom({ deduplicate: true, deduplicates: true });
      const { id } = await world.buy();
      world.fault('drop-before');
      await submit(place, id);
      place.pass(16 * MINUTE);
      await reconcileFor(40 * MINUTE);
      expect((await place.ledger.purchaseMoves(id)).filter(({ event }) => event === 'resubmit')).toEqual([]);
      expect((await standing(place, id)).state).toBe('unknown');
      expect(world.charges()).toEqual([]);
    });

    const refusals: readonly [string, () => Promise<PurchaseAnswer>][] = [
      ['calls the second a conflict', () => Promise.reject(new TelcoRefused('conflict', { status: 409 }))],
      ['answers the second with "failed"', () => Promise.resolve({ status: 'failed' })],
    ];
    test.each(refusals)('that %s is asked further, and never called failed', async (_name, refuse) => {
      let sent = 0;
      const orders: unknown[] = [];
      await open(
        telcoThat({
          deduplicatesPurchases: true,
          async purchase(_, order): Promise<PurchaseAnswer> {
            orders.push(order);
            if (++sent === 1) throw new Error('the connection broke');
            return refuse();
          },
        }),
      );
      world = { close: async () => undefined } as typeof world;
      const { id } = await newPurchase(place, 'confirmed', {
        lineId: (await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111' })).id,
      });
      await submit(place, id);
      await reconcileFor(MINUTE);
      expect(orders.at(0)).not.toHaveProperty('repeated');
      expect(orders.at(-1)).toMatchObject({ transactionId: id, repeated: true });
      expect((await standing(place, id)).state).toBe('unknown');
    });
  });

  test('that is being sent again by two processes goes out once', async () => {
    world = await atMillom({ deduplicate: false, deduplicates: true });
    const { id } = await world.buy();
    world.fault('drop-before');
    await submit(place, id);
    world.sandbox.nextPurchase(world.subscriber, { mode: 'completed' });
    place.pass(10_000);
    const other = startReconciler({ ...place, everyMs: NEVER_BY_ITSELF });
    await Promise.all([reconciler.reconcile(), other.reconcile()]);
    await other.close();
    expect(world.charges()).toHaveLength(1);
  });
});

describe('an order at a telco that can be asked about it', () => {
  let known: PurchaseAnswer | undefined;
  let asked: number;

  beforeEach(async () => {
    known = undefined;
    asked = 0;
    await open(
      telcoThat({
        purchase: () => Promise.reject(new Error('the connection broke')),
        async findPurchase() {
          asked += 1;
          return known;
        },
      }),
    );
  });

  async function unclear(): Promise<string> {
    const { id: lineId } = await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111222333' });
    const { id } = await newPurchase(place, 'confirmed', { lineId });
    await submit(place, id);
    return id;
  }

  test.each([
    ['completed', 'completed'],
    ['failed', 'failed'],
  ] as const)('that says %s is %s', async (status, state) => {
    known = { status, confirmationCode: 'C-7' };
    const id = await unclear();
    await reconcileFor(MINUTE);
    expect((await standing(place, id)).state).toBe(state);
    expect(await place.ledger.purchase(id)).toMatchObject({ confirmationCode: 'C-7' });
  });

  /** Every state it was in, and how often its buyer was told that it is checked; each telling is delivered at once. */
  async function history(id: string, ms: number) {
    let told = 0;
    for (let passed = 0; passed < ms; passed += 15_000) {
      await reconcileFor(15_000);
      const item = await place.ledger.outboxFor('checking', id);
      if (item !== undefined && (await place.ledger.finishOutbox(item.id))) told += 1;
    }
    const states = (await place.ledger.purchaseMoves(id)).map(({ state }) => state);
    return { told, states };
  }

  test('that calls it processing for hours leaves it unknown: told once, no back and forth, a person by 30 minutes', async () => {
    known = { status: 'processing' };
    const id = await unclear();
    const sweeper = startSweeper({ ...place, everyMs: NEVER_BY_ITSELF });
    const half = await history(id, 30 * MINUTE);
    await sweeper.sweep();
    expect(place.alerts).toEqual(['PURCHASE_UNKNOWN']);
    const { told, states } = await history(id, 180 * MINUTE);
    await sweeper.sweep();
    await sweeper.close();
    expect(half.told + told).toBe(1);
    expect(states).toEqual(['confirmed', 'submitting', 'unknown']);
    expect(place.alerts).toEqual(['PURCHASE_UNKNOWN']);
    known = { status: 'completed' };
    await reconcileFor(31 * MINUTE);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('that calls an accepted order processing long after leaves it unknown at 15 minutes: told once, and found when it ends', async () => {
    known = { status: 'processing' };
    const { id: lineId } = await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111222336' });
    const { id } = await newPurchase(place, 'processing', { lineId });
    expect(await history(id, 14 * MINUTE)).toEqual({ told: 0, states: ['confirmed', 'submitting', 'processing'] });
    const { told, states } = await history(id, 180 * MINUTE);
    expect(told).toBe(1);
    expect(states).toEqual(['confirmed', 'submitting', 'processing', 'unknown']);
    known = { status: 'completed' };
    await reconcileFor(31 * MINUTE);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('that never saw what a callback spoke of is not believed', async () => {
    const id = await unclear();
    const line = await place.lines.line((await place.ledger.purchase(id))?.lineId ?? '');
    if (line === undefined) throw new Error('no line');
    const { operator, key: subscriber } = line;
    await place.events.purchaseResult({
      operator,
      subscriber,
      transactionId: id,
      failure: 'PURCHASE_ALREADY_EXECUTED',
    });
    await reconcileFor(60 * MINUTE);
    expect((await standing(place, id)).state).toBe('unknown');
  });

  test('that never saw it is believed only when nobody can be about to send it any more', async () => {
    const id = await unclear();
    await reconcileFor(5 * MINUTE);
    expect((await standing(place, id)).state).toBe('unknown');
    await reconcileFor(5 * MINUTE);
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt', 'checking'] });
    expect(asked).toBe(5);
  });
});

describe('a completed purchase', () => {
  const plan = { id: 'daily-1gb', name: [], description: [], gauges: [], applications: [] };
  let active: boolean;
  let looks: number;

  beforeEach(async () => {
    active = false;
    looks = 0;
    await open(
      telcoThat({
        purchase: async () => ({ status: 'completed' }),
        async balance() {
          looks += 1;
          return { plans: active ? [plan] : [] };
        },
      }),
    );
  });

  async function bought(): Promise<string> {
    const { id: lineId } = await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111222334' });
    const { id } = await newPurchase(place, 'confirmed', { lineId });
    await submit(place, id);
    looks = 0;
    return id;
  }

  test('that was unknown for days has its plan looked for like any other', async () => {
    const { id: lineId } = await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111222337' });
    const { id } = await newPurchase(place, 'unknown', { lineId });
    place.pass(4 * 24 * 60 * MINUTE);
    await place.ledger.movePurchase(id, 'operator-completed');
    await reconcileFor(40 * MINUTE);
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'not-activated', subject: id }]);
  });

  test('is looked at once more, and left alone when its plan is there', async () => {
    await bought();
    active = true;
    await reconcileFor(60 * MINUTE);
    expect(looks).toBe(1);
    expect(await place.ledger.openTasks(10)).toEqual([]);
  });

  describe.each<[string, Partial<Telco>]>([
    [
      'before whose order the balance could not be read',
      {
        async balance(_, call) {
          if (call?.lane === 'order') throw new TelcoUnreachable('too slow');
          return { plans: active ? [plan] : [] };
        },
      },
    ],
    ['at a telco that can be asked about orders', { findPurchase: async () => ({ status: 'completed' }) }],
  ])('%s', (_name, does) => {
    beforeEach(async () => {
      await reconciler.close();
      await place.close();
      await open(
        telcoThat({
          purchase: async () => ({ status: 'completed' }),
          balance: async () => ({ plans: active ? [plan] : [] }),
          ...does,
        }),
      );
    });

    test('is looked for all the same: a plan that never shows is a person’s, one that shows is not', async () => {
      const id = await bought();
      expect(await place.ledger.snapshot(id)).toBeUndefined();
      await reconcileFor(25 * MINUTE);
      expect(await place.ledger.openTasks(10)).toEqual([]);
      await reconcileFor(15 * MINUTE);
      expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'not-activated', subject: id }]);
      active = true;
      await bought();
      await reconcileFor(60 * MINUTE);
      expect(await place.ledger.openTasks(10)).toHaveLength(1);
    });
  });

  test('whose balance cannot be read for hours is a person’s too, and not looked at any more', async () => {
    const id = await bought();
    const balance = async () => {
      looks += 1;
      throw new TelcoUnreachable('no answer');
    };
    await reconciler.close();
    const lines = { ...place.lines, telcoFor: () => telcoThat({ balance }) };
    reconciler = startReconciler({ ...place, lines, everyMs: NEVER_BY_ITSELF });
    const hours = async (count: number) => {
      for (let quarter = 0; quarter < count * 4; quarter++) {
        place.pass(15 * MINUTE);
        await reconciler.reconcile();
      }
    };
    await hours(1);
    expect(await place.ledger.openTasks(10)).toEqual([]);
    await hours(7);
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'not-activated', subject: id }]);
    const asked = looks;
    await hours(6);
    expect(looks).toBe(asked);
  });

  test('whose plan shows late is waited for; whose plan never shows is a person’s', async () => {
    const id = await bought();
    await reconcileFor(25 * MINUTE);
    expect(await place.ledger.openTasks(10)).toEqual([]);
    await reconcileFor(15 * MINUTE);
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'not-activated', subject: id }]);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
    const seen = looks;
    await reconcileFor(60 * MINUTE);
    expect(looks).toBe(seen);
  });
});

describe('a purchase that cannot be looked at', () => {
  test('does not keep the others from it', async () => {
    await open(telcoThat({ findPurchase: async () => ({ status: 'completed' }) }));
    const line = await place.ledger.ensureLine('op', { type: 'MSISDN', value: '60111222335' });
    const poisoned = await newPurchase(place, 'unknown');
    const { id } = await newPurchase(place, 'unknown', { lineId: line.id });
    const ledger = {
      ...place.ledger,
      purchase: (wanted: string) =>
        wanted === poisoned.id ? Promise.reject(new Error('poison')) : place.ledger.purchase(wanted),
    };
    const hurt = startReconciler({ ...place, ledger, everyMs: NEVER_BY_ITSELF });
    place.pass(MINUTE);
    await hurt.reconcile();
    await hurt.close();
    expect((await standing(place, id)).state).toBe('completed');
    expect((await standing(place, poisoned.id)).state).toBe('unknown');
  });
});
