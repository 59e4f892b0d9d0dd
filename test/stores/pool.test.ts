import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { NO_POSTGRES, postgresServer, tempPostgres } from '../support/stores.js';

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
