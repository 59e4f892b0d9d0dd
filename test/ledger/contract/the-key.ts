import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { checkKey } from '../../../bot/ledger/index.js';
import { tempVault } from '../../support/stores.js';
import { type Given, twenty } from './given.js';

export function theKey({ database }: Given): void {
  describe('the master key', () => {
    const forget = async () => {
      await database().drizzle.execute(sql`delete from master_key`);
      await database().drizzle.execute(sql`delete from reference_key`);
    };

    test('is the one the first process had; another one is refused, in words that help', async () => {
      await forget();
      const [vault, other] = [tempVault(), tempVault()];
      await checkKey(database(), vault);
      const refused = checkKey(database(), other);
      await expect(refused).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
      await expect(refused).rejects.toThrow(/REFILL_KEY.*data directory.*fresh database/);
      await checkKey(database(), vault);
    });

    test('of processes that start together with two keys is one of the two, for all of them', async () => {
      for (let round = 0; round < 5; round++) {
        await forget();
        const vaults = [tempVault(), tempVault()];
        const checks = await twenty(async (n) =>
          checkKey(database(), vaults[n % 2] ?? tempVault()).then(
            () => 'taken',
            ({ code }) => code,
          ),
        );
        const [even, odd] = [0, 1].map((rest) => [...new Set(checks.filter((_, n) => n % 2 === rest))]);
        expect([even, odd].toSorted()).toEqual([['KEY_MISMATCH'], ['taken']]);
      }
    });
  });
}
