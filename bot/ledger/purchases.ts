import { randomUUID } from 'node:crypto';
import { and, asc, count, desc, eq, lt, sql } from 'drizzle-orm';
import { isFinal, OPEN_STATES, type PurchaseState, statesBefore } from '../domain/purchase.js';
import { type LedgerContext, NOW, nowPlus } from './context.js';
import { LedgerUnavailable } from './errors.js';
import type { Ledger, NewPurchase, OpenResult, OutboxKind, Purchase } from './ledger.js';
import { outbox, purchaseMoves, purchases } from './schema.js';
import { storableName, storableValues } from './text.js';

type Row = typeof purchases.$inferSelect;
type Reading =
  | 'purchase'
  | 'purchaseByConfirmation'
  | 'openPurchaseOf'
  | 'purchasesOf'
  | 'stalePurchases'
  | 'countPurchasesByState';

/**
 * Purchases. Every write is one SQL statement, so the row, its audit trail and the promise it owes come and go together, in one
 * round trip and with nothing to roll back.
 */
export function purchaseMethods(context: LedgerContext): Pick<Ledger, Reading | 'openPurchase' | 'movePurchase'> {
  return { ...reading(context), openPurchase: opening(context), movePurchase: moving(context) };
}

const value = sql.placeholder;
/** As the partial index `purchases_one_open_per_line` says it: in parameters the planner would not recognise it. */
const IS_OPEN = sql`${purchases.state} in (${sql.raw(OPEN_STATES.map((state) => `'${state}'`).join(', '))})`;
/** The open purchase that was in the way may close before it is read; then the next attempt opens. */
const OPEN_ATTEMPTS = 5;

function opening({ db, vault, clock }: LedgerContext): Ledger['openPurchase'] {
  const opened = db.$with('opened').as(
    db
      .insert(purchases)
      .values({
        id: value('id'),
        confirmation: value('confirmation'),
        lineId: value('lineId'),
        conversationId: value('conversationId'),
        planId: value('planId'),
        planName: value('planName'),
        priceAmount: value('priceAmount'),
        priceCurrency: value('priceCurrency'),
        fundSource: value('fundSource'),
        contextSealed: value('contextSealed'),
        state: 'confirmed',
        moves: 0,
        createdAt: NOW,
        stateAt: NOW,
      })
      // The confirmation was used, or the line has a purchase under way: both are unique indexes.
      .onConflictDoNothing()
      .returning(),
  );
  const audited = db.$with('audited', {}).as(sql`
    insert into ${purchaseMoves} (purchase_id, move, state, why, at)
    select id, moves, state, 'confirmed', state_at from ${opened}`);
  const insert = db.with(opened, audited).select().from(opened).prepare('open_purchase');
  const byConfirmation = confirmedBy(db);
  const underWay = openOf(db);

  const attempt = async (purchase: NewPurchase): Promise<OpenResult | undefined> => {
    const { terms, ...ids } = purchase;
    const values = storableValues({
      ...ids,
      planId: terms.planId,
      planName: storableName(terms.planName),
      priceAmount: terms.price.amount,
      priceCurrency: terms.price.currency,
      fundSource: terms.fundSource,
      contextSealed: terms.context === undefined ? null : vault.seal(terms.context),
      stamp: clock.stamp(),
    });
    const [row] = await insert.execute(values);
    if (row !== undefined) return { outcome: 'opened', purchase: toPurchase(row, vault) };
    const [same] = await byConfirmation.execute(values);
    if (same !== undefined) return { outcome: 'repeated', purchase: toPurchase(same, vault) };
    const [other] = await underWay.execute(values);
    return other && { outcome: 'busy', purchase: toPurchase(other, vault) };
  };

  return async (purchase) => {
    for (let tries = 0; tries < OPEN_ATTEMPTS; tries++) {
      const result = await attempt(purchase);
      if (result !== undefined) return result;
    }
    throw new LedgerUnavailable('a purchase could be neither opened nor told from another');
  };
}

function moving({ db, vault, clock }: LedgerContext): Ledger['movePurchase'] {
  const moved = db.$with('moved').as(
    db
      .update(purchases)
      .set({
        state: sql`${value('to')}`,
        moves: sql`${purchases.moves} + 1`,
        stateAt: NOW,
        confirmationCode: sql`coalesce(${value('confirmationCode')}, ${purchases.confirmationCode})`,
        failure: sql`${value('failure')}`,
      })
      .where(and(eq(purchases.id, value('id')), sql`${purchases.state} = any(${value('from')})`))
      .returning(),
  );
  const audited = db.$with('audited', {}).as(sql`
    insert into ${purchaseMoves} (purchase_id, move, state, why, at)
    select id, moves, state, ${value('why')}, state_at from ${moved}`);
  const owed = db.$with('owed', {}).as(sql`
    insert into ${outbox} (id, kind, subject, conversation_id, created_at, due_at)
    select ${value('owedId')}, ${value('owes')}::text, id, conversation_id, state_at, state_at from ${moved}
    where ${value('owes')}::text is not null on conflict do nothing`);
  const move = db.with(moved, audited, owed).select().from(moved).prepare('move_purchase');

  return async (id, to, { why, confirmationCode = null, failure = null }) => {
    const [row] = await move.execute({
      id,
      to,
      from: statesBefore(to),
      ...storableValues({ why, confirmationCode, failure }),
      owedId: randomUUID(),
      owes: owes(to),
      stamp: clock.stamp(),
    });
    return row && toPurchase(row, vault);
  };
}

/** What a subscriber is owed when a purchase comes to `state`. */
function owes(state: PurchaseState): OutboxKind | null {
  if (isFinal(state)) return 'receipt';
  return state === 'unknown' ? 'checking' : null;
}

function reading({ db, vault, clock }: LedgerContext): Pick<Ledger, Reading> {
  const byId = db
    .select()
    .from(purchases)
    .where(eq(purchases.id, value('id')))
    .prepare('purchase');
  const byLine = db
    .select()
    .from(purchases)
    .where(eq(purchases.lineId, value('lineId')))
    .orderBy(desc(purchases.createdAt))
    .limit(value('limit'))
    .prepare('purchases_of');
  const stale = db
    .select()
    .from(purchases)
    .where(and(eq(purchases.state, value('state')), lt(purchases.stateAt, nowPlus('before'))))
    .orderBy(asc(purchases.stateAt))
    .limit(value('limit'))
    .prepare('stale_purchases');
  const openByState = db
    .select({ state: purchases.state, count: count() })
    .from(purchases)
    .where(IS_OPEN)
    .groupBy(purchases.state)
    .prepare('open_purchases_by_state');
  const byConfirmation = confirmedBy(db);
  const underWay = openOf(db);

  return {
    async purchase(id) {
      const [row] = await byId.execute({ id });
      return row && toPurchase(row, vault);
    },
    async purchaseByConfirmation(confirmation) {
      const [row] = await byConfirmation.execute({ confirmation });
      return row && toPurchase(row, vault);
    },
    async openPurchaseOf(lineId) {
      const [row] = await underWay.execute({ lineId });
      return row && toPurchase(row, vault);
    },
    async purchasesOf(lineId, limit) {
      return (await byLine.execute({ lineId, limit })).map((row) => toPurchase(row, vault));
    },
    async stalePurchases(state, before, limit) {
      const rows = await stale.execute({ state, before: clock.ahead(before), limit, stamp: clock.stamp() });
      return rows.map((row) => toPurchase(row, vault));
    },
    async countPurchasesByState() {
      const rows = await openByState.execute();
      const counts: Partial<Record<PurchaseState, number>> = Object.fromEntries(OPEN_STATES.map((state) => [state, 0]));
      for (const row of rows) counts[row.state] = row.count;
      return counts;
    },
  };
}

function confirmedBy(db: LedgerContext['db']) {
  const same = eq(purchases.confirmation, value('confirmation'));
  return db.select().from(purchases).where(same).prepare('purchase_by_confirmation');
}

function openOf(db: LedgerContext['db']) {
  const open = and(eq(purchases.lineId, value('lineId')), IS_OPEN);
  return db.select().from(purchases).where(open).prepare('open_purchase_of');
}

function toPurchase(row: Row, vault: LedgerContext['vault']): Purchase {
  return {
    id: row.id,
    confirmation: row.confirmation,
    lineId: row.lineId,
    conversationId: row.conversationId,
    terms: {
      planId: row.planId,
      planName: row.planName,
      price: { amount: row.priceAmount, currency: row.priceCurrency },
      fundSource: row.fundSource,
      ...(row.contextSealed !== null && { context: vault.open(row.contextSealed) }),
    },
    state: row.state,
    ...(row.confirmationCode !== null && { confirmationCode: row.confirmationCode }),
    ...(row.failure !== null && { failure: row.failure }),
    createdAt: row.createdAt,
    stateAt: row.stateAt,
  };
}
