import { and, asc, eq, inArray, isNotNull, lte, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Snapshot } from '../domain/evidence.js';
import { FIRST_CHECK_MS, LONGEST_CHECK_PAUSE_MS } from '../domain/patience.js';
import { type LedgerContext, NOW } from './context.js';
import { linesOfSim } from './same-sim.js';
import { purchases } from './schema.js';

/** A purchase to look at. */
export interface DueCheck {
  readonly id: string;
  /** Looks so far, this one included. */
  readonly checks: number;
  /** Since its first order may have left, or, where none did, since it was confirmed. */
  readonly orderedAgoMs: number;
}

export interface ChecksLedger {
  /**
   * Purchases to look at now, each claimed: it comes again after a pause that doubles from 30 s to 30 min, until nothing is
   * left to find out.
   */
  dueChecks(limit: number): Promise<readonly DueCheck[]>;
  /** What the line had right before the order. */
  snapshot(id: string): Promise<Snapshot | undefined>;
  /** One for each completed purchase of this plan, for the same SIM, whose plan is still to show: what its line had before it. */
  awaitedPlans(lineId: string, planId: string): Promise<readonly (Snapshot | undefined)[]>;
  /** Nothing is left to find out. */
  endChecks(id: string): Promise<void>;
}

const value = sql.placeholder;

/** An order this old is not looked at any more, nor a plan that should have come this long ago; a person has had it for days. */
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
  // One that was unknown for days and is completed then has its plan looked for as well.
  const since = sql`case when ${purchases.state} = 'completed' then ${purchases.stateAt} else ${purchases.createdAt} end`;
  const claim = db
    .with(due)
    .update(purchases)
    .set({
      checks: sql`${purchases.checks} + 1`,
      checkAt: sql`case when ${since} > ${NOW} - ${GIVEN_UP_AFTER} then ${NOW} + ${pause} end`,
    })
    .from(due)
    .where(eq(purchases.id, due.id))
    .returning({
      id: purchases.id,
      checks: purchases.checks,
      orderedAgoMs: sql<number>`extract(epoch from ${NOW} - coalesce(${purchases.postedAt}, ${purchases.createdAt}))::float8 * 1000`,
    })
    .prepare('due_checks');
  const sealed = db
    .select({ snapshot: purchases.snapshotSealed })
    .from(purchases)
    .where(eq(purchases.id, value('id')))
    .prepare('snapshot');
  const awaited = db
    .select({ snapshot: purchases.snapshotSealed })
    .from(purchases)
    .where(
      and(
        inArray(purchases.lineId, linesOfSim(value('lineId'))),
        eq(purchases.planId, value('planId')),
        eq(purchases.state, 'completed'),
        isNotNull(purchases.checkAt),
      ),
    )
    .prepare('awaited_plans');
  const end = db
    .update(purchases)
    .set({ checkAt: null })
    .where(and(eq(purchases.id, value('id'))))
    .returning({ id: purchases.id })
    .prepare('end_checks');

  const opened = ({ snapshot }: { snapshot: string | null }): Snapshot | undefined => {
    if (snapshot === null) return undefined;
    const { expiresAt, money, ...rest } = stored.parse(JSON.parse(vault.open(snapshot)));
    return { ...rest, ...(expiresAt !== undefined && { expiresAt }), ...(money !== undefined && { money }) };
  };

  return {
    dueChecks: (limit) => claim.execute({ limit, stamp: clock.stamp() }),
    async snapshot(id) {
      const [row] = await sealed.execute({ id });
      return row && opened(row);
    },
    async awaitedPlans(lineId, planId) {
      return (await awaited.execute({ lineId, planId })).map(opened);
    },
    async endChecks(id) {
      await end.execute({ id });
    },
  };
}
