import { randomUUID } from 'node:crypto';
import { and, asc, count, eq, exists, inArray, isNull, lte, sql } from 'drizzle-orm';
import { type LedgerContext, NOW, nowPlus } from './context.js';
import { outbox, purchases } from './schema.js';
import { operatorTasks, type TaskKind } from './schema-money.js';
import { storableValues } from './text.js';

/** Work for a person. */
export interface OperatorTask {
  readonly id: string;
  readonly kind: TaskKind;
  /** A purchase's id, or an outbox item's. */
  readonly subject: string;
  readonly about: string;
  readonly openedAt: Date;
}

export interface TasksLedger {
  /** Opens a task; false when there is an open one of this kind about `subject`. `about` holds no personal data. */
  openTask(kind: TaskKind, subject: string, about: string): Promise<boolean>;
  /** The same for what goes on as it is: false, too, when a person closed one of this kind about `subject`. */
  openTaskUnlessClosed(kind: TaskKind, subject: string, about: string): Promise<boolean>;
  /**
   * Opens a `purchase-unknown` task for every order that may have left before `before` and of which nobody knows the end. Closes
   * those whose purchase ended in the moment in which they were opened: neither of the two statements saw the other's work.
   */
  openOverdueTasks(before: Date): Promise<number>;
  /**
   * Calls people for open tasks nobody was called for yet, the oldest first, and notes it only when `call` returned: a process
   * that dies or throws in between leaves its tasks to the next one, so a call may come twice (with the same task id) and never
   * not at all. Tasks another process is calling for right now are passed over. Returns how many were called for.
   */
  announceTasks(limit: number, call: (task: OperatorTask) => void): Promise<number>;
  /** Open tasks, the oldest first. */
  openTasks(limit: number): Promise<readonly OperatorTask[]>;
  countOpenTasks(): Promise<Readonly<Partial<Record<TaskKind, number>>>>;
  /**
   * Closes a task that does not end with what it is about: with an unknown purchase, or with a withdrawal, of which a number would
   * be left for good. False when there is none.
   */
  closeTask(id: string, note: string): Promise<boolean>;
}

const value = sql.placeholder;

export function taskMethods(context: LedgerContext): TasksLedger {
  return { ...opening(context), ...working(context) };
}

type Opening = 'openTask' | 'openTaskUnlessClosed' | 'openOverdueTasks';

function opening({ db, clock }: LedgerContext): Pick<TasksLedger, Opening> {
  const open = db
    .insert(operatorTasks)
    .values({
      id: value('id'),
      kind: value('kind'),
      subject: value('subject'),
      about: value('about'),
      openedAt: NOW,
    })
    .onConflictDoNothing()
    .returning({ id: operatorTasks.id })
    .prepare('open_task');
  const since = sql`coalesce(${purchases.postedAt}, ${purchases.createdAt})`;
  const overdue = db
    .insert(operatorTasks)
    .select(
      db
        .select({
          id: sql<string>`gen_random_uuid()::text`.as('id'),
          kind: sql<TaskKind>`'purchase-unknown'`.as('kind'),
          subject: purchases.id,
          about: sql<string>`'nobody knows what became of this order: ask the operator'`.as('about'),
          openedAt: NOW.as('opened_at'),
          alertedAt: sql<Date | null>`null::timestamptz`.as('alerted_at'),
          resolvedAt: sql<Date | null>`null::timestamptz`.as('resolved_at'),
          resolution: sql<string | null>`null::text`.as('resolution'),
          noteSealed: sql<string | null>`null::text`.as('note_sealed'),
        })
        .from(purchases)
        .where(and(sql`${purchases.state} in ('submitting', 'processing', 'unknown')`, lte(since, nowPlus('before')))),
    )
    .onConflictDoNothing()
    .returning({ id: operatorTasks.id })
    .prepare('open_overdue_tasks');
  const ended = db
    .select({ id: purchases.id })
    .from(purchases)
    .where(and(eq(purchases.id, operatorTasks.subject), sql`${purchases.state} in ('completed', 'failed')`));
  const late = db
    .update(operatorTasks)
    .set({ resolvedAt: NOW, resolution: 'ended' })
    .where(and(eq(operatorTasks.kind, 'purchase-unknown'), isNull(operatorTasks.resolvedAt), exists(ended)))
    .returning({ id: operatorTasks.id })
    .prepare('close_late_tasks');
  return {
    async openTask(kind, subject, about) {
      const values = storableValues({ id: randomUUID(), kind, subject, about });
      return (await open.execute({ ...values, stamp: clock.stamp() })).length > 0;
    },
    async openTaskUnlessClosed(kind, subject, about) {
      const values = storableValues({ id: randomUUID(), kind, subject, about });
      const { rows } = (await db.execute(sql`
        insert into ${operatorTasks} (id, kind, subject, about, opened_at)
        select ${values.id}::text, ${kind}::text, ${values.subject}::text, ${values.about}::text,
          coalesce(${clock.stamp()}::timestamptz, now())
        where not exists (select 1 from ${operatorTasks} t
          where t.kind = ${kind} and t.subject = ${values.subject} and t.resolution = 'closed')
        on conflict do nothing returning id`)) as unknown as { readonly rows: readonly unknown[] };
      return rows.length > 0;
    },
    async openOverdueTasks(before) {
      const opened = await overdue.execute({ before: clock.ahead(before), stamp: clock.stamp() });
      await late.execute({ stamp: clock.stamp() });
      return opened.length;
    },
  };
}

function working({ db, vault, clock }: LedgerContext): Omit<TasksLedger, Opening> {
  const listed = db
    .select()
    .from(operatorTasks)
    .where(isNull(operatorTasks.resolvedAt))
    .orderBy(asc(operatorTasks.openedAt))
    .limit(value('limit'))
    .prepare('open_tasks');
  const counted = db
    .select({ kind: operatorTasks.kind, count: count() })
    .from(operatorTasks)
    .where(isNull(operatorTasks.resolvedAt))
    .groupBy(operatorTasks.kind)
    .prepare('count_open_tasks');
  const close = db
    .update(operatorTasks)
    .set({ resolvedAt: NOW, resolution: 'closed', noteSealed: sql`${value('noteSealed')}` })
    .where(
      and(
        eq(operatorTasks.id, value('id')),
        isNull(operatorTasks.resolvedAt),
        sql`${operatorTasks.kind} <> 'purchase-unknown'`,
        sql`not exists (select 1 from ${outbox} o where o.id = ${operatorTasks.subject} and o.kind = 'withdrawal')`,
      ),
    )
    .returning({ id: operatorTasks.id })
    .prepare('close_task');

  return {
    announceTasks(limit, call) {
      return db.transaction(async (tx) => {
        // The lock says who is calling; it goes with the connection of a process that dies.
        const tasks = await tx
          .select()
          .from(operatorTasks)
          .where(and(isNull(operatorTasks.alertedAt), isNull(operatorTasks.resolvedAt)))
          .orderBy(asc(operatorTasks.openedAt))
          .limit(limit)
          .for('update', { skipLocked: true });
        if (tasks.length === 0) return 0;
        for (const task of tasks) call(toTask(task));
        const alertedAt = sql`coalesce(${clock.stamp()}::timestamptz, now())`;
        const ids = tasks.map(({ id }) => id);
        await tx.update(operatorTasks).set({ alertedAt }).where(inArray(operatorTasks.id, ids));
        return tasks.length;
      });
    },
    async openTasks(limit) {
      return (await listed.execute({ limit })).map(toTask);
    },
    async countOpenTasks() {
      return Object.fromEntries((await counted.execute()).map(({ kind, count }) => [kind, count]));
    },
    async closeTask(id, note) {
      return (await close.execute({ id, noteSealed: vault.seal(note), stamp: clock.stamp() })).length > 0;
    },
  };
}

function toTask({ id, kind, subject, about, openedAt }: typeof operatorTasks.$inferSelect): OperatorTask {
  return { id, kind, subject, about, openedAt };
}
