import { afterAll, beforeAll, describe } from '@jest/globals';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import type { Database } from '../../bot/stores/database.js';
import { tempVault } from '../support/stores.js';
import { links, slackInstallations } from './contract/directory.js';
import { consents, conversations, lines } from './contract/people.js';
import { nudges, theOutbox } from './contract/promises.js';
import { movingPurchases, openingPurchases } from './contract/purchases.js';
import { secrecy } from './contract/secrecy.js';
import { text } from './contract/text.js';
import { theKey } from './contract/the-key.js';

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
    theOutbox(given);
    nudges(given);
    consents(given);
    text(given);
    theKey(given);
    secrecy(given);
  });
}
