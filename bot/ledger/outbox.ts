import { randomUUID } from 'node:crypto';
import { and, asc, eq, getTableColumns, isNull, lte, sql } from 'drizzle-orm';
import { type LedgerContext, NOW, nowPlus } from './context.js';
import { LedgerUnavailable } from './errors.js';
import type { Ledger, OutboxItem } from './ledger.js';
import { isBackground, outbox } from './schema.js';
import { operatorTasks } from './schema-money.js';

type Methods = 'promise' | 'dueOutbox' | 'outboxItem' | 'outboxFor' | 'finishOutbox' | 'abandonOutbox';

const value = sql.placeholder;
/** The open promise that was in the way may be kept before it is read; then the next attempt adds a new one. */
const PROMISE_ATTEMPTS = 5;
/** What cannot be delivered for days is tried ever more rarely, and then four times a day. */
const MAX_DOUBLINGS = 9;
const MAX_PAUSE_MS = 6 * 60 * 60_000;

/** What Refill owes to people, and the work list of those who see to it. */
export function outboxMethods(context: LedgerContext): Pick<Ledger, Methods> {
  return { ...promising(context), ...keeping(context) };
}

function promising({ db, clock }: LedgerContext): Pick<Ledger, 'promise' | 'outboxItem' | 'outboxFor'> {
  const add = db
    .insert(outbox)
    .values({
      id: value('id'),
      kind: value('kind'),
      subject: value('subject'),
      conversationId: value('conversationId'),
      createdAt: NOW,
      dueAt: NOW,
    })
    .onConflictDoNothing()
    .returning()
    .prepare('promise');
  const byId = db
    .select()
    .from(outbox)
    .where(eq(outbox.id, value('id')))
    .prepare('outbox_item');
  const bySubject = db
    .select()
    .from(outbox)
    .where(and(eq(outbox.kind, value('kind')), eq(outbox.subject, value('subject'))))
    .orderBy(sql`${outbox.doneAt} desc nulls first`)
    .limit(1)
    .prepare('outbox_for');

  return {
    async promise(kind, subject, conversationId) {
      for (let tries = 0; tries < PROMISE_ATTEMPTS; tries++) {
        const [added] = await add.execute({ id: randomUUID(), kind, subject, conversationId, stamp: clock.stamp() });
        if (added !== undefined) return toItem(added);
        const [found] = await bySubject.execute({ kind, subject });
        // A receipt is owed once for good; of the other kinds a kept one no longer counts.
        if (found !== undefined && (found.doneAt === null || kind === 'receipt')) return toItem(found);
      }
      throw new LedgerUnavailable('a promise could be neither added nor found');
    },
    async outboxItem(id) {
      const [row] = await byId.execute({ id });
      return row && { ...toItem(row), done: row.doneAt !== null };
    },
    async outboxFor(kind, subject) {
      const [row] = await bySubject.execute({ kind, subject });
      return row && toItem(row);
    },
  };
}

function keeping({ db, clock }: LedgerContext): Pick<Ledger, 'dueOutbox' | 'finishOutbox' | 'abandonOutbox'> {
  const due = db.$with('due').as(
    db
      .select({ id: outbox.id })
      .from(outbox)
      .where(and(isNull(outbox.doneAt), lte(outbox.dueAt, nowPlus('by'))))
      // A bulk of what only telcos are told, from a list that was imported, keeps no receipt waiting.
      .orderBy(isBackground(outbox.kind), asc(outbox.dueAt))
      .limit(value('limit'))
      // Another sweeper's rows are passed over, not waited for.
      .for('update', { skipLocked: true }),
  );
  const pause = sql`least(${value('retryAfterMs')}::float8 * 2 ^ least(${outbox.attempts}, ${sql.raw(`${MAX_DOUBLINGS}`)}),
    ${sql.raw(`${MAX_PAUSE_MS}`)}) * interval '1 millisecond'`;
  const claimed = db.$with('claimed').as(
    db
      .update(outbox)
      .set({ attempts: sql`${outbox.attempts} + 1`, dueAt: sql`${nowPlus('by')} + ${pause}` })
      .from(due)
      .where(eq(outbox.id, due.id))
      .returning(getTableColumns(outbox)),
  );
  const claim = db
    .with(due, claimed)
    .select()
    .from(claimed)
    .orderBy(isBackground(claimed.kind), asc(claimed.createdAt))
    .prepare('due_outbox');
  const ending = db
    .update(outbox)
    .set({ doneAt: NOW })
    .where(and(eq(outbox.id, value('id')), isNull(outbox.doneAt)))
    .returning({ id: outbox.id });
  const finished = db.$with('finished').as(ending);
  // Whoever was asked to see to it need not any more.
  const closed = db.$with('closed', {}).as(sql`
    update ${operatorTasks} set resolved_at = ${NOW}, resolution = 'kept'
    where kind = 'promise' and resolved_at is null and subject in (select id from ${finished})`);
  const finish = db.with(finished, closed).select().from(finished).prepare('finish_outbox');
  const abandon = ending.prepare('abandon_outbox');

  return {
    async dueOutbox(now, retryAfterMs, limit) {
      const rows = await claim.execute({ by: clock.ahead(now), retryAfterMs, limit, stamp: clock.stamp() });
      return rows.map(toItem);
    },
    async finishOutbox(id) {
      return (await finish.execute({ id, stamp: clock.stamp() })).length > 0;
    },
    async abandonOutbox(id) {
      await abandon.execute({ id, stamp: clock.stamp() });
    },
  };
}

function toItem({ id, kind, subject, conversationId, attempts }: typeof outbox.$inferSelect): OutboxItem {
  return { id, kind, subject, conversationId, attempts };
}
