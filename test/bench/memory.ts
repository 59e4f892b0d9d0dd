import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** What Redis holds for conversations that went silent, as time passes. Bytes of `used_memory` per conversation. */
export interface Age {
  /** E.g. `1 h`: when the keys below have expired. */
  readonly after: string;
  /** What is left per conversation from then on. */
  readonly bytes: number;
  /** What expired, e.g. `1.0 × web log`. */
  readonly gone: readonly string[];
}

/** Settled `used_memory`, in bytes: no rewrite of the AOF and nothing being freed in the background. */
export async function usedMemory(redis: Redis): Promise<number> {
  let last = Number.NaN;
  for (let tries = 0; tries < 60; tries++) {
    const [memory, persistence] = await Promise.all([redis.info('memory'), redis.info('persistence')]);
    const used = number(memory, 'used_memory');
    const quiet =
      number(memory, 'lazyfree_pending_objects') === 0 && number(persistence, 'aof_rewrite_in_progress') === 0;
    if (quiet && Math.abs(used - last) < used / 1000) return used;
    last = used;
    await sleep(250);
  }
  return last;
}

function number(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1]);
}

export async function allKeys(redis: Redis): Promise<Set<string>> {
  const keys = new Set<string>();
  for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
    const [next, found] = await redis.scan(cursor, 'COUNT', 2_000);
    for (const key of found) keys.add(key);
    cursor = next;
  }
  return keys;
}

/**
 * Makes `times` copies of each key: the same content and time to live under a name of the same length. Nothing but the size of
 * the store is changed by it, for no turn ever asks for these names.
 */
export async function copyKeys(redis: Redis, keys: readonly string[], times: number): Promise<void> {
  for (let start = 0; start < keys.length; start += 200) {
    const originals = await readKeys(redis, keys.slice(start, start + 200));
    const write = redis.pipeline();
    for (const { key, ttl, bytes, entries } of originals) {
      for (let copy = 0; copy < times; copy++) {
        const name = rename(key);
        // RESTORE would pack a stream tighter than one that was written entry by entry.
        for (const [id, fields] of entries) write.xadd(name, id, ...fields);
        if (entries.length > 0) write.pexpire(name, ttl);
        else write.restore(name, ttl, bytes);
      }
    }
    await write.exec();
  }
}

interface Original {
  readonly key: string;
  /** In ms. */
  readonly ttl: number;
  /** As DUMP gives it. */
  readonly bytes: Buffer;
  /** Of a stream. */
  readonly entries: readonly (readonly [id: string, fields: string[]])[];
}

async function readKeys(redis: Redis, keys: readonly string[]): Promise<Original[]> {
  const read = redis.pipeline();
  for (const key of keys) read.pttl(key).dumpBuffer(key).type(key);
  const answers = ((await read.exec()) ?? []).map(([, answer]) => answer);
  const originals: Original[] = [];
  for (const [index, key] of keys.entries()) {
    const [ttl, bytes, type] = answers.slice(3 * index) as [number, Buffer | null, string];
    if (bytes === null || ttl < 0) continue;
    originals.push({ key, ttl, bytes, entries: type === 'stream' ? await redis.xrange(key, '-', '+') : [] });
  }
  return originals;
}

/** Another name as long: its conversation id, else its end, is made up. */
function rename(key: string): string {
  const unique = randomBytes(9).toString('base64url');
  const id = /web-[\w-]{22}/.exec(key);
  const end = id === null ? key.length : id.index + id[0].length;
  return key.slice(0, end - unique.length) + unique + key.slice(end);
}

/** Lets `keys` expire, those that go first first, and weighs what is left each time. `before` is the store without them. */
export async function ageKeys(
  redis: Redis,
  keys: readonly string[],
  before: number,
  conversations: number,
): Promise<Age[]> {
  const ages: Age[] = [{ after: 'at once', bytes: ((await usedMemory(redis)) - before) / conversations, gone: [] }];
  for (const [hours, group] of await byLifetime(redis, keys)) {
    for (let start = 0; start < group.length; start += 1_000) await redis.unlink(group.slice(start, start + 1_000));
    const bytes = ((await usedMemory(redis)) - before) / conversations;
    ages.push({ after: hours < 48 ? `${hours} h` : `${hours / 24} days`, bytes, gone: count(group, conversations) });
  }
  return ages;
}

/** Keys by how long they live, in whole hours, shortest first. */
async function byLifetime(redis: Redis, keys: readonly string[]): Promise<[hours: number, keys: string[]][]> {
  const groups = new Map<number, string[]>();
  for (let start = 0; start < keys.length; start += 2_000) {
    const batch = keys.slice(start, start + 2_000);
    const read = redis.pipeline();
    for (const key of batch) read.pttl(key);
    const answers = (await read.exec()) ?? [];
    batch.forEach((key, index) => {
      const ttl = answers[index]?.[1] as number;
      // Already gone, or meant to stay: the latter would show as bytes left at the end.
      if (ttl < 0) return;
      const hours = Math.ceil(ttl / 3_600_000);
      const group = groups.get(hours);
      if (group === undefined) groups.set(hours, [key]);
      else group.push(key);
    });
  }
  return [...groups].sort(([a], [b]) => a - b);
}

function count(keys: readonly string[], conversations: number): string[] {
  const kinds = new Map<string, number>();
  for (const key of keys) {
    const kind = kindOf(key);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return [...kinds].map(([kind, number]) => `${(number / conversations).toFixed(1)} × ${kind}`);
}

/** The part of a key that names its kind: `{refill:7}:session:web-…` → session, `refill:web:{…}:log` → web log. */
function kindOf(key: string): string {
  const web = /:web:\{[^}]+\}:(\w+)$/.exec(key)?.[1];
  return web === undefined ? (/\}:(\w+):/.exec(key)?.[1] ?? 'other') : `web ${web}`;
}
