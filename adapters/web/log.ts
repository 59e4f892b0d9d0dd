import type { Redis } from 'ioredis';

/** Encrypts what people say before it is kept anywhere. */
export interface Vault {
  seal(text: string): string;
  /** @throws when it was sealed with another key or damaged. */
  open(sealed: string): string;
}

/** What a conversation's log keeps: `message` from Refill, `mine` from the subscriber. */
export type EntryKind = 'message' | 'mine';

/** What is only of interest now, and never kept. */
export type SignalKind = 'typing' | 'taken';

export interface Entry {
  /** Redis stream id, e.g. `1795254258538-0`: what a browser hands back as Last-Event-ID. */
  readonly position: string;
  readonly kind: EntryKind;
  /** JSON. */
  readonly data: string;
}

export interface LogOptions {
  readonly redis: Redis;
  readonly vault: Vault;
  readonly keyPrefix: string;
  /** How long a silent conversation stays on screen after a reload, in seconds. */
  readonly ttlSeconds?: number;
}

/** The recent past of each conversation, so that a reload or a second tab shows it. It is a comfort, not a record. */
export interface ConversationLog {
  /** Keeps an entry and tells every process at once. An id already in the log changes nothing. One round trip. */
  append(conversation: string, id: string, kind: EntryKind, data: string): Promise<void>;
  /** Entries after `position`, oldest first; all of them without one. */
  read(conversation: string, position?: string): Promise<Entry[]>;
  /** Tells every process, keeps nothing. */
  signal(conversation: string, kind: SignalKind, data: string): Promise<void>;
  /** The Pub/Sub channel of a conversation. */
  channelOf(conversation: string): string;
  /** Reads what was published: an entry, or a signal (which has no position). */
  decode(published: string): Entry | { readonly kind: SignalKind; readonly data: string } | undefined;
}

const MAX_ENTRIES = 60;
/** More than entries, so that an id is still known a while after its entry was trimmed. */
const MAX_IDS = 200;
const TTL_SECONDS = 3600;

/**
 * KEYS: stream, ids. ARGV: id, kind, sealed data, channel, TTL (s), max entries, max ids.
 * The ids are a sorted set by time, so that the oldest can be dropped.
 */
const APPEND = `
local time = redis.call('TIME')
if redis.call('ZADD', KEYS[2], 'NX', time[1], ARGV[1]) == 0 then return 0 end
local position = redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[6], '*', ARGV[2], ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -tonumber(ARGV[7]) - 1)
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
redis.call('PUBLISH', ARGV[4], position .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1`;

type AppendCommand = (
  stream: string,
  ids: string,
  id: string,
  kind: EntryKind,
  sealed: string,
  channel: string,
  ttlSeconds: number,
  maxEntries: number,
  maxIds: number,
) => Promise<number>;

export function createConversationLog({
  redis,
  vault,
  keyPrefix,
  ttlSeconds = TTL_SECONDS,
}: LogOptions): ConversationLog {
  redis.defineCommand('refillWebAppend', { numberOfKeys: 2, lua: APPEND });
  const commands = redis as Redis & { refillWebAppend: AppendCommand };
  // The braces make it one Cluster slot, which the script needs.
  const keyOf = (conversation: string, part: string) => `${keyPrefix}web:{${conversation}}:${part}`;
  const channelOf = (conversation: string) => keyOf(conversation, 'live');

  return {
    channelOf,

    async append(conversation, id, kind, data) {
      const [stream, ids] = [keyOf(conversation, 'log'), keyOf(conversation, 'ids')];
      const sealed = vault.seal(data);
      const channel = channelOf(conversation);
      await commands.refillWebAppend(stream, ids, id, kind, sealed, channel, ttlSeconds, MAX_ENTRIES, MAX_IDS);
    },

    async read(conversation, position) {
      const start = position === undefined ? '-' : `(${position}`;
      const rows = await redis.xrange(keyOf(conversation, 'log'), start, '+');
      return rows.flatMap(([at, [kind, sealed]]) => entryOf(vault, at, kind, sealed) ?? []);
    },

    async signal(conversation, kind, data) {
      await redis.publish(channelOf(conversation), `- ${kind} ${vault.seal(data)}`);
    },

    decode(published) {
      const [position = '', kind = '', sealed = ''] = published.split(' ');
      if (kind === 'typing' || kind === 'taken') {
        const data = tryOpen(vault, sealed);
        return data === undefined ? undefined : { kind, data };
      }
      return entryOf(vault, position, kind, sealed);
    },
  };
}

function entryOf(
  vault: Vault,
  position: string,
  kind: string | undefined,
  sealed: string | undefined,
): Entry | undefined {
  if ((kind !== 'message' && kind !== 'mine') || sealed === undefined) return undefined;
  const data = tryOpen(vault, sealed);
  return data === undefined ? undefined : { position, kind, data };
}

/** An entry sealed with a key that has since been changed is not worth breaking the page for. */
function tryOpen(vault: Vault, sealed: string): string | undefined {
  try {
    return vault.open(sealed);
  } catch {
    return undefined;
  }
}

/** A browser's Last-Event-ID, when it is one of ours. */
export function toPosition(lastEventId: unknown): string | undefined {
  return typeof lastEventId === 'string' && /^\d{1,15}-\d{1,10}$/.test(lastEventId) ? lastEventId : undefined;
}

/** Compares two positions, older first. */
export function comparePositions(a: string, b: string): number {
  const [aTime = 0, aNumber = 0] = a.split('-').map(Number);
  const [bTime = 0, bNumber = 0] = b.split('-').map(Number);
  return aTime - bTime || aNumber - bNumber;
}
