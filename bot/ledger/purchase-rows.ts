import { and, eq, sql } from 'drizzle-orm';
import { OPEN_STATES } from '../domain/purchase.js';
import type { LedgerContext } from './context.js';
import type { Purchase } from './purchase-types.js';
import { purchases } from './schema.js';

/** As the partial index `purchases_one_open_per_line` says it: in parameters the planner would not recognise it. */
export const IS_OPEN = sql`${purchases.state} in (${sql.raw(OPEN_STATES.map((state) => `'${state}'`).join(', '))})`;

export function confirmedBy(db: LedgerContext['db']) {
  const same = eq(purchases.confirmation, sql.placeholder('confirmation'));
  return db.select().from(purchases).where(same).prepare('purchase_by_confirmation');
}

export function openOf(db: LedgerContext['db']) {
  const open = and(eq(purchases.lineId, sql.placeholder('lineId')), IS_OPEN);
  return db.select().from(purchases).where(open).prepare('open_purchase_of');
}

export function toPurchase(row: typeof purchases.$inferSelect, vault: LedgerContext['vault']): Purchase {
  return {
    id: row.id,
    confirmation: row.confirmation,
    lineId: row.lineId,
    conversationId: row.conversationId,
    ...(row.confirmedForRef !== null && { confirmedForRef: row.confirmedForRef }),
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
    posts: row.posts,
    ...(row.postedAt !== null && { postedAt: row.postedAt }),
    marker: row.marker,
    createdAt: row.createdAt,
    stateAt: row.stateAt,
  };
}
