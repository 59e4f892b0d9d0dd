import { sql } from 'drizzle-orm';
import { boolean, check, index, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { DELIVERY_STATES, type DeliveryState } from '../domain/delivery.js';

/*
 * What became of the messages that Refill sent: kept for a month, for operators, and to send again what is owed. No words, no
 * address and no number is here.
 */

const at = (name: string) => timestamp(name, { withTimezone: true });

export const deliveries = pgTable(
  'deliveries',
  {
    /** `Outgoing.id`. */
    id: text().primaryKey(),
    channel: text().notNull(),
    /** Unknown while only the platform has spoken of the message. */
    conversationId: text('conversation_id'),
    /** The ledger's id of what the message was owed for (an outbox item, a nudge); an answer is owed for nothing. */
    about: text(),
    state: text().$type<DeliveryState>().notNull(),
    /** The platform's, when it failed. */
    code: text(),
    /** It failed, it may arrive when sent again, and nobody has seen to that yet. */
    resend: boolean().notNull(),
    /** When it was first heard of. */
    sentAt: at('sent_at').notNull(),
    stateAt: at('state_at').notNull(),
  },
  (table) => [
    check(
      'deliveries_state',
      sql`${table.state} in (${sql.raw(DELIVERY_STATES.map((state) => `'${state}'`).join(', '))})`,
    ),
    index('deliveries_by_age').on(table.sentAt),
    index('deliveries_to_resend').on(table.stateAt).where(sql`${table.resend} and ${table.about} is not null`),
  ],
);
