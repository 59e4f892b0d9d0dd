import type { ShortLived } from './short-lived.js';

/** Where a message that may be edited later is: the platform's own reference, by conversation and key (`purchase:<id>`). */
export interface MessageRefs {
  get(conversationId: string, key: string): Promise<string | undefined>;
  set(conversationId: string, key: string, ref: string): Promise<void>;
}

/** Longer than any purchase stays open; afterwards a new message is sent instead of an edit. */
const KEPT_MS = 7 * 86_400_000;

export function createMessageRefs(shortLived: ShortLived): MessageRefs {
  const keyOf = (conversationId: string, key: string) => `ref:{${conversationId}}:${key}`;
  return {
    get: (conversationId, key) => shortLived.get(keyOf(conversationId, key)),
    set: (conversationId, key, ref) => shortLived.set(keyOf(conversationId, key), ref, KEPT_MS),
  };
}
