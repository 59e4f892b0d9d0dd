import { type SQL, sql } from 'drizzle-orm';
import { isFinal, PURCHASE_STATES } from '../domain/purchase.js';
import type { RetentionKind } from '../domain/retention.js';
import type { LedgerContext } from './context.js';
import { consents, conversations, lines, nudges, outbox, purchases } from './schema.js';
import {
  erasures,
  identities,
  lineLinks,
  lineSignals,
  lineTokens,
  linkEvents,
  proofCodes,
  proofLimits,
} from './schema-identity.js';
import { operatorTasks } from './schema-money.js';

/** What the ledger keeps; dead letters are where what is under way is (bot/conversation/dead-letters.ts). */
export type LedgerKind = Exclude<RetentionKind, 'dead-letters'>;

/** Forgetting what is old. */
export interface RetentionLedger {
  /** Forgets up to `limit` rows of a kind that were of no use for `days` days; returns how many. Fewer than `limit`: that was all. */
  forgetOld(kind: LedgerKind, days: number, limit: number): Promise<number>;
}

/** In what a purchase keeps of a conversation it no longer names. */
export const FORGOTTEN = 'forgotten';

/** What is old: the table, what makes a row old (`before`), and what is done to it when it is not deleted. */
interface Rule {
  readonly table: SQL;
  readonly old: (before: SQL) => SQL;
  readonly change?: SQL;
}

const settled = sql.raw(
  PURCHASE_STATES.filter(isFinal)
    .map((state) => `'${state}'`)
    .join(', '),
);

const RULES: Readonly<Record<LedgerKind, Rule>> = {
  conversations: {
    table: sql`${conversations}`,
    old: (before) => sql`${conversations.activeAt} < ${before}
      and not exists (select 1 from ${outbox} o where o.conversation_id = ${conversations.id} and o.done_at is null)
      and not exists (select 1 from ${purchases} p
        where p.conversation_id = ${conversations.id} and p.state not in (${settled}))
      and not exists (select 1 from (select distinct on (c.type) c.granted from ${consents} c
        where c.conversation_id = ${conversations.id} order by c.type, c.id desc) newest where newest.granted)`,
  },
  lines: {
    table: sql`${lines}`,
    old: (before) => sql`${lines.createdAt} < ${before}
      and not exists (select 1 from ${lineLinks} l where l.line_id = ${lines.id})
      and not exists (select 1 from ${identities} i where i.line_id = ${lines.id})
      and not exists (select 1 from ${lineTokens} t where t.line_id = ${lines.id})
      and not exists (select 1 from ${conversations} c where c.line_id = ${lines.id})
      and not exists (select 1 from ${purchases} p where p.line_id = ${lines.id} and p.state_at >= ${before})`,
  },
  outbox: {
    table: sql`${outbox}`,
    // One that was given up is what its task is about.
    old: (before) => sql`${outbox.doneAt} < ${before}
      and not exists (select 1 from ${operatorTasks} t
        where t.kind = 'promise' and t.subject = ${outbox.id} and t.resolved_at is null)`,
  },
  nudges: { table: sql`${nudges}`, old: (before) => sql`${nudges.finishedAt} < ${before}` },
  purchases: {
    table: sql`${purchases}`,
    old: (before) => sql`${purchases.stateAt} < ${before} and ${purchases.state} in (${settled})
      and ${purchases.conversationId} <> ${FORGOTTEN}`,
    change: sql`conversation_id = ${FORGOTTEN}, context_sealed = null, snapshot_sealed = null,
      confirmed_for_ref = null`,
  },
  consents: {
    table: sql`${consents}`,
    old: (before) => sql`${consents.at} < ${before} and (
      exists (select 1 from ${consents} newer where newer.conversation_id = ${consents.conversationId}
        and newer.type = ${consents.type} and newer.id > ${consents.id})
      or not exists (select 1 from ${conversations} c where c.id = ${consents.conversationId}))`,
  },
  codes: { table: sql`${proofCodes}`, old: (before) => sql`${proofCodes.createdAt} < ${before}` },
  tokens: { table: sql`${lineTokens}`, old: (before) => sql`${lineTokens.expiresAt} < ${before}` },
  'link-events': { table: sql`${linkEvents}`, old: (before) => sql`${linkEvents.at} < ${before}` },
  signals: {
    table: sql`${lineSignals}`,
    old: (before) => sql`${lineSignals.since} < ${before} and not exists (
      select 1 from ${lines} l join ${lineLinks} k on k.line_id = l.id
      where l.key_ref = ${lineSignals.ref} and k.proved_at < ${lineSignals.since})
      and not exists (select 1 from ${lines} l join ${lineLinks} k on k.line_id = l.id
        where l.sim_ref = ${lineSignals.ref} and k.proved_at < ${lineSignals.since})`,
  },
  erasures: {
    table: sql`${erasures}`,
    // It begins with `doneAt`, and ends with the last purchase that is under way.
    old: (before) => sql`${erasures.doneAt} < ${before}
      and not exists (select 1 from ${outbox} o where o.subject = ${erasures.id} and o.done_at is null)`,
  },
  tasks: { table: sql`${operatorTasks}`, old: (before) => sql`${operatorTasks.resolvedAt} < ${before}` },
};

/** A few rows at a time: no lock is held for long, and rows somebody else works on are passed over. */
export function retentionMethods({ db, clock }: LedgerContext): RetentionLedger {
  const beforeOf = (days: number) =>
    sql`(coalesce(${clock.stamp()}::timestamptz, now()) - ${days}::float8 * interval '1 day')`;
  const count = async (query: SQL) => ((await db.execute(query)) as unknown as { rows: unknown[] }).rows.length;

  return {
    async forgetOld(kind, days, limit) {
      const { table, old, change } = RULES[kind];
      const before = beforeOf(days);
      const some = sql`ctid in (select ctid from ${table} where ${old(before)} limit ${limit} for update skip locked)`;
      const done = await count(
        change === undefined
          ? sql`delete from ${table} where ${some} returning 1`
          : sql`update ${table} set ${change} where ${some} returning 1`,
      );
      if (kind === 'codes') await db.execute(sql`delete from ${proofLimits} where not (${before} < any (times))`);
      return done;
    },
  };
}
