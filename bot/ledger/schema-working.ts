import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgSequence, pgTable, primaryKey, text, timestamp, unique } from 'drizzle-orm/pg-core';

/*
 * What is under way, where there is no Redis: mailboxes with their sessions, and what is remembered for a while. Empty
 * otherwise. The functions that work on it are in the migration `mailbox_functions`; nothing else writes here. Times are the
 * database's.
 */

const at = (name: string) => timestamp(name, { withTimezone: true });

/** Every lease gets a number that no other one ever had. */
export const mailboxLease = pgSequence('mailbox_lease');

/** One row per conversation that waits for a turn or has a session. */
export const mailboxes = pgTable(
  'mailboxes',
  {
    conversation: text().primaryKey(),
    /** Since when the oldest entry waits, or its turn is under way; null when there is none. */
    waitingSince: at('waiting_since'),
    /** When a worker may take it: at once, after a failure, or (while leased) once the worker counts as gone. */
    dueAt: at('due_at'),
    /** Who may act on it: the last one to begin. Null while nobody has it. */
    lease: bigint({ mode: 'number' }),
    /** Of the oldest entry: begun, begun and thrown, failed in a row for whatever reason. */
    starts: integer().notNull().default(0),
    throws: integer().notNull().default(0),
    failures: integer().notNull().default(0),
    sessionSealed: text('session_sealed'),
    sessionEndsAt: at('session_ends_at'),
  },
  (table) => [
    index('mailboxes_due').on(table.dueAt).where(sql`${table.dueAt} is not null`),
    index('mailboxes_session_ends').on(table.sessionEndsAt).where(sql`${table.dueAt} is null`),
  ],
);

export const mailboxEntries = pgTable(
  'mailbox_entries',
  {
    conversation: text().notNull(),
    id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity(),
    entrySealed: text('entry_sealed').notNull(),
  },
  (table) => [primaryKey({ columns: [table.conversation, table.id] })],
);

/** Event ids, hashed, for as long as a platform may send them again. */
export const mailboxSeen = pgTable(
  'mailbox_seen',
  { ref: text().primaryKey(), endsAt: at('ends_at').notNull() },
  (table) => [index('mailbox_seen_ends').on(table.endsAt)],
);

/** Entries given up (bot/conversation/dead-letters.ts). */
export const mailboxDead = pgTable(
  'mailbox_dead',
  {
    id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    conversation: text().notNull(),
    entrySealed: text('entry_sealed').notNull(),
    /** The kind of its event, and the code or class of the error that ended it. */
    kind: text().notNull().default('unknown'),
    reason: text().notNull().default('UNKNOWN'),
    at: at('at').notNull().defaultNow(),
  },
  (table) => [index('mailbox_dead_of_conversation').on(table.conversation), index('mailbox_dead_at').on(table.at)],
);

export const shortLived = pgTable(
  'short_lived',
  {
    key: text().primaryKey(),
    /** One of the two: what its owner sealed lies apart, where a change of the master key finds it. */
    value: text(),
    valueSealed: text('value_sealed'),
    endsAt: at('ends_at').notNull(),
  },
  (table) => [index('short_lived_ends').on(table.endsAt)],
);

export const liveLogs = pgTable(
  'live_logs',
  {
    name: text().primaryKey(),
    /** Position of the newest entry. */
    newest: bigint({ mode: 'number' }).notNull(),
    endsAt: at('ends_at').notNull(),
  },
  (table) => [index('live_logs_ends').on(table.endsAt)],
);

export const liveLogEntries = pgTable(
  'live_log_entries',
  {
    log: text()
      .notNull()
      .references(() => liveLogs.name, { onDelete: 'cascade' }),
    position: bigint({ mode: 'number' }).notNull(),
    id: text().notNull(),
    kind: text().notNull(),
    /** Null once it is trimmed; the id is still known for a while. */
    dataSealed: text('data_sealed'),
  },
  (table) => [primaryKey({ columns: [table.log, table.position] }), unique('live_log_ids').on(table.log, table.id)],
);
