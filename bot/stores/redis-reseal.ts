import type { Redis } from 'ioredis';
import type { KeyedVault } from '../secrets.js';

/** Only what is still the text that was read is replaced; how long it lives stays as it is. */
const REPLACE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1`;

const SEALED = /^v\d\./;

/**
 * Seals with the current key every sealed string under `prefix` that another key sealed: sessions, dead letters, and who a WhatsApp
 * user is, which lives for over a year. What waits in a mailbox or a live log is gone by itself within hours. Returns how many;
 * with `dryRun` how many there are.
 */
export async function resealRedis(
  redis: Redis,
  prefix: string,
  vault: KeyedVault,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<number> {
  let done = 0;
  for await (const keys of redis.scanStream({ match: `*${prefix}:*`, count: 500, type: 'string' })) {
    if (keys.length === 0) continue;
    const texts = await Promise.all((keys as string[]).map((key) => redis.get(key)));
    for (const [index, old] of texts.entries()) {
      const key = (keys as string[])[index];
      if (key === undefined || old === null || !SEALED.test(old) || old.startsWith(vault.prefix)) continue;
      if (dryRun) done++;
      else done += Number(await redis.eval(REPLACE, 1, key, old, vault.seal(vault.open(old))));
    }
  }
  return done;
}
