import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Visitor } from './browser.js';
import { openPeople, type PeopleHouse, type PeopleSettings } from './people-house.js';

const opened: PeopleHouse[] = [];
async function open(settings: PeopleSettings = {}): Promise<PeopleHouse> {
  const house = await openPeople(settings);
  opened.push(house);
  return house;
}
afterAll(() => Promise.all(opened.map((house) => house.close())));

async function tokenOf(house: PeopleHouse): Promise<string> {
  return (await house.people.oneTimeUrl('http://localhost')).split('#login=')[1] ?? '';
}

async function loggedIn(house: PeopleHouse, host?: string): Promise<Visitor> {
  const visitor = new Visitor(house.http, host);
  expect((await visitor.post('/console/login/token', { token: await tokenOf(house) })).statusCode).toBe(200);
  return visitor;
}

describe('the built-in admin', () => {
  let house: PeopleHouse;
  beforeAll(async () => {
    house = await open();
  });

  test('gets in with the printed token, once, whoever is first', async () => {
    const token = await tokenOf(house);
    const visitors = Array.from({ length: 10 }, () => new Visitor(house.http));
    const answers = await Promise.all(visitors.map((visitor) => visitor.post('/console/login/token', { token })));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(9).fill(401)]);
    const first = visitors[answers.findIndex(({ statusCode }) => statusCode === 200)];
    expect(await first?.session()).toEqual({ state: 'in', login: 'token', trial: true, name: '', role: 'admin' });
  });

  test('the token is in a part of the address that no server and no log sees', async () => {
    expect(await house.people.oneTimeUrl('https://refill.example')).toMatch(
      /^https:\/\/refill\.example\/#login=[\w-]{43}$/,
    );
  });

  test('a made-up token lets nobody in, whatever it is', async () => {
    const visitor = new Visitor(house.http);
    const real = await tokenOf(house);
    const near = fc.nat(42).map((at) => real.slice(0, at) + (real[at] === 'A' ? 'B' : 'A') + real.slice(at + 1));
    await fc.assert(
      fc.asyncProperty(fc.oneof(near, fc.string(), fc.jsonValue()), async (token) => {
        const { statusCode } = await visitor.post('/console/login/token', { token });
        expect(statusCode).toBe(401);
      }),
      { seed: 5, numRuns: 200 },
    );
    expect((await visitor.post('/console/login/token', { token: real })).statusCode).toBe(200);
  });

  test('over plain http the cookie is still out of reach of scripts and other sites', async () => {
    const visitor = await loggedIn(house);
    expect(visitor.set.at(-1)).toMatch(/^refill_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
  });

  test('who guesses is stopped', async () => {
    const strict = await open({ failuresPerAddress: 3 });
    const visitor = new Visitor(strict.http);
    const statuses = [];
    for (let n = 0; n < 5; n++) {
      statuses.push((await visitor.post('/console/login/token', { token: 'x'.repeat(43) })).statusCode);
    }
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });
});

describe('only our own page changes anything', () => {
  let house: PeopleHouse;
  let admin: Visitor;
  beforeAll(async () => {
    house = await open();
    admin = await loggedIn(house);
  });

  const page = { 'x-refill-page': '1' };
  test.each([
    ['another site, as browsers say it', { ...page, 'sec-fetch-site': 'cross-site' }],
    ['a neighbour under the same domain', { ...page, 'sec-fetch-site': 'same-site' }],
    ['another site, of an older browser', { ...page, origin: 'https://evil.example' }],
    ['a page without an origin', { ...page, origin: 'null' }],
    ['our page, but for its header', { 'sec-fetch-site': 'same-origin' }],
    ['a form on another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ])('from %s: refused, though the cookie is there', async (_what, headers) => {
    const posted = await admin.go('POST', '/for/admin', { headers });
    expect([posted.statusCode, posted.json<{ code: string }>().code]).toEqual([403, 'OTHER_ORIGIN']);
    expect((await admin.go('POST', '/console/logout', { headers })).statusCode).toBe(403);
    expect((await admin.go('POST', '/console/login/token', { headers })).statusCode).toBe(403);
    expect(await admin.session()).toMatchObject({ state: 'in' });
  });

  test('from our own page it is done, by any browser', async () => {
    for (const headers of [
      { ...page, 'sec-fetch-site': 'same-origin' },
      { ...page, origin: 'http://refill.example' },
    ]) {
      expect((await admin.go('POST', '/for/admin', { headers })).statusCode).toBe(200);
    }
  });
});

describe('a session', () => {
  test('ends after a while without a request', async () => {
    const house = await open({ session: { idleMs: 2000, longestMs: 60_000 } });
    const visitor = await loggedIn(house);
    expect(await visitor.session()).toMatchObject({ state: 'in' });
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(await visitor.session()).toMatchObject({ state: 'out' });
  });

  test('ends in the end, however busy', async () => {
    const house = await open({ session: { idleMs: 60_000, longestMs: 700 } });
    const visitor = await loggedIn(house);
    const until = Date.now() + 900;
    while (Date.now() < until) await visitor.session();
    expect(await visitor.session()).toMatchObject({ state: 'out' });
  });

  test('over https the cookie without the host’s prefix counts for nothing', async () => {
    const house = await open({ publicUrl: 'https://refill.example' });
    const visitor = await loggedIn(house);
    const id = visitor.cookies.get('__Host-refill_session') ?? '';
    expect(id).not.toBe('');
    const planted = new Visitor(house.http);
    planted.cookies.set('refill_session', id);
    expect(await planted.session()).toMatchObject({ state: 'out' });
  });

  test('a proxy that is trusted says whether it is https; another is not asked', async () => {
    const house = await open({ trustedProxies: ['127.0.0.1'] });
    const visitor = new Visitor(house.http);
    const https = { 'x-forwarded-proto': 'https' };
    await visitor.post('/console/login/token', { token: await tokenOf(house) }, https);
    expect(visitor.set.at(-1)).toContain('; Secure');
    const other = await open();
    const stranger = new Visitor(other.http);
    await stranger.post('/console/login/token', { token: await tokenOf(other) }, https);
    expect(stranger.set.at(-1)).not.toContain('; Secure');
  });
});

describe('a trial on one’s own machine', () => {
  let house: PeopleHouse;
  beforeAll(async () => {
    house = await open({ host: '127.0.0.1' });
  });

  test.each(['127.0.0.1:3000', 'localhost:3000', 'localhost', '[::1]:3000'])('is open at %s', async (host) => {
    const visitor = new Visitor(house.http, host);
    expect(await visitor.session()).toMatchObject({ state: 'in', login: 'open', role: 'admin' });
    expect((await visitor.post('/for/admin')).statusCode).toBe(200);
  });

  test.each([
    ['by another name that leads here', 'evil.example', {}, '127.0.0.1'],
    ['by a name that begins like ours', 'localhost.evil.example', {}, '127.0.0.1'],
    ['through a proxy or a tunnel', 'localhost', { 'x-forwarded-for': '192.0.2.1' }, '127.0.0.1'],
    ['from another machine', 'localhost', {}, '192.0.2.1'],
  ])('is shut %s', async (_what, host, headers, remoteAddress) => {
    const visitor = new Visitor(house.http, host, headers as Record<string, string>);
    const answer = await visitor.go('GET', '/for/viewer', { remoteAddress });
    expect(answer.statusCode).toBe(401);
  });

  test('another site’s page cannot use it', async () => {
    const visitor = new Visitor(house.http, 'localhost:3000');
    const answer = await visitor.go('POST', '/for/admin', { headers: { origin: 'https://evil.example' } });
    expect(answer.statusCode).toBe(403);
  });

  test('elsewhere, or without a sandbox, it is not open', async () => {
    expect((await open({ host: '0.0.0.0' })).people.login).toBe('token');
    expect((await open({ host: '192.0.2.1' })).people.login).toBe('token');
    expect((await open({ host: '127.0.0.1', sandbox: false })).people.login).toBe('off');
  });
});

test('every answer tells the browser what it may not do', async () => {
  const house = await open({ publicUrl: 'https://refill.example' });
  for (const url of ['/console/session', '/for/admin', '/healthz', '/nowhere']) {
    const { headers } = await new Visitor(house.http).go('GET', url);
    expect(headers).toMatchObject({
      'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
    });
  }
  const plain = await open();
  expect((await new Visitor(plain.http).go('GET', '/healthz')).headers).not.toHaveProperty('strict-transport-security');
});
