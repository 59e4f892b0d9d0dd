import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Balance } from '../../bot/domain/balance.js';
import type { Line } from '../../bot/domain/subscriber.js';
import type { PurchaseAnswer, Telco } from '../../bot/telco.js';
import { submit } from '../../workers/purchases.js';
import { type Reconciler, startReconciler } from '../../workers/reconcile.js';
import { startSweeper } from '../../workers/sweeper.js';
import {
  newPurchase,
  OPERATOR,
  openStores,
  openWorkplace,
  type Stores,
  standing,
  telcoThat,
  type Workplace,
} from './workplace.js';

/* A line is known by a CPID, and its user proves another SIM of theirs: the line stays, and what it pays from does not. */

const MINUTE = 60_000;
const NEVER_BY_ITSELF = 2 ** 31 - 1;
const PLAN = { id: 'daily-1gb', name: [], description: [], gauges: [], applications: [] };

let stores: Stores;
let place: Workplace;
let reconciler: Reconciler | undefined;
/** What each SIM has, by its token. */
let balances: Map<string, Balance>;
/** The token and the id of every order the telco read. */
let orders: { token: string; id: string }[];
let first: string;
let second: string;
let line: Line;
let link: (token: string) => Promise<Line>;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

beforeEach(() => {
  [first, second] = [`first-${randomUUID()}`, `second-${randomUUID()}`];
  orders = [];
  balances = new Map([
    [first, { plans: [], money: '50.00' }],
    // Less money than the first one has, and the plan: it looks as if the order had been carried out.
    [second, { plans: [PLAN], money: '1.00' }],
  ]);
});
afterEach(async () => {
  await reconciler?.close();
  await place.close();
});

async function open(does: Partial<Telco>): Promise<void> {
  const telco = telcoThat({
    balance: async ({ key }) => balances.get(key.value) ?? { plans: [] },
    purchase: async ({ key }, { transactionId }): Promise<PurchaseAnswer> => {
      orders.push({ token: key.value, id: transactionId });
      throw new Error('the connection broke');
    },
    ...does,
  });
  place = await openWorkplace(stores, telco);
  reconciler = startReconciler({ ...place, everyMs: NEVER_BY_ITSELF });
  const who = { channel: 'slack', workspace: 'T1', user: randomUUID() };
  link = async (value) => {
    const expiresAt = new Date(place.now().getTime() + 24 * 60 * MINUTE);
    const proof = { method: 'cpid', source: 'page', expiresAt, youngForMs: 0, choose: true } as const;
    return (await place.ledger.linkLine(who, { operator: OPERATOR, key: { type: 'CPID', value }, ...proof })).line;
  };
  line = await link(first);
}

const buy = () => newPurchase(place, 'confirmed', { lineId: line.id, key: line.key });

async function reconcileFor(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 15_000) {
    place.pass(15_000);
    await reconciler?.reconcile();
  }
}

describe('an order nobody knows the end of', () => {
  test('is proved by the balance of the SIM that it was sent for', async () => {
    await open({});
    const { id } = await buy();
    await submit(place, id);
    balances.set(first, { plans: [PLAN], money: '45.00' });
    await reconcileFor(MINUTE);
    expect((await standing(place, id)).state).toBe('completed');
  });

  test('is not proved by the balance of another one: it stays unknown, and a person has it by 30 minutes', async () => {
    await open({});
    const { id } = await buy();
    await submit(place, id);
    expect((await link(second)).id).toBe(line.id);
    const sweeper = startSweeper({ ...place, everyMs: NEVER_BY_ITSELF });
    await reconcileFor(30 * MINUTE);
    await sweeper.sweep();
    await sweeper.close();
    expect(await standing(place, id)).toEqual({ state: 'unknown', owed: ['checking'] });
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'purchase-unknown', subject: id }]);
  });

  test('that was accepted and never called back is not proved by another one either', async () => {
    await open({ purchase: async () => ({ status: 'processing' }) });
    const { id } = await buy();
    await submit(place, id);
    await link(second);
    await reconcileFor(20 * MINUTE);
    expect((await standing(place, id)).state).toBe('unknown');
  });

  test('is not sent again for another one, though this telco charges an id once', async () => {
    await open({ deduplicatesPurchases: true });
    const { id } = await buy();
    await submit(place, id);
    await link(second);
    await reconcileFor(20 * MINUTE);
    expect(orders).toEqual([{ token: first, id }]);
    expect((await standing(place, id)).state).toBe('unknown');
  });

  test.each<[string, PurchaseAnswer | undefined]>([
    ['never seen', undefined],
    ['failed', { status: 'failed' }],
  ])('is not called failed because the telco calls it %s under another one', async (_, answer) => {
    await open({ findPurchase: async () => answer });
    const { id } = await buy();
    await submit(place, id);
    await link(second);
    await reconcileFor(20 * MINUTE);
    expect((await standing(place, id)).state).toBe('unknown');
  });

  test('is settled by its callback all the same', async () => {
    await open({});
    const { id } = await buy();
    await submit(place, id);
    await link(second);
    const subscriber = { type: 'CPID', value: first } as const;
    expect(await place.events.purchaseResult({ operator: OPERATOR, subscriber, transactionId: id })).toBe('applied');
    expect((await standing(place, id)).state).toBe('completed');
  });
});

describe('an order that was confirmed and not sent yet', () => {
  test('is not sent for another SIM than the one that was shown: it ends, nothing is charged, and that is told', async () => {
    await open({});
    const { id } = await buy();
    await link(second);
    await submit(place, id);
    expect(orders).toEqual([]);
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt'] });
    expect(await place.ledger.purchase(id)).toMatchObject({ failure: 'other-sim', posts: 0 });
  });

  test('that does not say for whom it was confirmed is not sent to a token', async () => {
    await open({});
    const { id } = await newPurchase(place, 'confirmed', { lineId: line.id });
    await submit(place, id);
    expect(orders).toEqual([]);
    expect((await standing(place, id)).state).toBe('failed');
  });

  test('goes to the SIM it was confirmed for when the other one comes while the balance is read', async () => {
    await open({
      async balance({ key }) {
        await link(second);
        return balances.get(key.value) ?? { plans: [] };
      },
    });
    const { id } = await buy();
    await submit(place, id);
    expect(orders).toEqual([{ token: first, id }]);
    await reconcileFor(MINUTE);
    expect((await standing(place, id)).state).toBe('unknown');
  });
});

test('the plan of a completed purchase is not looked for on another SIM, and nobody is called for that', async () => {
  await open({ purchase: async () => ({ status: 'completed' }) });
  const { id } = await buy();
  await submit(place, id);
  await link(second);
  balances.set(second, { plans: [], money: '1.00' });
  await reconcileFor(60 * MINUTE);
  expect((await standing(place, id)).state).toBe('completed');
  expect(await place.ledger.openTasks(10)).toEqual([]);
});

test('the account of one SIM is not shown as the other one’s', async () => {
  const account = async ({ key }: Pick<Line, 'key'>) => ({
    currency: key.value === first ? 'MYR' : 'PKR',
    wallets: [],
  });
  await open({ account });
  expect(await place.lines.bind(line, 'en').account()).toMatchObject({ currency: 'MYR' });
  expect(await place.lines.bind(await link(second), 'en').account()).toMatchObject({ currency: 'PKR' });
});
