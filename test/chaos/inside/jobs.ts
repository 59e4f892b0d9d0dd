import { createJobs as create, type Jobs, type JobsOptions } from '../../../bot/jobs.js';
import { reached } from './orders.js';

export * from '../../../bot/jobs.js';

export function createJobs(options: JobsOptions): Jobs {
  const jobs = create(options);
  return {
    ...jobs,
    async add(queue, id) {
      if (queue === 'outbox') reached('before-outbox-job');
      await jobs.add(queue, id);
      if (queue === 'outbox') reached('after-outbox-job');
    },
  };
}
