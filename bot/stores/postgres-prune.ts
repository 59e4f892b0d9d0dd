import type { Sql } from './sql.js';

const BATCH = 1000;

/** Locked first and looked at again, so that what was renewed meanwhile stays. */
const ENDED: readonly { readonly table: string; readonly key: string; readonly where: string }[] = [
  { table: 'mailbox_seen', key: 'ref', where: 'ends_at <= now()' },
  {
    table: 'mailboxes',
    key: 'conversation',
    where: 'due_at is null and (session_ends_at is null or session_ends_at <= now())',
  },
  { table: 'short_lived', key: 'key', where: 'ends_at <= now()' },
  { table: 'live_logs', key: 'name', where: 'ends_at <= now()' },
];

/** Removes what ended, a thousand rows a statement, so that nobody waits long for a lock. Resolves with how many rows went. */
export async function prune(sql: Pick<Sql, 'query'>): Promise<number> {
  let total = 0;
  for (const { table, key, where } of ENDED) {
    for (let gone = BATCH; gone === BATCH; total += gone) {
      const [row] = await sql.query<{ gone: number }>(`
        with ended as (select ${key} from ${table} where ${where} limit ${BATCH} for update skip locked),
          removed as (delete from ${table} where ${key} in (select ${key} from ended) returning 1)
        select count(*)::int as gone from removed`);
      gone = row?.gone ?? 0;
    }
  }
  return total;
}
