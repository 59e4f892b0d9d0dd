import { sql } from 'drizzle-orm';
import { type KeyedVault, VaultError } from '../secrets.js';
import type { Database } from '../stores/database.js';
import { KeyMismatch, ledgerError } from './errors.js';
import { masterKey } from './schema.js';
import { referenceKey } from './schema-keys.js';

/**
 * Makes sure that this process has a master key the database is written with, and that it makes references with the database's
 * own key: with other ones nothing that was sealed can be opened and no line is found. The first process to ask decides.
 * Rejects with `KeyMismatch` or `LedgerUnavailable`.
 */
export async function checkKey({ drizzle }: Database, vault: KeyedVault): Promise<void> {
  const kept = await theReferenceKey(drizzle).catch(unavailable);
  if (kept !== undefined) adopt(vault, kept);
  const ref = vault.reference('key-check');
  const [row] = await drizzle
    .insert(masterKey)
    .values({ ref })
    // Of several that start at once one inserts; the update, which changes nothing, lets the others read what it wrote.
    .onConflictDoUpdate({ target: masterKey.only, set: { ref: sql`${masterKey.ref}` } })
    .returning({ ref: masterKey.ref })
    .catch(unavailable);
  if (row?.ref !== ref) throw mismatch();
  if (kept !== undefined) return;
  // A new database, or one from before keys could be changed: its references were made from the master key we have.
  await drizzle
    .insert(referenceKey)
    .values({ keySealed: vault.sealReferenceKey() })
    .onConflictDoNothing()
    .catch(unavailable);
}

async function theReferenceKey(drizzle: Database['drizzle']): Promise<string | undefined> {
  const [row] = await drizzle.select().from(referenceKey);
  return row?.keySealed;
}

function adopt(vault: KeyedVault, sealed: string): void {
  try {
    vault.useReferenceKey(sealed);
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    throw mismatch(cause);
  }
}

function unavailable(error: unknown): never {
  throw ledgerError('checkKey', error);
}

function mismatch(cause?: unknown): KeyMismatch {
  return new KeyMismatch(
    'this database was written with another master key: give every process that uses it the same REFILL_KEY ' +
      '(or, on one machine, the same data directory, whose file "key" holds it; after a rotation also ' +
      'REFILL_KEY_PREVIOUS), or use a fresh database',
    { cause },
  );
}
