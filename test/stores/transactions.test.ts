import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { Database } from '../../bot/stores/database.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import { NO_POSTGRES, postgresServer, silent, tempPostgres } from '../support/stores.js';

const here = (await postgresServer()) !== undefined;
const onServer = here ? describe : describe.skip;
const ANSWER_WITHIN_MS = 300;

/** A way to the server on which everything can be held up for a while. */
async function startProxy(target: URL) {
  const ends: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname);
    client.pipe(upstream).pipe(client);
    for (const end of [client, upstream]) ends.push(end.on('error', () => undefined));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hold: () => {
      for (const end of ends) end.unpipe().pause();
    },
    goOn: () => {
      for (let at = 0; at < ends.length; at += 2) ends[at]?.pipe(ends[at + 1] as Socket).pipe(ends[at] as Socket);
    },
    close: () => {
      server.close();
      for (const end of ends) end.destroy();
    },
  };
}

onServer(`transactions the server is slow with${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  let postgres: Awaited<ReturnType<typeof tempPostgres>>;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let slow: Database;
  beforeEach(async () => {
    postgres = await tempPostgres();
    proxy = await startProxy(new URL(postgres.url));
    const url = Object.assign(new URL(postgres.url), { hostname: '127.0.0.1', port: String(proxy.port) });
    await postgres.database.drizzle.execute(sql`create table notes (note text)`);
    const answerWithinMs = ANSWER_WITHIN_MS;
    slow = await openPostgres({ url: url.href, dataDir: '', log: silent, connections: 1, answerWithinMs });
    await slow.ping();
  });
  afterEach(async () => {
    proxy.close();
    await slow.close();
    await postgres.close();
  });

  const note = (on: Pick<Database['drizzle'], 'execute'>, text: string) =>
    on.execute(sql`insert into notes values (${text})`);
  /** What anybody sees. */
  const notes = async () => {
    const found = await postgres.database.drizzle.execute(sql`select note from notes order by note`);
    return (found as unknown as { rows: { note: string }[] }).rows.map((row) => row.note);
  };
  const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test('that could not even begin give their connection back', async () => {
    proxy.hold();
    await expect(slow.drizzle.transaction((tx) => note(tx, 'never'))).rejects.toThrow();
    proxy.goOn();
    await slow.drizzle.transaction((tx) => note(tx, 'after'));
    expect(await notes()).toEqual(['after']);
  });

  test('whose answer did not come in time take nothing of what follows with them', async () => {
    const late = slow.drizzle.transaction(async (tx) => {
      await note(tx, 'late');
      await tx.execute(sql`select pg_sleep(${(3 * ANSWER_WITHIN_MS) / 1000})`);
    });
    await expect(late).rejects.toThrow();
    // The server is done with it now, and waits for the end of the transaction.
    await passed(4 * ANSWER_WITHIN_MS);
    await note(slow.drizzle, 'alone');
    expect(await notes()).toEqual(['alone']);
    await slow.drizzle.transaction((tx) => note(tx, 'together'));
    expect(await notes()).toEqual(['alone', 'together']);
  });

  test('that fail for a reason of our own keep the connection, and leave nothing', async () => {
    const { rows: before } = await pidOf();
    const refused = slow.drizzle.transaction(async (tx) => {
      await note(tx, 'refused');
      throw new RangeError('too many');
    });
    await expect(refused).rejects.toThrow(RangeError);
    await expect(slow.drizzle.transaction((tx) => tx.execute(sql`select 1 / 0`))).rejects.toThrow();
    expect((await pidOf()).rows).toEqual(before);
    expect(await notes()).toEqual([]);
  });

  test('that wait for each other both come to their end: the one that was undone runs again', async () => {
    const { database } = postgres;
    await note(database.drizzle, 'a');
    await note(database.drizzle, 'b');
    let began = 0;
    let go = () => {};
    const both = new Promise<void>((resolve) => (go = resolve));
    let runs = 0;
    const change = (first: string, second: string) =>
      database.drizzle.transaction(async (tx) => {
        runs += 1;
        await tx.execute(sql`update notes set note = note || '' where note = ${first}`);
        if (++began === 2) go();
        await both;
        await tx.execute(sql`update notes set note = note || '' where note = ${second}`);
        return first;
      });
    await expect(Promise.all([change('a', 'b'), change('b', 'a')])).resolves.toEqual(['a', 'b']);
    expect(runs).toBe(3);
  });

  const pidOf = async () =>
    (await slow.drizzle.execute(sql`select pg_backend_pid()`)) as unknown as { rows: unknown[] };
});
