import { sql } from 'drizzle-orm';
import type { Vault } from '../secrets.js';
import type { Database } from '../stores/database.js';
import { KeyMismatch, ledgerError } from './errors.js';
import { masterKey } from './schema.js';

/**
 * Makes sure that this process has the master key the database is written with: with another one nothing that was sealed can be
 * opened and no line is found. The first process to ask decides. Rejects with `KeyMismatch` or `LedgerUnavailable`.
 */
export async function checkKey({ drizzle }: Database, vault: Vault): Promise<void> {
  const ref = vault.reference('key-check');
  const [row] = await drizzle
    .insert(masterKey)
    .values({ ref })
    // Of several that start at once one inserts; the update, which changes nothing, lets the others read what it wrote.
    .onConflictDoUpdate({ target: masterKey.only, set: { ref: sql`${masterKey.ref}` } })
    .returning({ ref: masterKey.ref })
    .catch((error: unknown) => {
      throw ledgerError('checkKey', error);
    });
  if (row?.ref === ref) return;
  throw new KeyMismatch(
    'this database was written with another master key: give every process that uses it the same REFILL_KEY ' +
      '(or, on one machine, the same data directory, whose file "key" holds it), or use a fresh database',
  );
}
