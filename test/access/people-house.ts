import type { FastifyInstance } from 'fastify';
import type { AccessConfig } from '../../bot/access/config.js';
import { createLimits } from '../../bot/access/limits.js';
import { createPeople, type People } from '../../bot/access/people/index.js';
import { createHttp } from '../../bot/http.js';
import type { Logger } from '../../bot/log.js';
import { createMetrics } from '../../bot/metrics.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import { silent, tempRedis, tempVault } from '../support/stores.js';
import { CLIENT } from './keycloak.js';

/** Login over a real store, with a route for each role behind it. */
export interface PeopleHouse {
  readonly http: FastifyInstance;
  readonly people: People;
  /** Everything in the store, as somebody who can read it sees it. */
  dump(): Promise<string>;
  close(): Promise<void>;
}

export interface PeopleSettings {
  readonly sandbox?: boolean;
  readonly host?: string;
  /** Log in with this issuer. */
  readonly issuer?: string;
  readonly publicUrl?: string;
  readonly failuresPerAddress?: number;
  readonly session?: AccessConfig['session'];
  readonly trustedProxies?: readonly string[];
  readonly log?: Logger;
}

export async function openPeople(settings: PeopleSettings = {}): Promise<PeopleHouse> {
  const { sandbox = true, host = '0.0.0.0', issuer, publicUrl, failuresPerAddress = 1000 } = settings;
  const { session = { idleMs: 1_800_000, longestMs: 43_200_000 }, trustedProxies = [], log = silent } = settings;
  const redis = await tempRedis();
  const connection = redis.store.forWebhooks();
  if (connection.status !== 'ready') await new Promise((resolve) => connection.once('ready', resolve));
  const store = createRedisShortLived(connection, 'refill');
  const login = issuer === undefined ? undefined : loginAt(issuer);
  const access: AccessConfig = {
    publicUrl,
    trustedProxies,
    requestsPerMinute: 1000,
    failuresPerAddress,
    external: undefined,
    login,
    session,
  };
  const limits = createLimits(store, silent);
  const people = createPeople({ config: { sandbox, host, access }, store, vault: tempVault(), limits, log });
  const http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => {}, trustedProxies, publicUrl });
  await http.register(people.routes);
  for (const role of ['viewer', 'agent', 'admin'] as const) {
    const onRequest = people.only(role);
    http.get(`/for/${role}`, { onRequest }, async (request) => people.personOf(request));
    http.post(`/for/${role}`, { onRequest }, async (request) => people.personOf(request));
  }
  return {
    http,
    people,
    async dump() {
      const keys = await connection.keys('*');
      const values = await Promise.all(keys.map((key) => connection.get(key)));
      return [...keys, ...values].join('\n');
    },
    async close() {
      await http.close();
      await redis.close();
    },
  };
}

function loginAt(issuer: string): NonNullable<AccessConfig['login']> {
  return {
    issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    scope: 'openid profile',
    claim: 'realm_access.roles',
    roles: [
      { role: 'admin', name: 'refill-admin' },
      { role: 'agent', name: 'refill-agent' },
      { role: 'viewer', name: 'refill-viewer' },
    ],
  };
}
