import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './ports.js';
import type { Processes } from './processes.js';
import type { Random } from './random.js';
import type { RedisContents } from './redis-contents.js';
import type { PostgresServer, RedisServer } from './stores.js';
import type { BadWire } from './wire.js';

export interface Targets {
  readonly processes: Processes;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly wires: Readonly<Record<'redis' | 'postgres' | 'telco', BadWire>>;
  readonly random: Random;
  /** How many words about purchases the subscribers saw so far: a sign that work is being done. */
  readonly words: () => number;
  /** Told of every server process that was killed. */
  readonly onKill: (how: string) => void;
  /** Told when Redis lost what it had, and what that was. */
  readonly onWipe: (had: RedisContents) => void;
  /** Told of everything else that was done. */
  readonly onFault: (what: string) => void;
}

type Fault = (targets: Targets) => Promise<void> | void;

/** How often each comes up, and what it does. */
const FAULTS: readonly Fault[] = (
  [
    [7, ({ processes, random }) => void processes.shoot('worker', random)],
    [3, ({ processes, random }) => void processes.shoot('web', random)],
    [2, killRedis],
    [1, wipeRedis],
    [1, cutAof],
    [1, freezeRedis],
    [2, stopPostgres],
    [1, freezePostgres],
    [2, slowDown],
    [2, resetWires],
    [2, halfOpen],
  ] satisfies [number, Fault][]
).flatMap(([share, fault]) => Array<Fault>(share).fill(fault));

/** Nothing is proved by killing what has nothing to do: the next fault waits for some progress, but not for ever. */
const PROGRESS_WITHIN_MS = 6_000;

/** Does one thing after another to Refill and its stores, in an order of the seed's, until `enough`. */
export async function wreakHavoc(targets: Targets, enough: () => boolean): Promise<void> {
  const { random, words } = targets;
  while (!enough()) {
    const before = words();
    await sleep(random.between(300, 1_500));
    await eventually(() => words() > before, PROGRESS_WITHIN_MS);
    await random.pick(FAULTS)(targets);
  }
}

async function killRedis({ redis, random, onKill }: Targets): Promise<void> {
  await redis.end('SIGKILL');
  onKill('redis killed');
  await sleep(random.between(0, 1_500));
  await redis.start();
}

async function wipeRedis({ redis, onWipe, onFault }: Targets): Promise<void> {
  onFault('redis FLUSHALL');
  onWipe(await redis.flush());
}

async function cutAof({ redis, random, onKill, onWipe }: Targets): Promise<void> {
  const had = await redis.holdStill();
  await redis.end('SIGKILL');
  onKill('redis killed, AOF cut');
  redis.cutAof(Math.round(random.between(1, 60_000)));
  onWipe(had);
  await redis.start();
}

function freezeRedis({ redis, random, onFault }: Targets): void {
  onFault('redis stopped (SIGSTOP)');
  redis.freeze(random.between(500, 4_000));
}

async function stopPostgres({ postgres, random, onKill }: Targets): Promise<void> {
  // "Immediate": every backend drops what it is doing, and the next start recovers from the WAL.
  await postgres.end('SIGQUIT');
  onKill('postgres stopped (immediate)');
  await sleep(random.between(200, 3_000));
  await postgres.start();
}

function freezePostgres({ postgres, random, onFault }: Targets): void {
  onFault('postgres stopped (SIGSTOP)');
  postgres.freeze(random.between(500, 4_000));
}

const WIRES = ['redis', 'postgres', 'telco'] as const;

async function slowDown({ wires, random, onFault }: Targets): Promise<void> {
  const name = random.pick(WIRES);
  onFault(`${name} slow`);
  wires[name].slow(random.between(20, 400));
  await sleep(random.between(500, 2_000));
  wires[name].slow(0);
}

function resetWires({ wires, random, onFault }: Targets): void {
  const name = random.pick(WIRES);
  onFault(`${name} connections reset`);
  wires[name].reset();
}

function halfOpen({ wires, random, onFault }: Targets): void {
  const name = random.pick(WIRES);
  onFault(`${name} half-open`);
  wires[name].halfOpen(random.between(1_000, 4_000));
}
