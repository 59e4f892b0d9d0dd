import type { Vault } from '../secrets.js';
import type { Database } from '../stores/database.js';
import { consentMethods } from './consents.js';
import { createClock } from './context.js';
import { conversationMethods } from './conversations.js';
import { ledgerError } from './errors.js';
import type { Ledger } from './ledger.js';
import { linkMethods } from './links.js';
import { nudgeMethods } from './nudges.js';
import { outboxMethods } from './outbox.js';
import { purchaseMethods } from './purchases.js';
import { slackInstallationMethods } from './slack-installations.js';
import { storable } from './text.js';

export { LedgerUnavailable } from './errors.js';
export { checkKey } from './key-check.js';

/**
 * The ledger over an open database; closing it closes the database. Times are the database's own, unless `now` says otherwise
 * (tests). Every method rejects with `LedgerUnavailable` or, where asking again is no use, `LedgerFailed`.
 */
export function createLedger(database: Database, vault: Vault, { now }: { now?: () => Date } = {}): Ledger {
  const context = { db: database.drizzle, vault, clock: createClock(now) };
  return atTheEdge({
    ...conversationMethods(context),
    ...linkMethods(context),
    ...slackInstallationMethods(context),
    ...purchaseMethods(context),
    ...outboxMethods(context),
    ...nudgeMethods(context),
    ...consentMethods(context),
    ping: () => database.ping(),
    close: () => database.close(),
  });
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
