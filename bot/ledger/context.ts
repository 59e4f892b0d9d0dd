import { type SQL, sql } from 'drizzle-orm';
import type { NumberedPlace } from '../identity/numbered.js';
import type { Vault } from '../secrets.js';
import type { Database } from '../stores/database.js';

/** What every part of the ledger works with. */
export interface LedgerContext {
  readonly db: Database['drizzle'];
  readonly vault: Vault;
  readonly clock: LedgerClock;
  /** Where chat users go by their phone number (accounts.ts). */
  readonly numbered: readonly NumberedPlace[];
}

/**
 * Time in the ledger is the database's, so that processes whose clocks disagree still agree on what is due. A `Date` a caller
 * gives is taken as so-and-so far from the caller's own now, and becomes that far from the database's. A test may bring a clock
 * of its own; then that one is used throughout.
 */
export interface LedgerClock {
  /** For the `stamp` placeholder. */
  stamp(): string | null;
  /** How far `date` lies ahead of the caller's now, in milliseconds. */
  ahead(date: Date): number;
}

export function createClock(now?: () => Date): LedgerClock {
  return {
    stamp: () => now?.().toISOString() ?? null,
    ahead: (date) => date.getTime() - (now?.().getTime() ?? Date.now()),
  };
}

/** Now, in a statement with the placeholder `stamp`. */
export const NOW: SQL<Date> = sql<Date>`coalesce(${sql.placeholder('stamp')}::timestamptz, now())`;

/** Now and as many milliseconds as the placeholder `name` says. */
export function nowPlus(name: string): SQL<Date> {
  return sql<Date>`(${NOW} + ${sql.placeholder(name)}::float8 * interval '1 millisecond')`;
}
