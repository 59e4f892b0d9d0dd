import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkKey, countSealed, createLedger, resealLedger } from '../../bot/ledger/index.js';
import { packageRoot } from '../../bot/paths.js';
import { createVault, loadKeys, VaultError, writeKeys } from '../../bot/secrets.js';
import { openRedis } from '../../bot/stores/redis.js';
import { resealRedis } from '../../bot/stores/redis-reseal.js';
import {
  NO_POSTGRES,
  postgresServer,
  silent,
  tempFolder,
  tempPostgres,
  tempRedis,
  withPglite,
} from '../support/stores.js';

const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const MSISDN = '601155000101';
const key = { type: 'MSISDN', value: MSISDN } as const;

describe('a vault with several keys', () => {
  const old = createVault(OLD);
  const both = createVault({ current: NEW, previous: [OLD] });

  test('seals with the first, opens with each, and says in the text which it was', () => {
    expect(both.open(old.seal(MSISDN))).toBe(MSISDN);
    const sealed = both.seal(MSISDN);
    expect(sealed.startsWith(`v2.${both.keyId}.`)).toBe(true);
    expect(createVault(NEW).open(sealed)).toBe(MSISDN);
    expect(() => old.open(sealed)).toThrow(VaultError);
  });

  test('refuses a text that says another key than the one that sealed it', () => {
    const sealed = both.seal(MSISDN);
    expect(() => both.open(sealed.replace(both.keyId, old.keyId))).toThrow(VaultError);
  });

  test('opens what was sealed before texts named their key', () => {
    // Sealed by the version before, with a key of 32 bytes of 1.
    expect(both.open(SEALED_BY_V1)).toBe(MSISDN);
    expect(createVault(OLD).open(SEALED_BY_V1)).toBe(MSISDN);
    expect(() => createVault(NEW).open(SEALED_BY_V1)).toThrow(VaultError);
  });

  test('makes the same references after the key changed: lines are found again', () => {
    expect(both.reference('line', MSISDN)).toBe(old.reference('line', MSISDN));
    const onlyNew = createVault(NEW);
    expect(onlyNew.reference('line', MSISDN)).not.toBe(old.reference('line', MSISDN));
    onlyNew.useReferenceKey(both.sealReferenceKey());
    expect(onlyNew.reference('line', MSISDN)).toBe(old.reference('line', MSISDN));
  });
});

describe('a process that runs while the key file gets a new key', () => {
  const folder = tempFolder();
  afterAll(() => folder.remove());

  test('opens what processes with the new key seal, and goes on sealing with its own', () => {
    const file = join(folder.path, 'key');
    writeKeys(file, [OLD], 'first');
    const running = createVault(loadKeys({ dataDir: folder.path }));
    writeKeys(file, [NEW, OLD], 'replace');
    const started = createVault(loadKeys({ dataDir: folder.path }));
    expect(started.keyId).not.toBe(running.keyId);
    expect(running.open(started.seal(MSISDN))).toBe(MSISDN);
    expect(started.open(running.seal(MSISDN))).toBe(MSISDN);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('a key file may have comments and must have a key', () => {
    const file = join(folder.path, 'mounted');
    writeFileSync(file, `# two keys\n${NEW.toString('hex')}\n\n${OLD.toString('base64')}\n`);
    expect(loadKeys({ dataDir: 'nowhere', keyFile: file })).toMatchObject({ current: NEW, previous: [OLD] });
    writeFileSync(file, '# none\n');
    expect(() => loadKeys({ dataDir: 'nowhere', keyFile: file })).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
    const missing = { dataDir: folder.path, keyFile: join(folder.path, 'missing') };
    expect(() => loadKeys(missing)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

const here = (await postgresServer()) !== undefined;
describe.each(['PGlite', 'PostgreSQL'])('resealing on %s', (kind) => {
  const run = kind === 'PGlite' || here ? test : test.skip;
  let store: Awaited<ReturnType<typeof withPglite>>;
  beforeEach(async () => {
    if (kind === 'PGlite' || here) store = kind === 'PGlite' ? await withPglite() : await tempPostgres();
  }, 60_000);
  afterEach(() => store?.close());

  const seedWith = async (count: number) => {
    const vault = createVault(OLD);
    await checkKey(store.database, vault);
    const ledger = createLedger(store.database, vault);
    const number = (index: number) => String(60_100_000_000 + index);
    await ledger.saveSlackInstallation({ teamId: 'T1', botToken: 'xoxb-canary', botUserId: 'U1' });
    const ids: string[] = [];
    for (let index = 0; index < count; index++) {
      ids.push((await ledger.ensureLine('digi', { type: 'MSISDN', value: number(index) })).id);
    }
    return { ids, number };
  };
  const name = `every text gets the new key, everything is found as before, and the old key can go${here ? '' : ` (${NO_POSTGRES})`}`;

  run(
    name,
    async () => {
      const { ids, number } = await seedWith(500);
      const both = createVault({ current: NEW, previous: [OLD] });
      await checkKey(store.database, both);
      expect(await resealLedger(store.database, both, { pages: 2 })).toBeGreaterThanOrEqual(502);
      expect(await resealLedger(store.database, both)).toBe(0);
      expect(new Set((await countSealed(store.database)).map(({ key }) => key))).toEqual(new Set([both.keyId]));

      const onlyNew = createVault(NEW);
      await checkKey(store.database, onlyNew);
      const ledger = createLedger(store.database, onlyNew);
      for (const [index, id] of ids.entries()) {
        expect((await ledger.findLine('digi', { type: 'MSISDN', value: number(index) }))?.id).toBe(id);
      }
      expect((await ledger.line(ids[7] ?? ''))?.key.value).toBe(number(7));
      expect(await ledger.slackInstallation('T1')).toMatchObject({ botToken: 'xoxb-canary' });
      await expect(checkKey(store.database, createVault(OLD))).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
    },
    60_000,
  );

  run(
    'what others write meanwhile is never overwritten',
    async () => {
      await seedWith(200);
      const both = createVault({ current: NEW, previous: [OLD] });
      await checkKey(store.database, both);
      const ledger = createLedger(store.database, both);
      let writing = true;
      let last = '';
      const writer = (async () => {
        for (let n = 0; writing; n++) {
          last = `xoxb-${n}`;
          await ledger.saveSlackInstallation({ teamId: 'T1', botToken: last, botUserId: 'U1' });
        }
      })();
      await resealLedger(store.database, both, { pages: 1, pauseMs: 1 });
      writing = false;
      await writer;
      expect(await ledger.slackInstallation('T1')).toMatchObject({ botToken: last });
    },
    60_000,
  );

  run('a text whose key is not there stops it, and nothing is lost', async () => {
    await seedWith(3);
    const stranger = createVault(randomBytes(32));
    stranger.useReferenceKey(stranger.sealReferenceKey());
    await expect(resealLedger(store.database, stranger)).rejects.toMatchObject({ code: 'VAULT_UNREADABLE' });
    const ledger = createLedger(store.database, createVault(OLD));
    expect(await ledger.findLine('digi', { type: 'MSISDN', value: '60100000001' })).toBeDefined();
  });
});

test('sealed strings in Redis are resealed and keep their time', async () => {
  const redis = await tempRedis();
  try {
    const commands = redis.store.forWorkers();
    const old = createVault(OLD);
    await commands.set('refill:whatsapp:user:1', old.seal(MSISDN), 'EX', 5000);
    await commands.set('refill:other', 'v1 of nothing');
    const both = createVault({ current: NEW, previous: [OLD] });
    expect(await resealRedis(commands, 'refill', both, { dryRun: true })).toBe(1);
    expect(await resealRedis(commands, 'refill', both)).toBe(1);
    expect(await resealRedis(commands, 'refill', both)).toBe(0);
    expect(createVault(NEW).open((await commands.get('refill:whatsapp:user:1')) ?? '')).toBe(MSISDN);
    expect(await commands.ttl('refill:whatsapp:user:1')).toBeGreaterThan(4000);
  } finally {
    await redis.close();
  }
});

(here ? describe : describe.skip)(`npm run keys${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  const folder = tempFolder();
  let postgres: Awaited<ReturnType<typeof tempPostgres>>;
  beforeAll(async () => {
    postgres = await tempPostgres();
  });
  afterAll(async () => {
    await postgres.close();
    folder.remove();
  });

  async function keys(command: string, env: Record<string, string> = {}) {
    const child = spawn(process.execPath, ['--import', 'tsx', 'bot/keys-cli.ts', ...command.split(' ')], {
      cwd: packageRoot(),
      env: { PATH: process.env['PATH'], REFILL_DATA_DIR: folder.path, DATABASE_URL: postgres.url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await exited;
    return { code, out, problems };
  }

  test('rotate, reseal, retire: the story of one key', async () => {
    const dataDir = folder.path;
    const before = createVault(loadKeys({ dataDir }));
    await checkKey(postgres.database, before);
    const line = await createLedger(postgres.database, before).ensureLine('digi', key);

    expect(await keys('rotate')).toMatchObject({ code: 0, out: expect.stringContaining('Restart Refill') });
    const after = createVault(loadKeys({ dataDir }));
    expect(await keys('retire')).toMatchObject({ code: 1, problems: expect.stringContaining('reseal first') });
    const status = await keys('status');
    expect(status.out).toMatch(new RegExp(`lines.key_sealed +${before.keyId}  1`));
    expect(await keys('reseal')).toMatchObject({ code: 0, out: expect.stringContaining(after.keyId) });
    expect(await keys('retire')).toMatchObject({ code: 0, out: expect.stringContaining('1 keys retired') });

    const vault = createVault(loadKeys({ dataDir }));
    expect(vault.keyIds).toEqual([after.keyId]);
    await checkKey(postgres.database, vault);
    expect(await createLedger(postgres.database, vault).findLine('digi', key)).toEqual(line);
    const said = JSON.stringify([status, await keys('status')]);
    for (const secret of readFileSync(join(dataDir, 'key'), 'utf8').trim().split('\n'))
      expect(said).not.toContain(secret);
  }, 120_000);

  test.each([
    ['of a Refill that runs', true],
    ['of a Refill that is stopped, like its embedded database', false],
  ])(
    'looks into the embedded Redis, %s, before a key goes',
    async (_name, runs) => {
      const { path: dataDir, remove } = tempFolder();
      const before = createVault(loadKeys({ dataDir }));
      const database = runs ? await tempPostgres() : undefined;
      const env = { REFILL_DATA_DIR: dataDir, DATABASE_URL: database?.url ?? '' };
      const sealed = 'refill:whatsapp:user:1';
      let refill = await openRedis({ dataDir, log: silent });
      try {
        await refill.forWorkers().set(sealed, before.seal(MSISDN));
        if (!runs) await refill.close();
        expect(await keys('rotate', env)).toMatchObject({ code: 0 });
        expect((await keys('status', env)).out).toMatch(/Redis, sealed with an older key +1$/m);
        expect(await keys('retire', env)).toMatchObject({ code: 1, problems: expect.stringContaining('reseal first') });
        expect(await keys('reseal', env)).toMatchObject({ code: 0, out: expect.stringContaining(' 1 in Redis') });
        if (runs) {
          await refill.close();
          const problems = expect.stringContaining('the Redis of a running Refill does not answer');
          expect(await keys('retire', env)).toMatchObject({ code: 1, problems });
          refill = await openRedis({ dataDir, log: silent });
        }
        expect(await keys('retire', env)).toMatchObject({ code: 0, out: expect.stringContaining('1 keys retired') });
        if (!runs) refill = await openRedis({ dataDir, log: silent });
        const kept = await refill.forWorkers().get(sealed);
        expect(createVault(loadKeys({ dataDir })).open(kept ?? '')).toBe(MSISDN);
      } finally {
        await refill.close();
        await database?.close();
        remove();
      }
    },
    120_000,
  );

  test.each(['', 'destroy', 'rotate now'])('says what it needs: %j', async (command) => {
    expect(await keys(command)).toMatchObject({ code: 1, problems: expect.stringMatching(/^Usage: npm run keys/) });
  });

  test('with the key in the environment it says what to set, and shows no key', async () => {
    const secret = Buffer.alloc(32, 9).toString('base64');
    const { code, problems } = await keys('rotate', { REFILL_KEY: secret });
    expect(code).toBe(1);
    expect(problems).toContain('REFILL_KEY_PREVIOUS');
    expect(problems).not.toContain(secret);
  });
});

/** Made with the version before this one: `createVault(Buffer.alloc(32, 1)).seal('601155000101')`. */
const SEALED_BY_V1 = 'v1.3ZiwIB-c0QZmI-kvltA2c4hTWtrkPUyeTW6LR2H05mm1BErlaXyOTg';
