/**
 * The mailbox in Redis, one conversation's keys on one slot:
 *
 *     box      list    sealed entries, oldest first
 *     open     zset    conversations with entries, scored by when their head began to wait
 *     epoch    string  token of the job that may act on this conversation: the last one to begin
 *     tries    hash    of the head entry: `starts`, `throws`
 *     session  string  what the last turn saved
 *     seen     string  one per event id, for as long as a platform may redeliver it
 *     dead     list    entries given up
 */

/** KEYS seen box open · ARGV ttlMs entry conversation now → 1 taken, 0 seen before */
export const DELIVER = `
if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[3], 'NX', ARGV[4], ARGV[3])
return 1`;

/** KEYS box open epoch tries session · ARGV token ttlMs slice conversation → { entries, session, starts, throws } */
export const BEGIN = `
local entries = redis.call('LRANGE', KEYS[1], 0, ARGV[3] - 1)
if #entries == 0 then
  redis.call('ZREM', KEYS[2], ARGV[4])
  redis.call('DEL', KEYS[4])
  return { entries }
end
redis.call('SET', KEYS[3], ARGV[1], 'PX', ARGV[2])
local starts = redis.call('HINCRBY', KEYS[4], 'starts', 1)
return { entries, redis.call('GET', KEYS[5]), starts, redis.call('HGET', KEYS[4], 'throws') }`;

/**
 * Removes the head and saves the session in one step, unless another job began since, or the head is another entry by now: a
 * connection that broke before the answer came sends the same commit again, and Redis may come back without its last moments.
 * KEYS box open epoch tries session dead · ARGV token ttlMs conversation now sessionTtlMs session dead? entry
 * → left, or -1 when fenced off
 */
export const COMMIT = `
if redis.call('GET', KEYS[3]) ~= ARGV[1] or redis.call('LINDEX', KEYS[1], 0) ~= ARGV[8] then return -1 end
redis.call('LPOP', KEYS[1])
if ARGV[7] == '1' then redis.call('RPUSH', KEYS[6], ARGV[8]) end
if ARGV[6] ~= '' then redis.call('SET', KEYS[5], ARGV[6], 'PX', ARGV[5]) end
redis.call('DEL', KEYS[4])
local left = redis.call('LLEN', KEYS[1])
if left == 0 then
  redis.call('ZREM', KEYS[2], ARGV[3])
  redis.call('DEL', KEYS[3])
else
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
  redis.call('PEXPIRE', KEYS[3], ARGV[2])
  redis.call('HSET', KEYS[4], 'starts', 1)
end
return left`;

/**
 * Takes the start back, since it killed no worker, and counts the throw unless something else is to blame (`count` 0).
 * KEYS epoch tries · ARGV token count → throws so far, or -1 when fenced off
 */
export const FAIL = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('HINCRBY', KEYS[2], 'starts', -1)
return redis.call('HINCRBY', KEYS[2], 'throws', ARGV[2])`;
