import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CLIENT, type Keycloak, startKeycloak } from '../access/keycloak.js';
import { SECRET } from '../slack/house.js';
import { type FakeSlack, startSlack } from '../slack/slack.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { NO_POSTGRES, postgresServer } from '../support/stores.js';
import { leaksIn } from './planted.js';
import { createSurfaces, type Surface } from './surfaces.js';

const PUBLIC = 'https://refill.example';

/** What must be nowhere in clear where people log in and a workspace is installed. */
const CANARIES = {
  'name of an agent': 'Oswaldina Canary',
  'subject of an agent': 'canary-subject-f1',
  'made-up code': 'canary-code-of-nobody',
  'made-up state': 'canary-state-of-nobody',
  'word of an issuer': 'canary-of-601155991001',
  'made-up login token': 'canary-token-601155991002',
  'client secret of the console': CLIENT.secret,
  'client secret of Slack': 'a canary client secret',
  'token of a workspace': 'xoxb-installed-T2',
} as const;

const here = (await postgresServer()) !== undefined;
(here ? describe : describe.skip)(
  `canaries where people log in and workspaces are installed${here ? '' : ` (${NO_POSTGRES})`}`,
  () => {
    const surfaces = createSurfaces();
    /** Secrets that came up on the way. */
    const secrets: [what: string, value: string][] = [];
    let app: TestApp;
    let keycloak: Keycloak;
    let slack: FakeSlack;
    let found: ReadonlyMap<Surface, string>;

    beforeAll(async () => {
      [keycloak, slack] = await Promise.all([startKeycloak(), startSlack()]);
      const [sub, name] = [CANARIES['subject of an agent'], CANARIES['name of an agent']];
      keycloak.user = { sub, name, roles: ['refill-admin'], rolesInIdToken: true };
      const env = {
        REFILL_PUBLIC_URL: PUBLIC,
        REFILL_LOGIN_ISSUER_URL: keycloak.url,
        REFILL_LOGIN_CLIENT_ID: CLIENT.id,
        REFILL_LOGIN_CLIENT_SECRET: CLIENT.secret,
        SLACK_SIGNING_SECRET: SECRET,
        SLACK_API_URL: slack.url,
        SLACK_CLIENT_ID: '11.22',
        SLACK_CLIENT_SECRET: CANARIES['client secret of Slack'],
      };
      app = await startTestApp(env, surfaces.log);
      await surfaces.watch(app, { cookie: await logIn() });
      await failToLogIn();
      await install();
      found = await surfaces.collect(app);
    }, 120_000);

    afterAll(async () => {
      await surfaces.stop();
      await app?.close();
      await Promise.all([keycloak?.close(), slack?.close()]);
    });

    async function send(path: string, init: RequestInit = {}): Promise<Response> {
      return surfaces.answer(await fetch(`${app.url}${path}`, { redirect: 'manual', ...init }));
    }

    const cookieOf = (response: Response) =>
      response.headers
        .getSetCookie()
        .map((set) => set.split(';')[0] ?? '')
        .join('; ');

    /** To the issuer and back, which nobody but the person's own browser may read: not kept. Resolves to their cookie. */
    async function logIn(): Promise<string> {
      const start = await fetch(`${app.url}/console/login`, { redirect: 'manual' });
      const asked = await fetch(start.headers.get('location') ?? '', { redirect: 'manual' });
      const back = new URL(asked.headers.get('location') ?? '');
      const cookie = cookieOf(start);
      const end = await fetch(`${app.url}${back.pathname}${back.search}`, { redirect: 'manual', headers: { cookie } });
      const session = cookieOf(end);
      expect([end.status, end.headers.get('location')]).toEqual([303, '/']);
      for (const name of ['code', 'state']) secrets.push([`${name} of a login`, back.searchParams.get(name) ?? '']);
      for (const pair of `${cookie}; ${session}`.split('; ')) secrets.push(['cookie', pair.split('=')[1] ?? '']);
      return session;
    }

    async function failToLogIn(): Promise<void> {
      const code = CANARIES['made-up code'];
      const refusal = { error: CANARIES['word of an issuer'], error_description: CANARIES['word of an issuer'] };
      const [here, elsewhere] = [keycloak.url, CANARIES['word of an issuer']];
      for (const query of [{ code, iss: here }, { code, iss: elsewhere }, { code }, { ...refusal, iss: here }]) {
        const start = await fetch(`${app.url}/console/login`, { redirect: 'manual' });
        const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
        secrets.push(['state of a login that failed', state]);
        // With the right state, so that it gets as far as it can; then with one that is nobody's.
        for (const given of [state, CANARIES['made-up state']]) {
          const path = `/console/login/callback?${new URLSearchParams({ ...query, state: given })}`;
          await send(path);
          await send(path, { headers: { cookie: cookieOf(start) } });
        }
      }
      const token = CANARIES['made-up login token'];
      const headers = { 'content-type': 'application/json', 'x-refill-page': '1', origin: PUBLIC };
      for (const body of [JSON.stringify({ token }), JSON.stringify({ [token]: token }), `{"token": ${token} x`]) {
        expect((await send('/console/login/token', { method: 'POST', headers, body })).status).toBeGreaterThan(399);
      }
      await send('/console/session', { headers: { cookie: `__Host-refill_session=${token}` } });
    }

    async function install(): Promise<void> {
      const made = new URLSearchParams({ code: CANARIES['made-up code'], state: CANARIES['made-up state'] });
      expect((await send(`/slack/oauth_redirect?${made}`)).status).toBe(400);
      const away = await fetch(`${app.url}/slack/install`, { redirect: 'manual' });
      const state = new URL(away.headers.get('location') ?? '').searchParams.get('state') ?? '';
      secrets.push(['state of an installation', state]);
      const query = new URLSearchParams({ code: 'good-code', state });
      const back = await send(`/slack/oauth_redirect?${query}`, { headers: { cookie: cookieOf(away) } });
      expect(back.status).toBe(200);
    }

    test.each([
      ['log', 'a login failed'],
      ['redis commands', 'refill:'],
      ['redis dump', 'refill:'],
      ['postgres writes', 'slack_installations: {'],
      ['postgres dump', 'slack_installations'],
      ['metrics', 'refill_'],
      ['answers', 'problem+json'],
    ] as const)('none is in the %s', (surface, sign) => {
      const content = found.get(surface) ?? '';
      expect(content).toContain(sign);
      expect(leaksIn(content, [...Object.entries(CANARIES), ...secrets])).toEqual([]);
    });

    test('and all of them got in', () => {
      expect(secrets.filter(([, value]) => value.length > 20).length).toBeGreaterThan(8);
    });
  },
);
