import { afterEach, describe, expect, test } from '@jest/globals';
import { TelcoRefused } from '../../bot/telco.js';
import { ALICE, failureOf, json, ORDER, Stage } from './far-end.js';

const stage = new Stage();
afterEach(() => stage.clear());

describe('the five calls', () => {
  test('accountInfo asks in the language without its region and reads the wallets', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) =>
      json(response, 200, {
        accountType: 'PREPAID',
        currency: 'MYR',
        balances: [
          { balanceType: 'main', balance: '12.50', expiry: '2027-01-31T23:59:59+08:00' },
          { balanceType: 'owed', balance: '3.00' },
        ],
        validUntil: '2026-11-21T10:00:00Z',
      });

    await expect(stage.client(millom).account(ALICE, { language: 'ms-MY' })).resolves.toEqual({
      type: 'prepaid',
      currency: 'MYR',
      wallets: [
        { kind: 'main', money: { amount: '12.50', currency: 'MYR' }, expiresAt: new Date('2027-01-31T15:59:59Z') },
        { kind: 'owed', money: { amount: '3.00', currency: 'MYR' } },
      ],
      validUntil: new Date('2026-11-21T10:00:00Z'),
    });
    expect(millom.calls).toMatchObject([
      {
        method: 'GET',
        url: '/std/refill-sp/digi/60123456789/accountInfo?key_type=MSISDN',
        headers: { authorization: 'Bearer token-1', 'accept-language': 'ms' },
      },
    ]);
  });

  test('balance reads plans and gauges, and drops the date of birth', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) =>
      json(response, 200, {
        activePlans: [
          {
            planId: 'P1234',
            planName: [{ language: 'en-us', text: 'Super' }],
            planDescription: [{ language: 'en', text: 'Super plan' }],
            expiry: '2026-12-01T00:00:00Z',
            gauge: [{ unit: 'bytes', quota: 1073741824, remaining: 100 }],
            applications: ['video'],
          },
        ],
        accountType: 'POSTPAID',
        accountStatus: 'ACTIVE',
        expiry: '2099-12-31T23:59:59',
        monetaryBalance: { balance: '1.01', expiry: '2099-12-31T23:59:59' },
        dataBalance: { balance: '100' },
        dateOfBirth: '1990-12-31T23:59:59',
      });

    const balance = await stage.client(millom).balance(ALICE, { language: 'en-US' });
    expect(balance).toEqual({
      plans: [
        {
          id: 'P1234',
          name: [{ language: 'en-us', text: 'Super' }],
          description: [{ language: 'en', text: 'Super plan' }],
          gauges: [{ unit: 'bytes', quota: 1073741824n, remaining: 100n }],
          expiresAt: new Date('2026-12-01T00:00:00Z'),
          applications: ['video'],
        },
      ],
      accountType: 'postpaid',
      accountActive: true,
      money: '1.01',
      moneyExpiresAt: new Date('2099-12-31T23:59:59Z'),
      expiresAt: new Date('2099-12-31T23:59:59Z'),
    });
    expect(millom.calls[0]?.headers['accept-language']).toBe('en-US');
  });

  test('upsellOffer sends the optional parameters and keeps the cookie of an offer', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) =>
      json(response, 200, {
        subscriberState: 'NEED_OFFERS',
        offers: [
          {
            planId: 'P1',
            cost: '14',
            costCurrency: 'MYR',
            type: 'Data',
            planName: [{ language: 'en', text: 'One' }],
            quota: [{ unit: 'bytes', quota: 1073741824 }],
            offerContext: 'opaque=1;x',
          },
        ],
      });

    const client = stage.client(millom, { planType: 'supplementary', dealerCode: 'D 1', clientName: 'CRMS' });
    await expect(client.offers(ALICE)).resolves.toEqual({
      state: 'need-offers',
      offers: [
        {
          planId: 'P1',
          name: [{ language: 'en', text: 'One' }],
          description: [],
          price: { amount: '14', currency: 'MYR' },
          quotas: [{ unit: 'bytes', amount: 1073741824n }],
          fundSource: 'wallet',
          kind: 'Data',
          context: 'opaque=1;x',
        },
      ],
    });
    expect(millom.calls[0]?.url).toBe(
      '/std/refill-sp/digi/60123456789/upsellOffer?key_type=MSISDN&planType=supplementary&dealerCode=D%201&clientName=CRMS',
    );
    expect(millom.calls[0]?.headers).not.toHaveProperty('accept-language');
  });

  test('purchasePlan sends the lower-case names and hands the cookie back unchanged', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) =>
      json(response, 200, { transid: ORDER.transactionId, status: 'completed', confirmationCode: 'OK-1' });

    const client = stage.client(millom, { clientName: 'MSA' });
    const order = { ...ORDER, fundSource: 'loan', context: 'opaque=1;x' } as const;
    await expect(client.purchase(ALICE, order)).resolves.toEqual({ status: 'completed', confirmationCode: 'OK-1' });
    expect(millom.calls).toMatchObject([
      {
        method: 'POST',
        url: '/std/refill-sp/digi/60123456789/purchasePlan?key_type=MSISDN&clientName=MSA',
        headers: { 'content-type': 'application/json' },
      },
    ]);
    expect(JSON.parse(millom.calls[0]?.body ?? '')).toEqual({
      transid: ORDER.transactionId,
      planid: 'P1',
      offercontext: 'opaque=1;x',
      fundSource: 'LOAN',
    });
  });

  test('register has no operator in its path and a language header of its own', async () => {
    const millom = await stage.farEnd();
    millom.onCall = (_, response) => response.writeHead(200).end();

    await stage.client(millom).register?.(ALICE, ['low-data', 'pack-expired'], { language: 'es' });
    expect(millom.calls).toMatchObject([
      { method: 'POST', url: '/std/refill-sp/60123456789/register?key_type=MSISDN', headers: { language: 'es' } },
    ]);
    expect(JSON.parse(millom.calls[0]?.body ?? '')).toEqual({
      transactionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      types: ['low-data', 'pack-expired'],
    });
  });

  test('a base URL with a path keeps it', async () => {
    const millom = await stage.farEnd();
    await stage.client(millom, { baseUrl: `${millom.url}/upsell/` }).balance(ALICE);
    expect(millom.calls[0]?.url).toBe('/upsell/std/refill-sp/digi/60123456789/balance?key_type=MSISDN');
  });
});

describe('subscriber keys', () => {
  test.each(['4mcdczyRWzotNKja0P+nHSdA/9ach8AP=,50216', '+/=,', '%2F?#&', '..%2f..'])(
    'a CPID such as %s arrives as it left',
    async (value) => {
      const millom = await stage.farEnd();
      await stage.client(millom).balance({ operator: 'digi', key: { type: 'CPID', value } });
      const url = new URL(millom.calls[0]?.url ?? '', millom.url);
      const segments = url.pathname.split('/');
      expect(segments).toHaveLength(6);
      expect(decodeURIComponent(segments[4] ?? '')).toBe(value);
      expect(url.searchParams.get('key_type')).toBe('CPID');
    },
  );

  test('OPET is named as such', async () => {
    const millom = await stage.farEnd();
    await stage.client(millom).balance({ operator: 'digi', key: { type: 'OPET', value: 'abc=' } });
    expect(millom.calls[0]?.url).toBe('/std/refill-sp/digi/abc%3D/balance?key_type=OPET');
  });

  test.each(['', '.', '..'])('a key of "%s", which a proxy would take for a direction, never leaves', async (value) => {
    const millom = await stage.farEnd();
    const failure = await failureOf(stage.client(millom).balance({ operator: 'digi', key: { type: 'CPID', value } }));
    expect(failure).toBeInstanceOf(TelcoRefused);
    expect(failure).toMatchObject({ reason: 'invalid-number' });
    expect(millom.calls).toHaveLength(0);
  });

  test('a language that is no language tag is left out, not sent', async () => {
    const millom = await stage.farEnd();
    await stage.client(millom).balance(ALICE, { language: 'en\r\nx-evil: 1' });
    expect(millom.calls[0]?.headers).not.toHaveProperty('accept-language');
    expect(millom.calls[0]?.headers).not.toHaveProperty('x-evil');
  });
});

test('every call is reported once, by outcome, without a subscriber', async () => {
  const millom = await stage.farEnd();
  const client = stage.client(millom);
  await client.balance(ALICE);
  millom.onCall = (_, response) => json(response, 403, { cause: 'USER_OPT_OUT' });
  await failureOf(client.offers(ALICE));
  expect(stage.reports).toEqual([
    { operation: 'token', outcome: 'ok', status: 200, ms: expect.any(Number) },
    { operation: 'balance', outcome: 'ok', status: 200, ms: expect.any(Number) },
    { operation: 'offers', outcome: 'refused', reason: 'opted-out', status: 403, ms: expect.any(Number) },
  ]);
});

test('reads share their connections', async () => {
  const millom = await stage.farEnd();
  const client = stage.client(millom);
  for (let i = 0; i < 20; i++) await client.balance(ALICE);
  // One for the token endpoint, one or two for the API.
  expect(millom.connections).toBeLessThanOrEqual(3);
});
