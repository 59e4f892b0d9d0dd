import { and, asc, eq, gt, ne, sql } from 'drizzle-orm';
import type { Money } from '../domain/money.js';
import { isLimited, overLimit, type SpendLimits, type SpendOver, stricter } from '../domain/spending.js';
import { type LedgerContext, NOW } from './context.js';
import { LedgerUnavailable } from './errors.js';
import type { Ledger } from './ledger.js';
import { linkGuardMethods } from './link-guards.js';
import { confirmedForRef } from './named-buyer.js';
import { confirmedBy, IS_OPEN, openOf, toPurchase } from './purchase-rows.js';
import type { NewPurchase, OpenResult } from './purchase-types.js';
import { type Buyer, countsWith, type KinLines, kinLines } from './same-sim.js';
import { purchaseMoves, purchases } from './schema.js';
import { storableName, storableValues } from './text.js';

const value = sql.placeholder;
/** The open purchase that was in the way may close before it is read; then the next attempt opens. */
const OPEN_ATTEMPTS = 5;
/** First key of the advisory locks under which a line's purchases are looked through; any number nothing else takes. */
const SPENDING_LOCK = 7_345_412;

/**
 * Opens purchases: one confirmation once, one line one at a time, and no more than it may spend. Lines that are one SIM, or may be
 * one for all that is known of the buyer's, count as one line (same-sim.ts).
 */
export function opening(
  context: LedgerContext,
  always: SpendLimits,
  newLinkLimits: SpendLimits,
): Ledger['openPurchase'] {
  const { db, vault, clock } = context;
  const { hindrance } = linkGuardMethods(context);
  const insert = inserting(db).prepare('open_purchase');
  const byConfirmation = confirmedBy(db);
  const underWay = openOf(db);

  const attempt = async (purchase: NewPurchase): Promise<OpenResult | undefined> => {
    const values = { ...toValues(purchase, vault), stamp: clock.stamp() };
    // Whoever pressed may have lost the line since it was shown to them, or may spend little on it yet.
    const hindered = await hindrance(values.conversationId, values.lineId, purchase.linkId);
    const limits = hindered?.kind === 'young' ? stricter(always, newLinkLimits) : always;
    const limited = isLimited(limits, purchase.terms.price.currency);
    if (
      hindered !== undefined &&
      (hindered.kind !== 'young' || !isLimited(newLinkLimits, purchase.terms.price.currency))
    ) {
      const [same] = await byConfirmation.execute(values);
      return same === undefined
        ? { outcome: 'barred', hindrance: hindered }
        : { outcome: 'repeated', purchase: toPurchase(same, vault) };
    }
    const buyer = { lineId: values.lineId, conversationId: values.conversationId, linkId: purchase.linkId };
    const kin = await kinLines(db, buyer, sql`coalesce(${values.stamp}::timestamptz, now())`);
    const alone = kin.whole.length + kin.own.length === 0;
    const counted: Counted = { limits, price: purchase.terms.price, buyer, kin };
    const [row] = limited || !alone ? await withinLimits(db, counted, values) : await insert.execute(values);
    if (row !== undefined && 'id' in row) return { outcome: 'opened', purchase: toPurchase(row, vault) };
    const [same] = await byConfirmation.execute(values);
    if (same !== undefined) return { outcome: 'repeated', purchase: toPurchase(same, vault) };
    const [other] = alone ? await underWay.execute(values) : await underWayWith(db, counted);
    if (other !== undefined) return { outcome: 'busy', purchase: toPurchase(other, vault) };
    return row && { outcome: 'over-limit', over: row };
  };

  return async (purchase) => {
    for (let tries = 0; tries < OPEN_ATTEMPTS; tries++) {
      const result = await attempt(purchase);
      if (result !== undefined) return result;
    }
    throw new LedgerUnavailable('a purchase could be neither opened nor told from another');
  };
}

type Row = typeof purchases.$inferSelect;

/** The purchase, its audit trail begun, in one statement; no row when a unique index stood in the way. */
function inserting(db: LedgerContext['db']) {
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
        confirmedForRef: value('confirmedForRef'),
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
    insert into ${purchaseMoves} (purchase_id, move, state, why, source, at)
    select id, moves, state, 'confirmed', 'subscriber', state_at from ${opened}`);
  return db.with(opened, audited).select().from(opened);
}

/** What a purchase is measured by. */
interface Counted {
  readonly limits: SpendLimits;
  readonly price: Money;
  readonly buyer: Buyer;
  readonly kin: KinLines;
}

/** The open purchase that keeps this one waiting. */
function underWayWith(db: Pick<LedgerContext['db'], 'select'>, { buyer, kin }: Counted): Promise<Row[]> {
  return db
    .select()
    .from(purchases)
    .where(and(countsWith(buyer, kin), IS_OPEN))
    .limit(1);
}

/**
 * Adds up what the line spent, with those that count as the same, and opens the purchase in one transaction under the locks of all
 * of them: of two confirmations that only fit one by one, the second sees the first. What failed was not spent; what is unknown
 * may have been, and counts.
 */
function withinLimits(
  db: LedgerContext['db'],
  { limits, price, buyer, kin }: Counted,
  values: ReturnType<typeof toValues> & { readonly stamp: string | null },
): Promise<readonly (Row | SpendOver)[]> {
  return db.transaction(async (tx) => {
    // In one order everywhere, so that no two purchases wait for each other.
    const all = [buyer.lineId, ...kin.whole, ...kin.own].sort();
    await tx.execute(
      sql`select pg_advisory_xact_lock(${SPENDING_LOCK}, hashtext(id)) from unnest(${sql.param(all)}::text[]) id`,
    );
    if ((await underWayWith(tx, { limits, price, buyer, kin })).length > 0) return [];
    const now = sql`coalesce(${values.stamp}::timestamptz, now())`;
    const spent = await tx
      .select({
        amount: purchases.priceAmount,
        at: purchases.createdAt,
        now: sql<number>`(extract(epoch from ${now}) * 1000)::float8`,
      })
      .from(purchases)
      .where(
        and(
          countsWith(buyer, kin),
          eq(purchases.priceCurrency, price.currency),
          ne(purchases.state, 'failed'),
          gt(purchases.createdAt, sql`${now} - interval '7 days'`),
        ),
      )
      .orderBy(asc(purchases.createdAt));
    const over = overLimit(limits, price, spent, new Date(spent[0]?.now ?? 0));
    return over === undefined ? inserting(tx).prepare('open_purchase_limited').execute(values) : [over];
  });
}

function toValues({ terms, key, linkId: _, ...ids }: NewPurchase, vault: LedgerContext['vault']) {
  return storableValues({
    ...ids,
    planId: terms.planId,
    planName: storableName(terms.planName),
    priceAmount: terms.price.amount,
    priceCurrency: terms.price.currency,
    fundSource: terms.fundSource,
    contextSealed: terms.context === undefined ? null : vault.seal(terms.context),
    confirmedForRef: key === undefined ? null : confirmedForRef(vault, ids.id, key),
  });
}
