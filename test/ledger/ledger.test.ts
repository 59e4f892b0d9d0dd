import { describe, test } from '@jest/globals';
import { NO_POSTGRES, postgresServer, tempPostgres, withPglite } from '../support/stores.js';
import { ledgerContract } from './contract.js';

ledgerContract('PGlite', withPglite);

if ((await postgresServer()) !== undefined) {
  ledgerContract('a PostgreSQL server', tempPostgres);
} else {
  describe('the ledger on a PostgreSQL server', () => {
    test.skip(`does all of the above (${NO_POSTGRES})`, () => undefined);
  });
}
