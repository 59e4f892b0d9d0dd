import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Closing } from '../../bot/closing.js';
import { chooseWorking } from '../../bot/stores/choice.js';
import { StoreUnavailable } from '../../bot/stores/errors.js';
import { openStores } from '../../bot/stores/open.js';
import { says } from '../conversation/mailboxes.js';
import { NO_POSTGRES, postgresServer, silent, tempFolder, tempPostgres, tempVault } from '../support/stores.js';

let folder: ReturnType<typeof tempFolder>;
const path = process.env['PATH'];
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => {
  process.env['PATH'] = path;
  folder.remove();
});

describe('where what is under way is kept', () => {
  const REDIS_URL = 'redis://127.0.0.1:6379';
  const choose = (given: Partial<Parameters<typeof chooseWorking>[0]>) =>
    chooseWorking({ stores: undefined, redisUrl: undefined, dataDir: folder.path, ...given });

  test('in Redis where there is one, be it named or a program to start', () => {
    expect(choose({})).toBe('redis');
    process.env['PATH'] = folder.path;
    expect(choose({ redisUrl: REDIS_URL })).toBe('redis');
  });

  test('in PostgreSQL where there is none, and where it was said', () => {
    expect(choose({ stores: 'postgres', redisUrl: REDIS_URL })).toBe('postgres');
    process.env['PATH'] = folder.path;
    expect(choose({})).toBe('postgres');
  });

  test('nowhere, until somebody says so, when Redis was used here and its program is gone', () => {
    mkdirSync(join(folder.path, 'redis/appendonlydir'), { recursive: true });
    expect(choose({})).toBe('redis');
    process.env['PATH'] = folder.path;
    expect(() => choose({})).toThrow(StoreUnavailable);
    expect(choose({ stores: 'postgres' })).toBe('postgres');
  });
});

const server = await postgresServer();
(server === undefined ? test.skip : test)(
  `a start with Redis says that PostgreSQL still holds events${server === undefined ? ` [${NO_POSTGRES}]` : ''}`,
  async () => {
    const { url, close } = await tempPostgres();
    const settings = { redisUrl: undefined, databaseUrl: url, dataDir: folder.path };
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    for (const stores of ['postgres', 'redis'] as const) {
      const closing = new Closing(silent);
      const { working } = await openStores({ ...settings, stores }, log, closing);
      expect(working.kind).toBe(stores);
      expect(lines.filter((line) => line.includes('REFILL_STORES=postgres'))).toHaveLength(stores === 'redis' ? 1 : 0);
      const mailbox = working.mailbox(tempVault());
      if (stores === 'postgres') await mailbox.deliver(says('anna', 'hello'));
      await mailbox.close();
      await closing.run();
    }
    await close();
  },
  60_000,
);
