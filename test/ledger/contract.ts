import { afterAll, beforeAll, describe } from '@jest/globals';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import type { Database } from '../../bot/stores/database.js';
import { tempVault } from '../support/stores.js';
import { deliveries } from './contract/deliveries.js';
import { links, slackInstallations } from './contract/directory.js';
import { callbacksAtOnce, spending, tasks, telcoPauses } from './contract/money.js';
import { consents, conversations, lines } from './contract/people.js';
import { nudges, theOutbox } from './contract/promises.js';
import { movingPurchases, openingPurchases } from './contract/purchases.js';
import { secrecy } from './contract/secrecy.js';
import { text } from './contract/text.js';
import { theKey } from './contract/the-key.js';
import { workspaces } from './contract/workspaces.js';

type Open = () => Promise<{ readonly database: Database; close(): Promise<void> }>;

/** What every ledger does, whichever database it stands on. */
export function ledgerContract(name: string, open: Open): void {
  describe(`the ledger on ${name}`, () => {
    let store: Awaited<ReturnType<Open>>;
    let ledger: Ledger;
    beforeAll(async () => {
      store = await open();
      ledger = createLedger(store.database, tempVault());
    }, 60_000);
    afterAll(() => store.close());
    const given = { ledger: () => ledger, database: () => store.database };
    conversations(given);
    lines(given);
    links(given);
    slackInstallations(given);
    openingPurchases(given);
    movingPurchases(given);
    callbacksAtOnce(given);
    spending(given);
    tasks(given);
    telcoPauses(given);
    theOutbox(given);
    nudges(given);
    deliveries(given);
    workspaces(given);
    consents(given);
    text(given);
    theKey(given);
    secrecy(given);
  });
}
