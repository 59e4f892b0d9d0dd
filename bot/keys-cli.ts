import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { connectRedis, runCommand, withDatabase } from './command-line.js';
import { type Config, loadConfig } from './config.js';
import { RefillError } from './errors.js';
import { countSealed, resealLedger } from './ledger/index.js';
import { createLog } from './log.js';
import { createVault, type KeyedVault, keyFileOf, loadKeys, readKeys, writeKeys } from './secrets.js';
import { chooseWorking, hasEmbeddedRedis } from './stores/choice.js';
import type { Database } from './stores/database.js';
import { openRedis } from './stores/redis.js';
import { resealRedis } from './stores/redis-reseal.js';
import { PREFIX } from './stores/working.js';

const HELP = `Changes the master key that seals phone numbers and tokens at rest.

Usage: npm run keys -- status|rotate|reseal|retire

  status   which keys this process has, and how much each of them sealed
  rotate   puts a new key first in the key file; with REFILL_KEY in the environment it says what to set instead
  reseal   seals with the first key what another one sealed, a few rows at a time, while Refill runs
  retire   takes from the key file every key but the first, once nothing is sealed with them any more

To change the key: rotate, restart Refill (processes that run find a new key in the file by themselves, and go on sealing
with theirs), reseal, status, retire. Keys are never printed: what is shown is a key's id.
`;

/** A batch may take this long, in milliseconds. */
const ANSWER_WITHIN_MS = 10_000;

/** What was asked for cannot be done, in words for the person who asked. */
class KeysError extends RefillError {
  readonly code = 'KEYS';
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const COMMANDS: Readonly<Record<string, () => Promise<void>>> = {
  status: () => withStores(status),
  rotate,
  reseal: () => withStores(reseal),
  retire: () => withStores(retire),
  '--help': async () => say(HELP.trimEnd()),
};

let config: Config;

await runCommand(async () => {
  config = loadConfig(process.env);
  const [command = '', ...rest] = process.argv.slice(2);
  const run = rest.length === 0 && Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (run === undefined) throw new KeysError('Usage: npm run keys -- status|rotate|reseal|retire; --help says more');
  await run();
});

interface Stores {
  readonly database: Database;
  readonly vault: KeyedVault;
  /** `undefined`: nothing is kept in one. */
  readonly redis: Redis | undefined;
}

async function status({ database, vault, redis }: Stores): Promise<void> {
  for (const [index, id] of vault.keyIds.entries()) say(`key ${id}  ${index === 0 ? 'seals and opens' : 'opens'}`);
  const counts = await countSealed(database);
  for (const { table, column, key, count } of counts) say(`${`${table}.${column}`.padEnd(40)} ${key}  ${count}`);
  const left = redis && (await resealRedis(redis, PREFIX, vault, { dryRun: true }));
  if (left !== undefined) say(`${'Redis, sealed with an older key'.padEnd(40)} ${left}`);
}

async function rotate(): Promise<void> {
  if (config.key !== undefined) {
    throw new KeysError(
      'The key is in the environment. Add the value of REFILL_KEY to REFILL_KEY_PREVIOUS (first, before a comma), set ' +
        'REFILL_KEY to a new one, e.g. of `openssl rand -base64 32`, and restart every process; where several run, first ' +
        'give all of them the new key as a previous one, so that each can open what the others seal. Then: reseal.',
    );
  }
  const file = keyFileOf(config);
  const { current, previous } = loadKeys(config);
  writeKeys(file, [randomBytes(32), current, ...previous], 'replace');
  say(`a new key seals from the next start on: ${createVault(loadKeys(config)).keyId}. Restart Refill, then: reseal`);
}

async function reseal({ database, vault, redis }: Stores): Promise<void> {
  const rows = await resealLedger(database, vault, {
    pauseMs: 5,
    onProgress: ({ table, column }, count) => process.stderr.write(`${table}.${column}: ${count}\n`),
  });
  const strings = redis === undefined ? 0 : await resealRedis(redis, PREFIX, vault);
  say(`${rows} texts in PostgreSQL and ${strings} in Redis are now sealed with key ${vault.keyId}`);
}

async function retire({ database, vault, redis }: Stores): Promise<void> {
  if (config.key !== undefined || config.previousKeys !== undefined) {
    throw new KeysError(
      'The keys are in the environment: when status shows only the first one, unset REFILL_KEY_PREVIOUS',
    );
  }
  const counts = await countSealed(database);
  const older = counts.filter(({ key }) => key !== vault.keyId).reduce((sum, { count }) => sum + count, 0);
  const strings = redis === undefined ? 0 : await resealRedis(redis, PREFIX, vault, { dryRun: true });
  if (older + strings > 0) throw new KeysError(`${older + strings} texts are sealed with an older key: reseal first`);
  const file = keyFileOf(config);
  const [first, ...rest] = readKeys(file);
  if (first !== undefined) writeKeys(file, [first], 'replace');
  say(`${rest.length} keys retired; ${vault.keyId} is the only one`);
}

/** The stores of `npm start`, from the same environment. Rejects where there is a Redis that cannot be looked into. */
function withStores(use: (stores: Stores) => Promise<void>): Promise<void> {
  const { redisUrl, databaseUrl, dataDir } = config;
  const embedded = redisUrl === undefined && chooseWorking(config) === 'redis' && hasEmbeddedRedis(dataDir);
  const withRedis = async (database: Database, vault: KeyedVault) => {
    if (redisUrl === undefined && !embedded) return use({ database, vault, redis: undefined });
    // Who has the embedded database has stopped Refill, and its Redis with it.
    const own =
      embedded && databaseUrl === undefined ? await openRedis({ dataDir, log: createLog('silent') }) : undefined;
    try {
      const redis = await connectRedis(config);
      await use({ database, vault, redis }).finally(() => redis.disconnect());
    } finally {
      await own?.close();
    }
  };
  const taken = 'Refill is running and has the embedded database open: stop it first, or use DATABASE_URL';
  return withDatabase(config, withRedis, { taken, answerWithinMs: ANSWER_WITHIN_MS });
}
