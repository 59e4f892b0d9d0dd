import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import type { PurchaseEvent } from '../../bot/domain/purchase.js';
import type { Line } from '../../bot/domain/subscriber.js';
import { createHttp } from '../../bot/http.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger, Purchase } from '../../bot/ledger/ledger.js';
import { createMetrics } from '../../bot/metrics.js';
import { HttpProblem } from '../../bot/problem.js';
import { purchaseLookup } from '../../bot/purchase-lookup.js';
import type { Database } from '../../bot/stores/database.js';
import { silent, tempVault, withPglite } from '../support/stores.js';

const NUMBER = '60123456789';
const START = Date.UTC(2026, 10, 1);
const MINUTE = 60_000;

let database: Database;
let ledger: Ledger;
let http: FastifyInstance;
let line: Line;
let now: number;
let allowed: boolean;

beforeAll(async () => {
  ({ database } = await withPglite());
  ledger = createLedger(database, tempVault(), { now: () => new Date(now) });
  http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined });
  const authorize = async () => {
    if (!allowed) throw new HttpProblem(403, 'FORBIDDEN', 'no');
  };
  await http.register(purchaseLookup, { ledger, authorize });
}, 60_000);
afterAll(async () => {
  await http.close();
  await database.close();
});
beforeEach(async () => {
  [now, allowed] = [START, true];
  await database.drizzle.execute(sql`truncate purchases, purchase_moves, outbox, lines cascade`);
  line = await ledger.ensureLine('digi', { type: 'MSISDN', value: NUMBER });
});

/** A purchase, a minute after the one before, and what happened to it. */
async function buy(planId: string, events: readonly PurchaseEvent[] = [], of: Line = line): Promise<Purchase> {
  now += MINUTE;
  const price = { amount: '5.00', currency: 'MYR' };
  const terms = {
    planId,
    planName: [{ language: 'en', text: `Plan ${planId}` }],
    price,
    fundSource: 'wallet',
  } as const;
  const id = randomUUID();
  const confirmed = { id, confirmation: randomUUID(), lineId: of.id, conversationId: 'web-1', terms };
  const opened = await ledger.openPurchase(confirmed);
  if (opened.outcome !== 'opened') throw new Error(opened.outcome);
  for (const event of events) {
    now += 1_000;
    await ledger.movePurchase(id, event, event === 'completed' ? { confirmationCode: `C-${planId}` } : { said: '200' });
  }
  return opened.purchase;
}
const DONE = ['submit', 'completed'] as const;

async function get(path: string) {
  const response = await http.inject({ method: 'GET', url: path });
  return { status: response.statusCode, headers: response.headers, text: response.body, body: response.json() };
}

async function search(payload: object) {
  const response = await http.inject({
    method: 'POST',
    url: '/purchases/search',
    payload: JSON.stringify(payload),
    headers: { 'content-type': 'application/json' },
  });
  return { status: response.statusCode, text: response.body, body: response.json() };
}

const plans = (body: { purchases: { plan: { id: string } }[] }) => body.purchases.map(({ plan }) => plan.id);

describe('GET /purchases', () => {
  test('lists what was bought, the newest first, and no number', async () => {
    await buy('A', DONE);
    await buy('B');
    const { status, headers, text, body } = await get('/purchases');
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(plans(body)).toEqual(['B', 'A']);
    expect(body.purchases[1]).toEqual({
      transaction: expect.any(String),
      state: 'completed',
      plan: { id: 'A', name: [{ language: 'en', text: 'Plan A' }] },
      price: { amount: '5.00', currency: 'MYR' },
      fundSource: 'wallet',
      operator: 'digi',
      subscriber: expect.stringMatching(/^[\w-]{22}$/),
      confirmation: 'C-A',
      confirmedAt: new Date(START + MINUTE).toISOString(),
      orderedAt: new Date(START + MINUTE + 1_000).toISOString(),
      stateAt: new Date(START + MINUTE + 2_000).toISOString(),
    });
    expect(text).not.toContain(NUMBER);
    expect(text).not.toContain(line.id);
    expect(text).not.toContain('web-1');
  });

  test('finds by transaction, receipt code, subscriber, time and state, and all of them together', async () => {
    const other = await ledger.ensureLine('celcom', { type: 'MSISDN', value: '60123450000' });
    const a = await buy('A', DONE);
    await buy('B', ['submit', 'refused']);
    await buy('C', ['submit', 'ambiguous'], other);
    const of = async (query: string) => plans((await get(`/purchases?${query}`)).body);
    const { subscriber } = (await get(`/purchases?transaction=${a.id.toUpperCase()}`)).body.purchases[0];
    expect(await of(`transaction=${a.id}`)).toEqual(['A']);
    expect(await of('confirmation=C-A')).toEqual(['A']);
    expect(await of(`subscriber=${subscriber}`)).toEqual(['B', 'A']);
    expect(await of('state=unknown')).toEqual(['C']);
    const time = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
    const [first, second] = (await get('/purchases')).body.purchases.reverse();
    expect(await of(`from=${time(Date.parse(second.confirmedAt))}`)).toEqual(['C', 'B']);
    expect(await of(`to=${time(Date.parse(second.confirmedAt))}`)).toEqual(['A']);
    expect(await of(`from=${encodeURIComponent(first.confirmedAt.replace('Z', '+00:00'))}&state=failed`)).toEqual([
      'B',
    ]);
    expect(await of(`subscriber=${subscriber}&state=unknown`)).toEqual([]);
    expect(await of(`transaction=${randomUUID()}`)).toEqual([]);
  });

  test('pages without a gap or a repetition, also among purchases of one moment and while new ones come', async () => {
    const lines = await Promise.all(
      Array.from({ length: 25 }, (_, i) => ledger.ensureLine('digi', { type: 'MSISDN', value: `601200000${10 + i}` })),
    );
    for (const [i, one] of lines.entries()) {
      now -= MINUTE; // All at the same time, but for every fifth.
      if (i % 5 === 0) now += 1;
      await buy(`P${i}`, [], one);
    }
    const seen: string[] = [];
    let cursor = '';
    let pages = 0;
    do {
      const { body } = await get(`/purchases?limit=4${cursor}`);
      expect(body.purchases.length).toBeLessThanOrEqual(4);
      seen.push(...plans(body));
      cursor = body.next === undefined ? '' : `&cursor=${body.next}`;
      pages++;
      now += MINUTE;
      if (pages === 2) await buy('NEW', DONE);
    } while (cursor !== '');
    expect(pages).toBe(7);
    expect(new Set(seen).size).toBe(25);
    expect([...seen].sort()).toEqual(lines.map((_, i) => `P${i}`).sort());
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['state=lost', 'state'],
    ['from=yesterday', 'from'],
    ['from=2026-11-21T00:00:00', 'from'],
    ['from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z', 'to'],
    ['cursor=nonsense', 'cursor'],
    // A time that PostgreSQL has no type for.
    [`cursor=${Buffer.from(JSON.stringify(['9'.repeat(19), 'x'])).toString('base64url')}`, 'cursor'],
    ['subscriber=60123456789', 'subscriber'],
    ['transaction=', 'transaction'],
    ['msisdn=60123456789', 'query'],
    ['transacton=1', 'query'],
    ['state=failed&state=unknown', 'state'],
  ])('%s is a problem that names %s', async (query, field) => {
    const { status, headers, text, body } = await get(`/purchases?${query}`);
    expect(status).toBe(400);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({ status: 400, code: 'BAD_REQUEST', field });
    expect(text).not.toContain(NUMBER);
  });
});

describe('POST /purchases/search', () => {
  test('finds a subscriber by number, at any operator or one, without an address that holds it', async () => {
    const elsewhere = await ledger.ensureLine('celcom', { type: 'MSISDN', value: NUMBER });
    await buy('A', DONE);
    await buy('B', DONE, elsewhere);
    const found = await search({ msisdn: `+${NUMBER}` });
    const spelled = `+${NUMBER.slice(0, 2)} 0${NUMBER.slice(2, 4)}-${NUMBER.slice(4)}`;
    expect((await search({ msisdn: spelled })).body).toEqual(found.body);
    expect(found.status).toBe(200);
    expect(plans(found.body)).toEqual(['B', 'A']);
    expect(found.text).not.toContain(NUMBER);
    expect(plans((await search({ msisdn: NUMBER, operator: 'digi' })).body)).toEqual(['A']);
    expect(plans((await search({ msisdn: NUMBER, state: 'failed' })).body)).toEqual([]);
    const page = await search({ msisdn: NUMBER, limit: 1 });
    expect(plans((await search({ msisdn: NUMBER, limit: 1, cursor: page.body.next })).body)).toEqual(['A']);
  });

  test('finds nothing for a number nobody has, not everything', async () => {
    await buy('A', DONE);
    expect((await search({ msisdn: '60129999999' })).body).toEqual({ purchases: [] });
    expect((await search({ msisdn: NUMBER, operator: 'nobody' })).body).toEqual({ purchases: [] });
  });

  test.each([
    [{}],
    [{ msisdn: 'x' }],
    [{ msisdn: '12345678' }],
    [{ msisdn: NUMBER, extra: 1 }],
    [{ msisdn: NUMBER, limit: '5' }],
    [[]],
  ])('%j is a 400 without the number', async (body) => {
    const answer = await search(body);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain(NUMBER);
  });
});

describe('GET /purchases/{id}', () => {
  test('tells every move, by whom and why', async () => {
    const { id } = await buy('A', ['submit', 'ambiguous', 'operator-completed']);
    const { status, body, text } = await get(`/purchases/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ transaction: id, state: 'completed' });
    expect(body.moves.map(({ state, event, by }: Record<string, string>) => [state, event, by])).toEqual([
      ['confirmed', 'confirmed', 'subscriber'],
      ['submitting', 'submit', 'worker'],
      ['unknown', 'ambiguous', 'worker'],
      ['completed', 'operator-completed', 'operator'],
    ]);
    expect(body.moves[2]).toMatchObject({ said: '200', at: expect.any(String) });
    expect(text).not.toContain(NUMBER);
  });

  test('is a 404 for an id of nothing', async () => {
    expect((await get(`/purchases/${randomUUID()}`)).status).toBe(404);
    expect((await get('/purchases/%00')).status).toBe(404);
  });
});

test('nobody without the right to read purchases learns anything', async () => {
  const { id } = await buy('A', DONE);
  allowed = false;
  for (const path of ['/purchases', `/purchases/${id}`]) {
    const { status, text } = await get(path);
    expect(status).toBe(403);
    expect(text).not.toContain('Plan A');
  }
  expect((await search({ msisdn: NUMBER })).status).toBe(403);
});

test('what an erased subscriber bought is still found, but neither by their number nor as theirs', async () => {
  const who = { channel: 'slack', workspace: 'T1', user: randomUUID() };
  await ledger.linkLine(who, {
    operator: 'digi',
    key: { type: 'MSISDN', value: NUMBER },
    method: 'code',
    source: 'chat',
    youngForMs: 0,
    choose: true,
  });
  const { id } = await buy('A', DONE);
  const paths = [`/purchases?transaction=${id}`, '/purchases?confirmation=C-A', '/purchases'];
  const found = async () => Promise.all(paths.map(async (path) => (await get(path)).body.purchases));
  const named = { transaction: id, subscriber: expect.any(String) };
  expect(await found()).toMatchObject(paths.map(() => [named]));
  expect((await search({ msisdn: NUMBER })).body.purchases).toMatchObject([named]);

  const promise = await ledger.beginErasure(who, 'web-1');
  await ledger.finishErasure((await ledger.outboxItem(promise))?.subject ?? '');
  for (const [purchase] of await found()) {
    expect(purchase).toMatchObject({ transaction: id, state: 'completed' });
    expect(purchase).not.toHaveProperty('subscriber');
  }
  expect((await get(`/purchases/${id}`)).body).not.toHaveProperty('subscriber');
  expect((await search({ msisdn: NUMBER })).body).toEqual({ purchases: [] });
});
