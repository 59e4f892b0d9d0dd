import { setTimeout as sleep } from 'node:timers/promises';
import { tempDatabase } from './postgres.js';
import { startRefill, tempDataDir } from './refill.js';

/** How fast Refill is there, and how much memory it takes when nobody talks to it. */
export interface Start {
  readonly store: 'pglite' | 'postgres';
  readonly which: 'first' | 'second';
  readonly readyMs: number;
  /** Resident memory of the Refill process after ten idle seconds, in bytes; its redis-server is not counted. */
  readonly rss: number;
}

const IDLE_MS = 10_000;

/** Starts Refill twice on each store. Without a PostgreSQL server only PGlite is measured. */
export async function measureStarts(): Promise<Start[]> {
  const embedded = await twice('pglite', undefined);
  const database = await tempDatabase();
  if (database === undefined) return embedded;
  try {
    return [...embedded, ...(await twice('postgres', database.url))];
  } finally {
    await database.drop();
  }
}

async function twice(store: Start['store'], databaseUrl: string | undefined): Promise<Start[]> {
  const dataDir = tempDataDir();
  try {
    const starts: Start[] = [];
    for (const which of ['first', 'second'] as const) {
      const refill = await startRefill({ dataDir: dataDir.path, databaseUrl });
      await sleep(IDLE_MS);
      const rss = (await refill.metrics()).get('process_resident_memory_bytes') ?? Number.NaN;
      await refill.stop();
      starts.push({ store, which, readyMs: refill.readyMs, rss });
    }
    return starts;
  } finally {
    dataDir.remove();
  }
}
