import { LRUCache } from 'lru-cache';

/** Who has to be left alone for a while, because a platform said so: a conversation, a workspace, a whole number. */
export interface Pauses {
  /** Holds `key` for `ms` milliseconds; a longer hold that is there already stays. */
  hold(key: string, ms: number): void;
  /** Milliseconds until `key` may be used again; 0 when it may be used now. */
  left(key: string): number;
}

const MAX_KEYS = 50_000;

/** Kept in this process: another one learns the same from the platform's next answer. */
export function createPauses(now: () => number = Date.now): Pauses {
  const until = new LRUCache<string, number>({ max: MAX_KEYS });
  const left = (key: string) => Math.max(0, (until.get(key) ?? 0) - now());
  return {
    hold(key, ms) {
      if (ms > left(key)) until.set(key, now() + ms);
    },
    left,
  };
}
