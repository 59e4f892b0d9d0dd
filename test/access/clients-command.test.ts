import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from '@jest/globals';
import { hashSecret, matchesAny } from '../../bot/access/secrets.js';
import { createLedger } from '../../bot/ledger/index.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault, loadKeys } from '../../bot/secrets.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import { silent, tempFolder } from '../support/stores.js';

const folder = tempFolder();
const dataDir = join(folder.path, 'var');
afterAll(() => folder.remove());

/** The command as `npm run clients` starts it, but for the build. */
async function clients(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bot/clients-cli.ts', ...args], {
    cwd: packageRoot(),
    env: { PATH: process.env['PATH'], REFILL_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  return { code, out, problems };
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, problems } = await clients(...args, '--json');
  expect({ code, problems }).toEqual({ code: 0, problems: '' });
  return JSON.parse(out) as T;
}

async function withLedger<T>(use: (ledger: ReturnType<typeof createLedger>) => Promise<T>): Promise<T> {
  const database = await openPostgres({ dataDir, log: silent });
  const ledger = createLedger(database, createVault(loadKeys({ dataDir, key: undefined })));
  return use(ledger).finally(() => ledger.close());
}

const SECRET = /refill_[\w-]{43}/;

describe('npm run clients', () => {
  test('adds a client, says its secret once, and lists it without', async () => {
    const { code, out } = await clients('add', 'millom', '--scopes', 'notify,callback');
    expect(code).toBe(0);
    const [secret = ''] = SECRET.exec(out) ?? [];
    const kept = await withLedger((ledger) => ledger.client('millom'));
    expect(kept?.secrets.map(({ hash }) => hash)).toEqual([hashSecret(secret)]);
    const list = await clients('list');
    expect(list.out).toBe('millom · notify callback\n');
    expect((await clients('list', '--json')).out).not.toMatch(/hash|refill_/);
    expect(await clients('add', 'millom', '--scopes', 'notify')).toMatchObject({
      code: 1,
      problems: 'there is a client millom already\n',
    });
  }, 60_000);

  test('rotates: the new secret and, for a while, the old one', async () => {
    const first = await json<{ secret: string }>('add', 'ops', '--scopes', 'purchases.read', '--expires', '2126-01-31');
    const second = await json<{ secret: string }>('rotate', 'ops', '--grace', '24h');
    const kept = await withLedger((ledger) => ledger.client('ops'));
    const hashes = kept?.secrets.map(({ hash }) => hash) ?? [];
    expect([first, second].map(({ secret }) => matchesAny(secret, hashes))).toEqual([true, true]);
    expect((await clients('list')).out).toContain('ops · purchases.read · ends 2126-01-31 00:00 · an older secret');
  }, 60_000);

  test('disables, enables and removes', async () => {
    await json('add', 'gone', '--scopes', 'notify');
    expect(await json('disable', 'gone')).toEqual({ id: 'gone', disabled: true });
    expect((await clients('list')).out).toMatch(/^gone · notify · disabled /m);
    expect(await json('enable', 'gone')).toEqual({ id: 'gone', disabled: false });
    expect(await json('remove', 'gone')).toEqual({ id: 'gone', removed: true });
    expect(await clients('remove', 'gone')).toMatchObject({ code: 1, problems: 'there is no client gone\n' });
  }, 60_000);

  test('makes another key to sign with; --now forgets those before', async () => {
    expect(await json('new-key')).toEqual({ generation: 1, signsInMs: 0 });
    expect(await json('new-key')).toEqual({ generation: 2, signsInMs: 3_600_000 });
    expect(await json('new-key', '--now')).toEqual({ generation: 3, signsInMs: 0 });
    const keys = await withLedger((ledger) => ledger.signingKeys());
    expect(keys.map(({ generation }) => generation)).toEqual([3]);
  }, 60_000);

  test('says so when Refill is running and holds the embedded database', async () => {
    await withLedger(async (ledger) => {
      expect((await clients('list')).problems).toMatch(/^Refill is running .* stop it first/);
      await ledger.ping();
    });
  }, 60_000);

  test.each([
    [[], /^Usage: npm run clients/],
    [['add'], /^Usage:/],
    [['list', 'x'], /^Usage:/],
    [['list', '--grace', '1h'], /^Usage:/],
    [['remove', 'x', '--now'], /^Usage:/],
    [['add', 'a b', '--scopes', 'notify'], /^a client’s id has/],
    [['add', 'x'], /^--scopes: expected some of notify, callback/],
    [['add', 'x', '--scopes', 'everything'], /^--scopes: expected/],
    [['add', 'x', '--scopes', 'notify', '--expires', '2126-02-31'], /^--expires: expected a day to come/],
    [['add', 'x', '--scopes', 'notify', '--expires', '2020-01-01'], /^--expires: expected/],
    [['rotate', 'x', '--grace', 'soon'], /^--grace: expected a time/],
    [['rotate', 'x', '--grace', '12'], /^--grace: expected a time/],
  ])(
    'says what it needs: %j',
    async (args, expected) => {
      const { code, problems } = await clients(...args);
      expect(code).toBe(1);
      expect(problems).toMatch(expected);
      expect(problems.trim().split('\n')).toHaveLength(1);
    },
    20_000,
  );
});
