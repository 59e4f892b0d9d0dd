import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLedger } from '../../bot/ledger/index.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault, loadKey } from '../../bot/secrets.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import { NO_POSTGRES, postgresServer, silent, tempFolder, tempPostgres } from '../support/stores.js';

const HEADER = 'channel,workspace,user,msisdn,operator';
const folder = tempFolder();
const dataDir = join(folder.path, 'var');
afterAll(() => folder.remove());

function file(name: string, ...lines: string[]): string {
  const path = join(folder.path, name);
  writeFileSync(path, `${[HEADER, ...lines].join('\n')}\n`);
  return path;
}

/** The command as `npm run links` starts it, but for the build. */
async function links(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bot/links-cli.ts', ...args], {
    cwd: packageRoot(),
    env: { PATH: process.env['PATH'], REFILL_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  return { code, out, problems };
}

async function withLedger<T>(use: (ledger: ReturnType<typeof createLedger>) => Promise<T>, url?: string): Promise<T> {
  const database = await openPostgres({ url, dataDir, log: silent });
  const ledger = createLedger(database, createVault(loadKey(dataDir)));
  return use(ledger).finally(() => ledger.close());
}

const number = (user: string, url?: string) =>
  withLedger((ledger) => ledger.linkedLine('slack', 'T1', user), url).then((line) => line?.key.value);

const here = (await postgresServer()) !== undefined;

describe('npm run links', () => {
  const two = file('two.csv', 'slack,T1,U1,60123456781,celcom', 'slack,T1,U2,60123456782,celcom');
  beforeAll(async () => {
    expect(await links({}, 'import', two)).toEqual({ code: 0, out: '2 links, 2 new\n', problems: '' });
  }, 60_000);

  test('writes into the stores of npm start, also while it is not running', async () => {
    expect(await number('U1')).toBe('60123456781');
    expect(await number('U2')).toBe('60123456782');
  }, 60_000);

  test('run again finds nothing new; a changed number takes the place of the old one', async () => {
    expect(await links({}, 'import', two)).toMatchObject({ code: 0, out: '2 links, 0 new\n' });
    const next = file('next.csv', 'slack,T1,U1,60123456790,celcom', 'slack,T1,U3,60123456783,celcom');
    expect(await links({}, 'import', next)).toMatchObject({ code: 0, out: '2 links, 1 new\n' });
    expect(await number('U1')).toBe('60123456790');
  }, 60_000);

  test('lists bad lines by number, without the phone number, and imports none of the good ones', async () => {
    const bad = file('bad.csv', 'slack,T1,U4,60123456784,celcom', 'slack,T1,U5,601234567850000000,celcom', 'slack,T1');
    const { code, out, problems } = await links({}, 'import', bad);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(problems.split('\n')).toEqual([
      'line 3: msisdn: expected a number with its country code, 8 to 15 digits',
      'line 4: expected 5 cells and found 2',
      '2 lines are wrong: nothing was imported',
      '',
    ]);
    expect(await number('U4')).toBeUndefined();
  }, 60_000);

  test('--dry-run checks the file and writes nothing', async () => {
    const lines = ['slack,T1,U6,60123456786,celcom', 'slack,T1,U6,60123456786,celcom'];
    expect(await links({}, 'import', '--dry-run', file('dry.csv', ...lines))).toEqual({
      code: 0,
      out: '1 links, none imported (dry run)\n',
      problems: 'line 3: says the same as line 2\n',
    });
    expect(await number('U6')).toBeUndefined();
  }, 60_000);

  test('says so when Refill is running and holds the embedded database', async () => {
    await withLedger(async (ledger) => {
      const { code, problems } = await links({}, 'import', two);
      expect(code).toBe(1);
      expect(problems).toMatch(/^Refill is running .* stop it, import, and start it again/);
      expect(problems).not.toMatch(/\.ts:/);
      await ledger.ping();
    });
  }, 60_000);

  test.each([
    [[], /^Usage: npm run links -- import FILE.csv/],
    [['import'], /^Usage:/],
    [['export', 'x.csv'], /^Usage:/],
    [['import', 'x.csv', '--force'], /^Usage:/],
    [['import', 'no-such.csv'], /^no-such.csv cannot be read \(ENOENT\)/],
  ])('says what it needs: %j', async (args, expected) => {
    const { code, problems } = await links({}, ...args);
    expect(code).toBe(1);
    expect(problems).toMatch(expected);
    expect(problems.trim().split('\n')).toHaveLength(1);
  });

  test('refuses what is no text, and what is too large, in a sentence', async () => {
    const utf16 = join(folder.path, 'utf16.csv');
    writeFileSync(utf16, Buffer.from(`\ufeff${HEADER}\nslack,T1,Ü1,1,x`, 'utf16le'));
    expect(await links({}, 'import', utf16)).toMatchObject({
      code: 1,
      problems: expect.stringMatching(/is not UTF-8/),
    });
    const large = file('large.csv');
    truncateSync(large, 101 * 1024 * 1024);
    expect(await links({}, 'import', large)).toMatchObject({ code: 1, problems: expect.stringMatching(/100 MB/) });
  });

  test('is as strict about the environment as npm start', async () => {
    const { code, problems } = await links({ DATABASE_URL: 'mysql://secret@host' }, 'import', two);
    expect(code).toBe(1);
    expect(problems).toContain('DATABASE_URL: expected a URL like postgres://');
    expect(problems).not.toMatch(/secret|\.ts:/);
  });

  test('--help explains the columns', async () => {
    const { code, out } = await links({}, '--help');
    expect(code).toBe(0);
    expect(out).toContain('aadObjectId');
  });

  (here ? test : test.skip)(`works beside a running Refill on a server${here ? '' : ` (${NO_POSTGRES})`}`, async () => {
    const { url, close } = await tempPostgres();
    try {
      expect(await links({ DATABASE_URL: url }, 'import', two)).toMatchObject({ code: 0, out: '2 links, 2 new\n' });
      expect(await number('U2', url)).toBe('60123456782');
    } finally {
      await close();
    }
  });
});
