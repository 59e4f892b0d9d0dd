import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { pino } from 'pino';
import { packageRoot } from '../../bot/paths.js';
import { createVault, type KeyedVault } from '../../bot/secrets.js';
import { type Database, MIGRATIONS } from '../../bot/stores/database.js';
import { openPgliteDump } from '../../bot/stores/pglite.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import { openRedis, type RedisStore } from '../../bot/stores/redis.js';

/** Says nothing. */
export const silent = pino({ level: 'silent' });

/** A vault with a key of its own. */
export function tempVault(): KeyedVault {
  return createVault(randomBytes(32));
}

/** An empty folder that only this test knows. */
export function tempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'refill-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A migrated, empty PGlite in memory, in about half a second once the first test of a machine has made the dump. */
export async function withPglite(): Promise<{ readonly database: Database; close(): Promise<void> }> {
  const file = join(tmpdir(), `refill-test-pglite-${dumpVersion()}.tar`);
  if (!existsSync(file)) await makeDump(file);
  const database = await openPgliteDump(new Blob([readFileSync(file)]));
  return { database, close: () => database.close() };
}

/** A database of its own on the local PostgreSQL server. Ask `postgresServer` first whether there is one. */
export async function tempPostgres(): Promise<{
  readonly url: string;
  readonly database: Database;
  close(): Promise<void>;
}> {
  const { url, drop } = await emptyPostgres();
  // A test machine is busy: a slow answer is not what most tests are about.
  const database = await openPostgres({ url, dataDir: '', log: silent, answerWithinMs: 10_000 });
  return {
    url,
    database,
    async close() {
      await database.close().catch(() => undefined);
      await drop();
    },
  };
}

/** A database of its own on the local PostgreSQL server, with nothing in it. */
export async function emptyPostgres(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = await postgresServer();
  if (server === undefined) throw new Error(NO_POSTGRES);
  const name = `refill_test_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}`);
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    drop: () => administer(server, `drop database if exists ${name} with (force)`),
  };
}

/** Printed where tests are skipped for want of a server. */
export const NO_POSTGRES = 'skipped: no PostgreSQL server answers at DATABASE_URL or 127.0.0.1:5432';

/** The address of a server this user may make databases on; `undefined` when there is none. */
export async function postgresServer(): Promise<string | undefined> {
  const url = process.env['DATABASE_URL'] || 'postgres://root@127.0.0.1:5432/postgres';
  try {
    await administer(url, 'select 1');
    return url;
  } catch {
    return undefined;
  }
}

/** A redis-server of its own. `socket` is a path ioredis takes in place of a URL. */
export async function tempRedis(): Promise<{
  readonly store: RedisStore;
  readonly socket: string;
  close(): Promise<void>;
}> {
  const folder = tempFolder();
  const store = await openRedis({ dataDir: folder.path, log: silent });
  return {
    store,
    socket: join(folder.path, 'redis', 'redis.sock'),
    async close() {
      await store.close();
      folder.remove();
    },
  };
}

/** Another process of Refill: an ES module with top-level await that imports from `./bot/…ts` and reads `process.argv[1]` on. */
export interface Script {
  readonly pid: number;
  /** The first thing it prints. */
  readonly ready: Promise<string>;
  /** All it printed, once it ended; its exit code does not matter. */
  readonly output: Promise<string>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export function startScript(program: string, ...args: readonly string[]): Script {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program, ...args], {
    cwd: packageRoot(),
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    ready: once(child.stdout, 'data').then(([chunk]) => String(chunk).trim()),
    output: text(child.stdout).then((printed) => printed.trim()),
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      await ended;
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function dumpVersion(): string {
  const hash = createHash('sha256').update(String(process.getuid?.()));
  hash.update(readFileSync(join(packageRoot(), 'node_modules/@electric-sql/pglite/package.json')));
  for (const name of readdirSync(MIGRATIONS).sort()) {
    if (name.endsWith('.sql')) hash.update(readFileSync(join(MIGRATIONS, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function makeDump(file: string): Promise<void> {
  const { client, close } = await openPgliteDump(undefined);
  const dump = await client.dumpDataDir('none');
  await close();
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, Buffer.from(await dump.arrayBuffer()), { mode: 0o600 });
  renameSync(draft, file);
}
