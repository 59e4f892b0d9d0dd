import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkKey, createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault, loadKeys } from '../../bot/secrets.js';
import { NO_POSTGRES, postgresServer, tempFolder, tempPostgres } from '../support/stores.js';

const here = (await postgresServer()) !== undefined;
const onServer = here ? describe : describe.skip;

onServer(`npm run purchases${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  const key = randomBytes(32).toString('hex');
  const folder = tempFolder();
  let postgres: Awaited<ReturnType<typeof tempPostgres>>;
  let ledger: Ledger;

  beforeAll(async () => {
    postgres = await tempPostgres();
    const vault = createVault(loadKeys({ dataDir: folder.path, key }));
    await checkKey(postgres.database, vault);
    ledger = createLedger(postgres.database, vault);
  }, 60_000);
  afterAll(async () => {
    await postgres.close();
    folder.remove();
  });

  /** The command as `npm run purchases` starts it, but for the build. */
  async function run(...args: string[]) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'bot/purchases-cli.ts', ...args], {
      cwd: packageRoot(),
      env: {
        PATH: process.env['PATH'],
        REFILL_DATA_DIR: folder.path,
        REFILL_KEY: key,
        DATABASE_URL: postgres.url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await exited;
    return { code, out, problems };
  }

  async function unknownPurchase(): Promise<string> {
    const price = { amount: '5.00', currency: 'MYR' };
    const id = randomUUID();
    await ledger.openPurchase({
      ...{ id, confirmation: randomUUID(), lineId: randomUUID(), conversationId: 'web-1' },
      terms: { planId: 'daily-1gb', planName: [], price, fundSource: 'wallet' },
    });
    await ledger.movePurchase(id, 'submit');
    await ledger.movePurchase(id, 'ambiguous', { said: 'the telco answered 500' });
    await ledger.openTask('purchase-unknown', id, 'ask the operator');
    return id;
  }

  test('lists what waits, shows the trail, and settles a purchase: its receipt is owed, its task is done', async () => {
    const id = await unknownPurchase();
    expect(await run('tasks')).toMatchObject({ code: 0, out: expect.stringContaining(`purchase-unknown  ${id}`) });
    const settled = await run('resolve', id, 'completed', '--note', 'found in the books', '--code', 'C-42');
    expect(settled).toMatchObject({ code: 0, out: `${id} is completed; the subscriber is told\n` });
    expect(await ledger.purchase(id)).toMatchObject({ state: 'completed', confirmationCode: 'C-42' });
    expect(await ledger.outboxFor('receipt', id)).toBeDefined();
    expect(await run('tasks')).toMatchObject({ out: 'nothing waits for a person\n' });
    const { out } = await run('show', id);
    expect(out).toContain('ambiguous → unknown  by worker  the telco answered 500');
    expect(out).toContain('operator-completed → completed  by operator  note: found in the books');
    // What is settled stays settled.
    const again = await run('resolve', id, 'failed', '--note', 'no, wait');
    expect(again).toMatchObject({ code: 1, problems: expect.stringContaining('is completed already') });
  }, 60_000);

  test('takes no resolution without a note, nor of what is being sent, nor of what is not there', async () => {
    const id = await unknownPurchase();
    expect(await run('resolve', id, 'failed')).toMatchObject({ code: 1 });
    expect(await run('resolve', id, 'perhaps', '--note', 'x')).toMatchObject({ code: 1 });
    expect(await run('resolve', randomUUID(), 'failed', '--note', 'x')).toMatchObject({
      code: 1,
      problems: expect.stringContaining('there is no purchase'),
    });
    expect((await ledger.purchase(id))?.state).toBe('unknown');
  }, 60_000);

  test('lists the lines a telco has yet to be told were given up, and ends that', async () => {
    const who = { channel: 'slack', workspace: 'T', user: 'U1' };
    const key = { type: 'MSISDN', value: '60123456701' } as const;
    const link = { operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 0, choose: true } as const;
    await ledger.linkLine(who, link);
    const promise = await ledger.outboxItem(await ledger.beginErasure(who, 'slack-1'));
    await ledger.finishErasure(promise?.subject ?? '');
    const { out } = await run('withdrawals');
    expect(out).toMatch(/ {2}digi {2}MSISDN {2}60123456701 {2}withdrawal [\w-]{36}\n$/);
    const id = out.trim().split(' ').at(-1) ?? '';
    const owed = await ledger.outboxFor('withdrawal', id);
    await ledger.openTask('promise', owed?.id ?? '', 'a telco could not be told');
    const [task] = (await ledger.openTasks(10)).filter(({ subject }) => subject === owed?.id);
    const closed = await run('close', task?.id ?? '', '--note', 'seen to');
    expect(closed).toMatchObject({ code: 1, problems: expect.stringContaining('withdrawn WITHDRAWAL') });
    expect(await ledger.openTasks(10)).toContainEqual(task);
    expect(await run('withdrawn', id)).toMatchObject({ code: 0, out: `withdrawal ${id} is done\n` });
    expect(await run('withdrawn', id)).toMatchObject({ code: 1, problems: expect.stringContaining('no withdrawal') });
    expect((await run('withdrawals')).out).not.toContain(key.value);
    expect(await ledger.openTasks(10)).not.toContainEqual(task);
  }, 120_000);

  test('shows stray callbacks without the number they name', async () => {
    const subscriber = { type: 'MSISDN', value: '60123987654' } as const;
    await ledger.quarantine({ operator: 'digi', reason: 'unknown', transactionId: 'tx-77', subscriber });
    const { out } = await run('stray');
    expect(out).toContain('digi  unknown  tx-77  success  1 times');
    expect(out).not.toContain(subscriber.value);
  }, 60_000);
});
