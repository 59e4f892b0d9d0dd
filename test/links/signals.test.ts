import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { Scope } from '../../bot/access/scopes.js';
import { hashSecret, newSecret } from '../../bot/access/secrets.js';
import { createHttp } from '../../bot/http.js';
import { signalsApi } from '../../bot/identity/signals-api.js';
import { createMetrics } from '../../bot/metrics.js';
import { type House, openHouse } from '../access/house.js';
import { silent } from '../support/stores.js';

const PER_MINUTE = 30;
let house: House;
let http: FastifyInstance;
const signals: [string, number][] = [];
beforeAll(async () => {
  house = await openHouse({ requestsPerMinute: PER_MINUTE });
  http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined });
  await http.register(signalsApi, {
    ledger: house.ledger,
    authorize: (request) => house.callers.authorize(request, 'links.block'),
    onSignal: (what, links) => void signals.push([what, links]),
  });
  await http.ready();
}, 60_000);
afterAll(async () => {
  await http?.close();
  await house?.close();
});

/** A caller's own token. */
async function caller(...scopes: Scope[]): Promise<{ id: string; token: string }> {
  const [id, secret] = [`fraud-${randomUUID()}`, newSecret()];
  await house.ledger.addClient({ id, scopes }, hashSecret(secret));
  const answer = await house.ask({ grant_type: 'client_credentials', client_id: id, client_secret: secret });
  return { id, token: answer.json<{ access_token: string }>().access_token };
}

async function call(token: string | undefined, what: 'block' | 'unblock', body: unknown) {
  const answer = await http.inject({
    method: 'POST',
    url: `/admin/links/${what}`,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    payload: JSON.stringify(body),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
}

let numbers = 60_113_000_000;
/** Somebody who linked a number, where they can be reached. */
const subscriber = () => linkedTo(String(numbers++));

async function linkedTo(value: string) {
  const who = { channel: 'slack', workspace: 'T1', user: randomUUID() };
  const key = { type: 'MSISDN', value } as const;
  const proof = { operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 0, choose: true } as const;
  const link = await house.ledger.linkLine(who, proof);
  const conversationId = `slack-${who.user}`;
  await house.ledger.saveConversation({ id: conversationId, origin: { ...who, address: 'x' }, lineId: link.line.id });
  return { who, link, conversationId, msisdn: key.value };
}

describe('what an operator says of a SIM', () => {
  test('blocks and unblocks every link of the number, with who said so, and tells whom it concerns', async () => {
    const { id, token } = await caller('links.block');
    const { who, link, msisdn } = await subscriber();
    const spelled = `+${msisdn.slice(0, 2)} ${msisdn.slice(2, 4)}-${msisdn.slice(4)}`;
    const swapped = await call(token, 'block', { msisdn: spelled, operator: 'digi', reason: 'sim-swap' });
    expect(swapped).toMatchObject({ status: 200, body: { links: 1 }, headers: { 'cache-control': 'no-store' } });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'blocked', reason: 'sim-swap' }]);
    expect(await house.ledger.outboxFor('link-news', link.id)).toBeDefined();
    // A feed that is sent again changes nothing, and a stricter word takes the place of a milder one.
    const again = await call(token, 'block', { msisdn, operator: 'digi', reason: 'sim-swap' });
    expect(again.body).toEqual({ links: 0 });
    await call(token, 'block', { msisdn, operator: 'digi', reason: 'recycled' });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ reason: 'recycled' }]);
    const takeBack = async (reason: string) =>
      (await call(token, 'unblock', { msisdn, operator: 'digi', reason })).body;
    // One reason is taken back, and the other goes on counting.
    expect(await takeBack('recycled')).toEqual({ links: 1 });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'blocked', reason: 'sim-swap' }]);
    expect(await takeBack('sim-swap')).toEqual({ links: 1 });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'active' }]);
    expect((await house.ledger.linkEvents(link.id)).map(({ what, by }) => [what, by])).toEqual([
      ['linked', 'code:chat'],
      ['blocked', `api:${id}:sim-swap`],
      ['blocked', `api:${id}:recycled`],
      ['unblocked', `api:${id}:unblock:recycled`],
      ['unblocked', `api:${id}:unblock:sim-swap`],
    ]);
    expect(signals.slice(-5)).toEqual([
      ['sim-swap', 1],
      ['sim-swap', 0],
      ['recycled', 1],
      ['unblock', 1],
      ['unblock', 1],
    ]);
  });

  test('and when it happened: who proved the number since is left alone, however often it is sent', async () => {
    const { token } = await caller('links.block');
    const { who, msisdn } = await subscriber();
    const swap = { msisdn, operator: 'digi', reason: 'sim-swap' };
    const before = new Date(Date.now() - 60_000).toISOString();
    expect((await call(token, 'block', { ...swap, at: before })).body).toEqual({ links: 0 });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'active' }]);
    const later = `${new Date(Date.now() + 7_200_000).toISOString().slice(0, -1)}+02:00`;
    expect((await call(token, 'block', { ...swap, at: later })).body).toEqual({ links: 1 });
  });

  test('finds the SIM however its number is spelled, also one that was kept as Meta spelled it before', async () => {
    const { token } = await caller('links.block');
    const { who } = await linkedTo('60123450077');
    const swap = { operator: 'digi', reason: 'sim-swap' };
    expect(await call(token, 'block', { ...swap, msisdn: '+60 012-345 0077' })).toMatchObject({ body: { links: 1 } });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'blocked', reason: 'sim-swap' }]);
    const [before, after] = [await linkedTo('5215512340077'), await linkedTo('525512340077')];
    expect(await call(token, 'block', { ...swap, msisdn: '5215512340077' })).toMatchObject({ body: { links: 2 } });
    for (const each of [before, after])
      expect((await house.ledger.linkedUser(each.who))?.links).toMatchObject([{ state: 'blocked' }]);
    expect(await call(token, 'unblock', { ...swap, msisdn: '+525512340077' })).toMatchObject({ body: { links: 2 } });
  });

  test('about a number nobody has here, or at another operator, is no mistake and changes nothing', async () => {
    const { token } = await caller('links.block');
    const { who, msisdn } = await subscriber();
    for (const line of [
      { msisdn: '60119999999', operator: 'digi' },
      { msisdn, operator: 'celcom' },
    ])
      expect(await call(token, 'block', { ...line, reason: 'recycled' })).toMatchObject({
        status: 200,
        body: { links: 0 },
      });
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'active' }]);
  });

  test.each([
    ['no reason', 'block', { msisdn: '60113000000', operator: 'digi' }, 400],
    ['a reason that is a user’s', 'block', { msisdn: '60113000000', operator: 'digi', reason: 'objected' }, 400],
    ['no reason', 'unblock', { msisdn: '60113000000', operator: 'digi' }, 400],
    [
      'a time',
      'unblock',
      { msisdn: '60113000000', operator: 'digi', reason: 'recycled', at: '2026-11-21T10:00Z' },
      400,
    ],
    [
      'a time without a zone',
      'block',
      { msisdn: '60113000000', operator: 'digi', reason: 'recycled', at: '2026-11-21T10:00:00' },
      400,
    ],
    ['no object', 'block', [], 400],
    ['no number', 'block', { msisdn: '601130000001234567', operator: 'digi', reason: 'recycled' }, 422],
    ['no country code', 'block', { msisdn: '12345678', operator: 'digi', reason: 'recycled' }, 422],
    ['no operator', 'unblock', { msisdn: '601130000001', operator: 'a b', reason: 'operator' }, 422],
  ] as const)('with %s is refused and repeats nothing of what was sent', async (_what, path, body, status) => {
    const { token } = await caller('links.block');
    const answer = await call(token, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).not.toMatch(/6011300000|a b/);
  });

  test('is heard from whom the scope allows it, and no more often than a caller may call', async () => {
    const { who, msisdn } = await subscriber();
    const body = { msisdn, operator: 'digi', reason: 'sim-swap' };
    expect((await call(undefined, 'block', body)).status).toBe(401);
    const { token: other } = await caller('links.write', 'notify', 'callback', 'purchases.read');
    for (const what of ['block', 'unblock'] as const) expect((await call(other, what, body)).status).toBe(403);
    expect((await house.ledger.linkedUser(who))?.links).toMatchObject([{ state: 'active' }]);
    const { token } = await caller('links.block');
    const nobody = { msisdn: '60119999999', operator: 'digi', reason: 'operator' };
    const statuses: number[] = [];
    for (let n = 0; n <= PER_MINUTE; n++) statuses.push((await call(token, 'unblock', nobody)).status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(PER_MINUTE / 2);
    expect(statuses.at(-1)).toBe(429);
  });

  test('has no other address: a number is never part of one', async () => {
    const { token } = await caller('links.block');
    const answer = await http.inject({
      method: 'POST',
      url: '/admin/links/60113000000/block',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.statusCode).toBe(404);
  });
});
