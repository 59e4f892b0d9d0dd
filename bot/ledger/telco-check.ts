import type { Database } from '../stores/database.js';
import { ledgerError, TelcoMissing } from './errors.js';
import { realTelco } from './schema.js';

/**
 * What a process takes for its telco: a real one, a sandbox somebody asked for, or one it has only because no telco is
 * configured.
 */
export type TelcoKind = 'real' | 'sandbox' | 'sandbox-by-itself';

/**
 * Keeps a process that somebody forgot to tell of the telco from taking part: its sandbox would refuse every real number, and orders,
 * registrations and withdrawals of the others would end there. Rejects with `TelcoMissing` or `LedgerUnavailable`.
 */
export async function checkTelco({ drizzle }: Database, kind: TelcoKind): Promise<void> {
  if (kind === 'sandbox') return;
  if (kind === 'real') {
    await drizzle.insert(realTelco).values({}).onConflictDoNothing().catch(unavailable);
    return;
  }
  const [real] = await drizzle.select().from(realTelco).catch(unavailable);
  if (real === undefined) return;
  throw new TelcoMissing(
    'this database is used with a real telco, and none is configured here: set MILLOM_BASE_URL and the variables beside it, ' +
      'or REFILL_SANDBOX=1 if this is a trial, or use a fresh database',
  );
}

function unavailable(error: unknown): never {
  throw ledgerError('checkTelco', error);
}
