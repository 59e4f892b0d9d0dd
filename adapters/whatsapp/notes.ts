import { z } from 'zod';
import type { ShortLived } from '../../bot/short-lived.js';

/** What the processes of one Refill tell each other for a while: a few lines under one key, which costs one look however many. */
export interface Notes {
  /** Adds one, or replaces that of its name. Never rejects: who is not told finds out by themselves. */
  leave(name: string, note: Note): Promise<void>;
  /** All that are not over. Rejects when the store is away. */
  read(): Promise<ReadonlyMap<string, Note>>;
}

export interface Note {
  /** When it is over, in epoch milliseconds. */
  readonly until: number;
  /** A conversation's id: a keyed hash. */
  readonly about?: string | undefined;
  /** What it tells of, as a keyed hash: the same thing told again is no news. */
  readonly failure?: string | undefined;
}

const notes = z.record(
  z.string(),
  z.object({ until: z.number(), about: z.string().optional(), failure: z.string().optional() }),
);

/** Of more than that, those that are over soonest are left out. */
const MOST = 200;

export function createNotes(key: string, shortLived: Pick<ShortLived, 'get' | 'set'>, now: () => number): Notes {
  let leaving = Promise.resolve();

  async function read(): Promise<ReadonlyMap<string, Note>> {
    const text = await shortLived.get(key);
    const all = text === undefined ? [] : Object.entries(notes.parse(JSON.parse(text)));
    return new Map(all.filter(([, { until }]) => until > now()));
  }

  /** Two processes at once may lose one of two notes. */
  async function add(name: string, note: Note): Promise<void> {
    const all = [...new Map(await read()).set(name, note)].toSorted(([, a], [, b]) => b.until - a.until).slice(0, MOST);
    const last = (all[0]?.[1].until ?? 0) - now();
    if (last > 0) await shortLived.set(key, JSON.stringify(Object.fromEntries(all)), last);
  }

  return {
    read,
    leave(name, note) {
      leaving = leaving.then(() => add(name, note)).catch(() => undefined);
      return leaving;
    },
  };
}
