import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

/** A free-form message may be sent this long after the user's last one, in milliseconds (CHANNELS.md 1). */
export const WINDOW_MS = 24 * 3_600_000;

/** When each conversation's user was last heard of, by the platform's clock. Epoch milliseconds. */
export interface Window {
  touch(conversationId: string, at: number): Promise<void>;
  lastInbound(conversationId: string): Promise<number | undefined>;
  /** The platform says that it is closed. */
  shut(conversationId: string): Promise<void>;
}

/**
 * A busy conversation is written once in this time; other processes then believe the window to close that much earlier, which
 * is the safe side.
 */
const WRITE_EVERY_MS = 5 * 60_000;
const REMEMBERED = 100_000;

export function createWindow(redis: Redis, prefix: string, now: () => number = Date.now): Window {
  const recent = new LRUCache<string, { readonly at: number; readonly written: number }>({ max: REMEMBERED });
  const keyOf = (conversationId: string) => `${prefix}:whatsapp:window:{${conversationId}}`;
  return {
    async touch(conversationId, at) {
      const known = recent.get(conversationId);
      if (known !== undefined && at <= known.at) return;
      const written = known?.written ?? 0;
      if (at - written < WRITE_EVERY_MS) {
        recent.set(conversationId, { at, written });
        return;
      }
      const left = at + WINDOW_MS - now();
      if (left <= 0) return;
      await redis.set(keyOf(conversationId), at, 'PX', left);
      recent.set(conversationId, { at, written: at });
    },

    async lastInbound(conversationId) {
      const known = recent.get(conversationId);
      if (known !== undefined && now() - known.at < WINDOW_MS) return known.at;
      // Another process may have heard of them since.
      const stored = await redis.get(keyOf(conversationId));
      if (stored === null) return known?.at;
      const at = Number(stored);
      recent.set(conversationId, { at, written: at });
      return at;
    },

    async shut(conversationId) {
      recent.delete(conversationId);
      await redis.del(keyOf(conversationId));
    },
  };
}
