import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Mailbox } from '../../bot/conversation/mailbox.js';
import { createPostgresMailbox } from '../../bot/conversation/postgres-mailbox.js';
import { createRedisMailbox } from '../../bot/conversation/redis-mailbox.js';
import { checkKey, createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault, loadKeys } from '../../bot/secrets.js';
import { createPublish } from '../../bot/stores/sql.js';
import { PREFIX } from '../../bot/stores/working.js';
import { deliverAll, ready, until } from '../conversation/mailboxes.js';
import { NO_POSTGRES, postgresServer, tempFolder, tempPostgres, tempRedis } from '../support/stores.js';

const here = (await postgresServer()) !== undefined;
const onServer = here
  ? describe.each(['postgres', 'redis'] as const)
  : describe.skip.each(['postgres', 'redis'] as const);

onServer(`npm run dead-letters with %s${here ? '' : ` (${NO_POSTGRES})`}`, (kind) => {
  const key = randomBytes(32).toString('hex');
  const folder = tempFolder();
  let postgres: Awaited<ReturnType<typeof tempPostgres>>;
  let redis: Awaited<ReturnType<typeof tempRedis>>;
  let ledger: Ledger;
  let mailbox: Mailbox;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([tempPostgres(), tempRedis()]);
    const vault = createVault(loadKeys({ dataDir: folder.path, key }));
    await checkKey(postgres.database, vault);
    ledger = createLedger(postgres.database, vault);
    const { sql } = postgres.database;
    // One that waits: this machine starts commands meanwhile, and may be slow.
    const webhooks = redis.store.forWorkers();
    await ready(webhooks);
    mailbox =
      kind === 'postgres'
        ? createPostgresMailbox({ sql, publish: createPublish(sql), vault })
        : createRedisMailbox({ webhooks, workers: redis.store.forWorkers, prefix: PREFIX, vault });
  }, 60_000);
  afterAll(async () => {
    await mailbox.close();
    await Promise.all([postgres.close(), redis.close()]);
    folder.remove();
  });

  async function run(...args: string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'bot/dead-letters-cli.ts', ...args], {
      cwd: packageRoot(),
      env: {
        PATH: process.env['PATH'],
        // The socket of an embedded Redis is in the data directory.
        REFILL_DATA_DIR: kind === 'redis' ? dirname(dirname(redis.socket)) : folder.path,
        REFILL_KEY: key,
        DATABASE_URL: postgres.url,
        REFILL_STORES: kind,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await exited;
    return { code, out, problems };
  }

  test('lists, replays and drops events and promises that were given up, and shows nobody’s words', async () => {
    const heard: string[] = [];
    let broken = true;
    const worker = await mailbox.work(
      async ({ event }) => {
        if (broken) throw new TypeError('no');
        heard.push(event.id);
        return undefined;
      },
      { concurrency: 4, isTransient: () => false, onDeadLetter: async () => undefined },
    );
    await deliverAll(mailbox, 'anna', ['my number is 60123456789']);
    await until(async () => (await mailbox.deadLetters.count()) === 1, 60_000);
    const promise = await ledger.promise('registration', 'ben', 'ben');
    await ledger.openTask('promise', promise.id, 'could not be delivered');
    await ledger.abandonOutbox(promise.id);

    const listed = await run('list');
    expect(listed).toMatchObject({ code: 0, problems: '' });
    expect(listed.out).toMatch(/event {2}text {2}TypeError {2}anna {2}\S+\n/);
    expect(listed.out).toMatch(new RegExp(`promise {2}registration {2}0 tries {2}ben {2}${promise.id}\n`));
    expect(listed.out).toContain('1 events and 1 promises were given up');
    expect(listed.out).not.toContain('60123456789');

    broken = false;
    expect(await run('replay', '--all')).toMatchObject({ code: 0, out: '2 replayed\n' });
    await until(() => heard.length === 1, 40_000);
    expect(await ledger.outboxItem(promise.id)).toMatchObject({ done: false, attempts: 0 });
    expect((await run('list')).out).toBe('0 events and 0 promises were given up\n');
    await worker.close();

    // Given up again: this time nobody waits for it any more.
    await ledger.abandonOutbox(promise.id);
    expect(await run('drop', promise.id)).toMatchObject({ code: 0, out: '1 dropped\n' });
    expect(await ledger.openTasks(10)).toEqual([]);
    expect(await run('drop', promise.id)).toMatchObject({ code: 1, problems: expect.stringContaining(promise.id) });
    for (const wrong of [['replay'], ['drop', 'x', '--all'], ['list', 'x'], ['purge']]) {
      expect(await run(...wrong)).toMatchObject({ code: 1, problems: expect.stringContaining('--help') });
    }
  }, 180_000);

  test('does not drop what a telco has yet to be told of a line, and says what ends it', async () => {
    const who = { channel: 'slack', workspace: 'T', user: 'U1' };
    const key = { type: 'MSISDN', value: '60123456702' } as const;
    const link = { operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 0, choose: true } as const;
    await ledger.linkLine(who, link);
    const erasure = await ledger.outboxItem(await ledger.beginErasure(who, 'slack-1'));
    await ledger.finishErasure(erasure?.subject ?? '');
    const [withdrawal] = await ledger.withdrawals(10);
    const owed = await ledger.outboxFor('withdrawal', withdrawal?.id ?? '');
    await ledger.openTask('promise', owed?.id ?? '', 'a telco could not be told');
    await ledger.abandonOutbox(owed?.id ?? '');

    const dropped = await run('drop', owed?.id ?? '');
    const command = `npm run purchases -- withdrawn ${withdrawal?.id}`;
    expect(dropped).toMatchObject({ code: 1, problems: expect.stringContaining(command) });
    const all = await run('drop', '--all');
    expect(all).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^0 dropped\n1 .*npm run purchases -- withdrawals/),
    });
    expect(await ledger.openTasks(10)).toMatchObject([{ kind: 'promise', subject: owed?.id }]);
    expect(await ledger.endWithdrawal(withdrawal?.id ?? '')).toBe(true);
    expect((await run('list')).out).toBe('0 events and 0 promises were given up\n');
  }, 120_000);
});
