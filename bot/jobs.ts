import { type Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/** The queues beside the mailbox, one per kind of work. A job is a ledger id: the ledger knows the rest, and whether it is still due. */
export const QUEUES = ['purchases', 'outbox', 'nudges'] as const;

export type QueueName = (typeof QUEUES)[number];

interface IdJob {
  readonly id: string;
}

export interface JobsOptions {
  /** Fails fast; a job that could not be added is found by the sweeper. */
  readonly webhooks: Redis;
  readonly workers: () => Redis;
  readonly prefix: string;
}

export interface JobRunner {
  close(): Promise<void>;
}

export interface Jobs {
  /** Resolves when the job is queued; one that is queued already stays one. */
  add(queue: QueueName, id: string): Promise<void>;
  /** Runs a queue's jobs; a rejection is retried with backoff, then left to the sweeper. */
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
export function createJobs({ webhooks, workers, prefix }: JobsOptions): Jobs {
  const queues = new Map(QUEUES.map((name) => [name, openQueue(name, webhooks, prefix)] as const));
  const runners: JobRunner[] = [];
  const queueOf = (name: QueueName) => queues.get(name) ?? openQueue(name, webhooks, prefix);
  return {
    async add(name, id) {
      await queueOf(name).add(name, { id }, { jobId: `${name}-${id}` });
    },
    run(name, concurrency, process, onError) {
      const connection = workers();
      const worker = new Worker<IdJob>(name, (job: Job<IdJob>) => process(job.data.id), {
        connection,
        prefix: queuePrefix(prefix, name),
        concurrency,
        // A job a crash interrupted runs again; the ledger's compare-and-set makes the second run harmless.
        maxStalledCount: 10,
        skipVersionCheck: true,
      });
      worker.on('error', onError);
      worker.on('failed', (_job, error) => onError(error));
      const runner = { close: () => worker.close().then(() => void connection.disconnect()) };
      runners.push(runner);
      return runner;
    },
    async depth() {
      const rows = await Promise.all(
        QUEUES.map(
          async (name) => [name, await queueOf(name).getJobCountByTypes('wait', 'active', 'delayed')] as const,
        ),
      );
      return Object.fromEntries(rows) as Record<QueueName, number>;
    },
    async close() {
      await Promise.all(runners.map((runner) => runner.close()));
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function openQueue(name: QueueName, connection: Redis, prefix: string): Queue<IdJob> {
  const queue = new Queue<IdJob>(name, {
    connection,
    prefix: queuePrefix(prefix, name),
    skipMetasUpdate: true,
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

const queuePrefix = (prefix: string, name: QueueName) => `{${prefix}:${name}}`;
