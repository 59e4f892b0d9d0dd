import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createVault } from '../../bot/secrets.js';
import { postgresServer } from '../support/stores.js';
import { numbered, says, until } from './mailboxes.js';
import { type Child, note, type Shared, startChild } from './stress/child.js';
import { judge } from './stress/oracle.js';
import { killPlan, type Victim } from './stress/plan.js';
import { FOLDER, type StressStore, stressedPostgres, stressedRedis } from './stress/stores.js';

/** `REFILL_STRESS=long` runs the whole of it, `REFILL_STRESS_SEED` another order of kills. */
const LONG = process.env['REFILL_STRESS'] === 'long';
const SEED = Number(process.env['REFILL_STRESS_SEED'] || 20261121);
const SIZES = {
  Redis: LONG
    ? { conversations: 200, messages: 50, roundMs: 1_200, kills: { worker: 20, producer: 14, store: 20 } }
    : { conversations: 200, messages: 12, roundMs: 1_000, kills: { worker: 4, producer: 3, store: 5 } },
  PostgreSQL: LONG
    ? { conversations: 100, messages: 50, roundMs: 1_200, kills: { worker: 20, producer: 14, store: 20 } }
    : { conversations: 60, messages: 12, roundMs: 1_000, kills: { worker: 4, producer: 3, store: 4 } },
};
const TIMEOUT_MS = 400_000;
const PRODUCERS = numbered('producer', 4);
const WORKERS = numbered('worker', 2);
/** Get one more message without a wake-up at the end: only the workers' own looking can find it. */
const STRANDED = numbered('stranded', 20);
const CONCURRENCY = 10;
/** Longer than the store is away, or two workers may well have one conversation for a moment (the lock is in the store). */
const LOCK_MS = 5_000;

const NAMES = (await postgresServer()) === undefined ? (['Redis'] as const) : (['Redis', 'PostgreSQL'] as const);

describe.each(NAMES)('the mailbox under kill -9 of its workers and producers, and what can befall %s', (name) => {
  const size = SIZES[name];
  const conversations = numbered('conversation', size.conversations);
  let folder: string;
  let stressed: StressStore;
  let shared: Shared;
  const children = new Map<string, Child>();

  beforeAll(async () => {
    folder = mkdtempSync(FOLDER);
    const key = randomBytes(32);
    const options = { prefix: 'stress', vault: createVault(key) };
    stressed = await (name === 'Redis' ? stressedRedis(folder, options) : stressedPostgres(options));
    const { store } = stressed;
    const log = join(folder, 'log');
    shared = { store, prefix: 'stress', key: key.toString('hex'), log, lockMs: LOCK_MS, sweepEveryMs: 2_000 };
  }, 60_000);
  afterAll(async () => {
    for (const child of children.values()) await child.kill();
    await stressed?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function startWorker(name: string): void {
    children.set(name, startChild('worker', { ...shared, concurrency: CONCURRENCY }));
  }

  function startProducer(name: string): void {
    const { messages, roundMs } = size;
    const progress = join(folder, name);
    children.set(name, startChild('producer', { ...shared, name, conversations, messages, roundMs, progress }));
  }

  /** `kill -9` of one of a kind, and a new one in its place as a supervisor would have it. False when none is left to kill. */
  async function kill({ kind, which }: Victim): Promise<boolean> {
    if (kind === 'store') {
      await stressed.kill();
      return true;
    }
    const names = (kind === 'worker' ? WORKERS : PRODUCERS).filter((name) => children.has(name));
    const name = names[which % names.length];
    const child = name === undefined ? undefined : children.get(name);
    if (name === undefined || child === undefined) return false;
    await child.kill();
    if ((await child.ended) !== null) return false;
    note(shared, 'killed', child.pid);
    if (kind === 'worker') startWorker(name);
    else startProducer(name);
    return true;
  }

  async function killAll(): Promise<Record<Victim['kind'], number>> {
    const killed = { worker: 0, producer: 0, store: 0 };
    for (const victim of killPlan(SEED, size.kills)) {
      await sleep(victim.afterMs);
      if (await kill(victim)) killed[victim.kind] += 1;
    }
    return killed;
  }

  /** Resolves when every producer has delivered everything. */
  async function allDelivered(): Promise<void> {
    for (const name of PRODUCERS) {
      for (let code = await children.get(name)?.ended; code !== 0; code = await children.get(name)?.ended) {
        // Ended by itself and not done: a supervisor would start it again, and so does this one.
        if (typeof code === 'number') startProducer(name);
        await sleep(20);
      }
      children.delete(name);
    }
  }

  async function allHandled(): Promise<void> {
    const idle = async () => (await stressed.mailbox.depth()).conversations === 0;
    await until(() => idle().catch(() => false), 60_000);
  }

  test(
    `loses, reorders, overlaps and strands nothing (seed ${SEED})`,
    async () => {
      for (const name of WORKERS) startWorker(name);
      for (const name of PRODUCERS) startProducer(name);
      await until(() => existsSync(shared.log), 30_000);
      const [killed] = await Promise.all([killAll(), allDelivered()]);
      for (const conversation of STRANDED) await stressed.mailbox.strand(says(conversation, 'stranded 1'));
      await allHandled();

      const log = readFileSync(shared.log, 'utf8');
      const { taken, repeated, ...wrong } = judge(log);
      // A producer that is killed as it ends is not killed: one may be missing.
      expect(killed).toEqual({ ...size.kills, producer: expect.any(Number) });
      expect(killed.producer).toBeGreaterThanOrEqual(size.kills.producer - 1);
      expect(wrong).toEqual({ lost: [], disordered: [], parallel: [], gaps: [], dead: [] });
      expect(STRANDED.filter((conversation) => !log.includes(`${conversation} stranded 1`))).toEqual([]);
      expect(taken).toBe(conversations.length * PRODUCERS.length * size.messages);
      // A kill can only catch what was running; without one nothing runs twice.
      expect(repeated.length).toBeLessThanOrEqual((killed.worker + killed.store * WORKERS.length) * CONCURRENCY);
      expect(await stressed.mailbox.depth()).toEqual({ conversations: 0, oldestMs: 0, deadLetters: 0 });

      // Every turn's session was saved exactly once, with the removal of its entry.
      const complete = Object.fromEntries(PRODUCERS.map((name) => [name, size.messages]));
      for (const conversation of conversations) {
        expect(JSON.parse((await stressed.mailbox.session(conversation)) ?? '{}')).toEqual(complete);
      }
    },
    TIMEOUT_MS,
  );
});
