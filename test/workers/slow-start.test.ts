import { expect, test } from '@jest/globals';
import { createJobs } from '../../bot/jobs.js';
import { tempRedis } from '../support/stores.js';
import { until } from './workplace.js';

test('a queue whose store was slow to answer at the start takes jobs all the same', async () => {
  const { store, close } = await tempRedis();
  const webhooks = store.forWebhooks();
  await until(async () => webhooks.status === 'ready');
  // What a process that is busy starting makes of a question with a second to answer.
  Object.assign(webhooks, { info: () => Promise.reject(new Error('Command timed out')) });
  const jobs = createJobs({ webhooks, workers: store.forWorkers, prefix: 'slow-start' });
  try {
    await jobs.add('purchases', 'one');
    expect((await jobs.depth()).purchases).toBe(1);
    const done: string[] = [];
    jobs.run(
      'purchases',
      1,
      async (id) => void done.push(id),
      () => undefined,
    );
    await until(async () => done.length === 1);
  } finally {
    await jobs.close();
    await close();
  }
});
