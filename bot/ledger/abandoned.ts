import { sql } from 'drizzle-orm';
import type { LedgerContext } from './context.js';
import type { OutboxKind } from './kinds.js';
import { outbox } from './schema.js';
import { operatorTasks } from './schema-money.js';

/** A promise that was tried for two weeks and is tried no more, while the task about it waits for a person. */
export interface AbandonedPromise {
  readonly id: string;
  readonly kind: OutboxKind;
  readonly attempts: number;
  readonly conversationId: string;
  readonly abandonedAt: Date;
}

export interface AbandonedLedger {
  /** The oldest first. */
  abandonedPromises(limit: number): Promise<readonly AbandonedPromise[]>;
  /**
   * Owes it again, due now and with all its tries. False when it was not abandoned, or the same is owed anew meanwhile. The task
   * is closed when the promise is kept.
   */
  replayAbandoned(id: string): Promise<boolean>;
  /**
   * Closes the task: nobody waits for it any more. The purchase it may be about is not touched. False when it was not abandoned, or
   * is a withdrawal: that one ends with `endWithdrawal`, or its number would be kept for good.
   */
  dropAbandoned(id: string): Promise<boolean>;
}

/** What `abandonOutbox` left: done, and its task still open (a promise that is kept closes its task). */
const ABANDONED = sql`${outbox.doneAt} is not null and exists (
  select 1 from ${operatorTasks} t where t.kind = 'promise' and t.subject = ${outbox.id} and t.resolved_at is null)`;

export function abandonedMethods({ db, vault, clock }: LedgerContext): AbandonedLedger {
  const now = () => sql`coalesce(${clock.stamp()}::timestamptz, now())`;
  const changed = async (query: ReturnType<typeof sql>) =>
    ((await db.execute(query)) as unknown as { rows: unknown[] }).rows.length > 0;
  return {
    async abandonedPromises(limit) {
      const rows = await db.select().from(outbox).where(ABANDONED).orderBy(outbox.doneAt).limit(limit);
      return rows.flatMap(({ id, kind, attempts, conversationId, doneAt }) =>
        doneAt === null ? [] : [{ id, kind, attempts, conversationId, abandonedAt: doneAt }],
      );
    },
    replayAbandoned: (id) =>
      changed(sql`update ${outbox} set done_at = null, attempts = 0, due_at = ${now()}
        where ${outbox.id} = ${id} and ${ABANDONED} and not exists (
          select 1 from ${outbox} o where o.kind = ${outbox.kind} and o.subject = ${outbox.subject} and o.done_at is null)
        returning 1`),
    dropAbandoned: (id) =>
      changed(sql`update ${operatorTasks}
        set resolved_at = ${now()}, resolution = 'closed', note_sealed = ${vault.seal('dropped with npm run dead-letters')}
        where kind = 'promise' and subject = ${id} and resolved_at is null
          and exists (select 1 from ${outbox} o where o.id = ${id} and o.done_at is not null and o.kind <> 'withdrawal')
        returning 1`),
  };
}
