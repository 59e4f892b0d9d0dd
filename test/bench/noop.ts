import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

/**
 * What BullMQ does at best here: one process works off a full queue of jobs that do nothing, 100 at once. Run as a process of
 * its own: `noop.ts SOCKET JOBS`; prints jobs per second.
 */
const [socket = '', jobs = '0'] = process.argv.slice(2);
const connect = () => new Redis({ path: socket, maxRetriesPerRequest: null });
const WARM_UP = 5_000;
const CONCURRENCY = 100;

const queue = new Queue('noop', { connection: connect(), defaultJobOptions: { removeOnComplete: true } });
await drain(WARM_UP);
const count = Number(jobs);
const seconds = await drain(count);
process.stdout.write(`${JSON.stringify({ jobs: count, seconds, perSecond: count / seconds })}\n`);
await queue.close();
process.exit();

/** Seconds from the first job to the last. */
async function drain(count: number): Promise<number> {
  for (let added = 0; added < count; added += 1_000) {
    const batch = Math.min(1_000, count - added);
    await queue.addBulk(Array.from({ length: batch }, (_, n) => ({ name: 'noop', data: { n } })));
  }
  const connection = connect();
  let done = 0;
  const started = performance.now();
  const worker = new Worker('noop', async () => undefined, { connection, concurrency: CONCURRENCY });
  await new Promise<void>((resolve) => {
    worker.on('completed', () => {
      done += 1;
      if (done === count) resolve();
    });
  });
  const seconds = (performance.now() - started) / 1000;
  await worker.close();
  connection.disconnect();
  return seconds;
}
