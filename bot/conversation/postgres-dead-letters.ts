import type { Vault } from '../secrets.js';
import type { Sql } from '../stores/sql.js';
import { type DeadLetter, type DeadLetters, replayOf } from './dead-letters.js';

/** Entries given up, as rows of `mailbox_dead`. Replayed entries are found by the workers' next look, half a second later. */
export function createPostgresDeadLetters(sql: Pick<Sql, 'query'>, vault: Pick<Vault, 'seal' | 'open'>): DeadLetters {
  const counted = async (query: string, params: readonly unknown[] = []) =>
    (await sql.query<{ count: number }>(query, params))[0]?.count ?? 0;
  return {
    count: () => counted('select count(*)::int as count from mailbox_dead'),
    async list(limit) {
      const rows = await sql.query<Omit<DeadLetter, 'at'> & { readonly at: string }>(
        `select id::text, conversation, kind, reason, extract(epoch from at) * 1000 as at
         from mailbox_dead order by mailbox_dead.id limit $1`,
        [limit],
      );
      return rows.map((row) => ({ ...row, at: new Date(Number(row.at)) }));
    },
    async replay(id) {
      if (!isId(id)) return false;
      const [letter] = await sql.query<{ sealed: string }>(LETTER, [id]);
      const entry = letter && replayOf(vault, letter.sealed);
      // As `mailbox_deliver` does, but for the memory of ids: this one was seen.
      return entry !== undefined && (await counted(REPLAY, [id, entry])) > 0;
    },
    async drop(id) {
      return isId(id) && (await counted(dropped('id = $1'), [id])) > 0;
    },
    forget: (conversation) => counted(dropped('conversation = $1'), [conversation]),
    prune: (days, limit) =>
      counted(
        dropped(`id in (select id from mailbox_dead where at < now() - $1::float8 * interval '1 day' limit $2)`),
        [days, limit],
      ),
  };
}

const isId = (text: string) => /^\d{1,18}$/.test(text);

const dropped = (where: string) =>
  `with gone as (delete from mailbox_dead where ${where} returning 1) select count(*)::int as count from gone`;

const LETTER = 'select entry_sealed as sealed from mailbox_dead where id = $1';

const REPLAY = `
  with letter as (delete from mailbox_dead where id = $1 returning conversation),
    box as (
      insert into mailboxes as box (conversation, waiting_since, due_at) select conversation, now(), now() from letter
      on conflict (conversation) do update
        set waiting_since = coalesce(box.waiting_since, now()), due_at = coalesce(box.due_at, now())
      returning conversation),
    entry as (
      insert into mailbox_entries (conversation, entry_sealed)
      select letter.conversation, $2 from letter join box on box.conversation = letter.conversation
      returning 1)
  select count(*)::int as count from entry`;
