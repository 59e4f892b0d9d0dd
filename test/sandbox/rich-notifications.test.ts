import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadSpec } from '../millom/spec.js';
import { RefillDouble, send, startWorld, type World } from './support.js';

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

/** The body of the rich notification that is pushed about `id`. */
async function pushed(id: string) {
  await world.sandbox.richNotify(id);
  return refill.received.at(-1)?.body;
}

const linkOf = (body: { offers: { planId: string; purchaseLink: string }[] }, planId: string) =>
  body.offers.find((offer) => offer.planId === planId)?.purchaseLink ?? '';

describe('a rich notification', () => {
  test('names its subscriber by CPID only, and brings what may be bought', async () => {
    const body = await pushed('daniel');
    expect(refill.received[0]?.path).toBe('/millom/rich-notifications');
    expect(refill.received[0]?.query.size).toBe(0);
    expect(body.cpid).toBe(world.sandbox.ensure('daniel').keys.cpid);
    expect(body.offers.map(({ planId }: { planId: string }) => planId)).toContain('MY-DATA-1D-1GB');
    expect(refill.received[0]?.text).not.toContain(world.sandbox.ensure('daniel').msisdn);
    expect(world.sandbox.find(body.cpid)?.id).toBe('daniel');
  });

  test('says of loans that they are loans', async () => {
    const { offers } = await pushed('lucia');
    expect(new Set(offers.map(({ fundSource }: { fundSource: string }) => fundSource))).toEqual(new Set(['LOAN']));
  });
});

describe('a link', () => {
  test('that buys does so with one GET and no other credential, once, and its result names the transaction only', async () => {
    const link = linkOf(await pushed('daniel'), 'MY-DATA-1D-1GB');
    expect((await send(link)).status).toBe(200);
    expect((await send(link)).status).toBe(200);
    const callback = (await refill.waitFor(2))[1];
    expect(callback?.path).toBe('/millom/rich-callback');
    expect(callback?.query.size).toBe(0);
    const transactionId = new URL(link).searchParams.get('transactionId');
    expect(callback?.body).toMatchObject({ transactionId });
    expect(world.sandbox.charges()).toMatchObject([{ subscriberId: 'daniel', transactionId, amount: '2.00' }]);
  });

  test.each(['planId', 'transactionId', 'expirySeconds', 'signature', 'fundSource'])(
    'with another %s is not valid',
    async (name) => {
      const link = new URL(linkOf(await pushed('daniel'), 'MY-DATA-1D-1GB'));
      link.searchParams.set(name, name === 'planId' ? 'MY-DATA-7D-5GB' : '9999999999');
      expect((await send(link.href)).status).toBe(401);
      expect(world.sandbox.charges()).toEqual([]);
    },
  );

  test('that is old is not valid, and a ping buys nothing', async () => {
    let now = Date.UTC(2026, 10, 21);
    await world.sandbox.close();
    world = await startWorld({ refill: { baseUrl: refill.url }, now: () => new Date(now) });
    const body = await pushed('daniel');
    expect((await send(body.ping)).status).toBe(200);
    expect((await send(body.refresh)).body.offers).toHaveLength(body.offers.length);
    now += 25 * 3_600_000;
    expect((await send(linkOf(body, 'MY-DATA-1D-1GB'))).status).toBe(401);
    expect(world.sandbox.charges()).toEqual([]);
  });
});

const spec = loadSpec('rich-notifications.yaml');
const testWithSpec = spec ? test : test.skip;
const reason = spec ? '' : ' (skipped: ../shared/specs/millom/rich-notifications.yaml is not beside this repository)';

testWithSpec.each(['daniel', 'lucia', 'kavya', 'somchai'])(
  `about %s has the shape of the file${reason}`,
  async (id) => {
    const operation = spec?.find('POST', '/notification/path/defined/by/service/provider');
    const body = await pushed(id);
    const url = new URL('http://refill/millom/rich-notifications');
    const headers = { 'content-type': 'application/json' };
    expect(operation?.requestErrors({ url, headers, body: JSON.stringify(body) })).toEqual([]);
    const broken = { ...body, cpid: 7, offers: [{ planId: [], fundSource: 'CASH' }] };
    expect(operation?.requestErrors({ url, headers, body: JSON.stringify(broken) }).join()).toContain('fundSource');
  },
);
