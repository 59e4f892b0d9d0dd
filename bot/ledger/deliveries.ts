import { and, asc, eq, inArray, isNotNull, isNull, lt, notExists, type SQL, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { DELIVERY_STATES, type DeliveryState } from '../domain/delivery.js';
import { type LedgerContext, NOW, nowPlus } from './context.js';
import { TOLD_KINDS } from './kinds.js';
import { outbox } from './schema.js';
import { deliveries } from './schema-deliveries.js';

/** What is known of one message that was sent, or was refused. */
export interface Delivery {
  /** `Outgoing.id`. */
  readonly id: string;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly conversationId?: string;
  /** The ledger's id of what the message was owed for: an outbox item, a nudge. */
  readonly about?: string;
  /** The platform's code, when it failed. */
  readonly code?: string;
  /** It failed, and may arrive when it is sent again. */
  readonly resend?: boolean;
}

/** What became of messages, for a while. */
export interface DeliveryLedger {
  /**
   * Takes what was heard of several messages, each at most once, in one statement. A state never goes back, and what was known
   * of a message and is not said again stays.
   */
  recordDeliveries(heard: readonly Delivery[]): Promise<void>;
  delivery(id: string): Promise<Delivery | undefined>;
  /**
   * Owes again what was told (receipts, news of links) by a message that failed in a way that another try may mend: the promise is
   * open again, due after `retryAfterMs`, doubled for each try before. Each failure is seen to once. Returns how many promises were opened.
   */
  resendFailed(retryAfterMs: number, limit: number): Promise<number>;
  /** Forgets messages first heard of before `before`, oldest first; returns how many. */
  pruneDeliveries(before: Date, limit: number): Promise<number>;
}

const value = sql.placeholder;
/** After this many doublings the pause grows no longer: about eight and a half hours at a minute. */
const MAX_DOUBLINGS = 9;

export function deliveryMethods(context: LedgerContext): DeliveryLedger {
  return { ...recording(context), ...tidying(context) };
}

function recording({ db, clock }: LedgerContext): Pick<DeliveryLedger, 'recordDeliveries' | 'delivery'> {
  const order = sql.raw(`array[${DELIVERY_STATES.map((state) => `'${state}'`).join(', ')}]`);
  const further = sql`array_position(${order}, excluded.state) > array_position(${order}, ${deliveries.state})`;
  /** The new value with a state that is further, the old one otherwise. */
  const withState = (name: string, column: SQL.Aliased | typeof deliveries.code | typeof deliveries.stateAt) =>
    sql`case when ${further} then excluded.${sql.identifier(name)} else ${column} end`;
  const record = db
    .insert(deliveries)
    .select(
      sql`select id, channel, "conversationId", about, state, code, coalesce(resend, false), ${NOW}, ${NOW}
        from jsonb_to_recordset(${value('heard')}::jsonb) as heard
        (id text, channel text, "conversationId" text, about text, state text, code text, resend boolean)`,
    )
    .onConflictDoUpdate({
      target: deliveries.id,
      set: {
        conversationId: sql`coalesce(excluded.conversation_id, ${deliveries.conversationId})`,
        about: sql`coalesce(excluded.about, ${deliveries.about})`,
        state: sql`case when ${further} then excluded.state else ${deliveries.state} end`,
        code: withState('code', deliveries.code),
        resend: sql`case when ${further} then excluded.resend else ${deliveries.resend} end`,
        stateAt: withState('state_at', deliveries.stateAt),
      },
    })
    .prepare('record_deliveries');
  const byId = db
    .select()
    .from(deliveries)
    .where(eq(deliveries.id, value('id')))
    .prepare('delivery');

  return {
    async recordDeliveries(heard) {
      if (heard.length === 0) return;
      // jsonb takes no NUL.
      const json = JSON.stringify(heard).replaceAll('\\u0000', '\\ufffd');
      await record.execute({ heard: json, stamp: clock.stamp() });
    },
    async delivery(id) {
      const [row] = await byId.execute({ id });
      return row && toDelivery(row);
    },
  };
}

function tidying({ db, clock }: LedgerContext): Pick<DeliveryLedger, 'resendFailed' | 'pruneDeliveries'> {
  const stillOwed = db
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.id, deliveries.about), isNull(outbox.doneAt)));
  const failed = db
    .select({ id: deliveries.id })
    .from(deliveries)
    // One whose promise is still being written down as kept waits for that.
    .where(and(deliveries.resend, isNotNull(deliveries.about), notExists(stillOwed)))
    .orderBy(asc(deliveries.stateAt))
    .limit(value('limit'))
    // Another sweeper's rows are passed over, not waited for.
    .for('update', { skipLocked: true });
  const seen = db
    .$with('seen')
    .as(
      db
        .update(deliveries)
        .set({ resend: false })
        .where(inArray(deliveries.id, failed))
        .returning({ about: deliveries.about }),
    );
  const other = alias(outbox, 'other');
  const openAlready = db
    .select({ id: other.id })
    .from(other)
    .where(and(eq(other.kind, outbox.kind), eq(other.subject, outbox.subject), sql`${other.doneAt} is null`));
  const pause = sql`${value('retryAfterMs')}::float8 * 2 ^ least(${outbox.attempts}, ${sql.raw(`${MAX_DOUBLINGS}`)})
    * interval '1 millisecond'`;
  const reopen = db
    .with(seen)
    .update(outbox)
    .set({ doneAt: null, dueAt: sql`${NOW} + ${pause}` })
    .from(seen)
    .where(
      and(
        eq(outbox.id, seen.about),
        isNotNull(outbox.doneAt),
        inArray(outbox.kind, TOLD_KINDS),
        notExists(openAlready),
      ),
    )
    .returning({ id: outbox.id })
    .prepare('resend_failed');
  const old = db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(lt(deliveries.sentAt, nowPlus('before')))
    .orderBy(asc(deliveries.sentAt))
    .limit(value('limit'))
    .for('update', { skipLocked: true });
  const prune = db
    .delete(deliveries)
    .where(inArray(deliveries.id, old))
    .returning({ id: deliveries.id })
    .prepare('prune_deliveries');

  return {
    async resendFailed(retryAfterMs, limit) {
      return (await reopen.execute({ retryAfterMs, limit, stamp: clock.stamp() })).length;
    },
    async pruneDeliveries(before, limit) {
      return (await prune.execute({ before: clock.ahead(before), limit, stamp: clock.stamp() })).length;
    },
  };
}

function toDelivery(row: typeof deliveries.$inferSelect): Delivery {
  const { id, channel, state, conversationId, about, code, resend } = row;
  return {
    id,
    channel,
    state,
    ...(conversationId !== null && { conversationId }),
    ...(about !== null && { about }),
    ...(code !== null && { code }),
    ...(resend && { resend }),
  };
}
