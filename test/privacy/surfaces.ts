import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createLog } from '../../bot/log.js';
import type { TestApp } from '../support/app.js';
import { postgresServer } from '../support/stores.js';

/** Everything of Refill that somebody who may not see subscribers can get to see. */
export type Surface =
  | 'log'
  | 'redis commands'
  | 'redis dump'
  | 'postgres writes'
  | 'postgres notifications'
  | 'postgres dump'
  | 'metrics'
  | 'live trace'
  | 'answers';

/** Text of each surface, collected while Refill runs. */
export interface Surfaces {
  readonly log: ReturnType<typeof createLog>;
  /** Begins to listen to the stores and, as whoever `headers` say, to the console's live trace. */
  watch(app: TestApp, headers?: Record<string, string>): Promise<void>;
  /** Keeps what a caller was answered: status line apart, headers and body. */
  answer(response: Response): Promise<Response>;
  /** Takes the dumps; call while the stores still run. */
  collect(app: TestApp): Promise<ReadonlyMap<Surface, string>>;
  stop(): Promise<void>;
}

export function createSurfaces(): Surfaces {
  const lines: string[] = [];
  const commands: string[] = [];
  const traced: string[] = [];
  const answers: string[] = [];
  const stopped = new AbortController();
  const notified: string[] = [];
  let redis: Redis | undefined;
  let monitor: Socket | undefined;
  let postgres: pg.Client | undefined;
  const decoder = new TextDecoder();
  return {
    log: createLog('trace', { write: (line) => void lines.push(line) }),
    async watch({ url, dataDir, databaseName }, headers = {}) {
      const socket = join(dataDir, 'redis', 'redis.sock');
      if (existsSync(socket)) {
        redis = new Redis(socket);
        monitor = connect(socket);
        monitor.setEncoding('utf8').on('data', (chunk) => void commands.push(String(chunk)));
        monitor.write('MONITOR\r\n');
      }
      postgres = await watchPostgres(databaseName, (payload) => void notified.push(payload));
      const live = await fetch(`${url}/console/live`, { signal: stopped.signal, headers });
      if (live.status !== 200 || live.body === null) throw new Error(`no live trace: ${live.status}`);
      void (async (body) => {
        for await (const chunk of body) traced.push(decoder.decode(chunk as Uint8Array));
      })(live.body as unknown as AsyncIterable<unknown>).catch(() => undefined);
    },
    async answer(response) {
      answers.push(JSON.stringify([...response.headers]), await response.clone().text());
      return response;
    },
    async collect({ url }) {
      if (postgres === undefined) throw new Error('watch first');
      return new Map<Surface, string>([
        ['log', lines.join('')],
        ['redis commands', commands.join('')],
        ['redis dump', redis === undefined ? '' : await dumpRedis(redis)],
        ['postgres writes', await read(postgres, 'select written as row from watched.writes')],
        ['postgres notifications', notified.join('\n')],
        ['postgres dump', await dumpPostgres(postgres)],
        ['metrics', await (await fetch(`${url}/metrics`)).text()],
        ['live trace', traced.join('')],
        ['answers', answers.join('\n')],
      ]);
    },
    async stop() {
      stopped.abort();
      monitor?.destroy();
      redis?.disconnect();
      await postgres?.end();
    },
  };
}

/** Every key with all that is under it. */
async function dumpRedis(redis: Redis): Promise<string> {
  const parts: unknown[] = [];
  for await (const keys of redis.scanStream({ count: 1000 })) {
    for (const key of keys as string[]) parts.push([key, await readKey(redis, key, await redis.type(key))]);
  }
  return JSON.stringify(parts);
}

function readKey(redis: Redis, key: string, type: string): Promise<unknown> {
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'hash':
      return redis.hgetall(key);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      throw new Error(`nobody reads a Redis ${type} yet`);
  }
}

/**
 * Keeps every row that is ever written, as `MONITOR` keeps Redis's commands: what is deleted again is in no dump. `NOTIFY` is
 * heard by whoever may connect.
 */
async function watchPostgres(name: string | undefined, heard: (payload: string) => void): Promise<pg.Client> {
  const server = await postgresServer();
  if (server === undefined || name === undefined) throw new Error('a PostgreSQL server is needed');
  const client = new pg.Client({ connectionString: Object.assign(new URL(server), { pathname: `/${name}` }).href });
  await client.connect();
  client.on('notification', ({ payload = '' }) => heard(payload));
  await client.query(`
    create schema watched;
    create unlogged table watched.writes (written text);
    create function watched.keep() returns trigger language plpgsql as $keep$
      begin
        insert into watched.writes values (tg_table_name || ': ' || row_to_json(new)::text);
        return null;
      end
    $keep$;
    listen refill_log;
    listen refill_mailbox;
  `);
  for (const table of await tables(client, ['public']))
    await client.query(
      `create trigger watched after insert or update on ${table} for each row execute function watched.keep()`,
    );
  return client;
}

async function tables(client: pg.Client, schemas: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema = any($1) and table_type = 'BASE TABLE'`,
    [schemas],
  );
  return rows.map(({ name }) => name);
}

async function read(client: pg.Client, query: string): Promise<string> {
  const { rows } = await client.query<{ row: string }>(query);
  return rows.map(({ row }) => row).join('\n');
}

/** Every row of every table of the database, in clear text. */
async function dumpPostgres(client: pg.Client): Promise<string> {
  const parts: string[] = [];
  for (const table of await tables(client, ['public', 'bullmq']))
    parts.push(`${table}: ${await read(client, `select row_to_json(t)::text as row from ${table} t`)}`);
  return parts.join('\n');
}
