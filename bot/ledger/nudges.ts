import { randomUUID } from 'node:crypto';
import { and, asc, eq, lt, sql } from 'drizzle-orm';
import { type LedgerContext, NOW, nowPlus } from './context.js';
import type { Ledger, Nudge } from './ledger.js';
import { nudges } from './schema.js';

type Methods = 'addNudge' | 'nudge' | 'finishNudge' | 'queuedNudges';

const value = sql.placeholder;

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
      state: 'queued',
      createdAt: NOW,
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
  const queued = db
    .select()
    .from(nudges)
    .where(and(eq(nudges.state, sql.raw(`'queued'`)), lt(nudges.createdAt, nowPlus('before'))))
    .orderBy(asc(nudges.createdAt))
    .limit(value('limit'))
    .prepare('queued_nudges');

  return {
    async addNudge(nudge) {
      const [row] = await add.execute({ ...nudge, id: randomUUID(), stamp: clock.stamp() });
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
      const rows = await queued.execute({ before: clock.ahead(before), limit, stamp: clock.stamp() });
      return rows.map(toNudge);
    },
  };
}

function toNudge({ reason: _reason, finishedAt: _finishedAt, ...nudge }: typeof nudges.$inferSelect): Nudge {
  return nudge;
}
