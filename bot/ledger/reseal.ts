import { type SQL, sql } from 'drizzle-orm';
import type { KeyedVault } from '../secrets.js';
import type { Database } from '../stores/database.js';
import { ledgerError } from './errors.js';

/** A column that holds sealed texts; by the schema's own rule its name ends in `_sealed`. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
}

/** How many texts of a column each key sealed; `v1` are those from before sealed texts named their key. */
export interface SealedCount extends SealedColumn {
  readonly key: string;
  readonly count: number;
}

export interface ResealOptions {
  /** Pages (8 kB) of a table that are read and written in one go. */
  readonly pages?: number;
  /** Between two goes, in milliseconds: everybody else's turn. */
  readonly pauseMs?: number;
  readonly onProgress?: (column: SealedColumn, resealed: number) => void;
}

const PAGES = 32;
/** A row that changes while it is resealed is left alone and found by the next round. */
const MAX_ROUNDS = 5;

type Drizzle = Database['drizzle'];

/** How many texts there are by column and key. */
export async function countSealed({ drizzle }: Database): Promise<SealedCount[]> {
  const counts: SealedCount[] = [];
  for (const { table, column } of await sealedColumns(drizzle)) {
    const rows = await run<{ key: string; count: number }>(
      drizzle,
      sql`select ${keyOf(column)} as key, count(*)::int as count from ${sql.identifier(table)}
        where ${sql.identifier(column)} is not null group by 1 order by 1`,
    );
    counts.push(...rows.map((row) => ({ table, column, ...row })));
  }
  return counts;
}

/**
 * Seals with the current key what another one sealed, in every `…_sealed` column, a few pages at a time and while everybody else
 * goes on: a text that was changed in between is not touched. Returns how many were resealed. Rejects with `VaultError` when
 * a text cannot be opened, because its key is not there.
 */
export async function resealLedger(
  { drizzle }: Database,
  vault: KeyedVault,
  { pages = PAGES, pauseMs = 0, onProgress = () => undefined }: ResealOptions = {},
): Promise<number> {
  let total = 0;
  for (const column of await sealedColumns(drizzle)) {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const done = await resealColumn(drizzle, vault, column, pages, pauseMs);
      total += done;
      if (done > 0) onProgress(column, done);
      if (done === 0) break;
    }
  }
  return total;
}

/** One walk over the table's pages as they are now. */
async function resealColumn(
  drizzle: Drizzle,
  vault: KeyedVault,
  { table, column }: SealedColumn,
  pages: number,
  pauseMs: number,
): Promise<number> {
  const [name, sealed] = [sql.identifier(table), sql.identifier(column)];
  const [size] = await run<{ pages: number }>(
    drizzle,
    sql`select (pg_relation_size(${table}::regclass) / current_setting('block_size')::int)::int as pages`,
  );
  let done = 0;
  for (let from = 0; from < (size?.pages ?? 0); from += pages) {
    const rows = await run<{ at: string; old: string }>(
      drizzle,
      sql`select ctid::text as at, ${sealed} as old from ${name}
        where ctid >= ${`(${from},0)`}::tid and ctid < ${`(${from + pages},0)`}::tid
          and ${sealed} is not null and not starts_with(${sealed}, ${vault.prefix})`,
    );
    if (rows.length === 0) continue;
    const texts = (values: string[]) => sql`${sql.param(values)}::text[]`;
    const changed = await run<{ at: string }>(
      drizzle,
      sql`update ${name} as t set ${sealed} = given.new
        from unnest(${texts(rows.map(({ at }) => at))}, ${texts(rows.map(({ old }) => old))},
          ${texts(rows.map(({ old }) => vault.seal(vault.open(old))))}) as given (at, old, new)
        where t.ctid = given.at::tid and t.${sealed} = given.old returning given.at`,
    );
    done += changed.length;
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return done;
}

/** Found in the database rather than listed here: a table somebody adds is not forgotten. */
function sealedColumns(drizzle: Drizzle): Promise<SealedColumn[]> {
  return run(
    drizzle,
    sql`select table_name as table, column_name as column from information_schema.columns
      where table_schema = 'public' and column_name like '%\\_sealed' order by 1, 2`,
  );
}

/** Which key sealed: `v2.<key id>.` (bot/secrets.ts). */
function keyOf(column: string): SQL {
  const text = sql.identifier(column);
  return sql`case when starts_with(${text}, 'v2.') then split_part(${text}, '.', 2) else split_part(${text}, '.', 1) end`;
}

async function run<Row extends object>(drizzle: Drizzle, query: SQL): Promise<Row[]> {
  const found = await drizzle.execute(query).catch((error: unknown) => {
    throw ledgerError('reseal', error);
  });
  return (found as unknown as { rows: Row[] }).rows;
}
