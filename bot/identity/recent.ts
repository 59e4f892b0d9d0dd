import { LRUCache } from 'lru-cache';
import type { Identity, Known } from './identity.js';

const KEPT_USERS = 50_000;
/** How long a change made elsewhere may take to be noticed. One of this conversation's own is noticed at once. */
const KEPT_MS = 10_000;

/**
 * Remembers for a moment who a user is, so that a lively conversation does not ask the store at every word. Not whoever is known
 * by a CPID: another process renews it in place, perhaps for another SIM, and what is shown and confirmed has to be of that one.
 */
export function remembering(identity: Identity): Identity {
  const recent = new LRUCache<string, Known>({ max: KEPT_USERS, ttl: KEPT_MS });
  return {
    async resolve(origin, since = 0) {
      const { channel, workspace, user, phone = '' } = origin;
      const key = JSON.stringify([channel, workspace, user, phone]);
      const kept = recent.get(key);
      if (kept !== undefined && (kept.version ?? 0) >= since) return kept;
      // Those nobody knows are looked for every time: a link made now counts now.
      const known = await identity.resolve(origin);
      if (known === undefined || known.line.key.type === 'CPID') recent.delete(key);
      else recent.set(key, known);
      return known;
    },
  };
}
