import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLedger } from '../../bot/ledger/index.js';
import { createVault } from '../../bot/secrets.js';
import { NO_POSTGRES, postgresServer, startScript, tempPostgres } from '../support/stores.js';

const onServer = (await postgresServer()) === undefined ? test.skip : test;
if (onServer === test.skip) process.stderr.write(`${NO_POSTGRES}\n`);

let postgres: Awaited<ReturnType<typeof tempPostgres>> | undefined;
beforeAll(async () => {
  if (onServer === test) postgres = await tempPostgres();
}, 60_000);
afterAll(() => postgres?.close());

/** Sweeps like a worker of another machine, and dies on the phone: called for one task, nothing written down yet. */
const DIES_CALLING = `
  import { pino } from 'pino';
  import { createLedger } from './bot/ledger/index.ts';
  import { createVault } from './bot/secrets.ts';
  import { openPostgres } from './bot/stores/postgres.ts';
  const [url, key] = process.argv.slice(1);
  const database = await openPostgres({ url, dataDir: '', log: pino({ level: 'silent' }) });
  await createLedger(database, createVault(Buffer.from(key, 'hex'))).announceTasks(10, () => process.kill(process.pid, 'SIGKILL'));
  process.stdout.write('lived');
`;

onServer(
  'an alarm whose process is killed between calling and writing it down is raised by the next one',
  async () => {
    const { url, database } = postgres ?? { url: '', database: undefined as never };
    const key = randomBytes(32);
    const ledger = createLedger(database, createVault(key));
    const subject = randomUUID();
    await ledger.openTask('purchase-unknown', subject, 'ask the operator');
    expect(await startScript(DIES_CALLING, url, key.toString('hex')).output).toBe('');

    const called: string[] = [];
    const call = (task: { subject: string }) => void called.push(task.subject);
    for (let tries = 0; tries < 50 && called.length === 0; tries++) {
      await ledger.announceTasks(10, call);
      // The server frees the lock when it notices that the connection is gone.
      if (called.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(called).toEqual([subject]);
    await ledger.announceTasks(10, call);
    expect(called).toEqual([subject]);
  },
  60_000,
);
