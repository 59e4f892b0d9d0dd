import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPostgresMailbox } from '../../bot/conversation/postgres-mailbox.js';
import { countSealed } from '../../bot/ledger/index.js';
import type { Database } from '../../bot/stores/database.js';
import { createPostgresLiveLog } from '../../bot/stores/postgres-live-log.js';
import { prune } from '../../bot/stores/postgres-prune.js';
import { createPostgresShortLived } from '../../bot/stores/postgres-short-lived.js';
import { createPublish, type Sql } from '../../bot/stores/sql.js';
import { says } from '../conversation/mailboxes.js';
import { tempVault, withPglite } from '../support/stores.js';

let database: Database;
let sql: Sql;
let close: () => Promise<void>;
beforeAll(async () => {
  const opened = await withPglite();
  database = opened.database;
  sql = database.sql;
  close = opened.close;
}, 60_000);
afterAll(() => close?.());

const count = async (table: string) =>
  (await sql.query<{ rows: number }>(`select count(*)::int as rows from ${table}`))[0]?.rows;

describe('pruning', () => {
  test('removes what ended, in batches, and nothing else', async () => {
    const shortLived = createPostgresShortLived(sql);
    const liveLog = createPostgresLiveLog(sql, () => undefined);
    const mailbox = createPostgresMailbox({ sql, publish: () => undefined, vault: tempVault() });
    await mailbox.deliver(says('waiting', 'hello'));
    await shortLived.set('stays', 'value', 60_000);
    await liveLog.append('stays', 'id', 'said', 'data');
    await liveLog.append('ended', 'id', 'said', 'data');
    await sql.query(`update live_logs set ends_at = now() where name = 'ended'`);
    // More than one batch of each.
    const rows = 'generate_series(1, 2500) as row';
    await sql.query(`insert into mailbox_seen select 'ended' || row, now() from ${rows}`);
    await sql.query(`insert into short_lived select 'ended' || row, 'value', now() from ${rows}`);
    await sql.query(`insert into mailboxes (conversation, session_sealed, session_ends_at)
      values ('silent', 's', now()), ('remembered', 's', now() + interval '1 hour')`);

    expect(await prune(sql)).toBe(2500 + 2500 + 1 + 1);
    expect(await prune(sql)).toBe(0);
    expect(await mailbox.deliver(says('waiting', 'hello'))).toBe('duplicate');
    expect(await sql.query('select conversation from mailboxes order by 1')).toEqual([
      { conversation: 'remembered' },
      { conversation: 'waiting' },
    ]);
    expect(await shortLived.get('stays')).toBe('value');
    expect(await liveLog.read('stays')).toHaveLength(1);
    expect(await Promise.all(['mailbox_seen', 'short_lived', 'live_logs', 'live_log_entries'].map(count))).toEqual([
      1, 1, 1, 1,
    ]);
  });
});

describe('a live log that ended', () => {
  test('begins again without its past, and never goes back behind a position', async () => {
    const liveLog = createPostgresLiveLog(sql, () => undefined);
    await liveLog.append('again', 'id', 'said', 'old');
    const [old] = await liveLog.read('again');
    await sql.query(`update live_logs set ends_at = now() where name = 'again'`);
    expect(await liveLog.read('again')).toEqual([]);
    await liveLog.append('again', 'id', 'said', 'new');
    const entries = await liveLog.read('again', old?.position);
    expect(entries.map(({ data }) => data)).toEqual(['new']);
  });
});

describe('a notification on the live log that is none of ours', () => {
  test.each(['no JSON', '{"log":1}', 'null'])(
    '%s: may have been an entry, and what comes after it is heard',
    async (payload) => {
      const publish = createPublish(sql);
      const liveLog = createPostgresLiveLog(sql, publish);
      const told: unknown[] = [];
      const follower = liveLog.follow({
        heard: (log, { kind }) => told.push([log, kind]),
        missed: (log) => told.push(log),
      });
      await follower.follow('page');
      publish('refill_log', payload);
      await liveLog.signal('page', 'typing', '');
      for (const deadline = Date.now() + 5_000; told.length < 2 && Date.now() < deadline; ) await sleep(10);
      follower.close();
      expect(told).toEqual([undefined, ['page', 'typing']]);
    },
  );
});

describe('a value its owner sealed', () => {
  test('is found by a change of the master key, and reads as it was set', async () => {
    const shortLived = createPostgresShortLived(sql);
    const vault = tempVault();
    await shortLived.set('someone', vault.seal('60123456789'), 60_000);
    const found = (await countSealed(database)).filter(({ table }) => table === 'short_lived');
    expect(found).toEqual([{ table: 'short_lived', column: 'value_sealed', key: vault.keyId, count: 1 }]);
    expect(vault.open((await shortLived.get('someone')) ?? '')).toBe('60123456789');
    await shortLived.set('someone', 'plain', 60_000);
    expect(await shortLived.take('someone')).toBe('plain');
  });
});

describe('BullMQ on PGlite', () => {
  test('shares the one session with the ledger: no name is in both their schemas', async () => {
    await sql.queuePool();
    const twice = await sql.query(`
      select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname in ('public', 'bullmq') group by relname having count(distinct nspname) > 1
      union all
      select proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
        where nspname in ('public', 'bullmq') group by proname having count(distinct nspname) > 1`);
    expect(twice).toEqual([]);
  });
});
