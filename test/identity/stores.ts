import { createLedger, type LedgerOptions } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import type { Database } from '../../bot/stores/database.js';
import { NO_POSTGRES, postgresServer, tempPostgres, tempVault, withPglite } from '../support/stores.js';

export interface IdentityStore {
  readonly ledger: Ledger;
  readonly database: Database;
  /** Another process on the same database. */
  again(): Ledger;
  /** What the ledger takes for now; let it pass. */
  wait(ms: number): void;
  now(): Date;
  close(): Promise<void>;
}

async function openOn(
  open: () => Promise<{ readonly database: Database; close(): Promise<void> }>,
  options: LedgerOptions,
): Promise<IdentityStore> {
  const store = await open();
  const vault = tempVault();
  let ms = Date.UTC(2026, 10, 21, 12);
  const now = () => new Date(ms);
  const again = () => createLedger(store.database, vault, { ...options, now });
  return {
    ledger: again(),
    again,
    database: store.database,
    now,
    wait: (more) => {
      ms += more;
    },
    close: () => store.close(),
  };
}

export const onPglite = (options: LedgerOptions = {}) => openOn(withPglite, options);
export const onPostgres = (options: LedgerOptions = {}) => openOn(tempPostgres, options);

const server = await postgresServer();

/** Both databases, the server's skipped with its reason where there is none. */
export const STORES: readonly (readonly [name: string, open: typeof onPglite])[] = [
  ['PGlite', onPglite],
  ...(server === undefined ? [] : ([['a PostgreSQL server', onPostgres]] as const)),
];

export const without = server === undefined ? ` [${NO_POSTGRES}]` : '';
