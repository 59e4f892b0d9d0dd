import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SandboxOptions } from '../../sandbox/index.js';
import { shapesOf } from './shapes.js';
import { pause, RefillDouble, startWorld, type World } from './support.js';

const DAILY = 'MY-DATA-1D-1GB';
const WEEKLY = 'MY-DATA-7D-5GB';
const UNLIMITED = 'MY-UNLIMITED-30D';
const LOAN = 'GT-DATA-3D-1GB';

let refill: RefillDouble;
let world: World;

beforeEach(async () => {
  refill = await RefillDouble.start();
  world = await startWorld({ refill: { baseUrl: refill.url } });
});

afterEach(async () => {
  await world.sandbox.close();
  await refill.close();
});

async function restart(options: Partial<SandboxOptions>): Promise<void> {
  await world.sandbox.close();
  world = await startWorld({ refill: { baseUrl: refill.url }, ...options });
}

const charged = () => world.sandbox.charges().map(({ transactionId, amount }) => [transactionId, amount]);
const bytesLeft = (id: string, planId: string) =>
  world.sandbox.subscriber(id)?.plans.find((plan) => plan.planId === planId)?.gauges[0]?.remaining;

describe('a purchase that completes at once', () => {
  beforeEach(() => world.sandbox.nextPurchase('daniel', { mode: 'completed' }));

  test('takes the exact price, adds the plan, and says so in one charge', async () => {
    const reply = await world.buy('daniel', DAILY);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ transid: 'transaction-000001', status: 'completed', fundSource: 'WALLET' });
    expect(reply.body.confirmationCode).toMatch(/^C[0-9A-F]{10}$/);
    expect(world.sandbox.subscriber('daniel')).toMatchObject({ money: '23.00', owed: '0.00', state: 'good-to-go' });
    expect(bytesLeft('daniel', DAILY)).toBe(String(2 ** 30));
    expect(world.sandbox.charges()).toMatchObject([
      { subscriberId: 'daniel', planId: DAILY, amount: '2.00', currency: 'MYR', fundSource: 'WALLET' },
    ]);
  });

  test('adds to a plan that still runs', async () => {
    const before = BigInt(bytesLeft('daniel', WEEKLY) ?? 0);
    await world.buy('daniel', WEEKLY);
    expect(BigInt(bytesLeft('daniel', WEEKLY) ?? 0)).toBe(before + 5n * 2n ** 30n);
    expect(world.sandbox.subscriber('daniel')?.plans).toHaveLength(1);
  });

  test('may fail, uncharged', async () => {
    world.sandbox.nextPurchase('daniel', { mode: 'completed', errorType: 'FAILURE_IN_BU' });
    const reply = await world.buy('daniel', DAILY);
    expect([reply.status, reply.body.status]).toEqual([200, 'failed']);
    expect(reply.body.confirmationCode).toBeUndefined();
    expect(charged()).toEqual([]);
  });

  test('sends no callback', async () => {
    await world.buy('daniel', DAILY);
    await pause(60);
    expect(refill.received).toEqual([]);
  });
});

describe('what is refused, uncharged', () => {
  const refused = async (id: string, planId: string, changes: Record<string, unknown> = {}) => {
    const { status, body } = await world.buy(id, planId, changes);
    expect(world.sandbox.charges()).toEqual([]);
    return [status, body.cause];
  };

  test.each([
    ['no transid', { transid: undefined }],
    ['a short transid', { transid: 'abc' }],
    ['a transid with odd letters', { transid: 'transaction/000001' }],
    ['no planid', { planid: undefined }],
    ['an unknown fund source', { fundSource: 'GIFT' }],
  ])('%s', async (_, changes) => {
    expect(await refused('daniel', DAILY, changes)).toEqual([400, 'BAD_REQUEST']);
  });

  test('a body that is not JSON', async () => {
    const headers = { authorization: `Bearer ${world.token}` };
    const url = `${world.sandbox.url}${world.pathOf('daniel')}/purchasePlan`;
    const response = await fetch(url, { method: 'POST', headers, body: '{"transid":' });
    expect([response.status, await response.json()]).toMatchObject([400, { cause: 'BAD_REQUEST' }]);
  });

  test('a body over 1 MB', async () => {
    const reply = await world.call('POST', `${world.pathOf('daniel')}/purchasePlan`, {
      transid: 'x'.repeat(1_100_000),
    });
    expect(reply.status).toBe(413);
  });

  test('an offer context that is missing, or not letter for letter the one of the offer', async () => {
    const { offerContext } = await world.offer('daniel', WEEKLY);
    expect(await refused('daniel', WEEKLY, { offercontext: undefined })).toEqual([400, 'BAD_REQUEST']);
    expect(await refused('daniel', WEEKLY, { offercontext: offerContext.replace('+', ' ') })).toEqual([
      403,
      'NOT_ALLOWED',
    ]);
    const other = (await world.offer('daniel', UNLIMITED)).offerContext;
    expect(await refused('daniel', WEEKLY, { offercontext: other })).toEqual([403, 'NOT_ALLOWED']);
  });

  test('a plan of another country', async () => {
    expect(await refused('daniel', 'GT-DATA-1D-256MB')).toEqual([403, 'NOT_ALLOWED']);
  });

  test('a price above the money', async () => {
    expect(await refused('daniel', UNLIMITED)).toEqual([402, 'INSUFFICIENT_FUNDS']);
  });

  test('a purchase from abroad, or by one who opted out', async () => {
    expect(await refused('omar', 'BD-DATA-1D-1GB')).toEqual([403, 'USER_ROAMING']);
    expect(await refused('sofia', 'BO-DATA-1D-512MB')).toEqual([403, 'USER_OPT_OUT']);
  });

  test('a loan for one who has money of their own, or on a plan without loans', async () => {
    expect(await refused('daniel', DAILY, { fundSource: 'LOAN' })).toEqual([403, 'NOT_ALLOWED']);
    await world.sandbox.topUp('lucia', '50.00');
    expect(await refused('lucia', 'GT-DATA-7D-4GB', { fundSource: 'LOAN' })).toEqual([403, 'NOT_ALLOWED']);
  });
});

describe('loans and bills', () => {
  test('a loan is owed, one at a time, and paid back by the next top-up', async () => {
    world.sandbox.nextPurchase('lucia', { mode: 'completed' });
    const reply = await world.buy('lucia', LOAN, { fundSource: 'LOAN' });
    expect(reply.body).toMatchObject({ status: 'completed', fundSource: 'LOAN' });
    expect(world.sandbox.subscriber('lucia')).toMatchObject({ money: '0.00', owed: '10.00' });
    expect((await world.get('lucia', 'accountInfo')).body.balances).toContainEqual({
      balanceType: 'owed',
      balance: '10.00',
    });
    await world.sandbox.burn('lucia', { share: 1 });
    expect((await world.get('lucia', 'upsellOffer')).body.subscriberState).toBe('NEED_TOPUP');
    await world.sandbox.topUp('lucia', '25.50');
    expect(world.sandbox.subscriber('lucia')).toMatchObject({ money: '15.50', owed: '0.00', state: 'need-offers' });
  });

  test('without saying LOAN nothing is borrowed', async () => {
    expect((await world.buy('lucia', LOAN)).body.cause).toBe('INSUFFICIENT_FUNDS');
    expect(world.sandbox.subscriber('lucia')?.owed).toBe('0.00');
  });

  test('a postpaid line pays with its bill', async () => {
    world.sandbox.nextPurchase('ingrid', { mode: 'completed' });
    expect((await world.buy('ingrid', 'NO-DATA-30D-1GB')).status).toBe(200);
    expect(world.sandbox.subscriber('ingrid')).toMatchObject({ money: '0.00', owed: '398.00' });
  });
});

describe('one transaction id', () => {
  const post = (transid: string) => world.buy('daniel', DAILY, { transid });

  test('charges once where the telco deduplicates, and tells how the first one went', async () => {
    world.sandbox.nextPurchase('daniel', { callbackDelayMs: 300 });
    expect((await post('same-transaction')).status).toBe(202);
    expect((await post('same-transaction')).status).toBe(202);
    await refill.waitFor(1);
    const again = await post('same-transaction');
    expect([again.status, again.body.status]).toEqual([200, 'completed']);
    expect(charged()).toEqual([['same-transaction', '2.00']]);
  });

  test('charges every time where it does not', async () => {
    await restart({ deduplicate: false });
    await post('same-transaction');
    await post('same-transaction');
    await refill.waitFor(2);
    await post('same-transaction');
    await refill.waitFor(3);
    expect(charged()).toEqual(Array(3).fill(['same-transaction', '2.00']));
    expect(world.sandbox.subscriber('daniel')?.money).toBe('19.00');
  });

  test.each([true, false])('is not for two purchases (deduplicating: %s)', async (deduplicate) => {
    await restart({ deduplicate });
    await post('same-transaction');
    await refill.waitFor(1);
    expect((await world.buy('daniel', WEEKLY, { transid: 'same-transaction' })).body.cause).toBe('PURCHASE_CONFLICT');
    expect((await world.buy('kavya', DAILY, { transid: 'same-transaction' })).body.cause).toBe('PURCHASE_CONFLICT');
  });
});

test('the same plan again is a conflict until its time is up', async () => {
  let now = new Date('2026-11-21T12:00:00Z');
  await restart({ now: () => now, samePlanSeconds: 30 });
  await world.buy('daniel', DAILY);
  await refill.waitFor(1);
  now = new Date('2026-11-21T12:00:29Z');
  expect((await world.buy('daniel', DAILY)).body.cause).toBe('PURCHASE_CONFLICT');
  expect(charged()).toHaveLength(1);
  now = new Date('2026-11-21T12:00:31Z');
  expect((await world.buy('daniel', DAILY)).status).toBe(202);
});

test('money never rounds, however often it moves', async () => {
  await restart({ samePlanSeconds: 0 });
  await world.sandbox.topUp('daniel', '0.10');
  for (let n = 0; n < 12; n++) {
    world.sandbox.nextPurchase('daniel', { mode: 'completed' });
    await world.buy('daniel', DAILY);
  }
  expect(world.sandbox.subscriber('daniel')?.money).toBe('1.10');
  expect((await world.buy('daniel', DAILY)).body.cause).toBe('INSUFFICIENT_FUNDS');
});

const upsell = shapesOf('upsell.yaml');
const callbacks = shapesOf('purchase-callback.yaml');
if (upsell === undefined || callbacks === undefined) {
  test.skip('purchases and callbacks have their documented shapes (the files are not beside this repository)', () =>
    undefined);
} else {
  test('answers of a purchase and callbacks have their documented shapes', async () => {
    const accepted = await world.buy('daniel', DAILY);
    const refused = await world.buy('lucia', LOAN);
    world.sandbox.nextPurchase('kavya', { mode: 'completed' });
    const completed = await world.buy('kavya', DAILY);
    expect([accepted.status, refused.status, completed.status]).toEqual([202, 402, 200]);
    for (const reply of [accepted, refused, completed]) {
      expect(upsell.reply('POST', `${world.pathOf('daniel')}/purchasePlan`, reply)).toEqual([]);
    }
    world.sandbox.nextPurchase('amina', { errorType: 'TIMEOUT' });
    await world.buy('amina', 'PK-DATA-1D-512MB');
    for (const received of await refill.waitFor(2)) expect(callbacks.push(received)).toEqual([]);
  });
}
