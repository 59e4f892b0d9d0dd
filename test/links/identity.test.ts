import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Origin } from '../../bot/conversation/event.js';
import type { ProofMethod } from '../../bot/domain/link.js';
import { assignedPersona, firstOf } from '../../bot/identity/directory.js';
import { linkedIdentity } from '../../bot/identity/linked.js';
import { unlessLinked } from '../../bot/identity/personas.js';
import { remembering } from '../../bot/identity/recent.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { type RemoteSandbox, remoteSandbox, type Sandbox, startSandbox } from '../../sandbox/index.js';
import { tempVault, withPglite } from '../support/stores.js';

const vault = tempVault();
let ledger: Ledger;
beforeAll(async () => {
  ledger = createLedger((await withPglite()).database, vault);
});
afterAll(() => ledger.close());

const from = (change: Partial<Origin> = {}): Origin => ({
  channel: 'slack',
  workspace: 'T1',
  user: 'U1',
  address: '',
  ...change,
});
const key = (value: string) => ({ type: 'MSISDN', value }) as const;
const ALL: readonly ProofMethod[] = ['whatsapp', 'code', 'directory'];
const identity = (methods = ALL) =>
  linkedIdentity({ ledger, methods: new Set(methods), operatorOf: async () => 'digi', youngForMs: 1000 });

describe('the directory', () => {
  test('knows whom the operator vouched for, and nobody else', async () => {
    const link = { channel: 'slack', workspace: 'T1', user: 'U1', operator: 'celcom', key: key('60123456781') };
    await ledger.saveLinks([link], 'test');
    const directory = identity();
    expect(await directory.resolve(from())).toMatchObject({ line: { operator: 'celcom', key: link.key } });
    expect(await directory.resolve(from({ user: 'U2' }))).toBeUndefined();
    expect(await directory.resolve(from({ workspace: 'T2' }))).toBeUndefined();
    expect(await directory.resolve(from({ channel: 'web' }))).toBeUndefined();
  });

  test('knows a Teams user by the GUID in either case', async () => {
    const user = 'aaaaaaaa-0000-4000-8000-000000000001';
    const link = { channel: 'teams', workspace: 'tenant-a', user, operator: 'celcom', key: key('60123456782') };
    await ledger.saveLinks([link], 'test');
    const origin = from({ channel: 'teams', workspace: 'Tenant-A', user: user.toUpperCase() });
    expect(await identity().resolve(origin)).toMatchObject({ line: { key: link.key } });
  });

  test('knows a WhatsApp user it lists by number though the platform names them by an id of its own', async () => {
    const link = { channel: 'whatsapp', workspace: 'W1', operator: 'celcom', key: key('60123456790') };
    await ledger.saveLinks([{ ...link, user: '60123456790' }], 'test');
    const hidden = from({ channel: 'whatsapp', workspace: 'W1', user: 'MY.77' });
    expect(await identity(['directory']).resolve(hidden)).toBeUndefined();
    const named = await identity(['directory']).resolve({ ...hidden, phone: '60123456790' });
    expect(named).toMatchObject({ line: { operator: 'celcom' } });
  });
});

describe('a WhatsApp number', () => {
  const person = (change: Partial<Origin> = {}) =>
    from({ channel: 'whatsapp', workspace: 'W1', user: '60123456783', ...change });

  test('is the subscriber’s own, and who proved it is kept', async () => {
    const known = await identity().resolve(person());
    expect(known).toMatchObject({ line: await ledger.ensureLine('digi', key('60123456783')) });
    expect(known?.link).toMatchObject({ method: 'whatsapp', source: 'meta', state: 'active' });
    expect((await identity().resolve(person()))?.link?.id).toBe(known?.link?.id);
  });

  test('is the same person’s when it is shown later to one who began without it', async () => {
    const hidden = person({ user: 'MY.4711' });
    expect(await identity().resolve(hidden)).toBeUndefined();
    expect(await identity().resolve({ ...hidden, phone: '60123456799' })).toMatchObject({
      line: { key: key('60123456799') },
    });
    // And hidden again, they are known by what they proved.
    expect(await identity().resolve(hidden)).toMatchObject({ line: { key: key('60123456799') } });
  });

  test('is not linked again by itself once it was given up, nor while it is blocked', async () => {
    const origin = person({ user: '60123456798' });
    const known = await identity().resolve(origin);
    await ledger.unlinkLine(origin, known?.line.id ?? '', 'user');
    expect(await identity().resolve(origin)).toBeUndefined();
    expect((await ledger.linkedUser(origin))?.given).toHaveLength(1);

    const other = person({ user: '60123456797' });
    const lineId = (await identity().resolve(other))?.line.id ?? '';
    await ledger.blockLine(lineId, 'recycled', 'telco:recycled');
    expect(await identity().resolve(other)).toBeUndefined();
  });

  test('proves nothing where that way is off', async () => {
    expect(await identity(['code']).resolve(person({ user: '60123456796' }))).toBeUndefined();
  });

  test.each([
    'MY.13491208655302741918',
    '13491208655302@lid',
    '6012345',
    '6012345678901234',
    '+60123456783',
    '٦٠١٢٣٤٥٦٧',
  ])('is not what %s is', async (user) => {
    expect(await identity().resolve(person({ user }))).toBeUndefined();
  });

  test('proves nothing on another channel', async () => {
    expect(await identity().resolve(from({ channel: 'slack', user: '60123456783' }))).toBeUndefined();
    expect(await identity().resolve(from({ channel: 'slack', phone: '60123456783', user: 'U7' }))).toBeUndefined();
  });
});

describe('several lines', () => {
  test('are nobody’s until one is chosen, and what is remembered of before is not used again', async () => {
    const origin = from({ user: `U${randomUUID()}` });
    const recent = remembering(identity());
    const link = { operator: 'digi', method: 'code', source: 'slack', youngForMs: 0 } as const;
    const one = await ledger.linkLine(origin, { ...link, key: key('60123450001'), choose: true });
    expect(await recent.resolve(origin)).toMatchObject({ line: one.line, version: 0 });
    const two = await ledger.linkLine(origin, { ...link, key: key('60123450002'), choose: true });
    // Known for a moment; who knows that it is out of date gets the new one.
    expect((await recent.resolve(origin))?.line).toEqual(one.line);
    expect((await recent.resolve(origin, 1))?.line).toEqual(two.line);
    await ledger.chooseLine(origin, one.line.id);
    expect((await recent.resolve(origin, 2))?.line).toEqual(one.line);
    await ledger.unlinkLine(origin, one.line.id, 'user');
    expect((await recent.resolve(origin, 3))?.line).toEqual(two.line);
  });
});

test('a CPID is not remembered at all: what is shown next must be of the SIM that was proved last', async () => {
  const origin = from({ user: `U${randomUUID()}` });
  const recent = remembering(identity());
  const proof = { method: 'cpid', source: 'page', youngForMs: 0, choose: true } as const;
  const prove = (value: string) =>
    ledger.linkLine(origin, {
      ...{ operator: 'digi', key: { type: 'CPID', value }, ...proof },
      expiresAt: new Date(Date.now() + 3_600_000),
    });
  const one = await prove(`one-${randomUUID()}`);
  expect((await recent.resolve(origin))?.line).toEqual(one.line);
  const two = await prove(`two-${randomUUID()}`);
  expect(two.line.id).toBe(one.line.id);
  expect((await recent.resolve(origin))?.line).toEqual(two.line);
});

describe('an assigned persona', () => {
  let sandbox: Sandbox;
  let world: RemoteSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ clientId: 'c', clientSecret: 's' });
    world = remoteSandbox(sandbox.url);
  });
  afterAll(() => sandbox.close());
  const persona = () => assignedPersona(ledger, world.personas, world.ensure, vault.reference);

  test('is everyone’s own, the same one every time', async () => {
    const [one, again, other, elsewhere] = await Promise.all(
      [from(), from({ address: 'moved' }), from({ user: 'U2' }), from({ channel: 'teams' })].map((origin) =>
        persona().resolve(origin),
      ),
    );
    expect(one?.line.operator).toBe(world.personas[0]?.operator);
    expect(again).toEqual(one);
    expect(new Set([one, other, elsewhere].map((known) => known?.line.id)).size).toBe(3);
  });

  test('speaks the person’s own language and time where the channel knows them', async () => {
    const spanish = from({ locale: 'es-MX', timezone: 'America/Mexico_City' });
    expect(await persona().resolve(spanish)).toMatchObject({ locale: 'es-MX', timezone: 'America/Mexico_City' });
    const { locale, timezone } = world.personas[0] ?? {};
    expect(await persona().resolve(from())).toMatchObject({ locale, timezone });
  });

  test('is the persona itself where the telco makes no copies, and nobody where there are no personas', async () => {
    const elsewhere = remoteSandbox('http://127.0.0.1:9');
    const known = await assignedPersona(ledger, world.personas, elsewhere.ensure, vault.reference).resolve(from());
    expect(known?.line.key.value).toBe(world.personas[0]?.msisdn);
    const none = assignedPersona(ledger, [], world.ensure, vault.reference);
    expect(await none.resolve(from())).toBeUndefined();
  });

  test('is not for somebody who has a line to prove again', async () => {
    const origin = from({ user: `U${randomUUID()}` });
    const trial = firstOf(identity(), unlessLinked(ledger, persona()));
    expect(await trial.resolve(origin)).toMatchObject({ madeUp: true });
    const link = { operator: 'digi', key: key('60123450009'), method: 'code', source: 'slack' } as const;
    const { line } = await ledger.linkLine(origin, { ...link, youngForMs: 0, choose: true });
    expect(await trial.resolve(origin)).toMatchObject({ line });
    await ledger.blockLine(line.id, 'recycled', 'telco:recycled');
    expect(await trial.resolve(origin)).toBeUndefined();
  });
});
