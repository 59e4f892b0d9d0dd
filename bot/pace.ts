import { LRUCache } from 'lru-cache';
import type { ShortLived } from './short-lived.js';

/** Keeps what goes out by itself below a platform's rate, all processes together. What somebody waits for is not held back by it. */
export interface Pace {
  /**
   * Takes one of the `perSecond` places of the current second under `key`. Resolves to 0, or to the milliseconds after which to
   * ask again: those who are put back come one after the other, at that rate. A store that does not answer holds nobody back:
   * the platform's own refusal still does.
   */
  take(key: string, perSecond: number): Promise<number>;
}

/** A little longer than a second: clocks of processes differ. */
const KEPT_MS = 5_000;
/** Nobody is put back for longer, in milliseconds: another process may have made room. */
const LONGEST_MS = 600_000;
const KEYS = 10_000;

export function createPace(shortLived: Pick<ShortLived, 'count'>, now: () => number = Date.now): Pace {
  /** When the last of those whom this process put back is to ask again. */
  const queues = new LRUCache<string, number>({ max: KEYS });
  return {
    async take(key, perSecond) {
      const second = Math.floor(now() / 1000);
      const taken = await shortLived.count(`pace:${key}:${second}`, 1, KEPT_MS).catch(() => 0);
      if (taken <= perSecond) return 0;
      const at = now();
      const next = Math.max((second + 1) * 1000, (queues.get(key) ?? 0) + 1000 / perSecond);
      if (next - at > LONGEST_MS) return Math.ceil(LONGEST_MS * (0.5 + Math.random() / 2));
      queues.set(key, next);
      return Math.max(1, Math.ceil(next - at));
    },
  };
}
