import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Vault } from '../secrets.js';
import {
  type Burial,
  type DeadLetter,
  type DeadLetters,
  MAX_DEAD_LETTERS,
  markedReplay,
  replayOf,
} from './dead-letters.js';
import type { InboundEvent } from './event.js';
import { deadKey, keysOf, letterKey, SHARDS } from './mailbox-keys.js';

/** Of one shard. */
export const MAX_OF_SHARD = Math.ceil(MAX_DEAD_LETTERS / SHARDS);

export interface RedisDeadLettersOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly now?: () => number;
}

/**
 * A letter as it lies in Redis, sealed as a whole: the event, or the bytes nobody could read. Sealed texts of type string are
 * found when the master key changes.
 */
const letter = z.object({
  kind: z.string(),
  reason: z.string(),
  event: z.unknown().optional(),
  sealed: z.string().optional(),
});

/** A new letter's id: which conversation's, and which of them. */
export function letterId(conversation: string): string {
  return `${conversation}/${randomBytes(9).toString('base64url')}`;
}

/** The text of a new letter. `event`: absent where nobody could read it. */
export function writeLetter(
  vault: Pick<Vault, 'seal'>,
  { kind, reason }: Burial,
  event: InboundEvent | undefined,
  sealed: string,
): string {
  return vault.seal(JSON.stringify({ kind, reason, ...(event === undefined ? { sealed } : { event }) }));
}

/** KEYS letter dead box open · ARGV letter-as-read id entry conversation now → 1, or 0 when it is not what was read any more */
const REPLAY = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
if redis.call('RPUSH', KEYS[3], ARGV[3]) == 1 then redis.call('ZADD', KEYS[4], ARGV[5], ARGV[4])
else redis.call('ZADD', KEYS[4], 'NX', ARGV[5], ARGV[4]) end
return 1`;

/** KEYS letter dead · ARGV id → how many went */
const DROP = `
redis.call('DEL', KEYS[1])
return redis.call('ZREM', KEYS[2], ARGV[1])`;

/**
 * Entries given up, in Redis: per shard a sorted set of ids by when, and a sealed string for each. A replayed entry is found like
 * one whose wake-up was lost, within half a minute (`wakeStalled`, redis-mailbox.ts).
 */
export function createRedisDeadLetters({ redis, prefix, vault, now = Date.now }: RedisDeadLettersOptions): DeadLetters {
  const shards = Array.from({ length: SHARDS }, (_, shard) => deadKey(prefix, shard));
  const drop = async (id: string): Promise<boolean> => {
    const { dead } = keysOf(prefix, conversationOf(id));
    return Number(await redis.eval(DROP, 2, letterKey(prefix, conversationOf(id), id), dead, id)) > 0;
  };
  const dropAll = async (ids: readonly string[]) => (await Promise.all(ids.map(drop))).filter(Boolean).length;
  const read = async (id: string): Promise<string | null> => redis.get(letterKey(prefix, conversationOf(id), id));

  return {
    async count() {
      const counts = await Promise.all(shards.map((key) => redis.zcard(key)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async list(limit) {
      const ofShards = await Promise.all(shards.map((key) => redis.zrange(key, '0', String(limit - 1), 'WITHSCORES')));
      const found = ofShards.flatMap((flat) => [...pairs(flat)]).toSorted((one, other) => one.at - other.at);
      return Promise.all(
        found.slice(0, limit).map(async ({ id, at }): Promise<DeadLetter> => {
          const kept = opened(vault, await read(id));
          const about = { kind: (kept?.kind ?? 'unknown') as DeadLetter['kind'], reason: kept?.reason ?? 'UNREADABLE' };
          return { id, conversation: conversationOf(id), ...about, at: new Date(at) };
        }),
      );
    },
    async replay(id) {
      const conversation = conversationOf(id);
      const text = await read(id);
      const kept = opened(vault, text);
      if (text === null || kept === undefined) return false;
      const entry = kept.sealed === undefined ? markedReplay(vault, kept.event) : replayOf(vault, kept.sealed);
      if (entry === undefined) return false;
      const { dead, box, open } = keysOf(prefix, conversation);
      const keys = [letterKey(prefix, conversation, id), dead, box, open];
      return Number(await redis.eval(REPLAY, 4, ...keys, text, id, entry, conversation, now())) > 0;
    },
    drop,
    async forget(conversation) {
      const ids = await redis.zrange(keysOf(prefix, conversation).dead, '0', '-1');
      return dropAll(ids.filter((id) => conversationOf(id) === conversation));
    },
    async prune(days, limit) {
      const before = now() - days * 86_400_000;
      let gone = 0;
      for (const key of shards) {
        if (gone >= limit) break;
        gone += await dropAll(await redis.zrangebyscore(key, '-inf', before, 'LIMIT', 0, limit - gone));
      }
      return gone;
    },
  };
}

function conversationOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('/')));
}

function* pairs(flat: readonly string[]): Iterable<{ readonly id: string; readonly at: number }> {
  for (let index = 0; index + 1 < flat.length; index += 2) yield { id: flat[index] ?? '', at: Number(flat[index + 1]) };
}

/** `undefined` for none, and for one whose key is gone. */
function opened(vault: Pick<Vault, 'open'>, text: string | null): z.infer<typeof letter> | undefined {
  try {
    return text === null ? undefined : letter.safeParse(JSON.parse(vault.open(text))).data;
  } catch {
    return undefined;
  }
}
