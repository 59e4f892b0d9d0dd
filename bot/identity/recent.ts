import { LRUCache } from 'lru-cache';
import type { Identity, Known } from './identity.js';

const KEPT_USERS = 50_000;
/** How long a corrected link may take to be noticed. */
const KEPT_MS = 30_000;

/** Remembers for a moment who a user is, so that a lively conversation does not ask the store at every word. */
export function remembering(identity: Identity): Identity {
  const recent = new LRUCache<string, Known>({ max: KEPT_USERS, ttl: KEPT_MS });
  return {
    async resolve(origin) {
      const { channel, workspace, user } = origin;
      const key = JSON.stringify([channel, workspace, user]);
      const kept = recent.get(key);
      if (kept !== undefined) return kept;
      // Those nobody knows are looked for every time: a link made now counts now.
      const known = await identity.resolve(origin);
      if (known !== undefined) recent.set(key, known);
      return known;
    },
  };
}
