import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import { type LedgerContext, NOW } from './context.js';
import { TOLD_KINDS } from './kinds.js';
import type { Tx } from './locks.js';
import { isOf } from './places.js';
import { conversations, outbox } from './schema.js';

/** Promises that can be kept only once their user writes again. */
export interface WaitingLedger {
  /**
   * Puts a promise off until its user writes (`owedTo`), or what keeps it from them is over (`oweAgain`). The sweeper still tries once a week: by then there may be a template
   * for it.
   */
  awaitUser(id: string): Promise<void>;
  /**
   * The open promises to tell this conversation something (receipts, "still checking", news of links), by id. Each counts as tried
   * once more, and comes again after the pause of `dueOutbox` if it is not kept.
   */
  owedTo(conversationId: string): Promise<readonly string[]>;
}

/** Makes due what these chat users are owed for what they bought: they have their line again. */
export async function oweAgain(tx: Tx, now: SQL, refs: readonly string[]): Promise<void> {
  // What another transaction has in hand is being told already.
  await tx.execute(sql`update ${outbox} set due_at = least(due_at, ${now}) where id in (
    select o.id from unnest(${sql.param([...refs])}::text[]) as their (ref)
    join ${conversations} v on ${isOf(sql`their.ref`)} join ${outbox} o on o.conversation_id = v.id
    where o.done_at is null and o.kind in ('receipt', 'checking') for update of o skip locked)`);
}

const value = sql.placeholder;

export function waitingMethods({ db, clock }: LedgerContext): WaitingLedger {
  const putOff = db
    .update(outbox)
    .set({ dueAt: sql`${NOW} + interval '7 days'` })
    .where(and(eq(outbox.id, value('id')), isNull(outbox.doneAt)))
    .prepare('await_user');
  const owed = db
    .update(outbox)
    .set({ attempts: sql`${outbox.attempts} + 1`, dueAt: sql`${NOW} + interval '1 minute'` })
    .where(
      and(eq(outbox.conversationId, value('conversationId')), isNull(outbox.doneAt), inArray(outbox.kind, TOLD_KINDS)),
    )
    .returning({ id: outbox.id })
    .prepare('owed_to');

  return {
    async awaitUser(id) {
      await putOff.execute({ id, stamp: clock.stamp() });
    },
    async owedTo(conversationId) {
      return (await owed.execute({ conversationId, stamp: clock.stamp() })).map(({ id }) => id);
    },
  };
}
