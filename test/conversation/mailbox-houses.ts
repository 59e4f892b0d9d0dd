import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { postgresServer, tempPostgres, withPglite } from '../support/stores.js';
import { postgresHouse } from './mailbox-on-postgres.js';
import { redisHouse } from './mailbox-on-redis.js';
import type { MailboxHouse, MailboxOptions, TestMailbox } from './mailboxes.js';

/** Every implementation, for `describe.each`. */
export const HOUSES: readonly (readonly [name: string, open: () => Promise<MailboxHouse>])[] = [
  ['Redis', redisHouse],
  ...((await postgresServer()) === undefined ? [] : ([['PostgreSQL', () => postgresHouse(tempPostgres)]] as const)),
  ['PGlite', () => postgresHouse(withPglite)],
];

/** As a test opens them: closed after each test and after all. */
export function mailboxesOn(
  openHouse: () => Promise<MailboxHouse>,
): (options?: MailboxOptions) => Promise<TestMailbox> {
  let house: MailboxHouse;
  const opened: TestMailbox[] = [];
  beforeAll(async () => {
    house = await openHouse();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((mailbox) => mailbox.close()));
  });
  afterAll(() => house?.close());
  return async (options) => {
    const mailbox = await house.open(options);
    opened.push(mailbox);
    return mailbox;
  };
}
