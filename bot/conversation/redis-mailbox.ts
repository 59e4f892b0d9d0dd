import { randomBytes } from 'node:crypto';
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { RefillError } from '../errors.js';
import { backoffStrategy } from './backoff.js';
import { type InboundEvent, inboundEvent } from './event.js';
import type { Entry, EntryHandler, Mailbox, MailboxDepth, MailboxWorker, WorkOptions } from './mailbox.js';
import { deadKey, type Keys, keysOf, openKey, SHARDS } from './mailbox-keys.js';
import { BEGIN, COMMIT, DELIVER, FAIL } from './scripts.js';

/** The mailbox's store could not be reached in time: the webhook answers 503 and the platform redelivers. */
export class MailboxUnavailable extends RefillError {
  readonly code = 'MAILBOX_UNAVAILABLE';
}

/** Why an entry was given up that never threw: it was begun too often and never finished (it kills its worker). */
export class PoisonEntry extends RefillError {
  readonly code = 'POISON_ENTRY';
}

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
   * BullMQ's lock on a running job; a process that blocks longer loses it, and is fenced off. What a crash or a refused write
   * left is taken up again within twice this.
   */
  readonly lockMs?: number;
}

const SLICE = 20;
const MAX_THROWS = 5;
const MAX_STARTS = 25;
const LOCK_MS = 10_000;
const EPOCH_MS = 600_000;
const DAY_MS = 86_400_000;
const WAKE = 'turns';

/**
 * A list per conversation in Redis, woken by BullMQ jobs that are deduplicated per conversation (`keepLastIfActive`): while a
 * job waits a second wake-up is dropped, while it runs exactly one more follows. FACTS.md, "The mailbox on BullMQ 6", measured
 * the four things this needs to lose nothing: the sweeper, unlimited stalls and attempts, fencing, and slices.
 */
export function createRedisMailbox(options: RedisMailboxOptions): Mailbox {
  const { webhooks, prefix, vault } = options;
  const now = options.now ?? Date.now;
  const seenMs = options.seenMs ?? 8 * DAY_MS;
  const redis = withScripts(webhooks);
  const queue = wakeQueue(webhooks, prefix);
  const workers: MailboxWorker[] = [];
  let sweeping: Promise<number> | undefined;
  const sweeper = setInterval(() => void mailbox.sweep().catch(() => undefined), options.sweepEveryMs ?? 30_000);
  sweeper.unref();

  const mailbox: Mailbox = {
    async deliver(event) {
      const keys = keysOf(prefix, event.conversationId);
      const entry = vault.seal(JSON.stringify(event));
      try {
        // Both leave in the same write: the entry first, then the wake-up. A crash between them is what the sweeper is for.
        const [taken] = await Promise.all([
          redis.mailboxDeliver(keys.seen(event.id), keys.box, keys.open, seenMs, entry, event.conversationId, now()),
          wake(queue, event.conversationId),
        ]);
        return taken === 1 ? 'accepted' : 'duplicate';
      } catch (cause) {
        throw new MailboxUnavailable('the mailbox cannot take an event now', { cause });
      }
    },

    async work(handler, work) {
      const connection = options.workers();
      const worker = startWorker({ ...options, now, connection, queue, handler, work });
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
          dead: await webhooks.llen(deadKey(prefix, shard)),
        })),
      );
      return sumDepth(rows, now());
    },

    async close() {
      clearInterval(sweeper);
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
    },
  };
  return mailbox;
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

async function wake(queue: Queue<WakeJob>, conversation: string): Promise<void> {
  await queue.add(WAKE, { conversation }, { deduplication: { id: conversation, keepLastIfActive: true } });
}

interface WorkerParts extends Omit<RedisMailboxOptions, 'workers' | 'now'> {
  readonly now: () => number;
  readonly connection: Redis;
  readonly queue: Queue<WakeJob>;
  readonly handler: EntryHandler;
  readonly work: WorkOptions;
}

function startWorker(parts: WorkerParts): MailboxWorker & { readonly ready: Promise<unknown> } {
  const { connection, prefix, work } = parts;
  const redis = withScripts(connection);
  const worker = new Worker<WakeJob>('turns', (job) => drain(redis, parts, job), {
    connection,
    prefix: `{${prefix}:turns}`,
    concurrency: work.concurrency,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    lockDuration: parts.lockMs ?? LOCK_MS,
    stalledInterval: parts.lockMs ?? LOCK_MS,
    skipVersionCheck: true,
    settings: { backoffStrategy },
  });
  worker.on('error', (error) => work.onError?.(error));
  let closing: Promise<void> | undefined;
  return {
    ready: worker.waitUntilReady(),
    close() {
      closing ??= worker.close().then(() => void connection.disconnect());
      return closing;
    },
  };
}

/** One job: up to a slice of a conversation's entries, in order. What is left afterwards gets a job of its own. */
async function drain(redis: MailboxRedis, parts: WorkerParts, job: Job<WakeJob>): Promise<void> {
  const { conversation } = job.data;
  const keys = keysOf(parts.prefix, conversation);
  const token = randomBytes(9).toString('base64url');
  const begun = await redis.mailboxBegin(
    ...[keys.box, keys.open, keys.epoch, keys.tries, keys.session],
    ...[token, EPOCH_MS, SLICE, conversation],
  );
  let session = unsealed(parts, begun[1]);
  let tries = { starts: Number(begun[2] ?? 0), throws: Number(begun[3] ?? 0) };
  let left = 0;
  for (const sealed of begun[0]) {
    const outcome = await runEntry(parts, { redis, keys, token, sealed, session, tries });
    const answer = await redis.mailboxCommit(
      ...[keys.box, keys.open, keys.epoch, keys.tries, keys.session, keys.dead],
      ...[token, EPOCH_MS, conversation, parts.now(), parts.sessionMs ?? DAY_MS],
      ...[outcome.session === undefined ? '' : parts.vault.seal(outcome.session), outcome.dead ? '1' : '0', sealed],
    );
    // Another job began meanwhile (this process was stopped past its lock), or this commit was sent twice: what is left is the
    // next job's business.
    if (answer < 0) return wake(parts.queue, conversation);
    left = answer;
    session = outcome.session ?? session;
    tries = { starts: 1, throws: 0 };
  }
  if (left > 0) await wake(parts.queue, conversation);
}

/** A session nobody can read any more is no session. */
function unsealed(parts: WorkerParts, session: string | null | undefined): string | undefined {
  if (session === null || session === undefined) return undefined;
  try {
    return parts.vault.open(session);
  } catch (error) {
    parts.work.onError?.(error);
    return undefined;
  }
}

interface Head {
  readonly redis: MailboxRedis;
  readonly keys: Keys;
  readonly token: string;
  readonly sealed: string;
  readonly session: string | undefined;
  readonly tries: { readonly starts: number; readonly throws: number };
}

interface Outcome {
  readonly session: string | undefined;
  readonly dead: boolean;
}

async function runEntry(parts: WorkerParts, head: Head): Promise<Outcome> {
  const entry = openEntry(parts, head);
  if (entry === undefined) return { session: undefined, dead: true };
  if (head.tries.starts > MAX_STARTS) {
    return giveUp(parts, entry, new PoisonEntry(`begun ${head.tries.starts} times and never finished`));
  }
  try {
    return { session: await parts.handler(entry), dead: false };
  } catch (error) {
    parts.work.onError?.(error);
    const transient = parts.work.isTransient(error);
    const throws = await head.redis.mailboxFail(head.keys.epoch, head.keys.tries, head.token, transient ? 0 : 1);
    if (throws < 0) throw new UnrecoverableError('fenced off');
    if (transient || throws < MAX_THROWS) throw error;
    return giveUp(parts, entry, error);
  }
}

async function giveUp(parts: WorkerParts, entry: Entry, error: unknown): Promise<Outcome> {
  await parts.work.onDeadLetter(entry, error).catch((failure: unknown) => parts.work.onError?.(failure));
  return { session: undefined, dead: true };
}

/** `undefined` for bytes nobody can read any more (a lost key, an entry of a version gone by): dead-lettered as they are. */
function openEntry(parts: WorkerParts, head: Head): Entry | undefined {
  try {
    const event: InboundEvent = inboundEvent.parse(JSON.parse(parts.vault.open(head.sealed)));
    return { event, session: head.session };
  } catch (error) {
    parts.work.onError?.(error);
    return undefined;
  }
}

type Argument = string | number;

interface MailboxRedis {
  mailboxDeliver(...args: Argument[]): Promise<number>;
  mailboxBegin(...args: Argument[]): Promise<[string[], (string | null)?, number?, (string | null)?]>;
  mailboxCommit(...args: Argument[]): Promise<number>;
  mailboxFail(...args: Argument[]): Promise<number>;
}

function withScripts(redis: Redis): MailboxRedis {
  redis.defineCommand('mailboxDeliver', { numberOfKeys: 3, lua: DELIVER });
  redis.defineCommand('mailboxBegin', { numberOfKeys: 5, lua: BEGIN });
  redis.defineCommand('mailboxCommit', { numberOfKeys: 6, lua: COMMIT });
  redis.defineCommand('mailboxFail', { numberOfKeys: 2, lua: FAIL });
  return redis as unknown as MailboxRedis;
}
