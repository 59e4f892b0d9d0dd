import { sql } from 'drizzle-orm';
import { NO_LIMITS, type SpendLimits } from '../domain/spending.js';
import type { NumberedPlace } from '../identity/numbered.js';
import type { Vault } from '../secrets.js';
import type { Database } from '../stores/database.js';
import { abandonedMethods } from './abandoned.js';
import { accessMethods } from './access.js';
import { accountMethods } from './accounts.js';
import { checkMethods } from './checks.js';
import { consentMethods } from './consents.js';
import { createClock } from './context.js';
import { conversationMethods } from './conversations.js';
import { deliveryMethods } from './deliveries.js';
import { directoryMethods } from './directory.js';
import { erasureMethods } from './erasures.js';
import { ledgerError } from './errors.js';
import type { Ledger } from './ledger.js';
import { signalMethods } from './line-signals.js';
import { linkGuardMethods } from './link-guards.js';
import { linkedUserMethods } from './linked-user.js';
import { linkingMethods } from './linking.js';
import { linkMethods } from './links.js';
import { nudgeMethods } from './nudges.js';
import { outboxMethods } from './outbox.js';
import { ownLineMethods } from './own-lines.js';
import { proofCodeMethods } from './proof-codes.js';
import { purchaseSearchMethods } from './purchase-search.js';
import { purchaseMethods } from './purchases.js';
import { quarantineMethods } from './quarantine.js';
import { retentionMethods } from './retention.js';
import { simNamingMethods } from './sim-naming.js';
import { slackInstallationMethods } from './slack-installations.js';
import { suppressionMethods } from './suppressions.js';
import { taskMethods } from './tasks.js';
import { telcoPauseMethods } from './telco-pauses.js';
import { storable } from './text.js';
import { waitingMethods } from './waiting.js';
import { withdrawalMethods } from './withdrawals.js';
import { workspaceMethods } from './workspaces.js';

export { LedgerUnavailable } from './errors.js';
export { checkKey } from './key-check.js';
export { countSealed, resealLedger } from './reseal.js';
export { checkTelco } from './telco-check.js';

export interface LedgerOptions {
  /** For tests. */
  readonly now?: () => Date;
  /** What one line may spend. */
  readonly limits?: SpendLimits;
  /** What it may spend over a link that is young; nothing in a currency that is not named. */
  readonly newLinkLimits?: SpendLimits;
  /** How long a link that a list makes to somebody's line is young, in milliseconds; those that are proved say so themselves. */
  readonly newLinkMs?: number;
  /** Where chat users go by their phone number: what is said of a number is said there of all its chat proved. Nowhere by default. */
  readonly numbered?: readonly NumberedPlace[];
}

/**
 * The ledger over an open database; closing it closes the database. Times are the database's own, unless `now` says otherwise
 * (tests). Every method rejects with `LedgerUnavailable` or, where asking again is no use, `LedgerFailed`.
 */
export function createLedger(
  database: Database,
  vault: Vault,
  { now, limits = NO_LIMITS, newLinkLimits = NO_LIMITS, newLinkMs = 0, numbered = [] }: LedgerOptions = {},
): Ledger {
  const context = { db: database.drizzle, vault, clock: createClock(now), numbered };
  return atTheEdge({
    ...conversationMethods(context),
    ...linkMethods(context, newLinkMs),
    ...directoryMethods(context),
    ...linkedUserMethods(context),
    ...linkingMethods(context),
    ...ownLineMethods(context),
    ...linkGuardMethods(context),
    ...accountMethods(context),
    ...signalMethods(context),
    ...simNamingMethods(context),
    ...erasureMethods(context),
    ...suppressionMethods(context),
    ...proofCodeMethods(context),
    ...slackInstallationMethods(context),
    ...purchaseMethods(context, limits, newLinkLimits),
    ...purchaseSearchMethods(context),
    ...checkMethods(context),
    ...taskMethods(context),
    ...quarantineMethods(context),
    ...retentionMethods(context),
    ...telcoPauseMethods(context),
    ...outboxMethods(context),
    ...nudgeMethods(context),
    ...consentMethods(context),
    ...accessMethods(context),
    ...deliveryMethods(context),
    ...waitingMethods(context),
    ...abandonedMethods(context),
    ...withdrawalMethods(context),
    ...workspaceMethods(context),
    ping: () => database.ping(),
    clockAheadMs: () => clockAhead(database),
    close: () => database.close(),
  });
}

async function clockAhead({ drizzle }: Database): Promise<number> {
  const asked = Date.now();
  const { rows } = (await drizzle.execute(
    sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
  )) as unknown as { rows: [{ ms: number }] };
  return (asked + Date.now()) / 2 - rows[0].ms;
}

/** The edge all methods share: ids that can be looked up, and errors that can be told apart. */
function atTheEdge(ledger: Ledger): Ledger {
  const methods = Object.entries<(...args: never[]) => Promise<unknown>>({ ...ledger }).map(([name, method]) => [
    name,
    (...args: never[]) =>
      method(...args.map(storable)).catch((error: unknown) => {
        throw ledgerError(name, error);
      }),
  ]);
  return Object.fromEntries(methods) as Ledger;
}
