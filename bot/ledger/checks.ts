import { and, asc, eq, lte, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Snapshot } from '../domain/evidence.js';
import { FIRST_CHECK_MS, LONGEST_CHECK_PAUSE_MS } from '../domain/patience.js';
import { type LedgerContext, NOW } from './context.js';
import { purchases } from './schema.js';

export interface ChecksLedger {
  /**
   * Purchases to look at now, each claimed: it comes again after a pause that doubles from 30 s to 30 min, until nothing is
   * left to find out. `checks` counts the looks, this one included.
   */
  dueChecks(limit: number): Promise<readonly { readonly id: string; readonly checks: number }[]>;
  /** What the line had right before the order. */
  snapshot(id: string): Promise<Snapshot | undefined>;
  /** Nothing is left to find out. */
  endChecks(id: string): Promise<void>;
}

const value = sql.placeholder;

/** An order this old is not looked at any more; a person has had it for days. */
const GIVEN_UP_AFTER = sql.raw(`interval '3 days'`);

const stored = z.object({
  plans: z.number(),
  expiresAt: z.number().optional(),
  quotas: z.record(z.string(), z.string()),
  money: z.string().optional(),
});

export function checkMethods({ db, vault, clock }: LedgerContext): ChecksLedger {
  const due = db.$with('due').as(
    db
      .select({ id: purchases.id })
      .from(purchases)
      .where(lte(purchases.checkAt, NOW))
      // Those nobody knows of first; a completed one only wants to be seen.
      .orderBy(sql`${purchases.state} = 'completed'`, asc(purchases.checkAt))
      .limit(value('limit'))
      // Another process's rows are passed over, not waited for.
      .for('update', { skipLocked: true }),
  );
  const pause = sql`least(${sql.raw(`${FIRST_CHECK_MS}`)} * 2 ^ least(${purchases.checks}, 10),
    ${sql.raw(`${LONGEST_CHECK_PAUSE_MS}`)}) * interval '1 millisecond'`;
  const claim = db
    .with(due)
    .update(purchases)
    .set({
      checks: sql`${purchases.checks} + 1`,
      checkAt: sql`case when ${purchases.createdAt} > ${NOW} - ${GIVEN_UP_AFTER} then ${NOW} + ${pause} end`,
    })
    .from(due)
    .where(eq(purchases.id, due.id))
    .returning({ id: purchases.id, checks: purchases.checks })
    .prepare('due_checks');
  const sealed = db
    .select({ snapshot: purchases.snapshotSealed })
    .from(purchases)
    .where(eq(purchases.id, value('id')))
    .prepare('snapshot');
  const end = db
    .update(purchases)
    .set({ checkAt: null })
    .where(and(eq(purchases.id, value('id'))))
    .returning({ id: purchases.id })
    .prepare('end_checks');

  return {
    dueChecks: (limit) => claim.execute({ limit, stamp: clock.stamp() }),
    async snapshot(id) {
      const [row] = await sealed.execute({ id });
      if (row === undefined || row.snapshot === null) return undefined;
      const { expiresAt, money, ...rest } = stored.parse(JSON.parse(vault.open(row.snapshot)));
      return { ...rest, ...(expiresAt !== undefined && { expiresAt }), ...(money !== undefined && { money }) };
    },
    async endChecks(id) {
      await end.execute({ id });
    },
  };
}
