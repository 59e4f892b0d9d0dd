import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NOTIFICATION_TYPES } from '../../bot/domain/notification.js';
import { shapesOf } from './shapes.js';
import { RefillDouble, startWorld, type World } from './support.js';

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

const types = () => refill.received.map(({ body }) => body.type).sort();
const plansOf = (id: string) => world.sandbox.subscriber(id)?.plans ?? [];
const bytesLeft = (id: string) =>
  plansOf(id).map(({ gauges }) => gauges.find(({ unit }) => unit === 'bytes')?.remaining);

describe('registration', () => {
  test('stores the types, and an empty list withdraws them', async () => {
    const reply = await world.register('daniel', ['low-data', 'out-of-data', 'low-data']);
    expect([reply.status, reply.text]).toEqual([200, '']);
    expect(world.sandbox.subscriber('daniel')?.registered).toEqual(['low-data', 'out-of-data']);
    await world.register('daniel', []);
    expect(world.sandbox.subscriber('daniel')?.registered).toEqual([]);
  });

  test('refuses unknown types and a body without types, and changes nothing', async () => {
    await world.register('daniel', ['low-data']);
    expect((await world.register('daniel', ['rain'])).body.cause).toBe('BAD_REQUEST');
    const { msisdn } = world.sandbox.ensure('daniel');
    expect((await world.call('POST', `/std/google/${msisdn}/register`, {})).status).toBe(400);
    expect(world.sandbox.subscriber('daniel')?.registered).toEqual(['low-data']);
  });

  test('has no operator in its path', async () => {
    expect((await world.call('POST', `${world.pathOf('daniel')}/register`, { types: [] })).status).toBe(404);
  });

  test('of one who opted out is refused, withdrawal is not', async () => {
    expect((await world.register('sofia', ['low-data'])).body.cause).toBe('USER_OPT_OUT');
    expect((await world.register('sofia', [])).status).toBe(200);
  });
});

describe('using up data', () => {
  test('pushes nothing to one who did not register', async () => {
    expect(await world.sandbox.burn('ingrid', { share: 1 })).toEqual([]);
    expect(refill.received).toEqual([]);
  });

  test('pushes what was crossed and registered for, once', async () => {
    await world.register('ingrid', ['low-data', 'out-of-data', 'pack-near-consumption']);
    expect(await world.sandbox.burn('ingrid', { share: 0.5 })).toEqual([]);
    expect(await world.sandbox.burn('ingrid', { share: 0.8 })).toEqual([
      { type: 'pack-near-consumption', status: 200 },
      { type: 'low-data', status: 200 },
    ]);
    expect(await world.sandbox.burn('ingrid', { share: 0.1 })).toEqual([]);
    expect(await world.sandbox.burn('ingrid', { share: 1 })).toEqual([{ type: 'out-of-data', status: 200 }]);
    expect(await world.sandbox.burn('ingrid', { share: 1 })).toEqual([]);
    expect(types()).toEqual(['low-data', 'out-of-data', 'pack-near-consumption']);
  });

  test('tells which pack is used up, and leaves the other alone', async () => {
    await world.register('amina', [...NOTIFICATION_TYPES]);
    const [monthly] = bytesLeft('amina');
    const pushed = await world.sandbox.burn('amina', { bytes: String(monthly) });
    expect(pushed.map(({ type }) => type)).toEqual(['pack-consumed', 'out-of-data']);
    expect(bytesLeft('amina')[0]).toBe('0');
    const consumed = refill.received.find(({ body }) => body.type === 'pack-consumed');
    expect(consumed?.body.planDetails).toMatchObject({ planId: 'PK-DATA-30D-12GB', balance: 0, quota: 12 * 2 ** 30 });
    expect(Number(bytesLeft('amina')[1])).toBeGreaterThan(0);
  });

  test('takes bytes from the plan that ends first, and stops at nothing left', async () => {
    world.sandbox.nextPurchase('daniel', { mode: 'completed' });
    await world.buy('daniel', 'MY-DATA-1D-1GB');
    await world.sandbox.burn('daniel', { bytes: String(2n ** 30n + 1n) });
    const [weekly, daily] = bytesLeft('daniel');
    expect(daily).toBe('0');
    expect(BigInt(weekly ?? 0)).toBe(BigInt(Math.floor(5 * 2 ** 30 * 0.04)) - 1n);
    await world.sandbox.burn('daniel', { bytes: '9999999999999' });
    expect(bytesLeft('daniel')).toEqual(['0', '0']);
  });

  test('leaves an unlimited plan unlimited, and every other plan as it was', async () => {
    const before = bytesLeft('kavya');
    await world.sandbox.burn('kavya', { bytes: '99999999999999' });
    expect(bytesLeft('kavya')).toEqual(before);
    expect(before[0]).toBe('unlimited');
    expect(world.sandbox.subscriber('kavya')?.state).toBe('good-to-go');
  });

  test('of a share ends minutes and messages for nobody', async () => {
    await world.sandbox.burn('kavya', { share: 1 });
    expect(
      plansOf('kavya')
        .at(-1)
        ?.gauges.map(({ remaining }) => remaining),
    ).toEqual(['0', '48', '40']);
  });
});

describe('a push', () => {
  test('names the subscriber and the operator, and carries credentials', async () => {
    world.sandbox.connect({ baseUrl: refill.url, authorization: async () => 'Bearer abc' });
    await world.sandbox.notify('daniel', { type: 'low-data' });
    const [push] = refill.received;
    expect([push?.path, push?.authorization]).toEqual(['/millom/notify/digi/v1/single', 'Bearer abc']);
    expect(Object.fromEntries(push?.query ?? [])).toEqual({ idValue: '601155000101', idType: 'MSISDN' });
  });

  test('goes to the CPID the subscriber registered with', async () => {
    const { cpid } = world.sandbox.ensure('daniel').keys;
    const path = `/std/google/${encodeURIComponent(cpid)}/register?key_type=CPID`;
    await world.call('POST', path, { types: ['low-data'] }, { language: 'es' });
    await world.sandbox.notify('daniel', { type: 'low-data' });
    expect(Object.fromEntries(refill.received[0]?.query ?? [])).toEqual({ idValue: cpid, idType: 'CPID' });
    expect(refill.received[0]?.body.messages[0].language).toBe('es');
  });

  test('on request needs no registration, and answers what Refill said', async () => {
    refill.statuses = [403];
    expect(
      await world.sandbox.notify('daniel', { type: 'pack-near-expiry', override: true, transactionId: 'n-1' }),
    ).toEqual({
      type: 'pack-near-expiry',
      status: 403,
    });
    expect(refill.received[0]?.query.get('override')).toBe('true');
    expect(refill.received[0]?.body.transactionId).toBe('n-1');
  });

  test('without anybody to take it has no status', async () => {
    world.sandbox.connect(undefined);
    expect(await world.sandbox.notify('daniel', { type: 'low-data' })).toEqual({ type: 'low-data' });
    world.sandbox.connect({ baseUrl: 'http://127.0.0.1:1' });
    expect(await world.sandbox.notify('daniel', { type: 'low-data' })).toEqual({ type: 'low-data' });
  });

  test('of a top-up says what came in, digit for digit', async () => {
    await world.register('daniel', ['monetary-reload']);
    await world.sandbox.topUp('daniel', '5.10');
    expect(refill.received[0]?.text).toContain('"totalBalance":30.10,"deltaBalance":5.10,"currency":"MYR"');
  });
});

const shapes = shapesOf('notify.yaml');
if (shapes === undefined) {
  test.skip('every notification has the shape of notify.yaml (the file is not beside this repository)', () =>
    undefined);
} else {
  test.each(['daniel', 'somchai', 'kavya', 'ingrid'])(
    'notifications about %s have the shape of notify.yaml',
    async (id) => {
      for (const type of NOTIFICATION_TYPES) await world.sandbox.notify(id, { type });
      expect(refill.received).toHaveLength(NOTIFICATION_TYPES.length);
      for (const received of refill.received) {
        // The file requires `currencyCode` and defines `currency`: both are sent.
        const slips = received.body.monetaryBalance
          ? ['.monetaryBalance.currencyCode is not in the specification']
          : [];
        expect(shapes.push(received)).toEqual(slips);
      }
    },
  );
}
