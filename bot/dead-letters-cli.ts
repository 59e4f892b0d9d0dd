import { parseArgs } from 'node:util';
import { connectRedis, runCommand, withDatabase } from './command-line.js';
import { loadConfig } from './config.js';
import type { DeadLetters } from './conversation/dead-letters.js';
import { createPostgresDeadLetters } from './conversation/postgres-dead-letters.js';
import { createRedisDeadLetters } from './conversation/redis-dead-letters.js';
import { RefillError } from './errors.js';
import { createLedger } from './ledger/index.js';
import type { Ledger } from './ledger/ledger.js';
import { chooseWorking } from './stores/choice.js';
import { PREFIX } from './stores/working.js';

const HELP = `What was given up: events that failed again and again, and promises nobody could keep for two weeks.

Usage: npm run dead-letters -- list                      the oldest first: since when, what, why, its conversation, its id
       npm run dead-letters -- replay ID... | --all      tries again, as if it had just come
       npm run dead-letters -- drop ID... | --all        for good

replay puts an event at the end of its conversation's mailbox and makes a promise due; a running Refill takes it up within
half a minute. What fails again is given up again. Nothing that is replayed buys: its user was told that it went wrong.
What tells a telco that a line was given up is not dropped: it ends with npm run purchases -- withdrawn.
What was written is never shown. The stores are those of npm start, from the same environment.
`;

/** Listed at most; `--all` takes everything, this many at a time. */
const MOST = 500;
const ANSWER_WITHIN_MS = 5_000;

/** What was asked for cannot be done, in words for the person who asked. */
class DeadLettersError extends RefillError {
  readonly code = 'DEAD_LETTERS';
}

interface Stores {
  readonly events: DeadLetters;
  readonly ledger: Ledger;
}

async function main(): Promise<void> {
  const { values, positionals } = read(process.argv.slice(2));
  const [command, ...ids] = positionals;
  if (values.help || command === undefined) return say(HELP.trimEnd());
  const chosen = values.all ? 'all' : ids;
  if (command === 'list' && ids.length === 0 && !values.all) return withStores(list);
  if (command !== 'replay' && command !== 'drop') throw usage();
  if ((ids.length === 0) !== values.all) throw usage();
  return withStores((stores) => act(stores, command, chosen));
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function list({ events, ledger }: Stores): Promise<void> {
  const [letters, count, promises] = await Promise.all([
    events.list(MOST),
    events.count(),
    ledger.abandonedPromises(MOST),
  ]);
  for (const { id, conversation, kind, reason, at } of letters) {
    say([at.toISOString(), 'event', kind, reason, conversation, id].join('  '));
  }
  for (const { id, kind, attempts, abandonedAt, conversationId } of promises) {
    say([abandonedAt.toISOString(), 'promise', kind, `${attempts} tries`, conversationId, id].join('  '));
  }
  say(`${count} events and ${promises.length === MOST ? `${MOST} or more` : promises.length} promises were given up`);
}

async function act(stores: Stores, command: 'replay' | 'drop', chosen: readonly string[] | 'all'): Promise<void> {
  const done = command === 'replay' ? 'replayed' : 'dropped';
  if (chosen === 'all') return actOnAll(stores, command, done);
  const missing: string[] = [];
  for (const id of chosen) if (!(await actOn(stores, command, id))) missing.push(id);
  if (chosen.length > missing.length) say(`${chosen.length - missing.length} ${done}`);
  if (missing.length === 0) return;
  const kept = command === 'drop' ? await withdrawalsAmong(stores, missing) : new Map<string, string>();
  const ends = [...kept.values()].map((withdrawal) => `kept until npm run purchases -- withdrawn ${withdrawal}`);
  const unknown = missing.filter((id) => !kept.has(id));
  if (unknown.length > 0) ends.push(`not among what was given up, or not readable: ${unknown.join(', ')}`);
  throw new DeadLettersError(ends.join('; '));
}

/** By promise, what a telco has yet to be told. */
async function withdrawalsAmong({ ledger }: Stores, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const items = await Promise.all(ids.map((id) => ledger.outboxItem(id)));
  return new Map(items.flatMap((item) => (item?.kind === 'withdrawal' ? [[item.id, item.subject] as const] : [])));
}

async function actOn({ events, ledger }: Stores, command: 'replay' | 'drop', id: string): Promise<boolean> {
  if (command === 'drop') return (await events.drop(id)) || ledger.dropAbandoned(id);
  return (await events.replay(id)) || ledger.replayAbandoned(id);
}

/** Those of now: what is given up meanwhile is not taken again, or a defect would be replayed for ever. */
async function actOnAll(stores: Stores, command: 'replay' | 'drop', done: string): Promise<void> {
  const letters = await stores.events.list(await stores.events.count());
  const promises = await stores.ledger.abandonedPromises(100_000);
  let count = 0;
  for (const { id } of [...letters, ...promises]) if (await actOn(stores, command, id)) count += 1;
  say(`${count} ${done}`);
  const kept = command === 'drop' ? promises.filter(({ kind }) => kind === 'withdrawal').length : 0;
  if (kept > 0) say(`${kept} kept until a telco knows which lines were given up: npm run purchases -- withdrawals`);
}

/** The stores of `npm start`, from the same environment: what is under way may be in Redis. */
function withStores(use: (stores: Stores) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env);
  return withDatabase(
    config,
    async (database, vault) => {
      const ledger = createLedger(database, vault);
      if (chooseWorking(config) === 'postgres') {
        return use({ events: createPostgresDeadLetters(database.sql, vault), ledger });
      }
      const redis = await connectRedis(config);
      try {
        await use({ events: createRedisDeadLetters({ redis, prefix: PREFIX, vault }), ledger });
      } finally {
        redis.disconnect();
      }
    },
    { answerWithinMs: ANSWER_WITHIN_MS },
  );
}

function read(args: string[]) {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    all: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw usage(cause);
  }
}

function usage(cause?: unknown): DeadLettersError {
  return new DeadLettersError('that is not one of the commands; npm run dead-letters -- --help lists them', { cause });
}

// Last: what is above are constants.
await runCommand(main);
