import { type Processor, Worker as RealWorker, type WorkerOptions } from 'bullmq';
import { LOCK_MS } from './haste.js';

export * from 'bullmq';

/** A job whose worker was killed is taken up again after seconds rather than after half a minute. */
export class Worker<Data, Result, Name extends string> extends RealWorker<Data, Result, Name> {
  constructor(name: string, processor: Processor<Data, Result, Name>, options: WorkerOptions) {
    super(name, processor, { lockDuration: LOCK_MS, stalledInterval: LOCK_MS, ...options });
  }
}
