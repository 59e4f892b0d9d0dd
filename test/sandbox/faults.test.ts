import { once } from 'node:events';
import { get } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type FaultOrder, PERSONAS } from '../../sandbox/index.js';
import { CREDENTIALS, requestToken, startWorld, type World } from './support.js';

const DAILY = 'MY-DATA-1D-1GB';

let world: World;

beforeEach(async () => {
  world = await startWorld({ samePlanSeconds: 0 });
});

afterEach(() => world.sandbox.close());

/** Buys with a fault waiting; `undefined` when the connection broke. */
async function buyUnder(fault: FaultOrder) {
  world.sandbox.nextPurchase('daniel', { mode: 'completed' });
  world.sandbox.addFault({ operation: 'purchasePlan', ...fault });
  const reply = await world.buy('daniel', DAILY).catch(() => undefined);
  return { reply, charges: world.sandbox.charges().length };
}

describe('before anything is done', () => {
  test.each([
    ['401', 401, 'NOT_ALLOWED'],
    ['429', 429, 'TOO_MANY_REQUESTS'],
    ['5xx-before', 503, 'SERVICE_UNAVAILABLE'],
  ] as const)('%s is answered and nothing charged', async (kind, status, cause) => {
    const { reply, charges } = await buyUnder({ kind });
    expect([reply?.status, reply?.body.cause, charges]).toEqual([status, cause, 0]);
  });

  test('429 says when to come back', async () => {
    const { reply } = await buyUnder({ kind: '429', retryAfterSeconds: 7 });
    expect(reply?.headers.get('retry-after')).toBe('7');
  });

  test('the connection is dropped and nothing charged', async () => {
    expect(await buyUnder({ kind: 'drop-before' })).toEqual({ reply: undefined, charges: 0 });
  });
});

describe('after the charge', () => {
  test('a 500 hides that it was made', async () => {
    const { reply, charges } = await buyUnder({ kind: '5xx-after' });
    expect([reply?.status, charges]).toEqual([500, 1]);
  });

  test('a dropped connection hides it', async () => {
    expect(await buyUnder({ kind: 'drop-after' })).toEqual({ reply: undefined, charges: 1 });
  });

  test('half the JSON hides it', async () => {
    const { reply, charges } = await buyUnder({ kind: 'broken-json' });
    expect([reply?.status, reply?.body, charges]).toEqual([200, undefined, 1]);
    expect(reply?.text).toMatch(/^\{"transid"/);
  });

  test('a web page hides it', async () => {
    const { reply, charges } = await buyUnder({ kind: 'html' });
    expect([reply?.status, reply?.headers.get('content-type'), charges]).toEqual([200, 'text/html', 1]);
  });

  test('two megabytes hide it', async () => {
    const { reply, charges } = await buyUnder({ kind: 'huge-body' });
    expect(reply?.text.length).toBeGreaterThan(2 ** 21);
    expect(charges).toBe(1);
  });
});

test('latency delays the answer', async () => {
  world.sandbox.addFault({ kind: 'latency', latencyMs: 80 });
  const started = performance.now();
  expect((await world.get('daniel', 'balance')).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThan(75);
});

test('a slow body comes byte by byte', async () => {
  world.sandbox.addFault({ kind: 'slow-body', latencyMs: 20 });
  const headers = { authorization: `Bearer ${world.token}` };
  const request = get(`${world.sandbox.url}${world.pathOf('daniel')}/balance`, { headers });
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(response, 'data');
  await once(response, 'data');
  await once(response, 'data');
  expect(chunks.map(({ length }) => length)).toEqual([1, 1, 1]);
  request.destroy();
});

describe('whom a fault meets', () => {
  const statuses = async (...calls: (readonly [string, string])[]) => {
    const seen: number[] = [];
    for (const [id, operation] of calls) seen.push((await world.get(id, operation)).status);
    return seen;
  };

  test('so many calls, then none', async () => {
    world.sandbox.addFault({ kind: '5xx-before', times: 2 });
    expect(world.sandbox.faults()).toMatchObject([{ kind: '5xx-before', left: 2 }]);
    const balance = ['daniel', 'balance'] as const;
    expect(await statuses(balance, balance, balance)).toEqual([503, 503, 200]);
    expect(world.sandbox.faults()).toEqual([]);
  });

  test('one operation, one subscriber', async () => {
    world.sandbox.addFault({ kind: '429', operation: 'balance', subscriberId: 'amina' });
    expect(await statuses(['daniel', 'balance'], ['amina', 'accountInfo'], ['amina', 'balance'])).toEqual([
      200, 200, 429,
    ]);
  });

  test('the token endpoint only when it is named', async () => {
    world.sandbox.addFault({ kind: '5xx-before', times: 5 });
    expect((await requestToken(world.sandbox, CREDENTIALS.clientId, CREDENTIALS.clientSecret)).status).toBe(200);
    world.sandbox.addFault({ kind: '5xx-before', operation: 'token' });
    expect((await requestToken(world.sandbox, CREDENTIALS.clientId, CREDENTIALS.clientSecret)).status).toBe(503);
  });

  test('nobody after they are cleared', async () => {
    world.sandbox.addFault({ kind: '5xx-before', times: 100 });
    world.sandbox.clearFaults();
    expect(await statuses(...PERSONAS.map(({ id }) => [id, 'balance'] as const))).toEqual(PERSONAS.map(() => 200));
  });
});
