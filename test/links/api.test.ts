import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { FastifyInstance } from 'fastify';
import { createHttp } from '../../bot/http.js';
import { directoryApi } from '../../bot/identity/directory-api.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { createMetrics } from '../../bot/metrics.js';
import { HttpProblem } from '../../bot/problem.js';
import { silent, tempVault, withPglite } from '../support/stores.js';

let store: Awaited<ReturnType<typeof withPglite>>;
let ledger: Ledger;
let http: FastifyInstance;
let allowed = true;
beforeAll(async () => {
  store = await withPglite();
  ledger = createLedger(store.database, tempVault());
  http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined });
  await http.register(directoryApi, {
    ledger,
    async authorize() {
      if (!allowed) throw new HttpProblem(403, 'INSUFFICIENT_SCOPE', 'no');
      return { id: 'hr-system' };
    },
  });
  await http.ready();
}, 60_000);
afterAll(async () => {
  await http?.close();
  await store?.close();
});

const entry = (user: string, msisdn = '+60 12-345 6789') => ({
  channel: 'slack',
  workspace: 'T1',
  user,
  msisdn,
  operator: 'digi',
});
const call = async (method: 'POST' | 'DELETE', body: unknown) => {
  const answer = await http.inject({
    method,
    url: '/admin/links',
    headers: { 'content-type': 'application/json' },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.statusCode, ...answer.json() };
};
const numberOf = (user: string) => ledger.linkedLine('slack', 'T1', user).then((line) => line?.key.value);

test('entries are added, replaced and taken out', async () => {
  expect(await call('POST', { links: [entry('U1'), entry('U2', '60123456780')] })).toEqual({
    status: 200,
    links: 2,
    added: 2,
    suppressed: 0,
  });
  expect(await call('POST', { links: [entry('U1', '60123456781')] })).toEqual({
    status: 200,
    links: 1,
    added: 0,
    suppressed: 0,
  });
  expect([await numberOf('U1'), await numberOf('U2')]).toEqual(['60123456781', '60123456780']);
  const users = [
    { channel: 'slack', workspace: 'T1', user: 'U1' },
    { channel: 'slack', workspace: 'T1', user: 'U9' },
  ];
  expect(await call('DELETE', { users })).toEqual({ status: 200, users: 2, removed: 1 });
  expect([await numberOf('U1'), await numberOf('U2')]).toEqual([undefined, '60123456780']);
  // Whoever the directory took out, it may list again.
  await call('POST', { links: [entry('U1')] });
  expect(await numberOf('U1')).toBe('60123456789');
});

test('what somebody proved themselves is not the directory’s to take', async () => {
  const who = { channel: 'slack', workspace: 'T1', user: 'U5' };
  const key = { type: 'MSISDN', value: '60123456785' } as const;
  await ledger.linkLine(who, { operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 0, choose: true });
  expect(await call('DELETE', { users: [who] })).toMatchObject({ removed: 0 });
  expect(await numberOf('U5')).toBe('60123456785');
});

test('users are taken out all or none, each change with its audit trail', async () => {
  const users = Array.from({ length: 1000 }, (_, n) => ({ channel: 'slack', workspace: 'T1', user: `UALL${n}` }));
  const numbered = users.map((user, n) => ({ ...entry(user.user), msisdn: String(60_300_000_000 + n) }));
  expect(await call('POST', { links: numbered })).toMatchObject({ status: 200, added: 1000 });
  const link = (await ledger.linkedUser(users[7] ?? entry('')))?.links[0];
  await store.database.drizzle.execute(sql`
    alter table link_events add constraint one_refused check (identity_ref <> ${sql.raw(
      `'${(await ledger.linkedUser(users[999] ?? entry('')))?.ref}'`,
    )} or what <> 'unlinked') not valid`);
  expect((await call('DELETE', { users })).status).toBeGreaterThanOrEqual(500);
  await store.database.drizzle.execute(sql`alter table link_events drop constraint one_refused`);
  expect(await Promise.all([0, 7, 999].map((n) => numberOf(`UALL${n}`)))).not.toContain(undefined);
  expect(await call('DELETE', { users: [...users].reverse() })).toMatchObject({ status: 200, removed: 1000 });
  expect(await Promise.all([0, 7, 999].map((n) => numberOf(`UALL${n}`)))).toEqual([undefined, undefined, undefined]);
  const told = await ledger.linkEvents(link?.id ?? '');
  expect(told.map(({ what, by, method }) => [what, by, method])).toEqual([
    ['linked', 'directory:api:hr-system', 'directory'],
    ['unlinked', 'directory:api:hr-system', 'directory'],
  ]);
  expect(await call('DELETE', { users })).toMatchObject({ status: 200, removed: 0 });
});

test('who is taken out keeps the lines they proved themselves, and their chat hears of it', async () => {
  const who = { channel: 'slack', workspace: 'T1', user: 'UBOTH' };
  await call('POST', { links: [entry('UBOTH', '60123456790')] });
  const key = { type: 'MSISDN', value: '60123456791' } as const;
  await ledger.linkLine(who, { operator: 'digi', key, method: 'code', source: 'chat', youngForMs: 0, choose: false });
  const before = await ledger.linkedUser(who);
  expect(await call('DELETE', { users: [who, who] })).toMatchObject({ users: 2, removed: 1 });
  const after = await ledger.linkedUser(who);
  expect(after?.links.map(({ line }) => line.key.value)).toEqual(['60123456791']);
  expect(after?.lineId).toBeUndefined();
  expect(after?.version).toBe((before?.version ?? 0) + 1);
  // The directory's word is gone: nothing is left that the user could take back by themselves.
  expect(after?.given).toEqual([]);
});

test('one wrong entry and nothing is changed; it is named by its place, not by its number', async () => {
  const wrong = await call('POST', { links: [entry('U3'), entry('U4', '601234567890000000'), entry('x')] });
  expect(wrong).toMatchObject({ status: 422, code: 'LINKS_WRONG', problems: [{ index: 1 }, { index: 2 }] });
  expect(JSON.stringify(wrong)).not.toContain('601234567890000000');
  expect(await numberOf('U3')).toBeUndefined();
  const twice = await call('POST', { links: [entry('U3'), entry('U3', '60123456700')] });
  expect(twice).toMatchObject({ status: 422, problems: [{ index: 1 }] });
});

test.each([
  ['{"links":', 400],
  [{}, 400],
  [{ links: [] }, 400],
  [{ links: [{ ...entry('U1'), role: 'admin' }] }, 400],
  [{ links: Array.from({ length: 1001 }, (_, index) => entry(`U${index}`)) }, 400],
  ['{"links":[],"__proto__":{}}', 400],
] as const)('what is not as documented is refused: case %#', async (body, status) => {
  expect(await call('POST', body)).toMatchObject({ status });
});

test('who may not change links is told so before a body is read', async () => {
  allowed = false;
  try {
    expect(await call('POST', 'x'.repeat(1_500_000))).toMatchObject({ status: 403 });
    expect(await call('DELETE', '{')).toMatchObject({ status: 403 });
  } finally {
    allowed = true;
  }
});

test('who asked to be forgotten is passed over, and counted', async () => {
  const gone = { channel: 'slack', workspace: 'T1', user: 'UGONE' };
  await ledger.beginErasure(gone, 'slack-gone');
  expect(await call('POST', { links: [entry('UGONE'), entry('UCOMES')] })).toEqual({
    status: 200,
    links: 2,
    added: 1,
    suppressed: 1,
  });
  expect(await numberOf('UGONE')).toBeUndefined();
});

test('nobody without the scope', async () => {
  allowed = false;
  expect(await call('POST', { links: [entry('U7')] })).toMatchObject({ status: 403 });
  expect(await call('DELETE', { users: [{ channel: 'slack', workspace: 'T1', user: 'U2' }] })).toMatchObject({
    status: 403,
  });
  allowed = true;
  expect(await numberOf('U7')).toBeUndefined();
  expect(await numberOf('U2')).toBeDefined();
});
