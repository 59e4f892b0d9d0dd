import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { type Database, MIGRATIONS } from '../../bot/stores/database.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import {
  NO_POSTGRES,
  postgresServer,
  silent,
  startScript,
  tempFolder,
  tempPostgres,
  withPglite,
} from '../support/stores.js';

/** Opens the database, writes as much as it can and says what was acknowledged. */
const WRITE = `
  import { sql } from 'drizzle-orm';
  import { openPostgres } from './bot/stores/postgres.ts';
  const { drizzle } = await openPostgres({ dataDir: process.argv[1], log: { warn() {} } });
  for (let id = 1; ; id++) {
    await drizzle.execute(sql\`insert into consents (conversation_id, type, granted, source, at)
      values (\${String(id)}, 'low-data', true, 'test', now())\`);
    if (id === 100) console.log(id);
  }`;

const MIGRATE = `
  import { openPostgres } from './bot/stores/postgres.ts';
  const database = await openPostgres({ url: process.argv[1], dataDir: '', log: { info() {}, warn() {} } });
  await database.ping();
  await database.close();
  console.log('ready');`;

async function rows(database: Database, query: ReturnType<typeof sql>): Promise<readonly Record<string, unknown>[]> {
  return ((await database.drizzle.execute(query)) as unknown as { rows: Record<string, unknown>[] }).rows;
}

const tables = (database: Database) =>
  rows(
    database,
    sql`select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  );

/** The migrations that a database is brought up to date with, and the tables there are after all of them. */
const JOURNAL = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8')) as {
  readonly entries: readonly { readonly tag: string }[];
};
const SQL = JOURNAL.entries.map(({ tag }) => readFileSync(join(MIGRATIONS, `${tag}.sql`), 'utf8')).join('\n');
const named = (statement: string) =>
  [...SQL.matchAll(new RegExp(`^${statement} "(\\w+)"`, 'gim'))].map(([, name]) => name);
const TABLES = named('create table')
  .filter((name) => !named('drop table').includes(name))
  .sort();

describe('the embedded PostgreSQL', () => {
  // A first start takes seconds: most tests share one.
  const folder = tempFolder();
  afterAll(() => folder.remove());
  const open = (dataDir = folder.path) => openPostgres({ dataDir, log: silent });

  test('makes its tables on the first start, which was cut short before; belongs to one, and is found again', async () => {
    mkdirSync(join(folder.path, 'pglite.new'));
    writeFileSync(join(folder.path, 'pglite.new', 'PG_VERSION'), '18');
    const first = await open();
    expect(existsSync(join(folder.path, 'pglite.new'))).toBe(false);
    expect(first.kind).toBe('pglite');
    expect((await tables(first)).map(({ name }) => name)).toEqual(TABLES);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await first.drizzle.execute(
      sql`insert into nudges values ('1', 'op', 't', 'low-data', 'l', 'c', '[]', 'queued', null, now())`,
    );
    await first.close();
    const second = await open();
    expect(await rows(second, sql`select id from nudges`)).toEqual([{ id: '1' }]);
    await second.close();
  }, 60_000);

  test('keeps what it acknowledged when its process is killed, and refuses a second process until then', async () => {
    const writer = startScript(WRITE, folder.path);
    expect(await writer.ready).toBe('100');
    await expect(open()).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await writer.kill();
    const database = await open();
    const [found] = await rows(database, sql`select count(*)::int as written, max(id)::int as last from consents`);
    expect(found?.['written']).toBeGreaterThanOrEqual(100);
    expect(found?.['written']).toBe(found?.['last']);
    await database.close();
  }, 60_000);

  test('that cannot be read says so, and lets go of the folder', async () => {
    const damaged = tempFolder();
    mkdirSync(join(damaged.path, 'pglite'));
    writeFileSync(join(damaged.path, 'pglite', 'PG_VERSION'), '3');
    for (let twice = 0; twice < 2; twice++) {
      await expect(open(damaged.path)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringMatching(/pglite: use DATABASE_URL/),
      });
    }
    damaged.remove();
  }, 60_000);

  test('lets others have their turn in a long burst of queries', async () => {
    const { database, close } = await withPglite();
    let turns = 0;
    let busy = true;
    const count = () => {
      turns++;
      if (busy) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(Array.from({ length: 1000 }, () => database.ping()));
    busy = false;
    await close();
    // Without the pauses all thousand run in a turn or two.
    expect(turns).toBeGreaterThan(10);
  }, 60_000);
});

const server = await postgresServer();
const onServer = server === undefined ? describe.skip : describe;

onServer(`a PostgreSQL server${server === undefined ? ` (${NO_POSTGRES})` : ''}`, () => {
  test('is migrated once by three processes that start together', async () => {
    const postgres = await tempPostgres();
    await postgres.database.drizzle.execute(sql`drop schema drizzle cascade`);
    await postgres.database.drizzle.execute(sql`drop schema public cascade`);
    await postgres.database.drizzle.execute(sql`create schema public`);
    const outputs = await Promise.all([1, 2, 3].map(() => startScript(MIGRATE, postgres.url).output));
    expect(outputs).toEqual(['ready', 'ready', 'ready']);
    expect((await tables(postgres.database)).map(({ name }) => name)).toEqual(TABLES);
    expect(await rows(postgres.database, sql`select count(*)::int as n from drizzle.__drizzle_migrations`)).toEqual([
      { n: JOURNAL.entries.length },
    ]);
    await postgres.close();
  }, 60_000);

  test('without the database says so with its SQLSTATE, and without a password', async () => {
    const url = Object.assign(new URL(server ?? ''), {
      password: 'hunter2',
      pathname: '/refill_no_such_database',
    }).href;
    await expect(openPostgres({ url, dataDir: '', log: silent })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/^(?!.*hunter2).*refill_no_such_database \(DATABASE_URL\).*SQLSTATE 3D000/),
    });
  });
});

test('a PostgreSQL that is not there is reported at once, without its password', async () => {
  const url = 'postgres://refill:hunter2@127.0.0.1:1/refill';
  await expect(openPostgres({ url, dataDir: '', log: silent })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(/^(?!.*hunter2).*127\.0\.0\.1:1\/refill \(DATABASE_URL\).*ECONNREFUSED/),
  });
});
