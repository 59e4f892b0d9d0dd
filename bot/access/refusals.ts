import { LRUCache } from 'lru-cache';
import type { Logger } from '../log.js';

/** Somebody who was not let in, or not let do something (ASVS 5, 16.3.1 and 16.3.2). Never holds what they brought along. */
interface Refusal {
  readonly what: 'token' | 'client-secret' | 'scope' | 'role' | 'origin';
  /** The pattern of the route, never the address. */
  readonly route: string | undefined;
  readonly reason: string;
  /** Whose it was, where that is known for sure. */
  readonly client?: string | undefined;
}

/** Notes a refusal in the log. */
export type NoteRefusal = (refusal: Refusal) => void;

const WINDOW_MS = 60_000;
/** Lines a minute about the same refusal … */
const MOST_ALIKE = 5;
/** … and about all: a flood of one kind leaves room for others, and none fills a disk. */
const MOST = 60;

/** Writes refusals to the log at a bounded rate; how many were left out is said with the first of another minute. */
export function createRefusalLog(log: Pick<Logger, 'warn'>, now: () => number = Date.now): NoteRefusal {
  const alike = new LRUCache<string, number>({ max: 1000 });
  let window = 0;
  let written = 0;
  let unwritten = 0;
  return ({ what, route, reason, client }) => {
    const at = Math.floor(now() / WINDOW_MS);
    if (at !== window) {
      if (unwritten > 0) log.warn({ count: unwritten }, 'refusals that were not written one by one');
      alike.clear();
      [window, written, unwritten] = [at, 0, 0];
    }
    const kind = JSON.stringify([what, route, reason, client]);
    const before = alike.get(kind) ?? 0;
    alike.set(kind, before + 1);
    if (before >= MOST_ALIKE || written >= MOST) {
      unwritten++;
      return;
    }
    written++;
    log.warn({ what, route, reason, ...(client !== undefined && { client }) }, 'refused');
  };
}
