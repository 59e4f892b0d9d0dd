import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { PGlite, type QueryOptions, type Results } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import * as schema from '../ledger/schema.js';
import { packageRoot } from '../paths.js';
import { type Database, MIGRATIONS } from './database.js';
import { StoreUnavailable } from './errors.js';
import { takeLock } from './lock.js';
import { createPgliteSql } from './pglite-sql.js';

/** How long queries may keep the event loop to themselves, in milliseconds. */
const SLICE_MS = 5;

/** PostgreSQL's default of 128 MB is touched page by page and never given back; a trial's tables are small. */
const START_PARAMETERS = [...PGlite.defaultStartParams, '-c', 'shared_buffers=8MB'];

/**
 * Opens PGlite under `${dataDir}/pglite` and migrates it. For trials: it has one connection, shares this process's memory and
 * never syncs to disk, so it survives a kill but not a power cut. Rejects with `StoreInUse` or `StoreUnavailable`.
 */
export async function openPglite(dataDir: string): Promise<Database> {
  const folder = resolve(dataDir, 'pglite');
  const lock = await takeLock(folder);
  try {
    if (!existsSync(folder)) await create(folder);
    const database = await fromPglite(new FairPGlite(folder, { startParams: START_PARAMETERS }), folder);
    return {
      ...database,
      close: () => database.close().finally(() => lock.release()),
    };
  } catch (cause) {
    lock.release();
    throw new StoreUnavailable(
      `PGlite could not open ${folder}: use DATABASE_URL, or move the folder away to start afresh`,
      { cause },
    );
  }
}

/** A database over a PGlite that is starting. */
async function fromPglite(client: PGlite, description: string): Promise<Database> {
  await client.waitReady;
  const db = drizzle(client, { schema });
  await migrate(db, { migrationsFolder: MIGRATIONS });
  return {
    kind: 'pglite',
    description: `PGlite at ${description}`,
    drizzle: db,
    sql: createPgliteSql(client),
    async ping() {
      await db.execute(sql`select 1`);
    },
    close: () => client.close(),
  };
}

/** A database in memory, from what `dumpDataDir` gave: for tests. */
export async function openPgliteDump(dump: Blob | undefined): Promise<Database & { readonly client: PGlite }> {
  const options = { startParams: START_PARAMETERS, ...(dump === undefined ? {} : { loadDataDir: dump }) };
  const client = new FairPGlite('memory://', options);
  return { ...(await fromPglite(client, 'memory')), client };
}

/**
 * The first start makes the cluster (initdb, about 4 s of computing and 600 MB). A process of its own does it: ours stays
 * responsive and small. It is renamed into place when whole, so a kill halfway leaves nothing that looks like a database.
 */
async function create(folder: string): Promise<void> {
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const program = `
    import { PGlite } from '@electric-sql/pglite';
    const database = await PGlite.create(process.argv[1]);
    await database.close();`;
  const options = { cwd: packageRoot(), env: { PATH: process.env['PATH'] } };
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program, draft], options);
  await rename(draft, folder);
}

/**
 * PGlite computes inside this process and waits for nothing: a burst of queries would keep timers and sockets waiting until the
 * last one is done. This one lets them have their turn every few milliseconds.
 */
class FairPGlite extends PGlite {
  #last: Promise<unknown> = Promise.resolve();
  #sliceBegan = 0;

  // biome-ignore lint/suspicious/noExplicitAny: the signature is PGlite's.
  override query<T>(query: string, params?: any[], options?: QueryOptions): Promise<Results<T>> {
    const result = this.#last.then(() => this.#turn()).then(() => super.query<T>(query, params, options));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #turn(): Promise<void> {
    if (performance.now() - this.#sliceBegan < SLICE_MS) return;
    await new Promise(setImmediate);
    this.#sliceBegan = performance.now();
  }
}
