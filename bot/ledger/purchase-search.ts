import { and, desc, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { PurchaseState } from '../domain/purchase.js';
import type { LedgerContext } from './context.js';
import { toPurchase } from './purchase-rows.js';
import type { Purchase } from './purchase-types.js';
import { lines, purchases } from './schema.js';
import { storable } from './text.js';

/** What a purchase is looked for by; all that is given has to fit. */
export interface PurchaseQuery {
  /** The transaction id. */
  readonly id?: string;
  readonly confirmationCode?: string;
  /** Any of these lines. */
  readonly lineIds?: readonly string[];
  /** Ordered in this conversation. */
  readonly conversationId?: string;
  /** The keyed reference of a subscriber, as `FoundPurchase` gives it. */
  readonly subscriber?: string;
  /** Confirmed at this time or later. */
  readonly from?: Date;
  /** Confirmed before this time. */
  readonly to?: Date;
  readonly state?: PurchaseState;
}

export interface FoundPurchase extends Purchase {
  readonly operator?: string;
  /** A keyed reference: the same for all purchases of a subscriber, and tells nothing else. Absent once they were erased. */
  readonly subscriber?: string;
}

export interface PurchasePage {
  /** Newest first. */
  readonly purchases: readonly FoundPurchase[];
  /** Where the next, older page begins; absent on the last one. */
  readonly next?: string;
}

export interface PurchaseSearchLedger {
  /** One page of purchases, newest first. `after` is `next` of the page before; one that is none finds nothing. */
  searchPurchases(query: PurchaseQuery, limit: number, after?: string): Promise<PurchasePage>;
  /** The operators that any line belongs to. */
  operators(): Promise<readonly string[]>;
}

/** True for a cursor that `searchPurchases` may have given out. */
export function isCursor(text: string): boolean {
  return readCursor(text) !== undefined;
}

/** Whole microseconds, as PostgreSQL keeps them: a Date would lose some, and with them purchases of the same millisecond. */
const MICROS = sql<string>`(extract(epoch from ${purchases.createdAt}) * 1000000)::bigint::text`;

export function purchaseSearchMethods({ db, vault }: LedgerContext): PurchaseSearchLedger {
  return {
    async searchPurchases(query, limit, after) {
      const start = after === undefined ? undefined : readCursor(after);
      if (after !== undefined && start === undefined) return { purchases: [] };
      const rows = await purchasesLike(db, query, limit + 1, start);
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      return {
        purchases: page.map(({ purchase, operator, subscriber, sealed }) => ({
          ...toPurchase(purchase, vault),
          ...(operator !== null && { operator }),
          // An erasure empties what is sealed and keeps the reference, for callbacks that come late.
          ...(subscriber !== null && sealed !== null && vault.open(sealed) !== '' && { subscriber }),
        })),
        ...(last !== undefined && { next: writeCursor([last.micros, last.purchase.id]) }),
      };
    },
    async operators() {
      const found = (await db.execute(OPERATORS)) as unknown as { rows: { operator: string }[] };
      return found.rows.map(({ operator }) => operator);
    },
  };
}

/**
 * The newest `limit` purchases that fit. Every filter has an index that gives them in this order (`purchases_of_line`,
 * `purchases_in_state`, `purchases_by_time`) or that leaves next to none (`purchases_by_confirmation_code`, the key), so no
 * combination of them reads a table from end to end; test/lookup/indexed.test.ts asks the planner.
 */
export function purchasesLike(db: LedgerContext['db'], query: PurchaseQuery, limit: number, start?: Cursor) {
  return db
    .select({
      purchase: purchases,
      micros: MICROS,
      operator: lines.operator,
      subscriber: lines.keyRef,
      sealed: lines.keySealed,
    })
    .from(purchases)
    .leftJoin(lines, eq(lines.id, purchases.lineId))
    .where(and(...conditions(query), start && olderThan(start)))
    .orderBy(desc(purchases.createdAt), desc(purchases.id))
    .limit(limit);
}

/** There are ten million lines of a handful of operators: one step in the index for each, not one for every line. */
export const OPERATORS = sql`with recursive found (operator) as (
    select min(${lines.operator}) from ${lines}
    union all
    select (select min(${lines.operator}) from ${lines} where ${lines.operator} > found.operator)
    from found where found.operator is not null
  ) select operator from found where operator is not null`;

function conditions({
  id,
  confirmationCode,
  lineIds,
  conversationId,
  subscriber,
  from,
  to,
  state,
}: PurchaseQuery): (SQL | undefined)[] {
  const { createdAt } = purchases;
  return [
    id === undefined ? undefined : eq(purchases.id, storable(id)),
    confirmationCode === undefined ? undefined : eq(purchases.confirmationCode, storable(confirmationCode)),
    lineIds === undefined ? undefined : inArray(purchases.lineId, lineIds.map(storable)),
    conversationId === undefined ? undefined : eq(purchases.conversationId, storable(conversationId)),
    subscriber === undefined ? undefined : eq(purchases.lineId, lineOf(subscriber)),
    from && gte(createdAt, from),
    to && lt(createdAt, to),
    state && eq(purchases.state, state),
  ];
}

/** A keyed reference is one line's. */
function lineOf(subscriber: string): SQL {
  return sql`(select ${lines.id} from ${lines} where ${lines.keyRef} = ${storable(subscriber)})`;
}

/** Sixteen digits of microseconds reach to the year 2286; more would be no time to PostgreSQL. */
const cursorSchema = z.tuple([z.string().regex(/^\d{1,16}$/), z.string().max(128)]);
export type Cursor = z.infer<typeof cursorSchema>;

function olderThan([micros, id]: Cursor): SQL {
  const at = sql`'epoch'::timestamptz + ${micros}::bigint * interval '1 microsecond'`;
  return sql`(${purchases.createdAt}, ${purchases.id}) < (${at}, ${storable(id)})`;
}

function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function readCursor(text: string): Cursor | undefined {
  try {
    return cursorSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
