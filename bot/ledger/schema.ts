import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { NotificationType } from '../domain/notification.js';
import type { FundSource } from '../domain/offer.js';
import { OPEN_STATES, PURCHASE_STATES, type PurchaseState } from '../domain/purchase.js';
import type { KeyType } from '../domain/subscriber.js';
import type { MultilingualText } from '../domain/text.js';
import type { NudgeState, OutboxKind } from './ledger.js';

/*
 * The tables. `…Sealed` columns are read with the vault only, `…Ref` columns are its keyed fingerprints: no phone number and no
 * channel address is here in clear. Times are the database's. Change, then `npx drizzle-kit generate --name <what-changes>`.
 */

const at = (name: string) => timestamp(name, { withTimezone: true });
const list = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '));

/** Which master key this database is written with: one row. */
export const masterKey = pgTable(
  'master_key',
  {
    only: boolean().primaryKey().default(true),
    /** Of the key itself. */
    ref: text().notNull(),
    since: at('since').notNull().defaultNow(),
  },
  (table) => [check('master_key_only', sql`${table.only}`)],
);

export const lines = pgTable('lines', {
  id: text().primaryKey(),
  /** Of operator, key type and value. */
  keyRef: text('key_ref').notNull().unique(),
  operator: text().notNull(),
  keyType: text('key_type').$type<KeyType>().notNull(),
  keySealed: text('key_sealed').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
});

export const conversations = pgTable(
  'conversations',
  {
    id: text().primaryKey(),
    channel: text().notNull(),
    /** Workspace, user and address. */
    originSealed: text('origin_sealed').notNull(),
    lineId: text('line_id'),
    locale: text(),
    timezone: text(),
    createdAt: at('created_at').notNull().defaultNow(),
    activeAt: at('active_at').notNull().defaultNow(),
  },
  (table) => [index('conversations_of_line').on(table.lineId, table.activeAt.desc().nullsFirst())],
);

/** Which line a chat user has, on the word of `source`. */
export const links = pgTable('links', {
  /** Of channel, workspace and user. */
  ref: text().primaryKey(),
  channel: text().notNull(),
  /** Workspace and user. */
  userSealed: text('user_sealed').notNull(),
  lineId: text('line_id')
    .notNull()
    .references(() => lines.id),
  source: text().notNull(),
  createdAt: at('created_at').notNull(),
  changedAt: at('changed_at').notNull(),
});

export const slackInstallations = pgTable('slack_installations', {
  /** The workspace; the organisation where the app was installed for all of it. */
  teamId: text('team_id').primaryKey(),
  enterpriseId: text('enterprise_id'),
  botTokenSealed: text('bot_token_sealed').notNull(),
  botUserId: text('bot_user_id').notNull(),
  installedAt: at('installed_at').notNull(),
});

export const purchases = pgTable(
  'purchases',
  {
    id: text().primaryKey(),
    confirmation: text().notNull().unique(),
    lineId: text('line_id').notNull(),
    conversationId: text('conversation_id').notNull(),
    planId: text('plan_id').notNull(),
    planName: jsonb('plan_name').$type<readonly MultilingualText[]>().notNull(),
    priceAmount: numeric('price_amount').notNull(),
    priceCurrency: text('price_currency').notNull(),
    fundSource: text('fund_source').$type<FundSource>().notNull(),
    /** The telco's cookie: nobody knows what a telco puts into it. */
    contextSealed: text('context_sealed'),
    state: text().$type<PurchaseState>().notNull(),
    /** How often it moved; the number of its newest row in `purchase_moves`. */
    moves: integer().notNull(),
    confirmationCode: text('confirmation_code'),
    failure: text(),
    createdAt: at('created_at').notNull(),
    stateAt: at('state_at').notNull(),
  },
  (table) => [
    check('purchases_state', sql`${table.state} in (${list(PURCHASE_STATES)})`),
    uniqueIndex('purchases_one_open_per_line')
      .on(table.lineId)
      .where(sql`${table.state} in (${list(OPEN_STATES)})`),
    index('purchases_of_line').on(table.lineId, table.createdAt.desc().nullsFirst()),
    index('purchases_by_state').on(table.state, table.stateAt),
  ],
);

/** The audit trail: rows are added, never changed. */
export const purchaseMoves = pgTable(
  'purchase_moves',
  {
    purchaseId: text('purchase_id')
      .notNull()
      .references(() => purchases.id),
    move: integer().notNull(),
    state: text().$type<PurchaseState>().notNull(),
    why: text().notNull(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.purchaseId, table.move] })],
);

export const outbox = pgTable(
  'outbox',
  {
    id: text().primaryKey(),
    kind: text().$type<OutboxKind>().notNull(),
    subject: text().notNull(),
    conversationId: text('conversation_id').notNull(),
    attempts: integer().notNull().default(0),
    createdAt: at('created_at').notNull(),
    dueAt: at('due_at').notNull(),
    doneAt: at('done_at'),
  },
  (table) => [
    uniqueIndex('outbox_one_receipt').on(table.subject).where(sql`${table.kind} = 'receipt'`),
    uniqueIndex('outbox_one_open').on(table.kind, table.subject).where(sql`${table.doneAt} is null`),
    index('outbox_due').on(table.dueAt).where(sql`${table.doneAt} is null`),
    index('outbox_of_subject').on(table.subject),
  ],
);

export const nudges = pgTable(
  'nudges',
  {
    id: text().primaryKey(),
    operator: text().notNull(),
    transactionId: text('transaction_id').notNull(),
    type: text().$type<NotificationType>().notNull(),
    lineId: text('line_id').notNull(),
    conversationId: text('conversation_id').notNull(),
    planName: jsonb('plan_name').$type<readonly MultilingualText[]>().notNull(),
    state: text().$type<NudgeState>().notNull(),
    reason: text(),
    createdAt: at('created_at').notNull(),
    finishedAt: at('finished_at'),
    /** While queued: since when it waits to be listed. */
    dueAt: at('due_at').notNull().defaultNow(),
  },
  (table) => [
    unique('nudges_once').on(table.operator, table.transactionId),
    index('nudges_queued').on(table.dueAt).where(sql`${table.state} = 'queued'`),
  ],
);

/** The history of every yes and no: rows are added, never changed. The newest per conversation and type counts. */
export const consents = pgTable(
  'consents',
  {
    id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    conversationId: text('conversation_id').notNull(),
    type: text().$type<NotificationType>().notNull(),
    granted: boolean().notNull(),
    source: text().notNull(),
    at: at('at').notNull(),
  },
  (table) => [index('consents_newest').on(table.conversationId, table.type, table.id.desc().nullsFirst())],
);
