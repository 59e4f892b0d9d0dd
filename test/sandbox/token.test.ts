import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CREDENTIALS, requestToken, send, startWorld, type World } from './support.js';

let now: Date;
let world: World;

beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00Z');
  world = await startWorld({ now: () => now, tokenLifetimeSeconds: 60 });
});

afterEach(() => world.sandbox.close());

const { clientId, clientSecret } = CREDENTIALS;

test('a token is given for the right id and secret, and opens the calls until it ends', async () => {
  const { status, body, headers } = await requestToken(world.sandbox, clientId, clientSecret);
  expect([status, body.token_type, body.expires_in]).toEqual([200, 'Bearer', 60]);
  expect(headers.get('cache-control')).toBe('no-store');
  expect((await world.get('daniel', 'balance')).status).toBe(200);
  now = new Date('2026-11-21T12:01:00Z');
  const late = await world.get('daniel', 'balance');
  expect([late.status, late.body.cause]).toEqual([401, 'NOT_ALLOWED']);
});

test.each([
  ['a wrong secret', clientId, 'guess'],
  ['a wrong id', 'someone', clientSecret],
  ['nothing', '', ''],
])('%s gets invalid_client', async (_, id, secret) => {
  const reply = await requestToken(world.sandbox, id, secret);
  expect([reply.status, reply.body]).toEqual([401, { error: 'invalid_client' }]);
});

test('only client credentials are granted, by POST', async () => {
  expect((await requestToken(world.sandbox, clientId, clientSecret, 'password')).body.error).toBe(
    'unsupported_grant_type',
  );
  expect((await send(world.sandbox.tokenUrl)).status).toBe(405);
});

test.each([
  ['no token', {}],
  ['an invented token', { authorization: 'Bearer x' }],
  ['credentials instead of a token', { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` }],
])('%s opens nothing', async (_, headers) => {
  for (const [method, operation] of [
    ['GET', 'balance'],
    ['GET', 'nonsense'],
    ['POST', 'purchasePlan'],
  ] as const) {
    expect((await send(`${world.sandbox.url}${world.pathOf('daniel')}/${operation}`, { method, headers })).status).toBe(
      401,
    );
  }
  expect(world.sandbox.charges()).toEqual([]);
});

test('tokens can be revoked, and requests for them are counted', async () => {
  const before = world.sandbox.tokenRequests();
  world.sandbox.revokeTokens();
  expect((await world.get('daniel', 'balance')).status).toBe(401);
  await requestToken(world.sandbox, clientId, clientSecret);
  expect(world.sandbox.tokenRequests()).toBe(before + 1);
});
