import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { mayAct, ROLES, type Role } from '../../bot/access/roles.js';
import { SCOPES, type Scope } from '../../bot/access/scopes.js';
import { type Player, slackPlayer, whatsAppPlayer } from '../channels/players.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { CLIENT, type Keycloak, startKeycloak } from './keycloak.js';

/** Who may use a route: a system with a scope, a person with a role, or anybody, where what guards it is not a matter of who. */
type Rule = Scope | Role | 'anybody';

/** Every route of Refill with all there is switched on. A new one is written down here, or the first test fails. */
const RULES: Readonly<Record<string, Rule>> = {
  'POST /millom/callback/v1/:operator': 'callback',
  'POST /millom/callback/v1/:operator/': 'callback',
  'POST /millom/rich-callback': 'callback',
  'POST /millom/rich-callback/': 'callback',
  'POST /millom/notify/:operator/v1/single': 'notify',
  'POST /millom/rich-notifications': 'notify',
  'POST /millom/rich-notifications/': 'notify',
  'GET /purchases': 'purchases.read',
  'GET /purchases/:id': 'purchases.read',
  'POST /purchases/search': 'purchases.read',
  'POST /admin/links': 'links.write',
  'DELETE /admin/links': 'links.write',
  'POST /admin/links/block': 'links.block',
  'POST /admin/links/unblock': 'links.block',
  'GET /web/personas': 'viewer',
  'HEAD /web/personas': 'viewer',
  'POST /web/sessions': 'viewer',
  'POST /web/:conversation/messages': 'viewer',
  'GET /web/:conversation/events': 'viewer',
  'GET /console/live': 'viewer',
  'GET /console/world/*': 'viewer',
  'POST /console/world/*': 'admin',
  'DELETE /console/world/*': 'admin',
  'POST /console/preview': 'viewer',
  'GET /console/whatsapp': 'admin',
  'POST /console/sessions/end': 'admin',
  // What says how the process does.
  'GET /healthz': 'anybody',
  'HEAD /healthz': 'anybody',
  'GET /readyz': 'anybody',
  'HEAD /readyz': 'anybody',
  'GET /metrics': 'anybody',
  'HEAD /metrics': 'anybody',
  // The platforms' own signatures and tokens, and an installation's state.
  'POST /slack/events': 'anybody',
  'GET /slack/install': 'anybody',
  'HEAD /slack/install': 'anybody',
  'GET /slack/oauth_redirect': 'anybody',
  'HEAD /slack/oauth_redirect': 'anybody',
  'POST /api/messages': 'anybody',
  'GET /whatsapp/webhook': 'anybody',
  'HEAD /whatsapp/webhook': 'anybody',
  'POST /whatsapp/webhook': 'anybody',
  // How one comes by a token or a session.
  'POST /oauth/token': 'anybody',
  'GET /.well-known/jwks.json': 'anybody',
  'HEAD /.well-known/jwks.json': 'anybody',
  'GET /console/session': 'anybody',
  'HEAD /console/session': 'anybody',
  'POST /console/login/token': 'anybody',
  'POST /console/logout': 'anybody',
  'GET /console/login': 'anybody',
  'HEAD /console/login': 'anybody',
  'GET /console/login/callback': 'anybody',
  'HEAD /console/login/callback': 'anybody',
  // 256 random bits in the address.
  'GET /link/:token': 'anybody',
  'POST /link/:token': 'anybody',
};

/** The console's files, which are there once the page was built. */
const FILES = /^(GET|HEAD) \/\*$/;

const PUBLIC = 'http://refill.example';

let keycloak: Keycloak;
let players: Player[];
let app: TestApp;
let served: readonly string[];
beforeAll(async () => {
  keycloak = await startKeycloak();
  players = await Promise.all([slackPlayer(), whatsAppPlayer()]);
  const env = Object.assign({}, ...players.map((player) => player.env), {
    HOST: '0.0.0.0',
    REFILL_PUBLIC_URL: PUBLIC,
    REFILL_CALLER_ID: 'millom',
    REFILL_CALLER_SECRET: 'a secret of some length',
    REFILL_CLIENT_REQUESTS_PER_MINUTE: '10000',
    REFILL_ISSUER_URL: keycloak.url,
    REFILL_LOGIN_ISSUER_URL: keycloak.url,
    REFILL_LOGIN_CLIENT_ID: CLIENT.id,
    REFILL_LOGIN_CLIENT_SECRET: CLIENT.secret,
    SLACK_CLIENT_ID: '11.22',
    SLACK_CLIENT_SECRET: 'a client secret',
  });
  const routes = new Map<FastifyInstance, string[]>();
  const onServer = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance };
    const found: string[] = [];
    routes.set(fastify, found);
    fastify.addHook('onRoute', ({ method, url }) => void found.push(...[method].flat().map((one) => `${one} ${url}`)));
  };
  subscribe('fastify.initialization', onServer);
  app = await startTestApp(env);
  unsubscribe('fastify.initialization', onServer);
  const port = Number(new URL(app.url).port);
  served = [...routes].find(([{ server }]) => (server.address() as { port?: number } | null)?.port === port)?.[1] ?? [];
}, 60_000);
afterAll(async () => {
  await app?.close();
  for (const player of players ?? []) await player.stop();
  await keycloak?.close();
});

const guarded = Object.keys(RULES).filter((route) => RULES[route] !== 'anybody');
const routesOf = (may: (rule: Rule) => boolean) => guarded.filter((route) => may(RULES[route] ?? 'anybody'));

/** What the door itself refuses with; whatever comes after it is about what was asked. */
const REFUSED = ['UNAUTHORIZED', 'INSUFFICIENT_SCOPE', 'LOGIN_REQUIRED', 'ROLE_REQUIRED', 'OTHER_ORIGIN'];

/** The door's refusal of a request that says nothing; `undefined` when it came through. */
async function refusal(route: string, headers: Record<string, string>): Promise<string | undefined> {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replace(/:\w+|\*/g, 'nothing');
  const stop = new AbortController();
  const bare = method === 'GET' || method === 'HEAD';
  const answer = await fetch(`${app.url}${path}`, {
    method,
    signal: stop.signal,
    headers: { ...headers, 'x-refill-page': '1', ...(!bare && { 'content-type': 'application/json' }) },
    ...(!bare && { body: '{}' }),
  });
  const { status } = answer;
  const refused = status === 401 || status === 403;
  const code = refused && method !== 'HEAD' ? ((await answer.json()) as { code: string }).code : `${status}`;
  stop.abort();
  if (!refused) return undefined;
  return method === 'HEAD' || REFUSED.includes(code) ? `${status} ${code}` : undefined;
}

async function letIn(headers: Record<string, string>): Promise<string[]> {
  const open: string[] = [];
  for (const route of guarded) if ((await refusal(route, headers)) === undefined) open.push(route);
  return open;
}

const bearing = async (scope: string) => ({
  authorization: `Bearer ${await keycloak.accessToken({ aud: 'refill', scope })}`,
});

/** Through the issuer's login, as a browser goes. */
async function loggedIn(role: Role): Promise<{ cookie: string }> {
  keycloak.user = { sub: role, name: role, roles: [`refill-${role}`], rolesInIdToken: true };
  const cookieOf = (answer: Response, name: string) =>
    answer.headers
      .getSetCookie()
      .find((set) => set.startsWith(`refill_${name}=`))
      ?.split(';')[0] ?? '';
  const begun = await fetch(`${app.url}/console/login`, { redirect: 'manual' });
  const asked = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  const back = (asked.headers.get('location') ?? '').replace(PUBLIC, app.url);
  const done = await fetch(back, { redirect: 'manual', headers: { cookie: cookieOf(begun, 'login') } });
  return { cookie: cookieOf(done, 'session') };
}

test('every route that is served has its rule, and every rule a route', () => {
  expect([...served].filter((route) => !FILES.test(route)).sort()).toEqual(Object.keys(RULES).sort());
});

describe('a token', () => {
  test.each(SCOPES)('with %s and nothing else comes through where it should, and nowhere else', async (scope) => {
    const routes = routesOf((rule) => rule === scope);
    expect(routes.length).toBeGreaterThan(0);
    expect(await letIn(await bearing(scope))).toEqual(routes);
  });

  test('without the scope is told which one it takes', async () => {
    for (const [route, rule] of Object.entries(RULES).filter(([, one]) => SCOPES.some((scope) => scope === one))) {
      const others = SCOPES.filter((scope) => scope !== rule).join(' ');
      expect([route, await refusal(route, await bearing(others))]).toEqual([route, '403 INSUFFICIENT_SCOPE']);
    }
  });
});

describe('a person', () => {
  test.each(ROLES)('who is %s comes through where they should, and nowhere else', async (role) => {
    const routes = routesOf((rule) => ROLES.some((needed) => needed === rule && mayAct(role, needed)));
    expect(await letIn(await loggedIn(role))).toEqual(routes);
  });
});

test('nobody without either comes through anywhere', async () => {
  expect(await letIn({})).toEqual([]);
  expect(await letIn({ authorization: 'Bearer made.up.token', cookie: `refill_session=${'x'.repeat(43)}` })).toEqual(
    [],
  );
});
