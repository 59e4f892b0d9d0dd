import type { Redis } from 'ioredis';

/** Where a message that may be edited later is: the platform's own reference, by conversation and key (`purchase:<id>`). */
export interface MessageRefs {
  get(conversationId: string, key: string): Promise<string | undefined>;
  set(conversationId: string, key: string, ref: string): Promise<void>;
}

/** Longer than any purchase stays open; afterwards a new message is sent instead of an edit. */
const KEPT_SECONDS = 7 * 86_400;

export function createMessageRefs(redis: Redis, prefix: string): MessageRefs {
  const keyOf = (conversationId: string, key: string) => `${prefix}:ref:{${conversationId}}:${key}`;
  return {
    async get(conversationId, key) {
      return (await redis.get(keyOf(conversationId, key))) ?? undefined;
    },
    async set(conversationId, key, ref) {
      await redis.set(keyOf(conversationId, key), ref, 'EX', String(KEPT_SECONDS));
    },
  };
}
