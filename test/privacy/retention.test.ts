import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { RETENTION_DAYS, readRetention } from '../../bot/domain/retention.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import type { LedgerKind } from '../../bot/ledger/retention.js';
import { startRetention } from '../../workers/retention.js';
import { newPurchase } from '../ledger/contract/given.js';
import { postgresServer, silent, tempPostgres, tempVault, withPglite } from '../support/stores.js';

const DAY = 86_400_000;
const BEGAN = new Date('2026-01-01T00:00:00Z');

const here = (await postgresServer()) !== undefined;
describe.each(here ? ['PGlite', 'PostgreSQL'] : ['PGlite'])('what is old is forgotten, on %s', (kind) => {
  let store: Awaited<ReturnType<typeof withPglite>>;
  let ledger: Ledger;
  let now = BEGAN;
  beforeAll(async () => {
    store = kind === 'PGlite' ? await withPglite() : await tempPostgres();
    ledger = createLedger(store.database, tempVault(), { now: () => now });
  }, 60_000);
  afterAll(() => store.close());

  const rows = async (query: ReturnType<typeof sql>) =>
    ((await store.database.drizzle.execute(query)) as unknown as { rows: Record<string, unknown>[] }).rows;
  const has = async (table: string, column: string, id: string) =>
    (await rows(sql`select 1 from ${sql.identifier(table)} where ${sql.identifier(column)} = ${id}`)).length > 0;

  /** What is there one day before and one day after the period of its kind. */
  async function around(what: LedgerKind, there: () => Promise<boolean>): Promise<[boolean, boolean]> {
    const days = RETENTION_DAYS[what];
    now = new Date(BEGAN.getTime() + (days - 1) * DAY);
    await ledger.forgetOld(what, days, 1000);
    const before = await there();
    now = new Date(BEGAN.getTime() + (days + 1) * DAY);
    await ledger.forgetOld(what, days, 1000);
    return [before, await there()];
  }
  const origin = (user: string) => ({ channel: 'slack', workspace: 'T', user, address: '{}' });

  test('a conversation goes, unless an alert is on or something is owed', async () => {
    now = BEGAN;
    for (const id of ['quiet', 'alerted', 'stopped', 'owed']) await ledger.saveConversation({ id, origin: origin(id) });
    await ledger.setConsent('alerted', ['low-data'], true, 'chat');
    await ledger.setConsent('stopped', ['low-data'], true, 'chat');
    await ledger.setConsent('stopped', ['low-data'], false, 'chat');
    await ledger.promise('registration', 'owed', 'owed');
    expect(await around('conversations', () => has('conversations', 'id', 'quiet'))).toEqual([true, false]);
    expect(await has('conversations', 'id', 'stopped')).toBe(false);
    expect(await has('conversations', 'id', 'alerted')).toBe(true);
    expect(await has('conversations', 'id', 'owed')).toBe(true);
  });

  test('a settled purchase forgets whose conversation it was and the telco’s cookie; the purchase stays, an open one as it is', async () => {
    now = BEGAN;
    const line = await ledger.ensureLine('digi', { type: 'MSISDN', value: '601155000001' });
    const other = await ledger.ensureLine('digi', { type: 'MSISDN', value: '601155000002' });
    const done = newPurchase({ lineId: line.id, conversationId: 'c-done' });
    const open = newPurchase({ lineId: other.id, conversationId: 'c-open' });
    await ledger.openPurchase({ ...done, terms: { ...done.terms, context: 'cookie' } });
    await ledger.openPurchase(open);
    await store.database.drizzle.execute(sql`update purchases set state = 'completed' where id = ${done.id}`);
    expect(await around('purchases', () => has('purchases', 'conversation_id', 'c-done'))).toEqual([true, false]);
    const [row] = await rows(sql`select * from purchases where id = ${done.id}`);
    expect(row).toMatchObject({ conversation_id: 'forgotten', context_sealed: null, plan_id: done.terms.planId });
    expect(await has('purchases', 'conversation_id', 'c-open')).toBe(true);
  });

  test('a number goes once nothing needs it', async () => {
    now = BEGAN;
    const key = { type: 'MSISDN', value: '601155000003' } as const;
    const free = await ledger.ensureLine('digi', key);
    const talked = await ledger.ensureLine('digi', { ...key, value: '601155000004' });
    await ledger.saveConversation({ id: 'talks', origin: origin('talks'), lineId: talked.id });
    expect(await around('lines', () => has('lines', 'id', free.id))).toEqual([true, false]);
    expect(await has('lines', 'id', talked.id)).toBe(true);
    await ledger.saveLinks([{ channel: 'slack', workspace: 'T', user: 'U1', operator: 'digi', key }], 'x.csv');
    now = new Date(BEGAN.getTime() + 3000 * DAY);
    await ledger.forgetOld('lines', 400, 1000);
    expect(await ledger.findLine('digi', key)).toBeDefined();
  });

  test('kept promises and told nudges go; open ones stay, and those given up while a person is to see to them', async () => {
    now = BEGAN;
    const [kept, open, abandoned] = [
      await ledger.promise('registration', 'p1', 'p1'),
      await ledger.promise('registration', 'p2', 'p2'),
      await ledger.promise('registration', 'p3', 'p3'),
    ];
    await ledger.finishOutbox(kept.id);
    await ledger.openTask('promise', abandoned.id, 'late');
    await ledger.abandonOutbox(abandoned.id);
    expect(await around('outbox', () => has('outbox', 'id', kept.id))).toEqual([true, false]);
    expect(await has('outbox', 'id', open.id)).toBe(true);
    expect(await has('outbox', 'id', abandoned.id)).toBe(true);
    expect(await ledger.dropAbandoned(abandoned.id)).toBe(true);
    expect(await around('outbox', () => has('outbox', 'id', abandoned.id))).toEqual([true, false]);
    now = BEGAN;
    const nudge = { operator: 'digi', type: 'low-data', lineId: 'l', conversationId: 'c', planName: [] } as const;
    const told = await ledger.addNudge({ ...nudge, transactionId: 't1' });
    const waiting = await ledger.addNudge({ ...nudge, transactionId: 't2' });
    await ledger.finishNudge(told?.id ?? '', 'sent', 'told');
    expect(await around('nudges', () => has('nudges', 'id', told?.id ?? ''))).toEqual([true, false]);
    expect(await has('nudges', 'id', waiting?.id ?? '')).toBe(true);
  });

  test('of consents the newest of a conversation stays', async () => {
    now = BEGAN;
    await ledger.saveConversation({ id: 'agrees', origin: origin('agrees') });
    await ledger.setConsent('agrees', ['low-data'], false, 'first');
    await ledger.setConsent('agrees', ['low-data'], true, 'second');
    expect(await around('consents', () => has('consents', 'source', 'first'))).toEqual([true, false]);
    expect(await has('consents', 'source', 'second')).toBe(true);
    expect([...(await ledger.consents('agrees'))]).toEqual(['low-data']);
  });

  test.each([
    [
      'codes',
      'proof_codes',
      sql`insert into proof_codes (id, identity_ref, conversation_id, number_sealed, language, created_at, expires_at) values ('old', 'i', 'c', 's', 'en', ${BEGAN.toISOString()}, ${BEGAN.toISOString()})`,
    ],
    [
      'link-events',
      'link_events',
      sql`insert into link_events (link_id, identity_ref, line_id, what, by, at) values ('old', 'i', 'l', 'linked', 'user', ${BEGAN.toISOString()})`,
    ],
    [
      'erasures',
      'erasures',
      sql`insert into erasures (id, identity_ref, line_ids, conversation_ids, asked_at, done_at) values ('old', 'i', '{}', '{}', ${BEGAN.toISOString()}, ${BEGAN.toISOString()})`,
    ],
    [
      'tasks',
      'operator_tasks',
      sql`insert into operator_tasks (id, kind, subject, about, opened_at, resolved_at) values ('old', 'promise', 's', 'a', ${BEGAN.toISOString()}, ${BEGAN.toISOString()})`,
    ],
  ] as const)('%s go', async (what, table, insert) => {
    await store.database.drizzle.execute(insert);
    const column = table === 'link_events' ? 'link_id' : 'id';
    expect(await around(what, () => has(table, column, 'old'))).toEqual([true, false]);
  });

  test('what was said of a SIM goes, but not while a proof from before it would count again', async () => {
    now = BEGAN;
    const ref = 'nobodys';
    const link = { operator: 'digi', key: { type: 'MSISDN', value: '60129990001' }, method: 'code' } as const;
    const who = { channel: 'slack', workspace: 'T', user: 'signalled' };
    const { line } = await ledger.linkLine(who, { ...link, source: 'test', youngForMs: 0, choose: true });
    now = new Date(BEGAN.getTime() + 1000);
    await ledger.unlinkLine(who, line.id, 'user');
    await ledger.blockLine(line.id, 'recycled', 'test');
    now = BEGAN;
    await store.database.drizzle.execute(
      sql`insert into line_signals (ref, reason, since) values (${ref}, 'sim-swap', ${BEGAN.toISOString()})`,
    );
    expect(await around('signals', () => has('line_signals', 'ref', ref))).toEqual([true, false]);
    expect(await has('line_signals', 'reason', 'recycled')).toBe(true);
  });

  test('tokens of the telco go with their end, and so do counts against flooding', async () => {
    now = BEGAN;
    const line = await ledger.ensureLine('digi', { type: 'OPET', value: 'a+b/c' });
    const at = BEGAN.toISOString();
    await store.database.drizzle.execute(
      sql`insert into line_tokens (ref, line_id, obtained_at, expires_at) values ('old', ${line.id}, ${at}, ${at})`,
    );
    await store.database.drizzle.execute(
      sql`insert into proof_limits (ref, times) values ('old', array[${at}::timestamptz])`,
    );
    expect(await around('tokens', () => has('line_tokens', 'ref', 'old'))).toEqual([true, false]);
    expect(await around('codes', () => has('proof_limits', 'ref', 'old'))).toEqual([true, false]);
  });

  test('the worker does it in batches, for as long as there is any, and leaves what is kept for good', async () => {
    now = BEGAN;
    await store.database.drizzle.execute(sql`insert into outbox (id, kind, subject, conversation_id, created_at, due_at, done_at)
      select 'b-' || n, 'registration', 'b-' || n, 'c', ${BEGAN.toISOString()}::timestamptz, ${BEGAN.toISOString()}::timestamptz,
        ${BEGAN.toISOString()}::timestamptz from generate_series(1, 1234) n`);
    now = new Date(BEGAN.getTime() + 5000 * DAY);
    const retention = { ...RETENTION_DAYS, nudges: 0 };
    const asked: number[] = [];
    const deadLetters = { prune: async (days: number) => (asked.push(days) === 1 ? 7 : 0) };
    const worker = startRetention({ ledger, deadLetters, retention, log: silent });
    const [first, joined] = await Promise.all([worker.prune(), worker.prune()]);
    expect(joined).toBe(first);
    expect(first.outbox).toBe(1234);
    expect(first.nudges).toBeUndefined();
    expect(first['dead-letters']).toBe(7);
    expect(asked).toEqual([RETENTION_DAYS['dead-letters']]);
    expect(await worker.prune()).toEqual({});
    await worker.close();
  });
});

test('periods are read from one variable, and a wrong one is refused', () => {
  expect(readRetention('')).toEqual(RETENTION_DAYS);
  expect(readRetention('outbox=14, nudges=0')).toEqual({ ...RETENTION_DAYS, outbox: 14, nudges: 0 });
  for (const wrong of ['outbox', 'outbox=x', 'outbox=-1', 'all=1', 'outbox=9999', '__proto__=1', 'outbox=1;nudges=1']) {
    expect(readRetention(wrong)).toBeUndefined();
  }
});

test('the first round comes soon after the start, not an hour later', async () => {
  const asked: string[] = [];
  const ledger = { forgetOld: async (kind: string) => asked.push(kind) * 0 };
  const deadLetters = { prune: async () => asked.push('dead-letters') * 0 };
  const options = { ledger, deadLetters, retention: RETENTION_DAYS, log: silent, everyMs: 2 ** 31 - 1 };
  const worker = startRetention({ ...options, firstMs: 5 });
  while (asked.length < Object.keys(RETENTION_DAYS).length) await new Promise((resolve) => setTimeout(resolve, 5));
  await worker.close();
  const waiting = startRetention(options);
  await waiting.close();
  expect(new Set(asked)).toEqual(new Set(Object.keys(RETENTION_DAYS)));
});
