import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Visitor } from './browser.js';
import { CLIENT, type Keycloak, startKeycloak } from './keycloak.js';
import { openPeople, type PeopleHouse } from './people-house.js';

const PUBLIC = 'https://refill.example';

let keycloak: Keycloak;
let house: PeopleHouse;
beforeAll(async () => {
  keycloak = await startKeycloak();
  house = await openPeople({ issuer: keycloak.url, publicUrl: PUBLIC });
});
afterAll(async () => {
  await house?.close();
  await keycloak?.close();
});
beforeEach(() => {
  keycloak.down = false;
  keycloak.foreignSigner = false;
  keycloak.spoilIdToken = (claims) => claims;
  keycloak.user = { sub: 'f1', name: 'Ana', roles: ['refill-agent'], rolesInIdToken: true };
});

/** Up to the issuer: where it sends the browser back to. */
async function begin(visitor: Visitor): Promise<URL> {
  const start = await visitor.go('GET', '/console/login');
  expect(start.statusCode).toBe(303);
  const answer = await fetch(String(start.headers.location), { redirect: 'manual' });
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location') ?? '');
}

async function comeBack(visitor: Visitor, back: URL): Promise<string> {
  const answer = await visitor.go('GET', `${back.pathname}${back.search}`);
  expect(answer.statusCode).toBe(303);
  return String(answer.headers.location);
}

const visitor = () => new Visitor(house.http);

describe('login with an issuer', () => {
  test('goes by code, PKCE with S256, state and nonce, and ends in a session', async () => {
    const ana = visitor();
    expect(await ana.session()).toEqual({ state: 'out', login: 'oidc', trial: true });
    const start = await ana.go('GET', '/console/login');
    const asked = new URL(String(start.headers.location)).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      client_id: CLIENT.id,
      response_type: 'code',
      scope: 'openid profile',
      redirect_uri: `${PUBLIC}/console/login/callback`,
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(await comeBack(ana, await begin(ana))).toBe('/');
    expect(await ana.session()).toEqual({ state: 'in', login: 'oidc', trial: true, name: 'Ana', role: 'agent' });
  });

  test('nobody who reads the store learns a session, a name, or what proves a login', async () => {
    const ana = visitor();
    await comeBack(ana, await begin(ana));
    const back = await begin(ana);
    const dump = await house.dump();
    for (const secret of [...ana.cookies.values(), 'Ana', back.searchParams.get('state') ?? '']) {
      expect(secret.length).toBeGreaterThan(2);
      expect(dump).not.toContain(secret);
    }
  });

  test('the session’s cookie is for this host, over https, and out of reach of scripts', async () => {
    const ana = visitor();
    await comeBack(ana, await begin(ana));
    const cookie = ana.set.find((set) => set.includes('session=')) ?? '';
    expect(cookie).toMatch(/^__Host-refill_session=[\w-]{43}; /);
    for (const flag of ['Path=/', 'HttpOnly', 'SameSite=Lax', 'Secure']) expect(cookie).toContain(flag);
    expect(cookie).not.toContain('Domain');
  });

  test.each([
    ['another state', (back: URL) => back.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (back: URL) => back.searchParams.delete('state')],
    ['another code', (back: URL) => back.searchParams.set('code', 'made-up')],
    ['another issuer in the answer', (back: URL) => back.searchParams.set('iss', 'https://elsewhere.example')],
    ['no issuer in the answer', (back: URL) => back.searchParams.delete('iss')],
    [
      'a refusal',
      (back: URL) => {
        back.searchParams.delete('code');
        back.searchParams.set('error', 'access_denied');
      },
    ],
  ])('with %s: nobody is in', async (_what, spoil) => {
    const eve = visitor();
    const back = await begin(eve);
    spoil(back);
    expect(await comeBack(eve, back)).toBe('/?login=failed');
    expect(await eve.session()).toMatchObject({ state: 'out' });
  });

  test.each([
    ['another nonce', { nonce: 'x'.repeat(43) }],
    ['no nonce', { nonce: undefined }],
    ['another audience', { aud: 'somebody-else' }],
    ['another issuer', { iss: 'https://elsewhere.example' }],
    ['an end in the past', { exp: 1 }],
    ['nobody in it', { sub: undefined }],
  ])('an ID token with %s: nobody is in', async (_what, change) => {
    keycloak.spoilIdToken = (claims) => ({ ...claims, ...change });
    const eve = visitor();
    expect(await comeBack(eve, await begin(eve))).toBe('/?login=failed');
    expect(await eve.session()).toMatchObject({ state: 'out' });
  });

  test('an ID token signed by somebody else: nobody is in', async () => {
    keycloak.foreignSigner = true;
    const eve = visitor();
    expect(await comeBack(eve, await begin(eve))).toBe('/?login=failed');
  });

  test('a login that another browser began does not end in this one, and only once where it began', async () => {
    const [ana, eve] = [visitor(), visitor()];
    const back = await begin(ana);
    expect(await comeBack(eve, back)).toBe('/?login=failed');
    await begin(eve);
    expect(await comeBack(eve, back)).toBe('/?login=failed');
    expect(await comeBack(ana, back)).toBe('/');
    expect(await comeBack(ana, back)).toBe('/?login=failed');
  });

  test('a login changes the session’s id and ends the one before', async () => {
    const ana = visitor();
    await comeBack(ana, await begin(ana));
    const first = new Map(ana.cookies);
    await comeBack(ana, await begin(ana));
    expect([...ana.cookies]).not.toEqual([...first]);
    const before = visitor();
    for (const [name, value] of first) before.cookies.set(name, value);
    expect(await before.session()).toMatchObject({ state: 'out' });
  });

  test('while the issuer is away the page says so', async () => {
    keycloak.down = true;
    const fresh = await openPeople({ issuer: keycloak.url, publicUrl: PUBLIC });
    const answer = await new Visitor(fresh.http).go('GET', '/console/login');
    expect(answer.headers.location).toBe('/?login=unavailable');
    keycloak.down = false;
    const again = await new Visitor(fresh.http).go('GET', '/console/login');
    expect(String(again.headers.location)).toContain(keycloak.url);
    await fresh.close();
  });

  test('logout ends the session here and leads to the issuer’s', async () => {
    const ana = visitor();
    await comeBack(ana, await begin(ana));
    const kept = new Map(ana.cookies);
    const { next } = (await ana.post('/console/logout')).json<{ next: string }>();
    expect(new URL(next).searchParams.get('post_logout_redirect_uri')).toBe(`${PUBLIC}/`);
    expect(ana.cookies.size).toBe(0);
    for (const [name, value] of kept) ana.cookies.set(name, value);
    expect(await ana.session()).toMatchObject({ state: 'out' });
  });
});

describe('roles', () => {
  const rows = [
    ['refill-viewer', [200, 403, 403]],
    ['refill-agent', [200, 200, 403]],
    ['refill-admin', [200, 200, 200]],
  ] as const;

  test.each(rows)('%s may see what it may', async (name, expected) => {
    keycloak.user = { ...keycloak.user, roles: ['offline_access', name] };
    const somebody = visitor();
    await comeBack(somebody, await begin(somebody));
    const urls = ['viewer', 'agent', 'admin'].map((role) => `/for/${role}`);
    const got = await Promise.all(urls.map((url) => somebody.go('GET', url)));
    expect(got.map(({ statusCode }) => statusCode)).toEqual(expected);
    const posted = await Promise.all(urls.map((url) => somebody.post(url)));
    expect(posted.map(({ statusCode }) => statusCode)).toEqual(expected);
  });

  test('the highest of several counts', async () => {
    keycloak.user = { ...keycloak.user, roles: ['refill-viewer', 'refill-admin'] };
    const somebody = visitor();
    await comeBack(somebody, await begin(somebody));
    expect(await somebody.session()).toMatchObject({ role: 'admin' });
  });

  test('where the ID token has none they come from the user info', async () => {
    keycloak.user = { ...keycloak.user, rolesInIdToken: false };
    const somebody = visitor();
    await comeBack(somebody, await begin(somebody));
    expect(await somebody.session()).toMatchObject({ role: 'agent' });
  });

  test('who has none of ours is told so, and is not in', async () => {
    keycloak.user = { ...keycloak.user, roles: ['offline_access', 'admin'] };
    const somebody = visitor();
    expect(await comeBack(somebody, await begin(somebody))).toBe('/?login=no-role');
    expect(await somebody.session()).toMatchObject({ state: 'out' });
  });

  test('nobody sees anything without a session', async () => {
    for (const role of ['viewer', 'agent', 'admin']) {
      expect((await visitor().go('GET', `/for/${role}`)).statusCode).toBe(401);
    }
  });
});
