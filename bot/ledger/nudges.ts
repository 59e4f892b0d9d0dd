import { randomUUID } from 'node:crypto';
import { and, asc, eq, getTableColumns, lt, sql } from 'drizzle-orm';
import { type LedgerContext, NOW, nowPlus } from './context.js';
import type { Ledger, Nudge } from './ledger.js';
import { keepOffer, toOffer } from './nudge-offers.js';
import { nudges } from './schema.js';
import { storableName, storableValues } from './text.js';

type Methods = 'addNudge' | 'nudge' | 'finishNudge' | 'queuedNudges';

const value = sql.placeholder;
/** How long a nudge that was listed is not listed again. */
const CLAIM_MS = 60_000;

/** What an operator asked us to tell a subscriber, each once. */
export function nudgeMethods({ db, clock }: LedgerContext): Pick<Ledger, Methods> {
  const add = db
    .insert(nudges)
    .values({
      id: value('id'),
      operator: value('operator'),
      transactionId: value('transactionId'),
      type: value('type'),
      lineId: value('lineId'),
      conversationId: value('conversationId'),
      planName: value('planName'),
      offers: value('offers'),
      state: 'queued',
      createdAt: NOW,
      dueAt: NOW,
    })
    .onConflictDoNothing()
    .returning()
    .prepare('add_nudge');
  const byId = db
    .select()
    .from(nudges)
    .where(eq(nudges.id, value('id')))
    .prepare('nudge');
  const finish = db
    .update(nudges)
    .set({ state: sql`${value('state')}`, reason: sql`${value('reason')}`, finishedAt: NOW })
    .where(and(eq(nudges.id, value('id')), eq(nudges.state, 'queued')))
    .returning({ id: nudges.id })
    .prepare('finish_nudge');
  const waiting = db.$with('waiting').as(
    db
      .select({ id: nudges.id })
      .from(nudges)
      .where(and(eq(nudges.state, sql.raw(`'queued'`)), lt(nudges.dueAt, nowPlus('before'))))
      .orderBy(asc(nudges.dueAt))
      .limit(value('limit'))
      // Another sweeper's rows are passed over, not waited for.
      .for('update', { skipLocked: true }),
  );
  const claimed = db.$with('claimed').as(
    db
      .update(nudges)
      .set({ dueAt: sql`${nowPlus('before')} + ${sql.raw(`${CLAIM_MS}`)} * interval '1 millisecond'` })
      .from(waiting)
      .where(eq(nudges.id, waiting.id))
      .returning(getTableColumns(nudges)),
  );
  const claim = db
    .with(waiting, claimed)
    .select()
    .from(claimed)
    .orderBy(asc(claimed.createdAt))
    .prepare('queued_nudges');

  return {
    async addNudge(nudge) {
      const values = {
        ...storableValues(nudge),
        planName: storableName(nudge.planName),
        offers: nudge.offers?.map(keepOffer) ?? null,
      };
      const [row] = await add.execute({ ...values, id: randomUUID(), stamp: clock.stamp() });
      return row && toNudge(row);
    },
    async nudge(id) {
      const [row] = await byId.execute({ id });
      return row && toNudge(row);
    },
    async finishNudge(id, state, reason) {
      return (await finish.execute({ id, state, reason, stamp: clock.stamp() })).length > 0;
    },
    async queuedNudges(before, limit) {
      const rows = await claim.execute({ before: clock.ahead(before), limit, stamp: clock.stamp() });
      return rows.map(toNudge);
    },
  };
}

function toNudge({ reason: _, finishedAt: __, dueAt: ___, offers, ...nudge }: typeof nudges.$inferSelect): Nudge {
  return { ...nudge, ...(offers !== null && { offers: offers.map(toOffer) }) };
}
