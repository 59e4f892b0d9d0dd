import { createPostgresMailbox } from '../../bot/conversation/postgres-mailbox.js';
import { COUNT_START, TAKE } from '../../bot/conversation/postgres-mailbox-worker.js';
import type { Database } from '../../bot/stores/database.js';
import { createPublish, type Sql } from '../../bot/stores/sql.js';
import { tempVault } from '../support/stores.js';
import { type MailboxHouse, type MailboxOptions, type TestMailbox, until } from './mailboxes.js';

export async function postgresHouse(
  openDatabase: () => Promise<{ readonly database: Database; close(): Promise<void> }>,
): Promise<MailboxHouse> {
  const { database, close } = await openDatabase();
  const { sql } = database;
  return {
    async open(options) {
      await sql.query('truncate mailboxes, mailbox_entries, mailbox_seen, mailbox_dead');
      return openPostgresMailbox(sql, options);
    },
    close,
  };
}

export function openPostgresMailbox(sql: Sql, options: MailboxOptions = {}): TestMailbox {
  const vault = options.vault ?? tempVault();
  const mailbox = createPostgresMailbox({ ...options, vault, sql, publish: createPublish(sql) });
  const texts = async (query: string, params: readonly unknown[] = []) =>
    (await sql.query<{ text: string | null }>(query, params)).map(({ text }) => text ?? '');
  const opened = (sealed: string | null) => (sealed === null ? undefined : vault.open(sealed));
  const look: TestMailbox['look'] = async (conversation) => {
    const [row] = await sql.query<{ left: number; sealed: string | null }>(
      `select (select count(*)::int from mailbox_entries where conversation = $1) as left,
        (select session_sealed from mailboxes where conversation = $1) as sealed`,
      [conversation],
    );
    return { left: row?.left ?? 0, session: opened(row?.sealed ?? null) };
  };
  return {
    ...mailbox,
    vault,
    look,
    session: async (conversation) => (await look(conversation)).session,
    async keepSession(conversation, session) {
      const change = `update mailboxes set session_sealed = $2, session_ends_at = now() + interval '1 hour'`;
      await sql.query(`${change} where conversation = $1`, [conversation, vault.seal(session)]);
    },
    kept: () =>
      texts(`select conversation as text from mailboxes union all select entry_sealed from mailbox_entries
        union all select ref from mailbox_seen`),
    async leftovers() {
      const [row] = await sql.query<{ seen: number; sessions: number }>(`
        select (select count(*)::int from mailbox_seen) as seen,
          (select count(*)::int from mailboxes where session_sealed is not null) as sessions`);
      const others = await texts(`
        select entry_sealed as text from mailbox_entries union all
        select conversation from mailboxes
          where session_sealed is null or num_nonnulls(lease, due_at, waiting_since) > 0 or starts + throws + failures > 0`);
      return { seen: row?.seen ?? 0, sessions: row?.sessions ?? 0, others };
    },
    async spoil(conversation, index, bytes) {
      const nth = 'select id from mailbox_entries where conversation = $1 order by id offset $2::int limit 1';
      await sql.query(`update mailbox_entries set entry_sealed = $3 where id = (${nth})`, [conversation, index, bytes]);
    },
    dead: (conversation) =>
      texts('select entry_sealed as text from mailbox_dead where conversation = $1 order by id', [conversation]),
    async strand(event) {
      await createPostgresMailbox({ vault, sql, publish: () => undefined }).deliver(event);
    },
    // The lease is over at once, as if the time had passed.
    async beginAndDie(conversation) {
      const [taken] = await sql.query<{ lease: string; starts: number }>(TAKE, [1, 0, 20]);
      await sql.query(COUNT_START, [conversation, taken?.lease, taken?.starts]);
    },
    async beginUnanswered(_conversation, times) {
      for (let time = 0; time < times; time++) await sql.query(TAKE, [1, 0, 20]);
    },
    hurry: (done) =>
      until(async () => {
        await sql.query('update mailboxes set due_at = now() where lease is null and due_at > now()');
        await mailbox.sweep();
        return done();
      }),
    async age(ms) {
      await sql.query(`update mailboxes set waiting_since = waiting_since - $1::float8 * interval '1 millisecond'`, [
        ms,
      ]);
    },
  };
}
