import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type SQL, sql } from 'drizzle-orm';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { OPERATORS, type PurchaseQuery, purchasesLike } from '../../bot/ledger/purchase-search.js';
import { freedWith, linksOfSim, linksOfSimQuery } from '../../bot/ledger/same-sim.js';
import type { Database } from '../../bot/stores/database.js';
import { tempVault, withPglite } from '../support/stores.js';

const LINES = 20_000;
const PURCHASES = 60_000;

let store: { readonly database: Database; close(): Promise<void> };
let ledger: Ledger;

beforeAll(async () => {
  store = await withPglite();
  const vault = tempVault();
  ledger = createLedger(store.database, vault);
  // Nearly all are completed and of one operator, as in life: that is what makes the rest worth an index.
  for (const statement of [
    sql`insert into lines (id, key_ref, operator, key_type, key_sealed)
      select 'line-' || n, 'ref-' || n, case when n % 5000 = 0 then 'tigo' else 'digi' end, 'MSISDN', ${vault.seal('60123456789')}
      from generate_series(1, ${sql.raw(String(LINES))}) n`,
    sql`insert into purchases (id, confirmation, line_id, conversation_id, plan_id, plan_name, price_amount, price_currency,
        fund_source, state, moves, confirmation_code, created_at, state_at)
      select 'purchase-' || n, 'c-' || n, 'line-' || (n % ${sql.raw(String(LINES))} + 1), 'web-' || n, 'P', '[]', 5, 'MYR', 'wallet',
        case when n in (10000, 30001, 50002) then 'unknown' when n % 10 = 0 then 'failed' else 'completed' end, 1, 'code-' || n,
        now() - n * interval '1 minute', now() from generate_series(1, ${sql.raw(String(PURCHASES))}) n`,
    // Every tenth user has a token as well, of the same operator.
    sql`insert into lines (id, key_ref, operator, key_type, key_sealed)
      select 'token-' || n, 'token-ref-' || n, 'digi', 'CPID', '' from generate_series(10, ${sql.raw(String(LINES))}, 10) n`,
    sql`insert into links (ref, channel, user_sealed, line_id, source, created_at, changed_at)
      select 'user-' || n, 'slack', '', 'line-' || n, 'test', now(), now() from generate_series(1, ${sql.raw(String(LINES))}) n`,
    sql`insert into line_links (id, identity_ref, line_id, state, method, source, proved_at, created_at, changed_at)
      select 'link-' || id, 'user-' || substring(id from '[0-9]+'), id, 'active', 'code', 'test', now(), now(), now() from lines`,
    sql`analyze lines`,
    sql`analyze line_links`,
    sql`analyze purchases`,
  ]) {
    await store.database.drizzle.execute(statement);
  }
}, 120_000);
afterAll(() => store.close());

async function planOf(query: SQL): Promise<string> {
  const explained = await store.database.drizzle.execute(sql`explain ${query}`);
  return (explained as unknown as { rows: { 'QUERY PLAN': string }[] }).rows.map((row) => row['QUERY PLAN']).join('\n');
}

const readsAll = (plan: string) =>
  /Seq Scan on (lines|purchases|line_links)\b|Index (Only )?Scan (?!.*\n\s+(Index|Recheck) Cond).* on line_links\b/.test(
    plan,
  );

const from = new Date(Date.now() - 3 * 86_400_000);
const to = new Date(Date.now() - 86_400_000);
const FILTERS = {
  id: { id: 'purchase-7' },
  confirmationCode: { confirmationCode: 'code-7' },
  subscriber: { subscriber: 'ref-8' },
  lines: { lineIds: ['line-8', 'line-9'] },
  conversation: { lineIds: ['line-8'], conversationId: 'web-7' },
  from: { from },
  to: { to },
  rareState: { state: 'unknown' },
  commonState: { state: 'completed' },
} as const satisfies Readonly<Record<string, PurchaseQuery>>;

/** Every filter by itself, and every one with any other. */
const NAMES = Object.keys(FILTERS) as (keyof typeof FILTERS)[];
const combinations = NAMES.flatMap((one, index) => NAMES.slice(index).map((other) => [one, other] as const));

async function usesIndexes(query: PurchaseQuery): Promise<void> {
  for (const start of [undefined, [String(to.getTime() * 1000), 'purchase-7'] as [string, string]]) {
    const plan = await planOf(purchasesLike(store.database.drizzle, query, 21, start).getSQL());
    expect(plan).toContain('Index');
    expect({ readsAll: readsAll(plan), plan }).toEqual({ readsAll: false, plan });
  }
}

describe('looking purchases up', () => {
  test.each(combinations)('by %s and %s reads no table from end to end', (one, other) =>
    usesIndexes({ ...FILTERS[one], ...FILTERS[other] }),
  );

  test('by nothing reads the newest only', () => usesIndexes({}));

  test('finds what is rare by its own index, and not among everything by time', async () => {
    const plan = await planOf(purchasesLike(store.database.drizzle, { state: 'unknown' }, 21).getSQL());
    expect(plan).toContain('purchases_in_state');
    const { purchases } = await ledger.searchPurchases({ state: 'unknown' }, 10);
    expect(purchases.map(({ id }) => id)).toEqual(['purchase-10000', 'purchase-30001', 'purchase-50002']);
    const [bySubscriber] = (await ledger.searchPurchases({ subscriber: 'ref-8', from }, 10)).purchases;
    expect(bySubscriber).toMatchObject({ id: 'purchase-7', lineId: 'line-8' });
  });

  test('knows the operators without reading the lines', async () => {
    const plan = await planOf(OPERATORS);
    expect(plan).toContain('lines_by_operator');
    expect({ readsAll: readsAll(plan), plan }).toEqual({ readsAll: false, plan });
    expect(await ledger.operators()).toEqual(['digi', 'tigo']);
  });
});

describe('a signal about a SIM', () => {
  test('finds its links by indexes, and not among all links', async () => {
    const found = await linksOfSim(store.database.drizzle, 'token-20');
    expect(found).toEqual({ own: ['link-token-20'], kin: ['link-line-20'] });
    const finding = await planOf(linksOfSimQuery('token-20'));
    const freeing = await planOf(sql`select id from line_links where ${freedWith('token-20', found, 'recycled')}`);
    for (const plan of [finding, freeing])
      expect({ readsAll: readsAll(plan), plan }).toEqual({ readsAll: false, plan });
  });
});
