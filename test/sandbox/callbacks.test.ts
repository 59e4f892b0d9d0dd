import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pause, RefillDouble, startWorld, type World } from './support.js';

const DAILY = 'MY-DATA-1D-1GB';

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

const charged = () => world.sandbox.charges().map(({ transactionId, amount }) => [transactionId, amount]);

describe('a purchase that is processed', () => {
  test('is answered 202 uncharged, then charged and called back', async () => {
    world.sandbox.nextPurchase('daniel', { callbackDelayMs: 150 });
    const reply = await world.buy('daniel', DAILY);
    expect([reply.status, reply.body.status]).toEqual([202, 'processing']);
    expect(charged()).toEqual([]);
    const [callback] = await refill.waitFor(1);
    expect(callback?.path).toBe('/millom/callback/v1/digi/');
    expect(Object.fromEntries(callback?.query ?? [])).toEqual({ idValue: '601155000101', idType: 'MSISDN' });
    expect(callback?.body).toMatchObject({ transactionId: reply.body.transid, appId: 'google' });
    expect(callback?.body).not.toHaveProperty('errorType');
    expect(charged()).toEqual([[reply.body.transid, '2.00']]);
  });

  test('names the subscriber in the callback as the buyer did', async () => {
    const { cpid } = world.sandbox.ensure('daniel').keys;
    const path = `/std/google/digi/${encodeURIComponent(cpid)}/purchasePlan?key_type=CPID`;
    expect((await world.call('POST', path, { transid: world.newId(), planid: DAILY })).status).toBe(202);
    const [callback] = await refill.waitFor(1);
    expect(Object.fromEntries(callback?.query ?? [])).toEqual({ idValue: cpid, idType: 'CPID' });
  });

  test('can fail: the callback says why and nothing is charged', async () => {
    world.sandbox.nextPurchase('daniel', { errorType: 'CONGESTED' });
    await world.buy('daniel', DAILY);
    const [callback] = await refill.waitFor(1);
    expect(callback?.body.errorType).toBe('CONGESTED');
    expect(charged()).toEqual([]);
    expect((await world.buy('daniel', DAILY)).status).toBe(202);
  });

  test('keeps another purchase out until it is settled', async () => {
    world.sandbox.nextPurchase('daniel', { callbackDelayMs: 300 });
    await world.buy('daniel', DAILY);
    expect((await world.buy('daniel', 'MY-VIDEO-7D-10GB')).body.cause).toBe('PURCHASE_CONFLICT');
    await refill.waitFor(1);
    expect((await world.buy('daniel', 'MY-VIDEO-7D-10GB')).status).toBe(202);
  });

  test('without a Refill to call back is charged all the same', async () => {
    world.sandbox.connect(undefined);
    await world.buy('daniel', DAILY);
    await pause(60);
    expect(charged()).toHaveLength(1);
  });

  test('is dropped by a reset', async () => {
    await world.buy('daniel', DAILY);
    world.sandbox.reset();
    await pause(60);
    expect([charged(), refill.received]).toEqual([[], []]);
  });
});

describe('the callback', () => {
  const buyWith = async (callback: 'never' | 'twice' | 'early' | 'contradicting') => {
    world.sandbox.nextPurchase('daniel', { callback });
    const reply = await world.buy('daniel', DAILY);
    return { reply, answeredAt: performance.now() };
  };

  test('never comes, though the charge is made', async () => {
    await buyWith('never');
    await pause(100);
    expect(refill.received).toEqual([]);
    expect(charged()).toHaveLength(1);
  });

  test('comes twice with the same body', async () => {
    await buyWith('twice');
    const [first, second] = await refill.waitFor(2);
    expect(second?.text).toBe(first?.text);
    expect(charged()).toHaveLength(1);
  });

  test('comes late, long after the charge', async () => {
    world.sandbox.nextPurchase('daniel', { callback: 'late', callbackDelayMs: 100 });
    await world.buy('daniel', DAILY);
    while (charged().length === 0) await pause(5);
    expect(refill.received).toEqual([]);
    await refill.waitFor(1);
  });

  test('comes before the 202', async () => {
    const { reply, answeredAt } = await buyWith('early');
    expect(refill.received[0]?.at).toBeLessThan(answeredAt);
    expect([reply.status, reply.body.status, refill.received.length]).toEqual([202, 'processing', 1]);
  });

  test('contradicts itself: success, then failure, one charge', async () => {
    await buyWith('contradicting');
    const received = await refill.waitFor(2);
    expect(received.map(({ body }) => body.errorType)).toEqual([undefined, 'FAILURE_IN_BU']);
    expect(charged()).toHaveLength(1);
  });

  test('is repeated while Refill fails, and not once it was taken', async () => {
    refill.statuses = [503, 500, 200];
    await world.buy('daniel', DAILY);
    await refill.waitFor(3);
    await pause(120);
    expect(refill.received).toHaveLength(3);
  });

  test('is not repeated when Refill knows better', async () => {
    refill.statuses = [409];
    await world.buy('daniel', DAILY);
    await refill.waitFor(1);
    await pause(80);
    expect(refill.received).toHaveLength(1);
  });

  test('carries the credentials Refill gave', async () => {
    world.sandbox.connect({ baseUrl: `${refill.url}/`, authorization: async () => 'Bearer abc' });
    await world.buy('daniel', DAILY);
    expect((await refill.waitFor(1))[0]?.authorization).toBe('Bearer abc');
  });
});
