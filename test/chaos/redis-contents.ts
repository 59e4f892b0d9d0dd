import { z } from 'zod';
import { openKey, SHARDS } from '../../bot/conversation/mailbox-keys.js';
import { PREFIX } from '../../bot/stores/working.js';

/** What only Redis knows, and what is therefore gone when it loses its data. */
export interface RedisContents {
  /** Conversations with an event that was taken and is not worked off. */
  readonly waiting: ReadonlySet<string>;
  /** What lies on the pages' logs, by conversation: the ids of the messages. */
  readonly logged: ReadonlyMap<string, ReadonlySet<string>>;
}

const OPEN_KEYS = Array.from({ length: SHARDS }, (_, shard) => openKey(PREFIX, shard));
/** Of a page's log; what Refill said is marked `r:` there (`adapters/web/send.ts`). */
const IDS_KEY = new RegExp(`^${PREFIX}:web:\\{(.+)\\}:ids$`);
const OURS = 'r:';

/** Only reads, so that it runs while writes are paused. KEYS: the sorted sets of waiting conversations · ARGV: which logs. */
const SCRIPT = `
local waiting, logs = {}, {}
for _, key in ipairs(KEYS) do
  for _, conversation in ipairs(redis.call('ZRANGE', key, 0, -1)) do table.insert(waiting, conversation) end
end
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do table.insert(logs, { key, redis.call('ZRANGE', key, 0, -1) }) end
return { waiting, logs }`;

/** The command that answers what `parseContents` reads. */
export const READ_CONTENTS = ['EVAL_RO', SCRIPT, OPEN_KEYS.length, ...OPEN_KEYS, `${PREFIX}:web:*:ids`] as const;

const contents = z.tuple([z.array(z.string()), z.array(z.tuple([z.string(), z.array(z.string())]))]);

export function parseContents(answer: unknown): RedisContents {
  const [waiting, logs] = contents.parse(answer);
  const logged = new Map<string, ReadonlySet<string>>();
  for (const [key, ids] of logs) {
    const conversation = IDS_KEY.exec(key)?.[1];
    if (conversation === undefined) continue;
    const ours = ids.filter((id) => id.startsWith(OURS)).map((id) => id.slice(OURS.length));
    logged.set(conversation, new Set(ours));
  }
  return { waiting: new Set(waiting), logged };
}
