import { DrizzleQueryError } from 'drizzle-orm';
import { RefillError } from '../errors.js';

/** The database could not be reached or did not answer in time. What was asked for may have happened; asking again is safe. */
export class LedgerUnavailable extends RefillError {
  readonly code = 'LEDGER_UNAVAILABLE';
}

/** The database answered with an error that asking again will not mend. */
export class LedgerFailed extends RefillError {
  readonly code = 'LEDGER_FAILED';
}

/** The database was written with another master key than this process has; the message says what to do. */
export class KeyMismatch extends RefillError {
  readonly code = 'KEY_MISMATCH';
}

/** The database is used with a real telco, and this process has none; the message says what to do. */
export class TelcoMissing extends RefillError {
  readonly code = 'TELCO_MISSING';
}

/** SQLSTATE classes and codes of a server that is there but cannot serve now (PostgreSQL manual, appendix A). */
const NOT_NOW = [
  '08', // connection exception
  '53', // insufficient resources: disk full, too many connections
  '57', // operator intervention: shutting down, starting up, statement timeout
  '58', // system error
  '40', // rolled back: deadlock, serialization
  '55000', // the database accepts no connections for now
  '55P03', // lock not available
  '25006', // read-only: a primary that became a standby
];

/** The error of a ledger method, without the values of the query. */
export function ledgerError(method: string, error: unknown): Error {
  if (error instanceof RefillError) return error;
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (cause instanceof TypeError || cause instanceof RangeError) return cause;
  const code = (cause as { code?: unknown } | undefined)?.code;
  // Only an SQLSTATE is the server's answer; anything else is the way there and back.
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
  if (state === undefined || NOT_NOW.some((prefix) => state.startsWith(prefix))) {
    return new LedgerUnavailable(`the ledger is not available (${method}${code ? `, ${code}` : ''})`, { cause });
  }
  return new LedgerFailed(`the ledger refused ${method} (SQLSTATE ${state})`, { cause });
}
