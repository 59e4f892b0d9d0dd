import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { cpidRoutes } from '../../bot/cpid/routes.js';
import { createTickets, type Tickets } from '../../bot/cpid/tickets.js';
import { createHttp } from '../../bot/http.js';
import { createTranslators } from '../../bot/i18n/index.js';
import { createMetrics } from '../../bot/metrics.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import {
  expectNoneTaken,
  FORGING_MS,
  into,
  MUTATIONS,
  misspelt,
  pick,
  type Request,
  SEED,
  type Way,
  withHeaders,
} from '../security/forging.js';
import { silent, tempRedis, tempVault } from '../support/stores.js';

const PAGE_URL = 'http://refill.example';
const CPID = '1dHMdxPV4h2mc+UnXI0zJW/jQ8P8iUBdWZ7qcNIz8=,50212';
const ASKER = { channel: 'slack', workspace: 'T1', user: 'U1', conversationId: 'c', language: 'en' };

let redis: Awaited<ReturnType<typeof tempRedis>>;
let http: FastifyInstance;
let tickets: Tickets;
/** On the same store, with another master key. */
let strangers: Tickets;
let used: string;
let linked = 0;
beforeAll(async () => {
  redis = await tempRedis();
  const connection = redis.store.forWebhooks();
  if (connection.status !== 'ready') await new Promise((resolve) => connection.once('ready', resolve));
  const store = createRedisShortLived(connection, 'refill');
  tickets = createTickets(store, tempVault());
  strangers = createTickets(store, tempVault());
  http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined });
  await http.register(cpidRoutes, {
    settings: () => ({
      mode: 'fetch',
      url: 'http://cpid.example',
      app: 'refill',
      operator: 'digi',
      pageUrl: PAGE_URL,
      maxTtlSeconds: 2_592_000,
    }),
    tickets,
    translators: createTranslators(),
    linking: {
      complete: async () => {
        linked++;
        return {} as never;
      },
    },
    telcoFor: () => ({ account: async () => ({}) as never }),
    onOutcome: () => undefined,
    now: () => new Date(),
  });
  used = await tickets.issue(ASKER);
  await tickets.take(used);
}, 60_000);
afterAll(async () => {
  await http?.close();
  await redis?.close();
});

const tokenOf = (good: Request) => good.url.split('/')[2] ?? '';
const at = (good: Request, token: string) => ({ ...good, url: `/link/${token}` });

const WAYS: Readonly<Record<string, Way>> = {
  ...misspelt('link', tokenOf, (good, token) => at(good, encodeURIComponent(token))),
  used: (good) => at(good, used),
  'of another key': async (good) => at(good, await strangers.issue(ASKER)),
  'what the store has of it': (good, random) =>
    at(good, pick(['cpid', ':used', `${tokenOf(good)}:used`, `${tokenOf(good)}:tries`], random)),
  'with more behind it': (good, random) =>
    at(good, tokenOf(good) + pick(['/', '%2f', '%00', '%20', '%0a', ';a', '.json', '/..', '%e2%80%8b'], random)),
  'with more before it': (good, random) =>
    at(good, pick(['/', '%20', '%00', '%2e%2e%2f', '%ef%bb%bf'], random) + tokenOf(good)),
  'of nobody': (good, random) => at(good, Array.from({ length: 43 }, () => pick([...'AZaz09-_'], random)).join('')),
  none: (good, random) =>
    at(good, pick(['', 'undefined', 'null', '*', '%2a', '%', '__proto__', 'constructor'], random)),
  'at another address': (good, random) => ({
    ...good,
    url: `/${pick(['Link', 'LINK', 'links', 'link//', 'cpid', 'link/link'], random)}/${tokenOf(good)}`,
  }),
  'in the query': (good) => ({ ...good, url: `/link?token=${tokenOf(good)}` }),
};

test(
  `${MUTATIONS} forged links that are opened (seed ${SEED}): none shows a page to press on`,
  async () => {
    const genuine = async (): Promise<Request> => ({
      method: 'GET',
      url: `/link/${await tickets.issue(ASKER)}`,
      headers: {},
    });
    await expectNoneTaken({ genuine, ways: WAYS, send: into(http), refusals: [400, 404, 410] });
  },
  FORGING_MS,
);

test(
  `${MUTATIONS} forged links that a proof is sent to (seed ${SEED}): none links`,
  async () => {
    const before = linked;
    const genuine = async (): Promise<Request> => ({
      method: 'POST',
      url: `/link/${await tickets.issue(ASKER)}`,
      headers: { 'content-type': 'application/json', 'x-refill-page': 'link', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ cpid: CPID, ttlSeconds: 3600 }),
    });
    const fromElsewhere: Readonly<Record<string, Way>> = {
      'from another site': (good, random) =>
        withHeaders(good, { 'sec-fetch-site': pick(['cross-site', 'same-site', 'none', ''], random) }),
      'from another origin': (good, random) =>
        withHeaders(good, {
          'sec-fetch-site': undefined,
          origin: pick(['https://evil.example', 'null', `${PAGE_URL}.evil.example`, 'refill.example'], random),
        }),
      'without the page’s header': (good) => withHeaders(good, { 'x-refill-page': undefined }),
      'without a CPID': (good, random) => ({
        ...good,
        body: JSON.stringify(
          pick(
            [
              {},
              { cpid: '' },
              { cpid: null },
              { cpid: [CPID] },
              { CPID },
              { cpid: 601155000101 },
              { cpid: '601155000101' },
            ],
            random,
          ),
        ),
      }),
    };
    const passed = () => linked - before;
    await expectNoneTaken({
      genuine,
      ways: { ...WAYS, ...fromElsewhere },
      send: into(http),
      passed,
      refusals: [400, 403, 404, 410, 422],
    });
    expect(passed()).toBeGreaterThan(0);
  },
  FORGING_MS,
);
