import type { Mailbox } from '../../../bot/conversation/mailbox.js';
import { createRedisMailbox as create, type RedisMailboxOptions } from '../../../bot/conversation/redis-mailbox.js';
import { LOCK_MS } from './haste.js';
import { reached } from './orders.js';

export * from '../../../bot/conversation/redis-mailbox.js';

export function createRedisMailbox(options: RedisMailboxOptions): Mailbox {
  const mailbox = create({ ...options, lockMs: LOCK_MS, sweepEveryMs: LOCK_MS });
  return {
    ...mailbox,
    async deliver(event) {
      if (event.kind !== 'system') reached('before-deliver');
      const outcome = await mailbox.deliver(event);
      if (event.kind !== 'system') reached('after-deliver');
      return outcome;
    },
  };
}
