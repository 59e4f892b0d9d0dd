import { randomUUID } from 'node:crypto';
import { and, asc, eq, sql } from 'drizzle-orm';
import { ACTIVE_WITHIN_MS, CALLBACK_WITHIN_MS, FIRST_CHECK_MS, LONGEST_CHECK_PAUSE_MS } from '../domain/patience.js';
import { isFinal, owes, type PurchaseEvent, type PurchaseState, ruleOf } from '../domain/purchase.js';
import { type LedgerContext, NOW } from './context.js';
import { toPurchase } from './purchase-rows.js';
import type { MoveDetails, Purchase, PurchaseMove } from './purchase-types.js';
import { outbox, purchaseMoves, purchases } from './schema.js';
import { operatorTasks } from './schema-money.js';
import { storableValues } from './text.js';

export interface MovesLedger {
  /**
   * What happened to a purchase, as one compare-and-set: it moves where `bot/domain/purchase.ts` says, from the states that
   * allow it. The same statement appends to the audit trail, writes what is owed for it to the outbox (a `receipt` for a final
   * state, a `checking` the first time it is `unknown`: `outboxFor` finds it) and closes the task that asked a person. `undefined` when the
   * purchase was in no such state, or a condition of `details` did not hold: someone else moved it.
   */
  movePurchase(id: string, event: PurchaseEvent, details?: MoveDetails): Promise<Purchase | undefined>;
  /** The audit trail, oldest first. */
  purchaseMoves(id: string): Promise<readonly PurchaseMove[]>;
}

const value = sql.placeholder;

/** When to look what became of a purchase that came to this state. */
const CHECK_MS: Readonly<Partial<Record<PurchaseState, number>>> = {
  processing: CALLBACK_WITHIN_MS,
  unknown: FIRST_CHECK_MS,
  completed: ACTIVE_WITHIN_MS,
};

/** Orders that may have arrived: one more with each marker, one less when it provably did not. */
const POSTS: Readonly<Partial<Record<PurchaseEvent, number>>> = { submit: 1, resubmit: 1, 'put-off': -1 };

export function moveMethods(context: LedgerContext): MovesLedger {
  const { db, vault, clock } = context;
  const move = moving(db).prepare('move_purchase');
  const trail = db
    .select()
    .from(purchaseMoves)
    .where(eq(purchaseMoves.purchaseId, value('id')))
    .orderBy(asc(purchaseMoves.move))
    .prepare('purchase_moves');
  const sealed = (text: string | undefined) => (text === undefined ? null : vault.seal(text));

  return {
    async movePurchase(id, event, details = {}) {
      const { by, from, to } = ruleOf(event);
      const { confirmationCode = null, failure = null, said = null } = details;
      const [row] = await move.execute({
        ...{ id, from, to, by, event },
        ...storableValues({ confirmationCode, failure, said: said?.slice(0, 200) ?? null }),
        noteSealed: sealed(details.note),
        snapshotSealed: sealed(details.snapshot && JSON.stringify(details.snapshot)),
        posts: POSTS[event] ?? 0,
        ofMarker: details.ofMarker ?? null,
        ...unlessSaid(details),
        confirmedWithinMs: details.confirmedWithinMs ?? null,
        checkInMs: details.checkInMs ?? CHECK_MS[to] ?? null,
        final: isFinal(to),
        owedId: randomUUID(),
        owes: owes(to) ?? null,
        stamp: clock.stamp(),
      });
      return row && toPurchase(row, vault);
    },
    async purchaseMoves(id) {
      const rows = await trail.execute({ id });
      return rows.map(({ state, why, source, said, noteSealed, at }) => ({
        state,
        event: why,
        at,
        ...(source !== null && { by: source }),
        ...(said !== null && { said }),
        ...(noteSealed !== null && { note: vault.open(noteSealed) }),
      }));
    },
  };
}

function unlessSaid({ unlessSaid = [] }: MoveDetails) {
  return unlessSaid === 'any' ? { unlessSpoken: true, unlessSaid: [] } : { unlessSpoken: false, unlessSaid };
}

function moving(db: LedgerContext['db']) {
  const { posts, postedAt, checks, snapshotSealed } = purchases;
  const moved = db.$with('moved').as(
    db
      .update(purchases)
      .set({
        state: sql`${value('to')}`,
        moves: sql`${purchases.moves} + 1`,
        stateAt: NOW,
        confirmationCode: sql`coalesce(${value('confirmationCode')}, ${purchases.confirmationCode})`,
        // What a callback said of an open one stays in sight until it ends.
        failure: sql`case when ${value('final')}::boolean then ${value('failure')} else coalesce(${value('failure')}, ${purchases.failure}) end`,
        posts: sql`${posts} + ${value('posts')}::int`,
        postedAt: sql`case when ${posts} + ${value('posts')}::int = 0 then null
          when ${value('posts')}::int > 0 then coalesce(${postedAt}, ${NOW}) else ${postedAt} end`,
        marker: sql`case when ${value('posts')}::int > 0 then ${purchases.moves} + 1 else ${purchases.marker} end`,
        snapshotSealed: sql`coalesce(${value('snapshotSealed')}, ${snapshotSealed})`,
        // A completed purchase is looked at from the start again.
        checks: sql`case when ${value('final')}::boolean then 0 else ${checks} end`,
        // What is unknown is looked at ever more rarely; a callback is waited for equally long each time.
        checkAt: sql`case when ${value('checkInMs')}::float8 is not null then ${NOW} + interval '1 millisecond' *
          case when ${value('to')}::text = 'unknown' then least(${value('checkInMs')}::float8 * 2 ^ least(${checks}, 10),
            greatest(${value('checkInMs')}::float8, ${sql.raw(`${LONGEST_CHECK_PAUSE_MS}`)}))
          else ${value('checkInMs')}::float8 end end`,
      })
      .where(
        and(
          eq(purchases.id, value('id')),
          sql`${purchases.state} = any(${value('from')})`,
          sql`(${value('ofMarker')}::int is null or ${purchases.marker} = ${value('ofMarker')}::int)`,
          sql`(${purchases.failure} is null or
            not (${value('unlessSpoken')}::boolean or ${purchases.failure} = any(${value('unlessSaid')})))`,
          sql`(${value('confirmedWithinMs')}::float8 is null or
            ${purchases.createdAt} > ${NOW} - ${value('confirmedWithinMs')}::float8 * interval '1 millisecond')`,
        ),
      )
      .returning(),
  );
  const audited = db.$with('audited', {}).as(sql`
    insert into ${purchaseMoves} (purchase_id, move, state, why, source, said, note_sealed, at)
    select id, moves, state, ${value('event')}, ${value('by')}, ${value('said')}, ${value('noteSealed')}, state_at
    from ${moved}`);
  // Whoever was told that it is checked is not told again, however often it comes to be unknown.
  const owed = db.$with('owed', {}).as(sql`
    insert into ${outbox} (id, kind, subject, conversation_id, created_at, due_at)
    select ${value('owedId')}, ${value('owes')}::text, id, conversation_id, state_at, state_at from ${moved}
    where ${value('owes')}::text = 'receipt' or (${value('owes')}::text = 'checking' and not exists (
      select 1 from ${outbox} told where told.kind = 'checking' and told.subject = ${moved}.id))
    on conflict do nothing`);
  const closed = db.$with('closed', {}).as(sql`
    update ${operatorTasks} set resolved_at = ${NOW}, resolution = ${value('event')}, note_sealed = ${value('noteSealed')}
    where ${value('final')}::boolean and kind = 'purchase-unknown' and resolved_at is null
      and subject in (select id from ${moved})`);
  return db.with(moved, audited, owed, closed).select().from(moved);
}
