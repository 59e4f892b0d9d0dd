import { type SQLWrapper, sql } from 'drizzle-orm';
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
import { type Mover, OPEN_STATES, PURCHASE_STATES, type PurchaseState } from '../domain/purchase.js';
import type { KeyType } from '../domain/subscriber.js';
import type { MultilingualText } from '../domain/text.js';
import type { NudgeState, OutboxKind } from './kinds.js';
import type { NudgeOffer } from './nudge-offers.js';

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

/** There is a row once a process that talks to a real telco used this database. */
export const realTelco = pgTable(
  'real_telco',
  {
    only: boolean().primaryKey().default(true),
    since: at('since').notNull().defaultNow(),
  },
  (table) => [check('real_telco_only', sql`${table.only}`)],
);

export const lines = pgTable(
  'lines',
  {
    id: text().primaryKey(),
    /** Of operator, key type and value. */
    keyRef: text('key_ref').notNull().unique(),
    operator: text().notNull(),
    keyType: text('key_type').$type<KeyType>().notNull(),
    keySealed: text('key_sealed').notNull(),
    /**
     * Of a line known by a token: which SIM that is, where it is known. `key_ref` of the number the telco named, or the fingerprint
     * of a token that several users were given (same-sim.ts). Never a number.
     */
    simRef: text('sim_ref'),
    /** True: `sim_ref` is a number's. */
    simNamed: boolean('sim_named').notNull().default(false),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('lines_of_sim').on(table.simRef).where(sql`${table.simRef} is not null`),
    index('lines_by_operator').on(table.operator),
  ],
);

export const conversations = pgTable(
  'conversations',
  {
    id: text().primaryKey(),
    channel: text().notNull(),
    /** Workspace, user and address. */
    originSealed: text('origin_sealed').notNull(),
    lineId: text('line_id'),
    /** Of channel, workspace and user: whose conversation it is (schema-identity.ts). */
    identityRef: text('identity_ref'),
    /** The same person under the number the platform names beside their id, by which a list may know them; null where there is none. */
    aliasRef: text('alias_ref'),
    /** Of channel and workspace, where the channel has workspaces: they leave as a whole. */
    workspaceRef: text('workspace_ref'),
    locale: text(),
    timezone: text(),
    createdAt: at('created_at').notNull().defaultNow(),
    activeAt: at('active_at').notNull().defaultNow(),
  },
  (table) => [
    index('conversations_of_line').on(table.lineId, table.activeAt.desc().nullsFirst()),
    index('conversations_of_identity').on(table.identityRef, table.activeAt.desc().nullsFirst()),
    index('conversations_of_alias')
      .on(table.aliasRef, table.activeAt.desc().nullsFirst())
      .where(sql`${table.aliasRef} is not null`),
    index('conversations_of_workspace').on(table.workspaceRef),
  ],
);

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
    /** Orders that may have arrived: 2 and more only where the telco charges an id once. */
    posts: integer().notNull().default(0),
    /** When the first of them may have left. */
    postedAt: at('posted_at'),
    /** The move that wrote its newest marker; grows with each, also where `posts` comes back to what it was. */
    marker: integer().notNull().default(0),
    /** Of this purchase and the key its line had when it was confirmed: a CPID is renewed in place, perhaps by another SIM. */
    confirmedForRef: text('confirmed_for_ref'),
    /** What the line had of this plan right before the order; read with the key of `confirmedForRef`, like the order. */
    snapshotSealed: text('snapshot_sealed'),
    /** How often somebody went and looked what became of it, and when to look next. */
    checks: integer().notNull().default(0),
    checkAt: at('check_at'),
    createdAt: at('created_at').notNull(),
    stateAt: at('state_at').notNull(),
  },
  (table) => [
    check('purchases_state', sql`${table.state} in (${list(PURCHASE_STATES)})`),
    uniqueIndex('purchases_one_open_per_line')
      .on(table.lineId)
      .where(sql`${table.state} in (${list(OPEN_STATES)})`),
    index('purchases_of_line').on(table.lineId, table.createdAt.desc().nullsFirst()),
    index('purchases_of_conversation').on(table.conversationId, table.createdAt.desc().nullsFirst()),
    index('purchases_by_state').on(table.state, table.stateAt),
    index('purchases_in_state').on(table.state, table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('purchases_by_time').on(table.createdAt.desc().nullsFirst(), table.id.desc().nullsFirst()),
    index('purchases_by_confirmation_code').on(table.confirmationCode),
    index('purchases_to_check').on(table.checkAt).where(sql`${table.checkAt} is not null`),
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
    /** The event (`bot/domain/purchase.ts`); `confirmed` for the first row. */
    why: text().notNull(),
    /** Who moved it. */
    source: text().$type<Mover | 'subscriber'>(),
    /** What the telco said: a status, a cause, an error type. Never its free text, which may name a subscriber. */
    said: text(),
    /** What an operator wrote. */
    noteSealed: text('note_sealed'),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.purchaseId, table.move] })],
);

/** Of a promise's kind: true where only a telco is told, and no subscriber waits for it. */
export const isBackground = (kind: SQLWrapper) => sql`(${kind} in ('registration', 'withdrawal'))`;

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
    index('outbox_order').on(isBackground(table.kind), table.dueAt).where(sql`${table.doneAt} is null`),
    index('outbox_of_subject').on(table.subject),
    index('outbox_owed_to').on(table.conversationId).where(sql`${table.doneAt} is null`),
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
    /** The offers that came with it. */
    offers: jsonb().$type<readonly NudgeOffer[]>(),
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
