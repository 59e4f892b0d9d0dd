import {
  createPostgresBackend,
  DelayedError,
  type PgPool,
  Queue,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import type { Redis } from 'ioredis';
import { ChannelBusy } from './channel.js';

/** The queues beside the mailbox, one per kind of work. A job is a ledger id: the ledger knows the rest, and whether it is still due. */
export const QUEUES = ['purchases', 'outbox', 'nudges'] as const;

export type QueueName = (typeof QUEUES)[number];

/** However long a platform asks us to wait: people do not. */
const LONGEST_MS = 600_000;

interface IdJob {
  readonly id: string;
}

export type JobsOptions = JobsOnRedis | JobsOnPostgres;

interface JobsOnRedis {
  /** Fails fast; a job that could not be added is found by the sweeper. */
  readonly webhooks: Redis;
  readonly workers: () => Redis;
  readonly prefix: string;
}

interface JobsOnPostgres {
  /** Its names are those of BullMQ's schema. A worker keeps one of its connections, to be woken by. */
  readonly pool: PgPool;
  readonly prefix: string;
}

export interface JobRunner {
  close(): Promise<void>;
}

export interface Jobs {
  /** Resolves when the job is queued; one that is queued already stays one. */
  add(queue: QueueName, id: string): Promise<void>;
  /**
   * Runs a queue's jobs; a rejection is retried with backoff, then left to the sweeper. One with `ChannelBusy` is no failure: the
   * job comes back after that long, however often, and others go on.
   */
  run(
    queue: QueueName,
    concurrency: number,
    process: (id: string) => Promise<void>,
    onError: (error: unknown) => void,
  ): JobRunner;
  /** Jobs waiting, delayed and running, per queue. */
  depth(): Promise<Readonly<Record<QueueName, number>>>;
  close(): Promise<void>;
}

/** BullMQ queues whose jobs hold nothing but ids. PostgreSQL owns what is owed: a lost job is made again from there. */
export function createJobs(options: JobsOptions): Jobs {
  const make = 'pool' in options ? onPostgres(options) : onRedis(options);
  const queues = Object.fromEntries(QUEUES.map((name) => [name, openQueue(name, make)])) as Record<QueueName, IdQueue>;
  const runners: JobRunner[] = [];
  return {
    async add(name, id) {
      await queues[name].add(name, { id }, { jobId: `${name}-${id}` });
    },
    run(name, concurrency, process, onError) {
      const { worker, close } = make.worker(name, (job, token) => process(job.data.id).catch(putOff(job, token)), {
        concurrency,
        // A job a crash interrupted runs again; the ledger's compare-and-set makes the second run harmless.
        maxStalledCount: 10,
        skipVersionCheck: true,
      });
      worker.on('error', onError);
      worker.on('failed', (_job, error) => onError(error));
      const runner = { close };
      runners.push(runner);
      return runner;
    },
    async depth() {
      const rows = await Promise.all(
        QUEUES.map(async (name) => [name, await queues[name].getJobCountByTypes('wait', 'active', 'delayed')] as const),
      );
      return Object.fromEntries(rows) as Record<QueueName, number>;
    },
    async close() {
      await Promise.all(runners.map((runner) => runner.close()));
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
}

function openQueue(name: QueueName, make: Make): IdQueue {
  const queue = make.queue(name, {
    skipMetasUpdate: true,
    // It would ask over the connection that gives up after a second, and a queue whose question got no answer is dead for good.
    skipVersionCheck: true,
    defaultJobOptions: {
      attempts: 5,
      backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: true,
    },
  });
  queue.on('error', () => undefined); // shows up in add(), where it can be dealt with
  return queue;
}

/** @throws what it is given, but for a `ChannelBusy`: then the job is put off. */
function putOff(job: RunningJob, token: string | undefined): (error: unknown) => Promise<void> {
  return async (error) => {
    if (!(error instanceof ChannelBusy)) throw error;
    await job.moveToDelayed(Date.now() + Math.min(error.retryAfterMs, LONGEST_MS), token);
    // How BullMQ is told that the job is neither done nor failed.
    throw new DelayedError();
  };
}

/** What is asked of BullMQ's classes, whose types name the store they are made for. */
interface IdQueue {
  add(name: string, data: IdJob, options: { readonly jobId: string }): Promise<unknown>;
  getJobCountByTypes(...states: ('wait' | 'active' | 'delayed')[]): Promise<number>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

interface IdWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
}

interface RunningJob {
  readonly data: IdJob;
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
}

/** The two stores BullMQ knows, which differ in how its classes are made and in nothing else. */
interface Make {
  queue(name: QueueName, options: Omit<QueueOptions, 'connection'>): IdQueue;
  worker(
    name: QueueName,
    process: (job: RunningJob, token?: string) => Promise<void>,
    options: Omit<WorkerOptions, 'connection'>,
  ): JobRunner & { readonly worker: IdWorker };
}

function onRedis({ webhooks, workers, prefix }: JobsOnRedis): Make {
  const keys = (name: QueueName) => ({ prefix: `{${prefix}:${name}}` });
  return {
    queue: (name, options) => new Queue<IdJob>(name, { ...options, ...keys(name), connection: webhooks }),
    worker(name, process, options) {
      const connection = workers();
      const worker = new Worker<IdJob>(name, process, { ...options, ...keys(name), connection });
      return { worker, close: () => worker.close().then(() => void connection.disconnect()) };
    },
  };
}

function onPostgres({ pool, prefix }: JobsOnPostgres): Make {
  const connection = pool;
  return {
    queue: (name, options) => new Queue(`${prefix}-${name}`, { ...options, connection }, createPostgresBackend),
    worker(name, process, options) {
      const worker = new Worker(`${prefix}-${name}`, process, { ...options, connection }, createPostgresBackend);
      return { worker, close: () => worker.close() };
    },
  };
}
