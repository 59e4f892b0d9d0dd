import { sql } from 'drizzle-orm';
import type { LedgerContext } from './context.js';
import { lines } from './schema.js';
import { identities, lineTokens } from './schema-identity.js';

export type Tx = Parameters<Parameters<LedgerContext['db']['transaction']>[0]>[0];

/*
 * The one order in which rows about people are locked, so that no two changes can wait for each other: tokens, lines, identities,
 * then what belongs to an identity (links, codes, conversations); within a kind by id. `no key update` is all that a change of them
 * needs, and keeps nobody from pointing here (a foreign key).
 */

/** Locks the tokens these lines have now until the transaction ends, so before the lines; returns their references. */
export async function lockTokensOf(tx: Tx, lineIds: readonly string[]): Promise<string[]> {
  if (lineIds.length === 0) return [];
  const { rows } = (await tx.execute(sql`select ref from ${lineTokens}
    where line_id = any(${sql.param([...lineIds])}::text[]) order by ref collate "C" for update`)) as unknown as {
    rows: { ref: string }[];
  };
  return rows.map(({ ref }) => ref);
}

/** Locks lines until the transaction ends; those that are not there are left out. */
export async function lockLines(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.execute(
    sql`select 1 from ${lines} where id = any(${sql.param([...ids])}::text[]) order by id collate "C" for no key update`,
  );
}

/** Locks chat users until the transaction ends: nothing about them changes meanwhile. Those that are not there are left out. */
export async function lockIdentities(tx: Tx, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  await tx.execute(
    sql`select 1 from ${identities} where ref = any(${sql.param([...refs])}::text[]) order by ref collate "C" for no key update`,
  );
}
