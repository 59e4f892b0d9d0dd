import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

/** What BullMQ does at best: one process with jobs that do nothing, 100 at once. */
export interface NoOp {
  readonly jobs: number;
  /** Jobs through the process a second: added one by one, worked off, and the next added, as 100 callers would who wait. */
  readonly perSecond: number;
  /** Processor time of the process per such job, in ms. */
  readonly msPerJob: number;
  /** Jobs a second off a queue that was full before. */
  readonly drainedPerSecond: number;
}

const [socket = '', jobs = '0'] = process.argv.slice(2);
const connect = () => new Redis({ path: socket, maxRetriesPerRequest: null });
const WARM_UP = 5_000;
const CONCURRENCY = 100;

// Run as a process of its own: `noop.ts SOCKET JOBS`.
const queue = new Queue('noop', { connection: connect(), defaultJobOptions: { removeOnComplete: true } });
await through(WARM_UP);
const flow = await through(Number(jobs));
await fill(Number(jobs));
const drained = await work(Number(jobs));
const result: NoOp = { jobs: Number(jobs), ...flow, drainedPerSecond: drained.perSecond };
process.stdout.write(`${JSON.stringify(result)}\n`);
await queue.close();
process.exit();

/** Every job that is done makes room for the next. */
function through(count: number) {
  let left = count;
  const add = () => {
    if (left-- > 0) void queue.add('noop', { left });
  };
  for (let caller = 0; caller < CONCURRENCY; caller++) add();
  return work(count, add);
}

async function fill(count: number): Promise<void> {
  for (let added = 0; added < count; added += 1_000) {
    const batch = Math.min(1_000, count - added);
    await queue.addBulk(Array.from({ length: batch }, (_, left) => ({ name: 'noop', data: { left } })));
  }
}

async function work(count: number, onDone: () => void = () => undefined) {
  const connection = connect();
  let done = 0;
  const processor = process.cpuUsage();
  const started = performance.now();
  const worker = new Worker('noop', async () => undefined, { connection, concurrency: CONCURRENCY });
  await new Promise<void>((resolve) => {
    worker.on('completed', () => {
      done += 1;
      onDone();
      if (done === count) resolve();
    });
  });
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  await worker.close();
  connection.disconnect();
  return { perSecond: count / seconds, msPerJob: (user + system) / 1000 / count };
}
