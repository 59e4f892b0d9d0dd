import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { MIGRATIONS } from '../../bot/stores/database.js';
import { readMigrations } from '../../bot/stores/migration-files.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import { migrateServer } from '../../bot/stores/postgres-migrations.js';
import { emptyPostgres, NO_POSTGRES, postgresServer, silent, tempFolder } from '../support/stores.js';

interface Journal {
  readonly entries: readonly { readonly tag: string; readonly when: number }[];
}
const JOURNAL = JSON.parse(readFileSync(join(MIGRATIONS, 'meta/_journal.json'), 'utf8')) as Journal;
/** What was there before the first release that changed tables with many rows in them. */
const BEFORE = JOURNAL.entries.findIndex(({ tag }) => tag.startsWith('0013'));

/** The first `count` migrations, in a folder of their own. */
function firstMigrations(count: number): ReturnType<typeof tempFolder> {
  const folder = tempFolder();
  const entries = JOURNAL.entries.slice(0, count);
  mkdirSync(join(folder.path, 'meta'));
  for (const { tag } of entries) copyFileSync(join(MIGRATIONS, `${tag}.sql`), join(folder.path, `${tag}.sql`));
  writeFileSync(join(folder.path, 'meta/_journal.json'), JSON.stringify({ ...JOURNAL, entries }));
  return folder;
}

describe('a file of migrations', () => {
  const files = JOURNAL.entries.map(({ tag }) => readFileSync(join(MIGRATIONS, `${tag}.sql`), 'utf8'));
  const migrations = readMigrations(MIGRATIONS);

  test('has every index on a table that was there before set apart, and loses no statement', () => {
    for (const [n, migration] of migrations.entries()) {
      const own = [...(files[n] ?? '').matchAll(/create table "(\w+)"/gi)].map(([, table]) => table);
      const inTransaction = migration.statements.join('\n').matchAll(/create (?:unique )?index "\w+" on "(\w+)"/gi);
      for (const [, table] of inTransaction) expect(own).toContain(table);
      expect(migration.statements.length + migration.indexes.length).toBe(
        files[n]?.split('--> statement-breakpoint').length,
      );
    }
    expect(migrations[BEFORE + 1]?.indexes).toEqual([
      {
        name: 'lines_of_sim',
        sql: expect.stringMatching(
          /^create index concurrently "lines_of_sim" on "lines" USING btree \("sim_ref"\) WHERE/,
        ),
      },
      { name: 'purchases_of_conversation', sql: expect.stringContaining('concurrently') },
    ]);
  });

  test('gives an index that changes a new name, so that the old one serves until the new one does', () => {
    for (const { statements, indexes } of migrations.slice(BEFORE)) {
      for (const { name } of indexes)
        expect(statements.join('\n')).not.toMatch(new RegExp(`drop index "${name}"`, 'i'));
    }
  });
});

const server = await postgresServer();
const onServer = server === undefined ? describe.skip : describe;

onServer(`an upgrade of a server in use${server === undefined ? ` (${NO_POSTGRES})` : ''}`, () => {
  let place: Awaited<ReturnType<typeof emptyPostgres>>;
  let connections: pg.Client[];
  let asker: pg.Client;

  beforeEach(async () => {
    place = await emptyPostgres();
    connections = [];
    const before = firstMigrations(BEFORE);
    await migrateServer({ url: place.url, description: 'test', folder: before.path, log: silent });
    before.remove();
    asker = await connect();
    await asker.query(`insert into lines (id, key_ref, operator, key_type, key_sealed)
      select 'line-' || n, 'ref-' || n, 'digi', 'MSISDN', '' from generate_series(1, 20000) n`);
    await asker.query(`insert into purchases (id, confirmation, line_id, conversation_id, plan_id, plan_name, price_amount,
        price_currency, fund_source, state, moves, created_at, state_at)
      select 'p-' || n, 'c-' || n, 'line-' || n, 'web-' || n, 'P', '[]', 5, 'MYR', 'wallet', 'completed', 1, now(), now()
      from generate_series(1, 20000) n`);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(connections.map((each) => each.end()));
    await place.drop();
  });

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: place.url });
    await client.connect();
    connections.push(client);
    return client;
  }

  /** A transaction that looks at one table and stays open: it keeps the table from being changed, and indexes from being ready. */
  async function looker(table: string): Promise<{ leave(): Promise<unknown> }> {
    const client = await connect();
    await client.query('begin isolation level repeatable read');
    await client.query(`select 1 from ${table} limit 1`);
    return { leave: () => client.query('commit') };
  }

  const upgrade = async () => (await openPostgres({ url: place.url, dataDir: '', log: silent })).close();

  /** What the process that migrates waits for, and the locks it has on purchases. */
  async function migrating(): Promise<{ readonly query: string; readonly modes: string | null } | undefined> {
    const { rows } = await asker.query(`select query, (
        select string_agg(mode, ' ') from pg_locks l where l.pid = a.pid and l.granted and l.relation = 'purchases'::regclass
      ) as modes
      from pg_stat_activity a where application_name = 'refill migrations' and datname = current_database() and state = 'active'
        and wait_event_type = 'Lock'`);
    return rows[0];
  }

  async function until(query: RegExp): Promise<{ readonly modes: string | null }> {
    for (const end = Date.now() + 15_000; Date.now() < end; await sleep(20)) {
      const now = await migrating();
      if (now !== undefined && query.test(now.query)) return now;
    }
    throw new Error(`nobody came to ${query}`);
  }

  const done = async () => (await asker.query('select count(*)::int as n from drizzle.__drizzle_migrations')).rows[0].n;
  const invalid = async () =>
    (await asker.query('select indexrelid::regclass::text as name from pg_index where not indisvalid')).rows.map(
      ({ name }) => name,
    );

  test('lets purchases be written all the while, whoever reads them in one go meanwhile', async () => {
    const writer = await connect();
    const waits: number[] = [];
    let busy = true;
    const writing = (async () => {
      for (let n = 1; busy; n++) {
        const began = performance.now();
        await writer.query(`update purchases set state_at = now() where id = 'p-${n}'`);
        waits.push(performance.now() - began);
        await sleep(5);
      }
    })();
    const [reader, early] = [await looker('purchases'), await looker('consents')];
    const upgraded = upgrade();
    await until(/alter table "purchases"/i);
    await sleep(2500);
    await reader.leave();
    await until(/create index concurrently "lines_of_sim"/);
    const late = await looker('consents');
    await early.leave();
    const { modes } = await until(/create index concurrently "purchases_of_conversation"/);
    // Which lets everybody read and write.
    expect(modes).toBe('ShareUpdateExclusiveLock');
    const before = waits.length;
    await sleep(1500);
    expect(waits.length - before).toBeGreaterThan(20);
    await late.leave();
    await upgraded;
    busy = false;
    await writing;
    expect(Math.max(...waits)).toBeLessThan(1000);
    expect(await done()).toBe(JOURNAL.entries.length);
    expect(await invalid()).toEqual([]);
  }, 60_000);

  test('that was cut short builds what was half built anew, and repeats nothing else', async () => {
    const elsewhere = await looker('consents');
    const cut = expect(upgrade()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await until(/create index concurrently "lines_of_sim"/);
    await asker.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'refill migrations' and datname = current_database()`);
    await cut;
    expect(await invalid()).toEqual(['lines_of_sim']);
    expect(await done()).toBe(BEFORE + 2);
    await elsewhere.leave();
    await upgrade();
    expect(await invalid()).toEqual([]);
    expect(await done()).toBe(JOURNAL.entries.length);
    const { rows } = await asker.query(`select to_regclass('purchases_of_conversation') as built`);
    expect(rows).toEqual([{ built: 'purchases_of_conversation' }]);
  }, 60_000);

  test('is one process’s work: the others wait for it, and it does not wait for them', async () => {
    const elsewhere = await looker('consents');
    const upgrades = Promise.all([upgrade(), upgrade(), upgrade()]);
    await until(/create index concurrently "lines_of_sim"/);
    // As long as it takes PostgreSQL to look for waiting in a circle.
    await sleep(1500);
    await elsewhere.leave();
    await upgrades;
    expect(await done()).toBe(JOURNAL.entries.length);
    expect(await invalid()).toEqual([]);
  }, 60_000);
});
