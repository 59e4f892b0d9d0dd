import type { ShortLived } from '../short-lived.js';
import type { Sql } from './sql.js';

const ENDS = `now() + $2::float8 * interval '1 millisecond'`;
const FOUND = `from short_lived where key = $1 and ends_at > now()`;
const VALUE = 'coalesce(value, value_sealed) as value';

/** As `bot/secrets.ts` begins what it seals. */
const SEALED = /^v\d\./;

/** One row per value; those that ended are not seen, and pruned later. */
export function createPostgresShortLived(sql: Sql): ShortLived {
  async function value(text: string, ...params: readonly unknown[]): Promise<string | undefined> {
    const [row] = await sql.query<{ value: string }>(text, params);
    return row?.value;
  }
  return {
    get: (key) => value(`select ${VALUE} ${FOUND}`, key),
    touch: (key, ttlMs) =>
      value(
        `update short_lived set ends_at = ${ENDS} where key = $1 and ends_at > now() returning ${VALUE}`,
        key,
        ttlMs,
      ),
    async set(key, text, ttlMs) {
      const [plain, sealed] = SEALED.test(text) ? [null, text] : [text, null];
      await sql.query(
        `insert into short_lived (key, ends_at, value, value_sealed) values ($1, ${ENDS}, $3, $4)
         on conflict (key) do update
           set value = excluded.value, value_sealed = excluded.value_sealed, ends_at = excluded.ends_at`,
        [key, ttlMs, plain, sealed],
      );
    },
    take: (key) => value(`delete ${FOUND} returning ${VALUE}`, key),
    async count(key, by, ttlMs) {
      const add = `insert into short_lived as kept (key, ends_at, value) values ($1, ${ENDS}, '1')
        on conflict (key) do update set
          value = case when kept.ends_at > now() then (kept.value::bigint + 1)::text else '1' end,
          ends_at = case when kept.ends_at > now() then kept.ends_at else excluded.ends_at end
        returning value`;
      return Number((await (by === 0 ? value(`select value ${FOUND}`, key) : value(add, key, ttlMs))) ?? 0);
    },
    remove: async (key) => void (await sql.query('delete from short_lived where key = $1', [key])),
  };
}
