import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkKey, createLedger } from '../../bot/ledger/index.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault } from '../../bot/secrets.js';
import { NO_POSTGRES, postgresServer, tempFolder, tempPostgres } from '../support/stores.js';

const here = (await postgresServer()) !== undefined;
const onServer = here ? describe : describe.skip;

onServer(`with another REFILL_KEY than the database was written with${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  const OURS = Buffer.alloc(32, 1);
  const THEIRS = Buffer.alloc(32, 2);
  const folder = tempFolder();
  let postgres: Awaited<ReturnType<typeof tempPostgres>>;
  beforeAll(async () => {
    postgres = await tempPostgres();
    await checkKey(postgres.database, createVault(OURS));
  });
  afterAll(async () => {
    await postgres.close();
    folder.remove();
  });

  async function run(program: string, key: Buffer, ...args: string[]) {
    const env = {
      REFILL_KEY: key.toString('hex'),
      REFILL_DATA_DIR: folder.path,
      DATABASE_URL: postgres.url,
      PORT: '0',
    };
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
      cwd: packageRoot(),
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exited = once(child, 'exit');
    const problems = await text(child.stderr);
    const [code] = await exited;
    return { code, problems };
  }
  const refused = {
    code: 1,
    problems: expect.stringMatching(/^this database was written with another master key.*\n$/),
  };

  test('Refill does not start, and says why in one line', async () => {
    expect(await run('bot/main.ts', THEIRS)).toEqual(refused);
  }, 60_000);

  test('npm run links imports nothing, and says why; with the right key it does', async () => {
    const file = join(folder.path, 'links.csv');
    writeFileSync(file, 'channel,workspace,user,msisdn,operator\nslack,T1,U1,60123456781,celcom\n');
    expect(await run('bot/links-cli.ts', THEIRS, 'import', file)).toEqual(refused);
    const linked = (key: Buffer) => createLedger(postgres.database, createVault(key)).linkedLine('slack', 'T1', 'U1');
    expect(await linked(THEIRS)).toBeUndefined();
    expect(await run('bot/links-cli.ts', OURS, 'import', file)).toEqual({ code: 0, problems: '' });
    expect(await linked(OURS)).toMatchObject({ key: { value: '60123456781' } });
  }, 60_000);
});
