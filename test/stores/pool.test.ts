import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { createJobs } from '../../bot/jobs.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import { NO_POSTGRES, postgresServer, silent, tempPostgres } from '../support/stores.js';

const here = (await postgresServer()) !== undefined;
const onServer = here ? describe : describe.skip;

onServer(`a connection the server ends while it is in use${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  test('ends no process and fails what was asked on it; the next one is a new one', async () => {
    const { database, close } = await tempPostgres();
    try {
      const pool = await database.sql.queuePool();
      const client = await pool.connect();
      const [mine] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
      await database.drizzle.execute(sql`select pg_terminate_backend(${mine?.pid}, 10000)`);
      await expect(client.query('select 1')).rejects.toThrow();
      await expect(client.query('select 1')).rejects.toThrow('not queryable');
      client.release();
      expect((await pool.query<{ pid: number }>('select pg_backend_pid() as pid')).rows).not.toEqual([mine]);
    } finally {
      await close();
    }
  }, 30_000);

  test('does not end the process either in the middle of a transaction', async () => {
    const { database, close } = await tempPostgres();
    try {
      const cut = database.drizzle.transaction(async (tx) => {
        const { rows } = (await tx.execute(sql`select pg_backend_pid() as pid`)) as unknown as {
          rows: [{ pid: number }];
        };
        await database.sql.query('select pg_terminate_backend($1, 10000)', [rows[0].pid]);
        await new Promise((resolve) => setTimeout(resolve, 50));
        await tx.execute(sql`select 1`);
      });
      await expect(cut).rejects.toThrow();
      await database.ping();
    } finally {
      await close();
    }
  }, 30_000);
});

onServer(`queues that are opened while the server is away${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  test('work once it is there', async () => {
    const postgres = await tempPostgres();
    const away = await startSwitch(new URL(postgres.url));
    const url = Object.assign(new URL(postgres.url), { hostname: '127.0.0.1', port: String(away.port) }).href;
    const database = await openPostgres({ url, dataDir: '', log: silent });
    try {
      const pool = await database.sql.queuePool();
      away.off();
      const jobs = createJobs({ pool, prefix: 'away' });
      const done: string[] = [];
      jobs.run('outbox', 1, async (id) => void done.push(id), ignore);
      // Its first question goes unanswered, and so does the next.
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      away.on();
      await jobs.add('outbox', '1');
      for (let left = 200; left > 0 && done.length === 0; left--) await new Promise((go) => setTimeout(go, 50));
      expect(done).toEqual(['1']);
      await jobs.close();
    } finally {
      await database.close();
      away.close();
      await postgres.close();
    }
  }, 40_000);
});

/** A way to a server that can be cut and mended. */
async function startSwitch(target: URL) {
  const open = new Set<Socket>();
  let isOn = true;
  const server = createServer((client) => {
    if (!isOn) return void client.on('error', ignore).destroy();
    const upstream = connect(Number(target.port || 5432), target.hostname);
    client.pipe(upstream).pipe(client);
    for (const end of [client, upstream]) open.add(end.on('error', ignore));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const off = () => {
    isOn = false;
    for (const end of open) end.destroy();
    open.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    off,
    on: () => {
      isOn = true;
    },
    close: () => {
      off();
      server.close();
    },
  };
}

function ignore(): void {}
