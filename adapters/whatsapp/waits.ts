import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { ChannelBusy } from '../../bot/channel.js';
import type { Pauses } from '../../bot/pauses.js';
import type { ShortLived } from '../../bot/short-lived.js';
import { createNotes } from './notes.js';

/** What the platform said about a message it was too busy for. Times in milliseconds. */
export interface Refused {
  readonly who: 'user' | 'number' | 'app';
  readonly conversationId: string | undefined;
  /** When the message went out; `undefined` for a status, which tells of some time ago. */
  readonly sentAt: number | undefined;
  readonly retryAfterMs: number | undefined;
}

/**
 * The seconds and minutes for which WhatsApp wants one user, or the whole number, left alone. Every process keeps them: what
 * one was told, in an answer or in a status, the others read at most once a second, and no reply waits for that.
 */
export interface Waits {
  /** Waits a moment where that is enough. @throws ChannelBusy */
  pass(conversationId: string): Promise<void>;
  /** Resolves to how long is to be waited, in milliseconds; 0 when that is over already. */
  busy(refused: Refused): Promise<number>;
  /** The token is refused: nothing goes out for a minute. True the first time. */
  lockOut(): Promise<boolean>;
  /** The platform took a message that went out then: who was busy is not any more. */
  took(conversationId: string, sentAt: number): void;
}

/** A wait this short is slept through, in milliseconds; a longer one gives the worker back. */
export const SHORT_WAIT_MS = 1_000;
export const LOCKED_OUT_MS = 60_000;
const LONGEST_USER_WAIT_MS = 4 ** 6 * 1000;
const LONGEST_WAIT_MS = 300_000;
const FIRST_WAIT_MS = { number: 1_000, app: 10_000 } as const;
/** Trouble that ended this long ago, in milliseconds, is past. */
const QUIET_MS = 60_000;
const LOOK_EVERY_MS = 1_000;
const NUMBER = 'number';

interface Strikes {
  readonly count: number;
  /** When the latest hold began, and how long it is. */
  readonly heldAt: number;
  readonly ms: number;
}

/** Some of it is chance, so that those who were turned away together do not come back together. */
export function spread(ms: number): number {
  return Math.ceil(ms + Math.random() * 0.2 * ms);
}

export function createWaits(pauses: Pauses, shortLived: Pick<ShortLived, 'get' | 'set'>, now: () => number): Waits {
  const strikes = new LRUCache<string, Strikes>({ max: 50_000 });
  let lookedAt = Number.NEGATIVE_INFINITY;
  const notes = createNotes('whatsapp:waits', shortLived, now);

  function hold(key: string, ms: number, count: number): Promise<void> {
    pauses.hold(key, ms);
    strikes.set(key, { count, heldAt: now(), ms });
    return notes.leave(key, { until: now() + ms });
  }

  /** Not waited for by anybody: what it finds holds for the next message. */
  async function look(): Promise<void> {
    if (now() - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now();
    for (const [key, { until }] of await notes.read()) {
      const ms = until - now();
      if (ms <= pauses.left(key)) continue;
      pauses.hold(key, ms);
      strikes.set(key, { count: strikes.get(key)?.count ?? 1, heldAt: now(), ms });
    }
  }

  /** Whether this says more than what is known: nothing does that went out before the hold began, or while it lasts. */
  function isNews(key: string, sentAt: number | undefined): boolean {
    if (pauses.left(key) > 0) return false;
    return sentAt === undefined || sentAt > (strikes.get(key)?.heldAt ?? Number.NEGATIVE_INFINITY);
  }

  function nextWait(who: Refused['who'], before: number): number {
    // CHANNELS.md "Pair rate": 4^X seconds, X from 0.
    if (who === 'user') return Math.min(LONGEST_USER_WAIT_MS, 4 ** before * 1000);
    return Math.min(LONGEST_WAIT_MS, 2 ** before * FIRST_WAIT_MS[who]);
  }

  /** How often in a row the key was said to be busy, one hold each. */
  function countOf(key: string): number {
    const before = strikes.get(key);
    return before === undefined || now() > before.heldAt + before.ms + QUIET_MS ? 0 : before.count;
  }

  return {
    async pass(conversationId) {
      look().catch(() => undefined);
      for (let slept = false; ; slept = true) {
        const left = Math.max(pauses.left(NUMBER), pauses.left(conversationId));
        if (left === 0) return;
        // Somebody who woke up before was refused again.
        if (left > SHORT_WAIT_MS || slept) throw new ChannelBusy(spread(left));
        await sleep(spread(left));
      }
    },

    async busy({ who, conversationId, sentAt, retryAfterMs }) {
      const key = who === 'user' ? conversationId : NUMBER;
      if (key === undefined) return 0;
      const count = countOf(key);
      if (retryAfterMs !== undefined) {
        if (retryAfterMs > pauses.left(key)) await hold(key, retryAfterMs, count);
      } else if (isNews(key, sentAt)) await hold(key, nextWait(who, count), count + 1);
      return pauses.left(key);
    },

    async lockOut() {
      const first = pauses.left('locked-out') === 0;
      pauses.hold('locked-out', LOCKED_OUT_MS);
      if (first) await hold(NUMBER, LOCKED_OUT_MS, countOf(NUMBER));
      return first;
    },

    took(conversationId, sentAt) {
      for (const key of [NUMBER, conversationId]) {
        if (sentAt > (strikes.get(key)?.heldAt ?? 0)) strikes.delete(key);
      }
    },
  };
}
