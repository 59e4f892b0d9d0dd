import { LRUCache } from 'lru-cache';
import type { ShortLived } from '../../bot/short-lived.js';

/** A free-form message may be sent this long after the user's last one, in milliseconds (CHANNELS.md 1). */
export const WINDOW_MS = 24 * 3_600_000;

/** When each conversation's user was last heard of, by the platform's clock. Epoch milliseconds. */
export interface Window {
  touch(conversationId: string, at: number): Promise<void>;
  /** `fresh`: what this process remembers does not count, since another one may have heard that it is closed. */
  lastInbound(conversationId: string, fresh?: boolean): Promise<number | undefined>;
  /** The platform says that it is closed. */
  shut(conversationId: string): Promise<void>;
}

/**
 * A busy conversation is written once in this time; other processes then believe the window to close that much earlier, which
 * is the safe side.
 */
const WRITE_EVERY_MS = 5 * 60_000;
const REMEMBERED = 100_000;

export function createWindow(shortLived: ShortLived, now: () => number = Date.now): Window {
  const recent = new LRUCache<string, { readonly at: number; readonly written: number }>({ max: REMEMBERED });
  const keyOf = (conversationId: string) => `whatsapp:window:{${conversationId}}`;
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
      await shortLived.set(keyOf(conversationId), String(at), left);
      recent.set(conversationId, { at, written: at });
    },

    async lastInbound(conversationId, fresh = false) {
      const known = recent.get(conversationId);
      if (!fresh && known !== undefined && now() - known.at < WINDOW_MS) return known.at;
      // Another process may have heard of them since.
      const stored = await shortLived.get(keyOf(conversationId));
      if (stored === undefined) {
        if (fresh) recent.delete(conversationId);
        return fresh ? undefined : known?.at;
      }
      const at = Math.max(Number(stored), known?.at ?? 0);
      recent.set(conversationId, { at, written: at });
      return at;
    },

    async shut(conversationId) {
      recent.delete(conversationId);
      await shortLived.remove(keyOf(conversationId));
    },
  };
}
