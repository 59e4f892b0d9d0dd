import { sql } from 'drizzle-orm';
import { index, integer, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';

/* What stands beside the purchases: work for people, callbacks nobody asked for, and telcos that want to be left alone. */

const at = (name: string) => timestamp(name, { withTimezone: true });

/** Why a person is needed. */
export type TaskKind =
  /** Nobody knows what became of a purchase; subject: its id. */
  | 'purchase-unknown'
  /** The telco said two things about a purchase; the first one counts. Subject: its id. */
  | 'contradiction'
  /** A subscriber has not heard what they are owed; subject: the outbox item. */
  | 'promise'
  /** A completed purchase's plan never showed on the balance; subject: the purchase. */
  | 'not-activated';

/** Work for a person: opened once per kind and subject, until it is resolved. */
export const operatorTasks = pgTable(
  'operator_tasks',
  {
    id: text().primaryKey(),
    kind: text().$type<TaskKind>().notNull(),
    subject: text().notNull(),
    /** In a few words, without personal data. */
    about: text().notNull(),
    openedAt: at('opened_at').notNull(),
    /** When somebody was called; by one process, once. */
    alertedAt: at('alerted_at'),
    resolvedAt: at('resolved_at'),
    /** What became of it: an event of the purchase (`ended` where that was not seen), `kept`, or `closed` by a person. */
    resolution: text(),
    /** What the person wrote. */
    noteSealed: text('note_sealed'),
  },
  (table) => [
    uniqueIndex('operator_tasks_one_open').on(table.kind, table.subject).where(sql`${table.resolvedAt} is null`),
    index('operator_tasks_open').on(table.openedAt).where(sql`${table.resolvedAt} is null`),
    index('operator_tasks_closed').on(table.subject).where(sql`${table.resolution} = 'closed'`),
  ],
);

/** Callbacks for purchases we do not have, or of other subscribers: a charge we lost would show here. */
export const quarantinedCallbacks = pgTable(
  'quarantined_callbacks',
  {
    /** Of operator, transaction id, subscriber and result. */
    ref: text().primaryKey(),
    operator: text().notNull(),
    reason: text().$type<'unknown' | 'mismatch'>().notNull(),
    /** Transaction id, subscriber and result. */
    callbackSealed: text('callback_sealed').notNull(),
    times: integer().notNull(),
    firstAt: at('first_at').notNull(),
    lastAt: at('last_at').notNull(),
  },
  (table) => [index('quarantined_callbacks_age').on(table.lastAt)],
);

/** Until when a telco asked every process of ours to hold still (Retry-After). */
export const telcoPauses = pgTable('telco_pauses', {
  telco: text().primaryKey(),
  until: at('until').notNull(),
});
