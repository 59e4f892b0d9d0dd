import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, primaryKey, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import {
  BLOCK_REASONS,
  type BlockReason,
  LINK_STATES,
  type LinkState,
  PROOF_METHODS,
  type ProofMethod,
  SIGNALLED,
  type Signal,
} from '../domain/link.js';
import type { KeyType } from '../domain/subscriber.js';
import { lines } from './schema.js';

/*
 * Who a chat user is, and how that was proved. As in schema.ts, `…Sealed` columns are read with the vault only and `…Ref` columns
 * are its keyed fingerprints: no number, no name and no token is here in clear.
 */

const at = (name: string) => timestamp(name, { withTimezone: true });
const list = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '));

/** A chat user: channel, workspace and user. The table is called as it was when a user had one line and nothing else. */
export const identities = pgTable('links', {
  /** Of channel, workspace and user. */
  ref: text().primaryKey(),
  channel: text().notNull(),
  /** Workspace and user. */
  userSealed: text('user_sealed').notNull(),
  /** The line the chat is about now; null when there are several and none was chosen, or none is left. */
  lineId: text('line_id').references(() => lines.id),
  /** Who wrote this row first: a file's name, `chat`. */
  source: text().notNull(),
  /** Raised by every change of what this identity may see or do: what was remembered of an older one is read again. */
  version: integer().notNull().default(0),
  createdAt: at('created_at').notNull(),
  changedAt: at('changed_at').notNull(),
});

/** That a chat user was proved to have a line, and how. One row per user and line, whatever became of it. */
export const lineLinks = pgTable(
  'line_links',
  {
    id: text().primaryKey(),
    identityRef: text('identity_ref')
      .notNull()
      .references(() => identities.ref),
    lineId: text('line_id')
      .notNull()
      .references(() => lines.id),
    state: text().$type<LinkState>().notNull(),
    /** Why it is blocked, or who took it away. */
    reason: text(),
    /**
     * Everything that was said against it since it was proved last, in the order in which it came; of a line that was given up too.
     * `reason` of a blocked one is the strictest of them.
     */
    blocks: text().array().$type<BlockReason[]>().notNull().default(sql`'{}'::text[]`),
    method: text().$type<ProofMethod>().notNull(),
    /** On whose word: a file's name, `chat`, `meta`. */
    source: text().notNull(),
    /** What the user calls this line. */
    labelSealed: text('label_sealed'),
    provedAt: at('proved_at').notNull(),
    /** From then on it has to be proved again before anything is bought. */
    expiresAt: at('expires_at'),
    /** Until then little may be spent over this link (FAULTS.md 54). */
    youngUntil: at('young_until'),
    createdAt: at('created_at').notNull(),
    changedAt: at('changed_at').notNull(),
  },
  (table) => [
    check('line_links_state', sql`${table.state} in (${list(LINK_STATES)})`),
    check('line_links_method', sql`${table.method} in (${list(PROOF_METHODS)})`),
    check('line_links_reason', sql`${table.state} <> 'blocked' or ${table.reason} in (${list(BLOCK_REASONS)})`),
    uniqueIndex('line_links_once').on(table.identityRef, table.lineId),
    index('line_links_of_line').on(table.lineId),
  ],
);

/**
 * What operators said of SIMs and have not taken back. It says nothing of who has the number, and stays when a link of it goes:
 * whoever gives the number up, or is forgotten, does not wash the signal off.
 */
export const lineSignals = pgTable(
  'line_signals',
  {
    /** Of a number, as `lines.key_ref`, or of a SIM known by its token only, as `lines.sim_ref`. */
    ref: text().notNull(),
    reason: text().$type<Signal>().notNull(),
    /** When it happened; of several times the latest. A proof from before it proves nothing any more. */
    since: at('since').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ref, table.reason] }),
    check('line_signals_reason', sql`${table.reason} in (${list(SIGNALLED)})`),
    index('line_signals_old').on(table.since),
  ],
);

/**
 * Tokens by which a telco knows a line without its number (CPIDs). They change; the line stays. `lines.key_sealed` holds the
 * newest; this table finds the line by one that was given before.
 */
export const lineTokens = pgTable(
  'line_tokens',
  {
    /** Of operator, key type and value. */
    ref: text().primaryKey(),
    lineId: text('line_id')
      .notNull()
      .references(() => lines.id),
    obtainedAt: at('obtained_at').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [index('line_tokens_of_line').on(table.lineId)],
);

/** The audit trail of links: rows are added, never changed, and hold nothing personal. */
export const linkEvents = pgTable(
  'link_events',
  {
    id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    /** Empty, like the line, where it is about the chat user and no link: `relisted`. */
    linkId: text('link_id').notNull(),
    identityRef: text('identity_ref').notNull(),
    lineId: text('line_id').notNull(),
    /** `linked`, `proved`, `switched`, `labelled`, `unlinked`, `blocked`, `unblocked`, `objected`, `erased`, `relisted`. */
    what: text().notNull(),
    /** Who did it and how: `user`, `directory:staff.csv`, `telco:sim-swap`. No personal data. */
    by: text().notNull(),
    /** Of `blocked`: why. Empty in what was written before this was kept. */
    reason: text(),
    method: text().$type<ProofMethod>(),
    at: at('at').notNull(),
  },
  (table) => [index('link_events_of_link').on(table.linkId, table.id)],
);

/** One-time codes that were asked for. The code itself is kept as a keyed hash only, and only once it was sent. */
export const proofCodes = pgTable(
  'proof_codes',
  {
    id: text().primaryKey(),
    /** Who asked, and the only one who may answer. */
    identityRef: text('identity_ref').notNull(),
    conversationId: text('conversation_id').notNull(),
    numberSealed: text('number_sealed').notNull(),
    language: text().notNull(),
    /** Whose subscriber the number is; null until that is found out, and for a number that is nobody's. */
    operator: text(),
    /** Of this row and the code. */
    codeRef: text('code_ref'),
    tries: integer().notNull().default(0),
    /** Of every answer that cost a try, in order: the same one again costs none. */
    answers: text().array().notNull().default(sql`'{}'::text[]`),
    createdAt: at('created_at').notNull(),
    expiresAt: at('expires_at').notNull(),
    usedAt: at('used_at'),
    /** Taken back by the one who asked, or replaced by a newer one. */
    endedAt: at('ended_at'),
  },
  (table) => [
    index('proof_codes_newest').on(table.identityRef, table.createdAt.desc().nullsFirst()),
    index('proof_codes_old').on(table.createdAt),
  ],
);

/** When somebody last asked for a code, or one was asked for a number: what the limits are counted by. */
export const proofLimits = pgTable('proof_limits', {
  /** Of the requester, or of the number. */
  ref: text().primaryKey(),
  times: at('times').array().notNull(),
});

/** People who asked to be forgotten, until everybody who has to know was told. */
export const erasures = pgTable('erasures', {
  id: text().primaryKey(),
  identityRef: text('identity_ref').notNull(),
  /** Of the same person under the number a list may name them by. */
  aliasRef: text('alias_ref'),
  lineIds: text('line_ids').array().notNull(),
  conversationIds: text('conversation_ids').array().notNull(),
  askedAt: at('asked_at').notNull(),
  doneAt: at('done_at'),
});

/** Chat users whom no list links any more, because they asked to be forgotten, until they link a number themselves or have it lifted. */
export const suppressions = pgTable('suppressions', {
  /** As of an identity: nothing else is kept of them. */
  ref: text().primaryKey(),
  since: at('since').notNull(),
});

/**
 * What a telco has yet to be told about a line that somebody gave up or that was erased: all that is needed for that, and deleted
 * once it is told. Nothing points from here to whose line it was.
 */
export const withdrawals = pgTable('withdrawals', {
  id: text().primaryKey(),
  lineId: text('line_id').notNull(),
  operator: text().notNull(),
  keyType: text('key_type').$type<KeyType>().notNull(),
  keySealed: text('key_sealed').notNull(),
  createdAt: at('created_at').notNull(),
});
