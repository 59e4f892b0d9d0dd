import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVault } from '../../bot/secrets.js';
import { postgresServer, tempFolder, tempPostgres, tempRedis } from '../support/stores.js';
import { openPostgresMailbox } from './mailbox-on-postgres.js';
import { openRedisMailbox } from './mailbox-on-redis.js';
import { type MailboxOptions, numbered, says, type TestMailbox, textOf, until, work } from './mailboxes.js';
import { type Child, type Shared, startChild } from './stress/child.js';

/** Long enough for a busy machine: a worker that gets no processor for this long is fenced off like any other. */
const LOCK_MS = 2_000;

const postgres = (await postgresServer()) === undefined ? [] : (['PostgreSQL'] as const);

describe.each(['Redis', ...postgres] as const)('on %s', (name) => {
  let server: Server;
  let folder: ReturnType<typeof tempFolder>;
  let shared: Shared;
  let mailbox: TestMailbox;
  let child: Child | undefined;
  /** A blocked worker stands still until this is there. */
  let wakeFile: string;
  beforeEach(async () => {
    server = await (name === 'Redis' ? onRedis() : onPostgres());
    folder = tempFolder();
    wakeFile = join(folder.path, 'wake-up');
    const key = randomBytes(32);
    const log = join(folder.path, 'log');
    shared = {
      store: server.store,
      prefix: 'fencing',
      key: key.toString('hex'),
      log,
      lockMs: LOCK_MS,
      sweepEveryMs: 60_000,
    };
    mailbox = await server.open({ prefix: 'fencing', vault: createVault(key), lockMs: LOCK_MS });
  });
  afterEach(async () => {
    await child?.kill();
    await mailbox.close();
    await server.close();
    folder.remove();
  });

  const lines = () => (existsSync(shared.log) ? readFileSync(shared.log, 'utf8').trim().split('\n') : []);

  describe('a worker whose event loop stood still beyond its lock', () => {
    test.each([
      ['the same entry', 'message-1'],
      ['the next one', 'message-2'],
    ])(
      'neither takes an entry away while another worker is at %s, nor saves its session, nor goes on',
      async (_which, at) => {
        const texts = numbered('message', 3);
        for (const text of texts) await mailbox.deliver(says('anna', text));
        child = startChild('blocked-worker', { ...shared, wakeFile });
        await until(() => lines().includes('late start message-1'), 40_000);

        // The second worker is in the middle of this one at the time the late one wakes up and acknowledges the first.
        let goOn: (() => void) | undefined;
        const wokeUp = new Promise<void>((resolve) => (goOn = resolve));
        const second = await work(mailbox, async (entry) => {
          if (textOf(entry) === at) await wokeUp;
          return `${entry.session ?? ''}${textOf(entry)} `;
        });
        await until(() => second.handled.includes(at), 40_000);
        expect(lines()).toEqual(['late start message-1']);
        writeFileSync(wakeFile, '');
        await until(() => lines().includes('late end message-1'), 40_000);
        await sleep(300);
        goOn?.();

        await until(async () => (await mailbox.depth()).conversations === 0);
        await sleep(300);
        expect(second.handled).toEqual(texts);
        expect(await mailbox.session('anna')).toBe('message-1 message-2 message-3 ');
        expect(lines()).toEqual(['late start message-1', 'late end message-1']);
      },
      120_000,
    );
  });

  describe('an entry whose worker is killed in the middle of it, twice', () => {
    test('is taken up again each time, with nobody waking it and nothing swept', async () => {
      await mailbox.deliver(says('anna', 'unlucky'));
      for (const kill of [1, 2]) {
        child = startChild('blocked-worker', { ...shared, wakeFile });
        await until(() => lines().length === kill, 90_000);
        await child.kill();
      }
      const last = await work(mailbox);
      await until(() => last.handled.length === 1, 90_000);
      expect(lines()).toEqual(['late start unlucky', 'late start unlucky']);
      expect(last.dead).toEqual([]);
    }, 300_000);
  });
});

interface Server {
  /** As `Shared` says. */
  readonly store: string;
  open(options: MailboxOptions): Promise<TestMailbox>;
  close(): Promise<void>;
}

async function onRedis(): Promise<Server> {
  const { store, socket, close } = await tempRedis();
  return { store: socket, open: (options) => openRedisMailbox(store, options), close };
}

async function onPostgres(): Promise<Server> {
  const { url, database, close } = await tempPostgres();
  return { store: url, open: async (options) => openPostgresMailbox(database.sql, options), close };
}
