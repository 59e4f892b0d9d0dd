import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { SCOPES, type Scope } from '../../bot/access/scopes.js';
import { hashSecret, newSecret } from '../../bot/access/secrets.js';
import { basic, ENVIRONMENT, type House, openHouse } from './house.js';

const GRANT = { grant_type: 'client_credentials' };

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.close());
beforeEach(() => {
  house.now = new Date();
});

let made = 0;
/** A client of the ledger, and its secret. */
async function client(scopes: readonly Scope[], expiresAt?: Date): Promise<{ id: string; secret: string }> {
  const secret = newSecret();
  const id = `client-${++made}`;
  await house.ledger.addClient({ id, scopes, ...(expiresAt && { expiresAt }) }, hashSecret(secret));
  return { id, secret };
}

async function tokenOf({ id, secret }: { id: string; secret: string }, scope?: string): Promise<string> {
  const answer = await house.ask({ ...GRANT, client_id: id, client_secret: secret, ...(scope && { scope }) });
  expect(answer.statusCode).toBe(200);
  return answer.json<{ access_token: string }>().access_token;
}

describe('/oauth/token', () => {
  test('gives a token to who knows the secret, in the form or by Basic', async () => {
    for (const answer of [
      await house.ask({ ...GRANT, client_id: ENVIRONMENT.id, client_secret: ENVIRONMENT.secret }),
      await house.ask(GRANT, basic(ENVIRONMENT.id, ENVIRONMENT.secret)),
      await house.ask({ ...GRANT, client_id: ENVIRONMENT.id }, basic(ENVIRONMENT.id, ENVIRONMENT.secret)),
    ]) {
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
      expect(answer.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'notify callback' });
    }
  });

  test('a secret with signs that mean something in a form or in Basic is taken as it is', async () => {
    const id = `client-${++made}`;
    const secret = 'a:b&c=d%+ é~';
    await house.ledger.addClient({ id, scopes: ['notify'] }, hashSecret(secret));
    expect((await house.ask(GRANT, basic(id, secret))).statusCode).toBe(200);
    expect((await house.ask({ ...GRANT, client_id: id, client_secret: secret })).statusCode).toBe(200);
  });

  test.each([
    ['a wrong secret', () => ({ ...GRANT, client_id: 'millom', client_secret: 'wrong' }), {}],
    ['an unknown client', () => ({ ...GRANT, client_id: 'nobody', client_secret: 'wrong' }), {}],
    ['a client that is no name', () => ({ ...GRANT, client_id: "' or 1=1 \0", client_secret: 'x' }), {}],
    ['nothing', () => GRANT, {}],
    ['an empty secret', () => GRANT, basic('millom', '')],
    ['another scheme', () => GRANT, { authorization: 'Bearer abc' }],
  ])('%s: 401 invalid_client, and no more is said', async (_what, form, headers) => {
    const answer = await house.ask(form(), headers);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    expect(answer.json()).toEqual({ error: 'invalid_client' });
  });

  test.each([
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no grant', {}, 'invalid_request'],
    ['a scope the client has not', { ...GRANT, scope: 'notify links.write' }, 'invalid_scope'],
    ['a scope there is not', { ...GRANT, scope: 'everything' }, 'invalid_scope'],
    ['a secret in both places', { ...GRANT, client_secret: ENVIRONMENT.secret }, 'invalid_request'],
    ['another client in the form', { ...GRANT, client_id: 'other' }, 'invalid_request'],
  ])('%s: 400 %s', async (_what, form, error) => {
    const answer = await house.ask(form as Record<string, string>, basic(ENVIRONMENT.id, ENVIRONMENT.secret));
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ error });
  });

  test('a parameter that comes twice: 400', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...basic('millom', ENVIRONMENT.secret) };
    const body = 'grant_type=client_credentials&scope=notify&scope=callback';
    const answer = await house.http.inject({ method: 'POST', url: '/oauth/token', headers, body });
    expect(answer.json()).toEqual({ error: 'invalid_request' });
  });

  test('a client may ask for less than it may do', async () => {
    const narrow = await client(['notify', 'callback', 'purchases.read']);
    const token = await tokenOf(narrow, 'callback');
    expect(decodeJwt(token)['scope']).toBe('callback');
    expect((await house.call('callback', token)).status).toBe(200);
    expect((await house.call('notify', token)).status).toBe(403);
  });

  test('its keys are published, without what signs', async () => {
    const answer = await house.http.inject('/.well-known/jwks.json');
    const { keys } = answer.json<{ keys: Record<string, unknown>[] }>();
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', use: 'sig', alg: 'ES256', kid: expect.any(String) });
    expect(keys[0]).not.toHaveProperty('d');
    const stored = await house.ledger.signingKeys();
    expect(answer.body).not.toContain(JSON.parse(stored[0]?.privateJwk ?? '{}').d);
  });
});

describe('each route asks for its own scope', () => {
  const routes = [
    ['callback', 'callback'],
    ['notify', 'notify'],
    ['purchases', 'purchases.read'],
    ['links', 'links.write'],
    ['signals', 'links.block'],
  ] as const;

  test.each(routes)('%s takes %s and no other', async (route, scope) => {
    expect((await house.call(route, await tokenOf(await client([scope])))).status).toBeLessThan(300);
    const all = SCOPES.filter((other) => other !== scope);
    const refused = await house.call(route, await tokenOf(await client(all)));
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toBe(
      `Bearer realm="refill", error="insufficient_scope", scope="${scope}"`,
    );
  });

  test.each(routes)('%s without a token, or with nonsense: 401 that says how', async (route, _scope) => {
    const none = await house.call(route, undefined);
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer realm="refill"']);
    const bad = await house.call(route, 'nonsense');
    expect([bad.status, bad.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="refill", error="invalid_token"',
    ]);
  });

  test('a token of an hour ago is refused, a minute of skew is not', async () => {
    const token = await tokenOf(ENVIRONMENT);
    const issued = Date.now();
    house.now = new Date(issued + 3_600_000 + 50_000);
    expect((await house.call('notify', token)).status).toBe(202);
    house.now = new Date(issued + 3_600_000 + 70_000);
    expect((await house.call('notify', token)).status).toBe(401);
  });
});

describe('a client’s life', () => {
  test('after a rotation both secrets work until the grace is over; a third ends the first', async () => {
    const { id, secret: first } = await client(['notify']);
    const [second, third] = [newSecret(), newSecret()];
    const works = async (secret: string) => (await house.ask(GRANT, basic(id, secret))).statusCode === 200;
    await house.ledger.rotateClientSecret(id, hashSecret(second), 3_600_000);
    expect([await works(first), await works(second)]).toEqual([true, true]);
    await house.ledger.rotateClientSecret(id, hashSecret(third), 3_600_000);
    expect([await works(first), await works(second), await works(third)]).toEqual([false, true, true]);
    await house.ledger.rotateClientSecret(id, hashSecret(first), 0);
    expect([await works(second), await works(third), await works(first)]).toEqual([false, false, true]);
  });

  test('a disabled one gets no token, and those it has are refused', async () => {
    const known = await client(['notify']);
    const token = await tokenOf(known);
    await house.ledger.setClientDisabled(known.id, true);
    expect((await house.ask(GRANT, basic(known.id, known.secret))).statusCode).toBe(401);
    expect((await house.call('notify', token)).status).toBe(401);
    await house.ledger.setClientDisabled(known.id, false);
    expect((await house.call('notify', token)).status).toBe(202);
  });

  test('one that was removed is gone, with its tokens', async () => {
    const known = await client(['notify']);
    const token = await tokenOf(known);
    expect(await house.ledger.removeClient(known.id)).toBe(true);
    expect((await house.call('notify', token)).status).toBe(401);
    expect(await house.ledger.client(known.id)).toBeUndefined();
  });

  test('its token ends when it does', async () => {
    const known = await client(['notify'], new Date(Date.now() + 600_000));
    const token = await tokenOf(known);
    expect((decodeJwt(token).exp ?? 0) - Date.now() / 1000).toBeLessThanOrEqual(600);
    house.now = new Date(Date.now() + 601_000);
    expect((await house.call('notify', token)).status).toBe(401);
    expect((await house.ask(GRANT, basic(known.id, known.secret))).statusCode).toBe(401);
  });

  test('its secret is nowhere in the ledger', async () => {
    const { id, secret } = await client(['notify']);
    expect(JSON.stringify(await house.ledger.client(id))).not.toContain(secret);
  });
});

describe('an open sandbox', () => {
  let open: House;
  beforeAll(async () => {
    open = await openHouse({ caller: undefined, openSandbox: true });
  });
  afterAll(() => open?.close());

  test('lets who brings no token notify and call back, and nothing else', async () => {
    expect((await open.call('notify', undefined)).status).toBe(202);
    expect((await open.call('callback', undefined)).status).toBe(200);
    expect((await open.call('purchases', undefined)).status).toBe(401);
    expect((await open.call('links', undefined)).status).toBe(401);
  });

  test('refuses a wrong token all the same, and takes its own', async () => {
    expect((await open.call('notify', 'nonsense')).status).toBe(401);
    expect((await open.call('callback', await open.callers.issue())).status).toBe(200);
    expect((await open.call('links', await open.callers.issue())).status).toBe(403);
  });
});
