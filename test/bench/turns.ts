import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Load } from './driver.js';
import { type Driver, startDriver } from './load.js';
import { type Age, ageKeys, allKeys, copyKeys, usedMemory } from './memory.js';
import { failedTurnsIn, growth, type Stage, stages, turnsIn } from './metrics.js';
import { tempDatabase } from './postgres.js';
import { type Refill, startRefill, tempDataDir } from './refill.js';
import type { Settings } from './settings.js';

/** A stretch of load with what it cost. */
export interface Stretch extends Load {
  /** Processor time per turn in ms: of the Refill process (its sandbox included) and of its Redis. */
  readonly refillMsPerTurn: number;
  readonly redisMsPerTurn: number;
  /** Turns that threw and were tried again. */
  readonly failed: number;
  readonly stages: readonly Stage[];
}

export interface Silence {
  readonly conversations: number;
  readonly realTurns: number;
  /** Real turns a second while they were made. Each is somebody's first: it asks the ledger and writes to it. */
  readonly firstTurnsPerSecond: number;
  /** Redis bytes per conversation, of the real ones alone. */
  readonly realBytes: number;
  /** Redis bytes per conversation, of all, as time passes. */
  readonly ages: readonly Age[];
}

export interface Turns {
  /** Each the median of three stretches by turns per second. */
  readonly few: Stretch;
  readonly half: Stretch;
  readonly many: Stretch;
  readonly silence: Silence;
}

/** Existing conversations when the turns are measured first. */
const FEW = 1_000;
const ROUNDS = 3;

/** Puts one Refill under load: at its limit, at half of it, then again among many silent conversations. */
export async function measureTurns(settings: Settings, say: (text: string) => void): Promise<Turns> {
  return withRefill({ settings }, async (parts) => {
    const { redis } = parts;
    say('warming up');
    await warmUp(settings, parts);
    await visit(parts, 0, Math.min(FEW, settings.conversations));
    say(`turns among ${FEW} conversations`);
    const limit = () => stretch(parts, { do: 'closed', seconds: settings.seconds });
    const few = await median(limit);
    say(`half of ${Math.round(few.perSecond)} turns/s`);
    const paced = { do: 'paced', perSecond: few.perSecond / 2, seconds: settings.seconds } as const;
    const half = await median(() => stretch(parts, paced));
    say(`filling up to ${settings.conversations} conversations`);
    const filled = await fill(settings, parts);
    say(`turns among ${settings.conversations} conversations`);
    const many = await median(limit);
    say('letting them age');
    // What the load just now left is nobody's silence.
    const since = (await usedMemory(redis)) - filled.after;
    const ages = await ageKeys(redis, filled.keys, filled.before + since, filled.silence.conversations);
    return { few, half, many, silence: { ...filled.silence, ages } };
  });
}

/** What a measurement works with. */
interface Parts {
  readonly refill: Refill;
  readonly driver: Driver;
  readonly redis: Redis;
}

/** Starts Refill, its driver and a look into its Redis, and stops them whatever happens. */
export async function withRefill<T>(
  { settings, nodeOptions = [] }: { readonly settings: Settings; readonly nodeOptions?: readonly string[] },
  use: (parts: Parts) => Promise<T>,
): Promise<T> {
  const dataDir = tempDataDir();
  const database = settings.postgres ? await tempDatabase() : undefined;
  try {
    const refill = await startRefill({ dataDir: dataDir.path, databaseUrl: database?.url, nodeOptions });
    const driver = startDriver();
    const redis = new Redis({ path: refill.redisSocket });
    try {
      return await use({ refill, driver, redis });
    } finally {
      redis.disconnect();
      await driver.close();
      await refill.stop();
    }
  } finally {
    await database?.drop();
    dataDir.remove();
  }
}

/** Opens the pages and runs turns until the code is compiled. */
export async function warmUp({ users, warmUpTurns }: Settings, { refill, driver }: Parts): Promise<void> {
  await driver.tell({ do: 'open', url: refill.url, users });
  for (let turns = 0; turns < warmUpTurns; ) turns += (await driver.measure({ do: 'closed', seconds: 2 })).turns;
}

async function median(measure: () => Promise<Stretch>): Promise<Stretch> {
  const rounds: Stretch[] = [];
  while (rounds.length < ROUNDS) rounds.push(await measure());
  const middle = rounds.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(ROUNDS / 2)];
  const sum = (field: 'lost' | 'wrong' | 'refused' | 'failed') =>
    rounds.reduce((total, round) => total + round[field], 0);
  // What went wrong counts in every round.
  return {
    ...(middle as Stretch),
    lost: sum('lost'),
    wrong: sum('wrong'),
    refused: sum('refused'),
    failed: sum('failed'),
  };
}

async function stretch({ refill, driver, redis }: Parts, order: Parameters<Driver['measure']>[0]): Promise<Stretch> {
  const [before, redisBefore] = [await refill.metrics(), await processorSeconds(redis)];
  const load = await driver.measure(order);
  const [after, redisAfter] = [await refill.metrics(), await processorSeconds(redis)];
  return {
    ...load,
    refillMsPerTurn: (growth(before, after, 'process_cpu_seconds_total') / load.turns) * 1000,
    redisMsPerTurn: ((redisAfter - redisBefore) / load.turns) * 1000,
    failed: failedTurnsIn(after) - failedTurnsIn(before),
    stages: stages(before, after),
  };
}

async function processorSeconds(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

/** New subscribers ask for their balance once; resolves when all of them were answered. */
async function visit({ refill, driver }: Parts, from: number, count: number): Promise<void> {
  const answered = async () => turnsIn(await refill.metrics());
  const before = await answered();
  for (let asked = 0; asked < count; ) {
    const batch = Math.min(500, count - asked);
    await driver.tell({ do: 'visit', from: from + asked, count: batch });
    asked += batch;
    // Not far ahead of the turns: a long backlog is another thing to measure.
    const ahead = asked < count ? 200 : 0;
    while ((await answered()) - before < asked - ahead) await sleep(50);
  }
}

async function fill({ conversations, realTurns }: Settings, parts: Parts) {
  const { redis } = parts;
  const known = await allKeys(redis);
  const before = await usedMemory(redis);
  const started = performance.now();
  await visit(parts, FEW, realTurns);
  const seconds = (performance.now() - started) / 1000;
  const isNew = (key: string) => !known.has(key);
  const made = [...(await allKeys(redis))].filter(isNew);
  const realBytes = ((await usedMemory(redis)) - before) / realTurns;
  await copyKeys(redis, made, Math.round(conversations / realTurns) - 1);
  const keys = [...(await allKeys(redis))].filter(isNew);
  const copied = realTurns * Math.round(conversations / realTurns);
  return {
    before,
    after: await usedMemory(redis),
    keys,
    silence: { conversations: copied, realTurns, firstTurnsPerSecond: realTurns / seconds, realBytes },
  };
}
