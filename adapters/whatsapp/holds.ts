import type { Pauses } from '../../bot/pauses.js';
import type { ShortLived } from '../../bot/short-lived.js';

/**
 * What WhatsApp wants left alone for hours: all that nobody asked for, one user, one template. Often a `failed` status says so,
 * and the process that takes statuses need not be the one that sends: so it is kept where all of them look.
 */
export interface Holds {
  /** Rejects when the store is away; this process holds back all the same. */
  hold(key: string, ms: number): Promise<void>;
  /** Whether any of the keys is held. Rejects when it is not known. */
  held(...keys: readonly string[]): Promise<boolean>;
  /** Whether this process was told so itself. */
  holding(key: string): boolean;
}

export function createHolds(pauses: Pauses, shortLived: ShortLived, now: () => number): Holds {
  const keyOf = (key: string) => `whatsapp:hold:${key}`;
  return {
    holding: (key) => pauses.left(key) > 0,
    async hold(key, ms) {
      pauses.hold(key, ms);
      await shortLived.set(keyOf(key), String(now() + ms), ms);
    },
    async held(...keys) {
      if (keys.some((key) => pauses.left(key) > 0)) return true;
      const ends = await Promise.all(keys.map((key) => shortLived.get(keyOf(key))));
      return ends.some((end) => Number(end ?? 0) > now());
    },
  };
}
