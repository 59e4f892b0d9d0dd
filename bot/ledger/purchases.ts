import { and, asc, count, eq, lt, sql } from 'drizzle-orm';
import { OPEN_STATES, type PurchaseState } from '../domain/purchase.js';
import type { SpendLimits } from '../domain/spending.js';
import { type LedgerContext, nowPlus } from './context.js';
import type { Ledger } from './ledger.js';
import { buyerMethods } from './named-buyer.js';
import { type MovesLedger, moveMethods } from './purchase-moves.js';
import { opening } from './purchase-opening.js';
import { confirmedBy, IS_OPEN, openOf, toPurchase } from './purchase-rows.js';
import { purchases } from './schema.js';

type Reading =
  | 'purchase'
  | 'purchaseByConfirmation'
  | 'openPurchaseOf'
  | 'stalePurchases'
  | 'unsentPurchases'
  | 'countPurchasesByState';

/**
 * Purchases. Every write is one SQL statement, so the row, its audit trail and the promise it owes come and go together, in one
 * round trip and with nothing to roll back.
 */
export function purchaseMethods(
  context: LedgerContext,
  limits: SpendLimits,
  newLinkLimits: SpendLimits,
): Pick<Ledger, Reading | 'openPurchase' | 'isConfirmedFor' | 'namesBuyer' | keyof MovesLedger> {
  return {
    ...reading(context),
    openPurchase: opening(context, limits, newLinkLimits),
    ...moveMethods(context),
    ...buyerMethods(context),
  };
}

const value = sql.placeholder;

function reading({ db, vault, clock }: LedgerContext): Pick<Ledger, Reading> {
  const byId = db
    .select()
    .from(purchases)
    .where(eq(purchases.id, value('id')))
    .prepare('purchase');
  const stale = db
    .select({ id: purchases.id })
    .from(purchases)
    .where(and(eq(purchases.state, value('state')), lt(purchases.stateAt, nowPlus('before'))))
    .orderBy(asc(purchases.stateAt))
    .limit(value('limit'))
    .prepare('stale_purchases');
  const unsent = db
    .select({ id: purchases.id })
    .from(purchases)
    .where(and(eq(purchases.state, sql.raw(`'confirmed'`)), lt(purchases.createdAt, nowPlus('before'))))
    .orderBy(asc(purchases.createdAt))
    .limit(value('limit'))
    .prepare('unsent_purchases');
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
    async stalePurchases(state, before, limit) {
      return stale.execute({ state, before: clock.ahead(before), limit, stamp: clock.stamp() });
    },
    async unsentPurchases(before, limit) {
      return unsent.execute({ before: clock.ahead(before), limit, stamp: clock.stamp() });
    },
    async countPurchasesByState() {
      const rows = await openByState.execute();
      const counts: Partial<Record<PurchaseState, number>> = Object.fromEntries(OPEN_STATES.map((state) => [state, 0]));
      for (const row of rows) counts[row.state] = row.count;
      return counts;
    },
  };
}
