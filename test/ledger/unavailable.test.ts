import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import {
  NO_POSTGRES,
  postgresServer,
  silent as quiet,
  tempPostgres,
  tempVault,
  withPglite,
} from '../support/stores.js';

/** A way to the server that can be cut, or fall silent. */
async function startProxy(target: URL) {
  const sockets = new Set<Socket>();
  let silent = false;
  const server: Server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname);
    if (!silent) client.pipe(upstream).pipe(client);
    for (const end of [client, upstream]) {
      end.on('error', () => undefined);
      sockets.add(end);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      silent = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    resetConnections() {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    close() {
      server.close();
      this.resetConnections();
    },
  };
}

const here = (await postgresServer()) !== undefined;
const onServer = here ? describe : describe.skip;

onServer(`a PostgreSQL server in trouble${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  let postgres: Awaited<ReturnType<typeof tempPostgres>>;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let ledger: Ledger;
  beforeEach(async () => {
    postgres = await tempPostgres();
    proxy = await startProxy(new URL(postgres.url));
    const url = new URL(postgres.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    ledger = createLedger(await openPostgres({ url: url.href, dataDir: '', log: quiet }), tempVault());
    await ledger.ping();
  });
  afterEach(async () => {
    proxy.close();
    await ledger.close();
    await postgres.close();
  });

  const everyMethod = () =>
    [
      ledger.ping(),
      ledger.conversation('web-1'),
      ledger.ensureLine('op', { type: 'MSISDN', value: '60123456789' }),
      ledger.movePurchase(randomUUID(), 'submit'),
      ledger.setConsent('web-1', ['low-data'], true, 'test'),
    ].map((answer) => expect(answer).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' }));

  test('that is gone is reported in about a second, by every method', async () => {
    proxy.close();
    const began = Date.now();
    await Promise.all(everyMethod());
    expect(Date.now() - began).toBeLessThan(2000);
  });

  test('that is there but silent is reported in about a second, however many ask', async () => {
    proxy.silence();
    const began = Date.now();
    await Promise.all([...everyMethod(), ...everyMethod(), ...everyMethod(), ...everyMethod()]);
    expect(Date.now() - began).toBeLessThan(3000);
  });

  test('is used again as soon as it is back', async () => {
    proxy.resetConnections();
    await ledger.ping().catch(() => undefined);
    await ledger.ping();
    expect(await ledger.conversation('web-1')).toBeUndefined();
  });

  test('that refuses a statement is no outage: the error says which, and none of the values', async () => {
    await postgres.database.drizzle.execute(sql`drop table conversations`);
    await expect(ledger.conversation('web-secret')).rejects.toMatchObject({
      code: 'LEDGER_FAILED',
      message: 'the ledger refused conversation (SQLSTATE 42P01)',
      cause: { code: '42P01' },
    });
  });

  test('and a process with a wrong clock: it claims nothing early, for the time that counts is the database’s', async () => {
    await ledger.promise('registration', 'web-1', 'web-1');
    expect(await ledger.dueOutbox(new Date(), 30_000, 10)).toHaveLength(1);
    const { now } = Date;
    Date.now = () => now() + 600_000;
    try {
      expect(await ledger.dueOutbox(new Date(Date.now()), 30_000, 10)).toHaveLength(0);
    } finally {
      Date.now = now;
    }
  });
});

describe('a database that is there and cannot write', () => {
  test.each([
    ['53100', 'its disk is full'],
    ['53200', 'it is out of memory'],
    ['53300', 'it has no connection left'],
    ['57014', 'a statement took too long'],
    ['25006', 'it became a standby'],
    ['40001', 'it rolled back'],
  ])('(%s: %s) is not available: nothing was written, and asking again is worth it', async (code) => {
    const { database, close } = await withPglite();
    await database.drizzle.execute(sql`create table trouble (code text primary key)`);
    await database.drizzle.execute(
      sql.raw(`create function fail() returns trigger language plpgsql as $$ declare how text; begin
        for how in select code from trouble loop raise exception 'not now' using errcode = how; end loop; return new; end $$`),
    );
    await database.drizzle.execute(
      sql`create trigger fail before insert on purchases for each row execute function fail()`,
    );
    const ledger = createLedger(database, tempVault());
    const price = { amount: '5.00', currency: 'MYR' };
    const terms = { planId: 'p', planName: [], price, fundSource: 'wallet' } as const;
    const wanted = { id: randomUUID(), confirmation: 'c', lineId: 'l', conversationId: 'web-1', terms };
    await database.drizzle.execute(sql`insert into trouble values (${code})`);
    await expect(ledger.openPurchase(wanted)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', cause: { code } });
    expect(await ledger.purchase(wanted.id)).toBeUndefined();
    await database.drizzle.execute(sql`delete from trouble`);
    expect(await ledger.openPurchase(wanted)).toMatchObject({ outcome: 'opened' });
    await close();
  });
});

describe('a ledger that was closed', () => {
  test('is unavailable', async () => {
    const { database } = await withPglite();
    const ledger = createLedger(database, tempVault());
    await ledger.close();
    await expect(ledger.conversation('web-1')).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  });
});

describe('time in the ledger', () => {
  test('is a test’s own clock where it brings one', async () => {
    const { database, close } = await withPglite();
    let now = new Date('2026-03-29T00:30:00Z');
    const ledger = createLedger(database, tempVault(), { now: () => now });
    const { id } = await ledger.promise('registration', 'web-1', 'web-1');
    expect(await ledger.dueOutbox(now, 30_000, 10)).toHaveLength(1);
    now = new Date('2026-03-29T00:30:29Z');
    expect(await ledger.dueOutbox(now, 30_000, 10)).toHaveLength(0);
    now = new Date('2026-03-29T00:30:30Z');
    expect(await ledger.dueOutbox(now, 30_000, 10)).toMatchObject([{ id, attempts: 2 }]);
    const nudge = { operator: 'op', transactionId: '1', lineId: '1', conversationId: '1', planName: [] };
    expect(await ledger.addNudge({ ...nudge, type: 'low-data' })).toMatchObject({ createdAt: now });
    await close();
  });
});
