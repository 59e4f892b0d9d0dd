/**
 * The mailbox in Redis, one conversation's keys on one slot:
 *
 *     box      list    sealed entries, oldest first
 *     open     zset    conversations with entries, scored by when their head began to wait
 *     lease    string  token of the run that may act on this conversation; gone when it ends, expires when it dies
 *     tries    hash    of the head entry: `starts`, `throws`
 *     session  string  what the last turn saved
 *     seen     string  one per event id, for as long as a platform may redeliver it
 *     dead-letters  zset    ids of entries given up, by when
 *     letter   string  one of them, sealed
 */

/** What became of a delivery. */
export const DELIVERED = {
  /** Seen before, and somebody is on it or it is done. */
  duplicate: 0,
  /** Seen before, still waiting, and nobody is on it: its wake-up may have been lost. */
  duplicateAsleep: 1,
  /** Taken; the run that has the conversation comes to it. */
  joined: 2,
  /** Taken; somebody has to be woken. */
  asleep: 3,
  /** Taken, and begun by the caller, who has the lease. */
  begun: 4,
} as const;

/**
 * Takes an entry, and where the conversation is idle and the caller gave a token begins it in the same step.
 * KEYS seen box open lease tries session · ARGV seenMs entry conversation now token-or-empty leaseMs
 * → { DELIVERED…, session }
 */
export const DELIVER = `
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then
  if redis.call('EXISTS', KEYS[2]) == 1 and redis.call('EXISTS', KEYS[4]) == 0 then return { 1 } end
  return { 0 }
end
local waiting = redis.call('RPUSH', KEYS[2], ARGV[2])
if waiting == 1 then redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3]) else redis.call('ZADD', KEYS[3], 'NX', ARGV[4], ARGV[3]) end
if redis.call('EXISTS', KEYS[4]) == 1 then return { 2 } end
if ARGV[5] == '' or waiting > 1 then return { 3 } end
redis.call('SET', KEYS[4], ARGV[5], 'PX', ARGV[6])
redis.call('HINCRBY', KEYS[5], 'starts', 1)
return { 4, redis.call('GET', KEYS[6]) }`;

/**
 * Begins the head entry, unless another run that is alive has the conversation. Sent twice by a connection that broke before the
 * answer came, it answers twice and counts one start. Redis looks at whether it is full only before a script's first write: a DEL
 * is always allowed, and so is what comes after it.
 * KEYS box open lease tries session · ARGV token leaseMs conversation → { entry, session, starts, throws } or {}
 */
export const BEGIN = `
local entry = redis.call('LINDEX', KEYS[1], 0)
if not entry then
  redis.call('ZREM', KEYS[2], ARGV[3])
  redis.call('DEL', KEYS[4])
  return {}
end
local lease = redis.call('GET', KEYS[3])
if lease and lease ~= ARGV[1] then return {} end
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
local starts = redis.call('HINCRBY', KEYS[4], 'starts', lease and 0 or 1)
return { entry, redis.call('GET', KEYS[5]), starts, redis.call('HGET', KEYS[4], 'throws') }`;

/**
 * Removes the head and saves the session in one step, then begins the next entry if the caller goes on. Refused when another
 * run began since. Where the lease is the caller's and the head is another entry, this very commit was sent twice (a connection
 * broke before its answer came) or Redis came back without its last moments: nothing is removed, and what is there goes on.
 * An entry that is given up becomes a letter, and the oldest of its shard goes when there are too many.
 * KEYS box open lease tries session dead letter · ARGV token leaseMs conversation now sessionMs session letter-or-empty entry
 * goes-on? letter-id most letters-prefix
 * → { left, next entry }, or { -1 } when fenced off
 */
export const COMMIT = `
local lease = redis.call('GET', KEYS[3])
if lease and lease ~= ARGV[1] then return { -1 } end
if redis.call('LINDEX', KEYS[1], 0) == ARGV[8] then
  redis.call('LPOP', KEYS[1])
  if ARGV[7] ~= '' then
    redis.call('SET', KEYS[7], ARGV[7])
    redis.call('ZADD', KEYS[6], ARGV[4], ARGV[10])
    for _, id in ipairs(redis.call('ZRANGE', KEYS[6], 0, -1 - ARGV[11])) do
      redis.call('DEL', ARGV[12] .. id)
      redis.call('ZREM', KEYS[6], id)
    end
  end
  if ARGV[6] ~= '' then redis.call('SET', KEYS[5], ARGV[6], 'PX', ARGV[5]) end
elseif not lease then
  return { -1 }
end
local next = redis.call('LINDEX', KEYS[1], 0)
if not next then
  redis.call('ZREM', KEYS[2], ARGV[3])
  redis.call('DEL', KEYS[3], KEYS[4])
  return { 0 }
end
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[9] ~= '1' then
  redis.call('DEL', KEYS[3], KEYS[4])
  return { 1 }
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[4])
redis.call('HSET', KEYS[4], 'starts', 1)
return { 1, next }`;

/**
 * Takes the start back, since it killed no worker, and counts the throw unless something else is to blame (`count` 0). Gives
 * the lease back unless the entry is to be given up. It begins with a write that a full Redis allows, as BEGIN does.
 * Sent twice by a connection that broke before the answer came, it counts once: the second finds the lease given back.
 * KEYS lease tries · ARGV token count limit → throws so far, or -1 when the lease is not the caller's any more
 */
export const FAIL = `
local lease = redis.call('GET', KEYS[1])
if lease ~= ARGV[1] then return -1 end
redis.call('HDEL', KEYS[2], '')
redis.call('HINCRBY', KEYS[2], 'starts', -1)
local throws = redis.call('HINCRBY', KEYS[2], 'throws', ARGV[2])
if ARGV[2] == '0' or throws < tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]) end
return throws`;

/** Keeps a lease that a long turn still needs; with 0 ms gives it back. KEYS lease · ARGV token leaseMs */
export const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
