import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { postgresServer } from '../support/stores.js';

/** An empty database of its own on the local server; `undefined` when no server answers. */
export async function tempDatabase(): Promise<{ readonly url: string; drop(): Promise<void> } | undefined> {
  const server = await postgresServer();
  if (server === undefined) return undefined;
  const name = `refill_bench_${randomBytes(6).toString('hex')}`;
  await run(server, `create database ${name}`);
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    drop: () => run(server, `drop database if exists ${name} with (force)`),
  };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
