import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createLog } from '../../bot/log.js';
import type { TestApp } from '../support/app.js';
import { postgresServer } from '../support/stores.js';

/** Everything of Refill that somebody who may not see subscribers can get to see. */
export type Surface = 'log' | 'redis commands' | 'redis dump' | 'postgres dump' | 'metrics' | 'live trace' | 'answers';

/** Text of each surface, collected while Refill runs. */
export interface Surfaces {
  readonly log: ReturnType<typeof createLog>;
  /** Begins to listen to Redis and to the console's live trace. */
  watch(app: TestApp): Promise<void>;
  /** Keeps what a caller was answered: status line apart, headers and body. */
  answer(response: Response): Promise<Response>;
  /** Takes the dumps; call while the stores still run. */
  collect(app: TestApp): Promise<ReadonlyMap<Surface, string>>;
  stop(): void;
}

export function createSurfaces(): Surfaces {
  const lines: string[] = [];
  const commands: string[] = [];
  const traced: string[] = [];
  const answers: string[] = [];
  const stopped = new AbortController();
  let redis: Redis | undefined;
  let monitor: Socket | undefined;
  const decoder = new TextDecoder();
  return {
    log: createLog('trace', { write: (line) => void lines.push(line) }),
    async watch({ url, dataDir }) {
      redis = new Redis(join(dataDir, 'redis', 'redis.sock'));
      monitor = connect(join(dataDir, 'redis', 'redis.sock'));
      monitor.setEncoding('utf8').on('data', (chunk) => void commands.push(String(chunk)));
      monitor.write('MONITOR\r\n');
      const live = await fetch(`${url}/console/live`, { signal: stopped.signal });
      if (live.status !== 200 || live.body === null) throw new Error(`no live trace: ${live.status}`);
      void (async (body) => {
        for await (const chunk of body) traced.push(decoder.decode(chunk as Uint8Array));
      })(live.body as unknown as AsyncIterable<unknown>).catch(() => undefined);
    },
    async answer(response) {
      answers.push(JSON.stringify([...response.headers]), await response.clone().text());
      return response;
    },
    async collect({ url, databaseName }) {
      if (redis === undefined || databaseName === undefined) throw new Error('watch first, with a PostgreSQL server');
      return new Map<Surface, string>([
        ['log', lines.join('')],
        ['redis commands', commands.join('')],
        ['redis dump', await dumpRedis(redis)],
        ['postgres dump', await dumpPostgres(databaseName)],
        ['metrics', await (await fetch(`${url}/metrics`)).text()],
        ['live trace', traced.join('')],
        ['answers', answers.join('\n')],
      ]);
    },
    stop() {
      stopped.abort();
      monitor?.destroy();
      redis?.disconnect();
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

/** Every row of every table of the database, in clear text. */
async function dumpPostgres(name: string): Promise<string> {
  const client = new pg.Client({
    connectionString: Object.assign(new URL((await postgresServer()) ?? ''), { pathname: `/${name}` }).href,
  });
  await client.connect();
  try {
    const { rows: tables } = await client.query(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    const parts: string[] = [];
    for (const { name: table } of tables) {
      const { rows } = await client.query(`select row_to_json(t)::text as row from "${table}" t`);
      parts.push(`${table}: ${rows.map(({ row }) => row).join('\n')}`);
    }
    return parts.join('\n');
  } finally {
    await client.end();
  }
}
