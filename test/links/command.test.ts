import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLedger } from '../../bot/ledger/index.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault, loadKeys } from '../../bot/secrets.js';
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
function links(env: Record<string, string>, ...args: string[]) {
  return linksGiven('', env, ...args);
}

/** The same with something on its standard input. */
async function linksGiven(input: string, env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bot/links-cli.ts', ...args], {
    cwd: packageRoot(),
    env: { PATH: process.env['PATH'], REFILL_DATA_DIR: dataDir, ...env },
    stdio: 'pipe',
  });
  // A command that is wrong ends before it reads.
  child.stdin.on('error', () => undefined).end(input);
  const exited = once(child, 'exit');
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await exited;
  return { code, out, problems };
}

async function withLedger<T>(use: (ledger: ReturnType<typeof createLedger>) => Promise<T>, url?: string): Promise<T> {
  const database = await openPostgres({ url, dataDir, log: silent });
  const ledger = createLedger(database, createVault(loadKeys({ dataDir })));
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
      'line 3: msisdn: expected a phone number with its country code, as long as that country’s are',
      'line 4: expected 5 cells and found 2',
      '2 lines are wrong: nothing was imported',
      '',
    ]);
    expect(await number('U4')).toBeUndefined();
  }, 60_000);

  test('of many bad lines shows the first twenty', async () => {
    const bad = file('many-bad.csv', ...Array.from({ length: 30 }, (_, n) => `slack,T1,U${n},1,celcom`));
    const { code, problems } = await links({}, 'import', bad);
    const said = problems.trim().split('\n');
    expect([code, said.length, said[0], said[19]?.slice(0, 8), ...said.slice(20)]).toEqual([
      1,
      22,
      'line 2: msisdn: expected a phone number with its country code, as long as that country’s are',
      'line 21:',
      'and 10 more',
      '30 lines are wrong: nothing was imported',
    ]);
  });

  test('blocks what the operator says was swapped, and takes it back; numbers are on no command line', async () => {
    const states = () =>
      withLedger(async (ledger) => {
        const users = ['USIM1', 'USIM2'].map((user) => ledger.linkedUser({ channel: 'slack', workspace: 'T1', user }));
        return (await Promise.all(users)).map((user) => user?.links.map(({ state, reason }) => reason ?? state));
      });
    const swapped = ['60123456771', '60123456772'].map((value, n) => {
      const who = { channel: 'slack', workspace: 'T1', user: `USIM${n + 1}` };
      return { ...who, operator: 'celcom', key: { type: 'MSISDN', value } as const };
    });
    await withLedger((ledger) => ledger.saveLinks(swapped, 'test'));
    const both = '+60 12-345 6771\n\n60123456772\r\n60129999999\n';
    const block = ['block', '--operator', 'celcom', '--reason', 'sim-swap'];
    const unblock = ['unblock', ...block.slice(1)];
    expect(await linksGiven(both, {}, ...block)).toEqual({
      code: 0,
      out: '3 numbers, 2 links blocked\n',
      problems: '',
    });
    expect(await states()).toEqual([['sim-swap'], ['sim-swap']]);
    const bad = await linksGiven('60123456771\nabc\n', {}, ...unblock);
    expect(bad).toMatchObject({ code: 1, out: '' });
    expect(bad.problems).toBe(
      'line 2: msisdn: expected a phone number with its country code, as long as that country’s are\nnothing was changed\n',
    );
    expect(await states()).toEqual([['sim-swap'], ['sim-swap']]);
    const again = await linksGiven('60123456771\n', {}, ...unblock);
    expect(again).toMatchObject({ code: 0, out: '1 numbers, 1 links unblocked\n' });
    expect(await states()).toEqual([['active'], ['sim-swap']]);
  }, 240_000);

  test('has somebody who was forgotten listed again, on their wish, and no other', async () => {
    const users = ['UBACK', 'USTAY'].map((user) => ({ channel: 'slack', workspace: 'T1', user }));
    const listed = file('forgotten.csv', 'slack,T1,UBACK,60123456791,celcom', 'slack,T1,USTAY,60123456792,celcom');
    await withLedger(async (ledger) => {
      for (const who of users) await ledger.beginErasure(who, `slack-${who.user}`);
    });
    const passedOver = (count: number) =>
      expect.stringContaining(`${count} asked to be forgotten and were passed over`);
    expect(await links({}, 'import', listed)).toMatchObject({ code: 0, out: passedOver(2) });
    const relist = ['relist', '--channel', 'slack', '--workspace', 'T1'];
    expect(await links({}, ...relist, '--user', 'UBACK')).toEqual({
      code: 0,
      out: '1 user may be listed again\n',
      problems: '',
    });
    expect(await linksGiven('UBACK\n', {}, ...relist)).toMatchObject({
      code: 0,
      out: 'nothing changed: no list passes this user over\n',
    });
    expect(await links({}, 'import', listed)).toMatchObject({ code: 0, out: passedOver(1) });
    expect([await number('UBACK'), await number('USTAY')]).toEqual(['60123456791', undefined]);
  }, 240_000);

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
    [['import', 'x.csv', '--user', 'U1'], /^Usage:/],
    [['import', 'x.csv', 'y.csv'], /^Usage:/],
    [['remove', 'x.csv', '--user', 'U1'], /^Usage:/],
    [['list', 'x.csv'], /^Usage:/],
    [['list', '--dry-run'], /^Usage:/],
    [['block', '60123456781', '--operator', 'celcom', '--reason', 'recycled'], /^Usage:/],
    [['unblock', '--operator', 'celcom', '--reason', 'recycled', '--at', '2026-11-21T10:00:00Z'], /^Usage:/],
    [['unblock', '--operator', 'celcom'], /^--reason: expected one of/],
    [['block', '--operator', 'celcom', '--reason', 'recycled', '--at', 'yesterday'], /^--at: expected an instant/],
    [['relist', 'x.csv'], /^Usage:/],
    [['relist', '--channel', 'slack', '--workspace', 'T1'], /^--user: empty/],
    [
      ['block', '--operator', 'celcom', '--reason', 'objected'],
      /^--reason: expected one of sim-swap, recycled, operator$/m,
    ],
    [['block', '--operator', 'celcom', '--reason', 'recycled'], /^no number to go by$/m],
    [['remove'], /^--channel: expected one of slack, teams, web, whatsapp$/m],
    [['remove', '--channel', 'slack', '--user', 'U1'], /^--workspace: empty, expected a Slack team id/],
    [['list', '--channel', 'sms'], /^--channel: expected one of/],
    [['list', '--channel', 'slack', '--workspace', 'T1'], /^--workspace goes with --user/],
    [['import', 'no-such.csv'], /^no-such.csv cannot be read \(ENOENT\)/],
    [['import', 'docs'], /^docs cannot be read \(EISDIR\)/],
    [['import', '/dev/stdin'], /^\/dev\/stdin can be read only once: save it as a file first/],
  ])('says what it needs: %j', async (args, expected) => {
    const { code, problems } = await links({}, ...args);
    expect(code).toBe(1);
    expect(problems).toMatch(expected);
    expect(problems.trim().split('\n')).toHaveLength(1);
  });

  test('refuses what is no text in a sentence', async () => {
    const utf16 = join(folder.path, 'utf16.csv');
    writeFileSync(utf16, Buffer.from(`\ufeff${HEADER}\nslack,T1,Ü1,1,x`, 'utf16le'));
    expect(await links({}, 'import', utf16)).toMatchObject({
      code: 1,
      problems: expect.stringMatching(/is not UTF-8/),
    });
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

  (here ? test : test.skip)(
    `works beside a running Refill on a server${here ? '' : ` (${NO_POSTGRES})`}`,
    async () => {
      const { url, close } = await tempPostgres();
      try {
        const names = Array.from({ length: 2500 }, (_, n) => `slack,T1,U${n},${60_200_000_000 + n},celcom`);
        const many = file('many.csv', ...names);
        const imported = await links({ DATABASE_URL: url }, 'import', many, '--progress');
        expect(imported).toEqual({ code: 0, out: '2500 links, 2500 new\n', problems: '' });
        expect(await number('U2222', url)).toBe('60200002222');
        const gone = file('gone.csv', ...names.slice(0, 2400));
        expect(await links({ DATABASE_URL: url }, 'remove', gone)).toMatchObject({ out: '2400 users, 2400 removed\n' });
        expect([await number('U2222', url), await number('U2444', url)]).toEqual([undefined, '60200002444']);
        const { out } = await links({ DATABASE_URL: url }, 'list');
        expect(out.trim().split('\n')).toHaveLength(101);
      } finally {
        await close();
      }
    },
    60_000,
  );
});

describe('npm run links -- remove and list', () => {
  const people = file(
    'people.csv',
    'slack,T1,U21,60123456721,celcom',
    'slack,T1,U22,60123456722,celcom',
    'whatsapp,W1,60123456723,60123456723,digi',
    'web,,aisha,60123456724,digi',
  );
  beforeAll(async () => {
    expect(await links({}, 'import', people)).toMatchObject({ code: 0, out: '4 links, 4 new\n' });
  }, 60_000);
  const rows = async (...args: string[]) => {
    const { code, out, problems } = await links({}, 'list', ...args);
    expect([code, problems]).toEqual([0, '']);
    const [header, ...found] = out.trim().split('\n');
    expect(header).toBe('channel\tworkspace\tuser\tnumber\toperator\tproved by\tstate\tsince\tsource');
    return found;
  };
  const today = () => new Date().toISOString().slice(0, 10);

  test('list shows who has which line, and of a number three digits', async () => {
    const found = await rows();
    expect(found).toContain(`slack\tT1\tU21\t•••• 721\tcelcom\tdirectory\tactive\t${today()}\tpeople.csv`);
    expect(found).toContain(`whatsapp\tW1\t•••• 723\t•••• 723\tdigi\tdirectory\tactive\t${today()}\tpeople.csv`);
    expect(found.join()).not.toContain('60123');
    expect(await rows('--channel', 'web')).toEqual([expect.stringMatching(/^web\t\taisha\t•••• 724\t/)]);
    expect(await rows('--channel', 'teams')).toEqual([]);
    expect(await rows('--channel', 'slack', '--workspace', 'T1', '--user', 'U22')).toEqual([
      expect.stringMatching(/^slack\tT1\tU22\t•••• 722/),
    ]);
  }, 60_000);

  test('remove takes one user out, or those of a file, or nobody when a line is wrong', async () => {
    const u21 = ['--channel', 'slack', '--workspace', 'T1', '--user', 'U21'];
    const again = 'nothing removed: the directory has no such user\n';
    expect(await links({}, 'remove', ...u21)).toEqual({ code: 0, out: '1 user removed\n', problems: '' });
    expect(await links({}, 'remove', ...u21)).toEqual({ code: 0, out: again, problems: '' });
    const wrong = file('wrong.csv', 'slack,T1,U22,,', 'slack,U22,T1,,');
    expect(await links({}, 'remove', wrong)).toMatchObject({
      code: 1,
      out: '',
      problems: expect.stringMatching(/^line 3: workspace.*\n1 line is wrong: nothing was removed\n$/),
    });
    expect(await links({}, 'remove', '--dry-run', people)).toMatchObject({ out: '4 users, none removed (dry run)\n' });
    expect(await number('U22')).toBe('60123456722');
    expect(await links({}, 'remove', people)).toEqual({ code: 0, out: '4 users, 3 removed\n', problems: '' });
    expect(await number('U22')).toBeUndefined();
    expect(await links({}, 'import', people)).toMatchObject({ out: '4 links, 0 new\n' });
    expect(await number('U22')).toBe('60123456722');
  }, 90_000);

  test('say so when Refill is running and holds the embedded database', async () => {
    await withLedger(async () => {
      expect(await links({}, 'list')).toMatchObject({
        code: 1,
        problems: expect.stringMatching(/^Refill is running .* stop it, list, and start it again/),
      });
    });
  }, 60_000);
});
