import type { FastifyInstance, FastifyRequest } from 'fastify';
import { millomRichWebhooks, millomWebhooks } from '../../adapters/millom/index.js';
import { type Callers, type CallersOptions, createCallers } from '../../bot/access/callers.js';
import { createLimits } from '../../bot/access/limits.js';
import type { Scope } from '../../bot/access/scopes.js';
import { createHttp } from '../../bot/http.js';
import { directoryApi } from '../../bot/identity/directory-api.js';
import { signalsApi } from '../../bot/identity/signals-api.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { createMetrics } from '../../bot/metrics.js';
import { purchaseLookup } from '../../bot/purchase-lookup.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import { silent, tempRedis, tempVault, withPglite } from '../support/stores.js';

export const ENVIRONMENT = { id: 'millom', secret: 'a secret of some length' };

/** The entrance for callers, over real stores, with all their routes behind it; what Millom says is heard by nobody. */
export interface House {
  readonly http: FastifyInstance;
  readonly callers: Callers;
  readonly ledger: Ledger;
  readonly redisSocket: string;
  /** Time for tokens and limits; the stores have their own. */
  now: Date;
  /** What a client gets from `/oauth/token`. */
  ask(form: Record<string, string>, headers?: Record<string, string>): ReturnType<typeof post>;
  /** The status of a route's answer to a token. */
  call(route: keyof typeof ROUTES, token: string | undefined): Promise<Answer>;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
}

export const ROUTES = {
  callback: '/millom/callback/v1/digi/?idValue=601155000101&idType=MSISDN',
  notify: '/millom/notify/digi/v1/single?idValue=601155000101&idType=MSISDN',
  purchases: '/purchases/search',
  links: '/admin/links',
  signals: '/admin/links/block',
} as const;

export async function openHouse(given: Partial<CallersOptions> = {}): Promise<House> {
  const { database, close } = await withPglite();
  const redis = await tempRedis();
  const vault = tempVault();
  const ledger = createLedger(database, vault);
  const connection = redis.store.forWebhooks();
  if (connection.status !== 'ready') await new Promise((resolve) => connection.once('ready', resolve));
  const house = { now: new Date() };
  const callers = createCallers({
    ledger,
    caller: ENVIRONMENT,
    openSandbox: false,
    issuer: 'https://refill.example',
    external: undefined,
    limits: createLimits(createRedisShortLived(connection, 'refill'), silent, () => house.now.getTime()),
    requestsPerMinute: 1000,
    failuresPerAddress: 1000,
    reference: (address) => vault.reference('address', address),
    log: silent,
    now: () => house.now,
    ...given,
  });
  const http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => {} });
  await mount(http, callers, ledger);
  return Object.assign(house, {
    http,
    callers,
    ledger,
    redisSocket: redis.socket,
    ask: (form: Record<string, string>, headers = {}) => post(http, form, headers),
    call: async (route: keyof typeof ROUTES, token: string | undefined) => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
      const answer = await http.inject({ method: 'POST', url: ROUTES[route], headers, body: BODIES[route] });
      return { status: answer.statusCode, headers: answer.headers };
    },
    async close() {
      await http.close();
      await callers.close();
      await redis.close();
      await close();
    },
  });
}

export const BODIES: Readonly<Record<keyof typeof ROUTES, string>> = {
  callback: '{"appId":"refill","transactionId":"n-123"}',
  notify: '{"type":"low-data","transactionId":"n-123"}',
  purchases: '{"msisdn":"601155000101"}',
  links: '{"links":[{"channel":"slack","workspace":"T1","user":"U1","msisdn":"601155000101","operator":"digi"}]}',
  signals: '{"msisdn":"601155000102","operator":"digi","reason":"operator"}',
};

async function mount(http: FastifyInstance, callers: Callers, ledger: Ledger): Promise<void> {
  await callers.routes(http);
  await http.register(millomWebhooks, {
    authorize: callers.authorize,
    purchaseResult: async () => 'applied',
    notify: async () => 'queued',
  });
  await http.register(millomRichWebhooks, {
    authorize: callers.authorize,
    purchaseResult: async () => 'applied',
    notify: async () => 'queued',
  });
  const only = (scope: Scope) => (request: FastifyRequest) => callers.authorize(request, scope);
  await http.register(purchaseLookup, { ledger, authorize: only('purchases.read') });
  await http.register(directoryApi, { ledger, authorize: only('links.write') });
  await http.register(signalsApi, { ledger, authorize: only('links.block'), onSignal: () => undefined });
}

function post(http: FastifyInstance, form: Record<string, string>, headers: Record<string, string>) {
  return http.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  });
}

/** HTTP Basic as RFC 6749 writes it: both halves form-encoded first. */
export function basic(id: string, secret: string): { authorization: string } {
  const half = (text: string) => new URLSearchParams({ v: text }).toString().slice(2);
  return { authorization: `Basic ${Buffer.from(`${half(id)}:${half(secret)}`).toString('base64')}` };
}
