import { type Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { takesNoWrites } from '../stores/redis.js';
import { backoffStrategy } from './backoff.js';
import type { InboundEvent } from './event.js';
import {
  type EntryHandler,
  type Mailbox,
  type MailboxDepth,
  MailboxUnavailable,
  type MailboxWorker,
  type WorkOptions,
} from './mailbox.js';
import { deadKey, type Keys, keysOf, openKey, SHARDS } from './mailbox-keys.js';
import { createRunner, type Runner } from './mailbox-runner.js';
import { type MailboxRedis, withScripts } from './mailbox-scripts.js';
import { createRedisDeadLetters } from './redis-dead-letters.js';
import { DELIVERED } from './scripts.js';

export interface RedisMailboxOptions {
  /** Fails fast: `maxRetriesPerRequest: 0`, no offline queue, a command timeout. */
  readonly webhooks: Redis;
  /** Waits as long as it takes: `maxRetriesPerRequest: null`. */
  readonly workers: () => Redis;
  /** First part of every key, e.g. `refill`. */
  readonly prefix: string;
  /** What is kept in Redis is sealed: people type phone numbers. */
  readonly vault: { seal(text: string): string; open(sealed: string): string };
  readonly now?: () => number;
  /** How long an event id is remembered. WhatsApp redelivers for 7 days (CHANNELS.md 1). */
  readonly seenMs?: number;
  /** How long a silent conversation keeps its session. */
  readonly sessionMs?: number;
  readonly sweepEveryMs?: number;
  /**
   * How long a run has its conversation without saying so again; a process that blocks longer loses it, and is fenced off. What
   * a crash or a refused write left is taken up again within twice this.
   */
  readonly lockMs?: number;
}

const LOCK_MS = 10_000;
const DAY_MS = 86_400_000;
const WAKE = 'turns';

/**
 * A list per conversation in Redis. The process that takes an event of an idle conversation begins it in the same step and runs
 * it at once; whatever that cannot be done for (a process that only takes webhooks, one that is full, a retry, what a crash
 * left) is woken by BullMQ jobs, deduplicated per conversation. A lease says who has a conversation: nobody else begins it, and
 * who lost it is fenced off. FACTS.md, "The mailbox on BullMQ 6", measured what this needs to lose nothing: sweepers, unlimited
 * stalls and attempts, fencing, and slices.
 */
export function createRedisMailbox(options: RedisMailboxOptions): Mailbox {
  const { webhooks, prefix } = options;
  const redis = withScripts(webhooks);
  const queue = wakeQueue(webhooks, prefix);
  const workers: WorkingPart[] = [];
  let sweeping: Promise<number> | undefined;
  const sweeper = setInterval(() => void mailbox.sweep().catch(() => undefined), options.sweepEveryMs ?? 30_000);
  sweeper.unref();

  const mailbox: Mailbox = {
    async deliver(event) {
      try {
        return await deliver({ ...options, redis, queue, runner: workers.at(-1)?.runner }, event);
      } catch (cause) {
        throw new MailboxUnavailable('the mailbox cannot take an event now', { cause });
      }
    },

    async work(handler, work) {
      const worker = startWorker(options, handler, work);
      await worker.ready;
      workers.push(worker);
      return worker;
    },

    sweep() {
      // One round at a time: after a long outage a round may outlast the interval.
      sweeping ??= wakeAll(webhooks, queue, prefix).finally(() => {
        sweeping = undefined;
      });
      return sweeping;
    },

    async depth() {
      const shards = Array.from({ length: SHARDS }, (_, shard) => shard);
      const rows = await Promise.all(
        shards.map(async (shard) => ({
          size: await webhooks.zcard(openKey(prefix, shard)),
          head: await webhooks.zrange(openKey(prefix, shard), '0', '0', 'WITHSCORES'),
          dead: await webhooks.zcard(deadKey(prefix, shard)),
        })),
      );
      return sumDepth(rows, (options.now ?? Date.now)());
    },

    deadLetters: createRedisDeadLetters({ ...options, redis: webhooks }),

    async close() {
      clearInterval(sweeper);
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
    },
  };
  return mailbox;
}

interface Delivering extends RedisMailboxOptions {
  readonly redis: MailboxRedis;
  readonly queue: Queue<WakeJob>;
  /** Absent where this process only takes events. */
  readonly runner: Runner | undefined;
}

async function deliver(delivering: Delivering, event: InboundEvent): Promise<'accepted' | 'duplicate'> {
  const { queue, runner, vault, prefix } = delivering;
  const { conversationId } = event;
  const keys = keysOf(prefix, conversationId);
  const sealed = vault.seal(JSON.stringify(event));
  const token = runner?.reserve();
  if (runner === undefined || token === undefined) {
    // Both leave in the same write: the entry first, then the wake-up. A crash between them is what the sweeper is for.
    const [[taken]] = await Promise.all([offer(delivering, event, keys, sealed, ''), wake(queue, conversationId)]);
    return taken <= DELIVERED.duplicateAsleep ? 'duplicate' : 'accepted';
  }
  let begun = false;
  try {
    const [taken, session] = await offer(delivering, event, keys, sealed, token);
    begun = taken === DELIVERED.begun;
    if (begun) runner.start({ keys, token, event, sealed, session });
    if (taken === DELIVERED.asleep || taken === DELIVERED.duplicateAsleep) await wake(queue, conversationId);
    return taken <= DELIVERED.duplicateAsleep ? 'duplicate' : 'accepted';
  } catch (error) {
    if (!begun) runner.abandon(conversationId, token);
    throw error;
  } finally {
    if (!begun) runner.release();
  }
}

function offer(delivering: Delivering, event: InboundEvent, keys: Keys, sealed: string, token: string) {
  const { redis, seenMs = 8 * DAY_MS, now = Date.now, lockMs = LOCK_MS } = delivering;
  return redis.mailboxDeliver(
    ...[keys.seen(event.id), keys.box, keys.open, keys.lease, keys.tries, keys.session],
    ...[seenMs, sealed, event.conversationId, now(), token, lockMs],
  );
}

async function wakeAll(redis: Redis, queue: Queue<WakeJob>, prefix: string): Promise<number> {
  let woken = 0;
  for (let shard = 0; shard < SHARDS; shard++) {
    for (const conversation of await redis.zrange(openKey(prefix, shard), '0', '-1')) {
      await wake(queue, conversation);
      woken += 1;
    }
  }
  return woken;
}

function sumDepth(rows: readonly { size: number; head: string[]; dead: number }[], now: number): MailboxDepth {
  const oldest = Math.min(now, ...rows.flatMap(({ head }) => (head[1] === undefined ? [] : [Number(head[1])])));
  return {
    conversations: rows.reduce((sum, { size }) => sum + size, 0),
    oldestMs: now - oldest,
    deadLetters: rows.reduce((sum, { dead }) => sum + dead, 0),
  };
}

interface WakeJob {
  readonly conversation: string;
}

function wakeQueue(connection: Redis, prefix: string): Queue<WakeJob> {
  const queue = new Queue<WakeJob>('turns', {
    connection,
    prefix: `{${prefix}:turns}`,
    skipMetasUpdate: true,
    // It would ask over the connection that gives up after a second, and a queue whose question got no answer is dead for good.
    skipVersionCheck: true,
    defaultJobOptions: {
      // A wake-up is never given up: what can be given up is an entry.
      attempts: Number.MAX_SAFE_INTEGER,
      backoff: { type: 'custom' },
      removeOnComplete: true,
      removeOnFail: true,
    },
  });
  queue.on('error', () => undefined); // a broken connection shows up in deliver(), where it can be answered
  return queue;
}

async function wake(queue: Queue<WakeJob>, conversation: string, delay = 0): Promise<void> {
  await queue.add(WAKE, { conversation }, { delay, deduplication: { id: conversation, keepLastIfActive: true } });
}

interface WorkingPart extends MailboxWorker {
  readonly runner: Runner;
  readonly ready: Promise<unknown>;
}

function startWorker(options: RedisMailboxOptions, handler: EntryHandler, work: WorkOptions): WorkingPart {
  const { prefix, vault, now = Date.now, sessionMs = DAY_MS, lockMs = LOCK_MS } = options;
  const connection = options.workers();
  // Waits for Redis like the worker: a wake-up that fails while it is away would leave a conversation to the next sweep.
  const queue = wakeQueue(connection, prefix);
  const runner = createRunner({
    ...{ redis: withScripts(connection), prefix, vault, now, sessionMs, leaseMs: lockMs, handler, work },
    wake: (conversation, delayMs) => wake(queue, conversation, delayMs),
  });
  const worker = new Worker<WakeJob>('turns', (job: Job<WakeJob>) => runner.take(job.data.conversation), {
    connection,
    prefix: `{${prefix}:turns}`,
    concurrency: work.concurrency,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    lockDuration: lockMs,
    stalledInterval: lockMs,
    skipVersionCheck: true,
    settings: { backoffStrategy },
  });
  worker.on('error', (error) => work.onError?.(error));
  let looking = false;
  async function look(): Promise<void> {
    // One round at a time: while Redis is away they wait for it, and all would run at once when it is back.
    if (looking) return;
    looking = true;
    await wakeStalled({ redis: connection, queue, runner, prefix, before: now() - lockMs }).catch((error: unknown) =>
      work.onError?.(error),
    );
    looking = false;
  }
  const stalled = setInterval(() => void look(), lockMs / 2);
  stalled.unref();
  let closing: Promise<void> | undefined;
  return {
    runner,
    ready: worker.waitUntilReady(),
    close() {
      clearInterval(stalled);
      closing ??= runner
        .close(worker.close())
        .then(() => queue.close())
        .then(() => void connection.disconnect());
      return closing;
    },
  };
}

/** Most conversations are looked after by somebody: only so many a round can be in need. */
const STALLED_AT_ONCE = 1000;

interface Look {
  readonly redis: Redis;
  readonly queue: Queue<WakeJob>;
  readonly runner: Runner;
  readonly prefix: string;
  readonly before: number;
}

/**
 * Wakes conversations that began to wait before `before` and that nobody has: their run died, or a write was refused. A Redis
 * that is full takes no wake-up and starts no job: what is in it is then taken up here, and makes room.
 */
async function wakeStalled({ redis, queue, runner, prefix, before }: Look): Promise<void> {
  for (let shard = 0; shard < SHARDS; shard++) {
    const waiting = await redis.zrangebyscore(openKey(prefix, shard), '-inf', before, 'LIMIT', 0, STALLED_AT_ONCE);
    await Promise.all(
      waiting.map(async (conversation) => {
        if ((await redis.exists(keysOf(prefix, conversation).lease)) === 1) return;
        await wake(queue, conversation).catch((error: unknown) => {
          if (!takesNoWrites(error)) throw error;
          runner.takeNow(conversation);
        });
      }),
    );
  }
}
