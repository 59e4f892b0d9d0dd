import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.js';
import { words } from '../support/web-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ REFILL_CALLER_ID: 'millom', REFILL_CALLER_SECRET: 'a secret of some length' });
});
afterAll(() => app?.close());

const CALLBACK = '/millom/callback/v1/digi/?idValue=601155000101&idType=MSISDN';
const NOTIFY = '/millom/notify/digi/v1/single?idValue=601155000101&idType=MSISDN';

describe('every webhook answers bad input as problem+json', () => {
  test.each(['/web/x/messages', '/web/sessions', CALLBACK, NOTIFY])('%s', async (path) => {
    const headers = { authorization: `Bearer ${await token()}` };
    const json = { ...headers, 'content-type': 'application/json' };
    expect(await problem(path, { headers: { ...headers, 'content-type': 'text/xml' }, body: '<a/>' })).toMatchObject({
      status: 415,
    });
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
    expect(await problem(path, { headers: form, body: '{}' })).toMatchObject({ status: 415 });
    expect(await problem(path, { headers: json, body: `"${'x'.repeat(1_100_000)}"` })).toMatchObject({ status: 413 });
    expect(await problem(path, { method: 'PUT', headers: json, body: '{}' })).toMatchObject({ status: 405 });
    if (path === '/web/x/messages') return;
    expect(await problem(path, { headers: json, body: '{"a":' })).toMatchObject({ status: 400 });
    const refused = await problem(path, { headers: json, body: '{}' });
    expect(refused).toMatchObject({ status: 400 });
    expect(String(refused.detail)).toMatch(/transactionId|type|subscriber/);
  });

  test('an unknown address is a 404, a wrong method names the right ones', async () => {
    expect(await problem('/nowhere', { method: 'GET' })).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    const response = await fetch(`${app.url}/web/sessions`, { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  test('an error never repeats what was sent', async () => {
    const response = await fetch(`${app.url}${NOTIFY.replace('601155000101', '601155999123')}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
      body: '{"type":"low-data","transactionId":"t-601155999123","x":"601155999123"}',
    });
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('601155999123');
  });
});

describe('callers', () => {
  test('no token, a wrong one, one of another key: 401 and nothing happens', async () => {
    const forged = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtaWxsb20iLCJhdWQiOiJyZWZpbGwifQ.';
    for (const authorization of [
      undefined,
      'Bearer nonsense',
      `Bearer ${forged}`,
      'Basic bWlsbG9tOng=',
      `Bearer ${(await token()).slice(0, -2)}xx`,
    ]) {
      const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
      const response = await fetch(`${app.url}${CALLBACK}`, {
        method: 'POST',
        headers,
        body: '{"transactionId":"x","appId":"a"}',
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  test('tokens are for those who know the secret', async () => {
    const ask = (secret: string, grant = 'client_credentials') =>
      fetch(`${app.url}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`millom:${secret}`).toString('base64')}` },
        body: new URLSearchParams({ grant_type: grant }),
      });
    expect((await ask('wrong')).status).toBe(401);
    expect((await ask('a+secret+of+some+length', 'password')).status).toBe(400);
    const granted = await ask('a+secret+of+some+length');
    expect(granted.headers.get('cache-control')).toBe('no-store');
    expect(await granted.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
  });
});

describe('purchase callbacks', () => {
  test('unknown transaction 404, dry run 200 and unchanged, success 200, again 409', async () => {
    const { id, purchaseId, client } = await openPurchase('never');
    expect(await callback(id, { transactionId: '00000000-0000-4000-8000-000000000000' })).toBe(404);
    expect(await callback(id, { transactionId: purchaseId, dryRun: true })).toBe(200);
    expect(await client.quiet(300)).toEqual([]);
    expect(await callback('daniel', { transactionId: purchaseId })).toBe(404); // another subscriber's number
    expect(await callback(id, { transactionId: purchaseId })).toBe(200);
    expect(words(await client.next())).toContain('is yours');
    expect(await callback(id, { transactionId: purchaseId })).toBe(409);
    expect(await callback(id, { transactionId: purchaseId, errorType: 'INSUFFICIENT_FUNDS' })).toBe(409);
    expect(await client.quiet(500)).toEqual([]);
  });

  test('100 duplicates at once: one is applied, one receipt is sent', async () => {
    const { id, purchaseId, client } = await openPurchase('never');
    const statuses = await Promise.all(Array.from({ length: 100 }, () => callback(id, { transactionId: purchaseId })));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(99);
    expect(words(await client.next())).toContain('is yours');
    expect(await client.quiet(500)).toEqual([]);
  });

  test.each([
    ['INSUFFICIENT_FUNDS', 'was not enough'],
    ['ROAMING', 'while you are roaming'],
    ['CONFLICT', 'clashes with a plan'],
  ])('%s: said plainly, and that nothing was charged', async (errorType, expected) => {
    const { id, purchaseId, client } = await openPurchase('never');
    expect(await callback(id, { transactionId: purchaseId, errorType })).toBe(200);
    const told = words(await client.next());
    expect(told).toContain(expected);
    expect(told).toContain('Nothing was charged');
  });

  test.each(['TIMEOUT', 'SOMETHING_NEW', 500])(
    '%s: never success and never "failed", but being checked',
    async (errorType) => {
      const { id, purchaseId, client } = await openPurchase('never');
      expect(await callback(id, { transactionId: purchaseId, errorType })).toBe(200);
      expect(words(await client.next())).toContain('still checking');
      expect(await callback(id, { transactionId: purchaseId })).toBe(200);
      expect(words(await client.next())).toContain('is yours');
    },
  );
});

describe('notifications', () => {
  test('known and agreed to 202 and a nudge, the same again 202 and nothing, no consent 403, unknown 404', async () => {
    const client = await app.subscriber('daniel');
    await client.hello();
    expect(await notify(client.id, { transactionId: 'n-1', type: 'low-data' })).toMatchObject({
      status: 403,
      errorType: 'NO_CONSENT',
    });
    await client.say('3');
    const sent = { transactionId: `n-${client.id}`, type: 'low-data' };
    expect(await notify(client.id, sent)).toMatchObject({ status: 202 });
    expect(words(await client.next())).toContain('running low');
    expect(await notify(client.id, sent)).toMatchObject({ status: 202 });
    expect(await notify(client.id, { transactionId: 'n-3', type: 'nonsense' })).toMatchObject({ status: 400 });
    expect(await notify(undefined, { transactionId: 'n-4', type: 'low-data' })).toMatchObject({ status: 404 });
    expect(await client.quiet(500)).toEqual([]);
  });

  test('a nudge that is not true any more is not sent', async () => {
    const kavya = await app.subscriber('kavya');
    await kavya.press(await kavya.hello(), 'Warn me in time');
    expect(await notify(kavya.id, { transactionId: `n-${kavya.id}`, type: 'out-of-data' })).toMatchObject({
      status: 202,
    });
    expect(await kavya.quiet(1000)).toEqual([]);
  });
});

async function token(): Promise<string> {
  const response = await fetch(`${app.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'millom',
      client_secret: 'a secret of some length',
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

async function problem(path: string, init: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}${path}`, { method: 'POST', ...init });
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body['status']).toBe(response.status);
  return body;
}

/** Buys and waits until the telco has accepted; what comes next is up to the test. */
async function openPurchase(callbacks: 'never') {
  const client = await app.subscriber('daniel');
  app.sandbox.nextPurchase(client.id, { mode: 'processing', callback: callbacks });
  await client.press(await client.say('offers'), /Daily Internet/);
  await client.press(await client.say('1'), 'Pay RM 2.00');
  for (
    let left = 300;
    left > 0 && app.sandbox.charges().every(({ subscriberId }) => subscriberId !== client.id);
    left--
  ) {
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const open = app.sandbox.charges().find(({ subscriberId }) => subscriberId === client.id);
  return { id: client.id, purchaseId: open?.transactionId ?? '', client };
}

async function callback(id: string, body: Record<string, unknown>): Promise<number> {
  const response = await fetch(addressed('/millom/callback/v1', id, '/'), {
    method: 'POST',
    headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ appId: 'refill', ...body }),
  });
  return response.status;
}

async function notify(id: string | undefined, body: Record<string, unknown>): Promise<Record<string, unknown>> {
  const response = await fetch(addressed('/millom/notify', id, '/v1/single'), {
    method: 'POST',
    headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { ...(text === '' ? {} : (JSON.parse(text) as object)), status: response.status };
}

function addressed(path: string, id: string | undefined, rest: string): string {
  const subscriber = id === undefined ? { operator: 'digi', msisdn: '601155999999' } : app.sandbox.ensure(id);
  return `${app.url}${path}/${subscriber.operator}${rest}?idValue=${subscriber.msisdn}&idType=MSISDN`;
}
