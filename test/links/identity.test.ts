import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Origin } from '../../bot/conversation/event.js';
import { assignedPersona, directoryIdentity, firstOf, numberIdentity } from '../../bot/identity/directory.js';
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

describe('the directory', () => {
  test('knows whom the operator vouched for, and nobody else', async () => {
    const link = { channel: 'slack', workspace: 'T1', user: 'U1', operator: 'celcom', key: key('60123456781') };
    await ledger.saveLinks([link], 'test');
    const directory = directoryIdentity(ledger);
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
    expect(await directoryIdentity(ledger).resolve(origin)).toMatchObject({ line: { key: link.key } });
  });
});

describe('a WhatsApp number', () => {
  const identity = () => numberIdentity(ledger, 'digi');

  test('is the subscriber’s own', async () => {
    const known = await identity().resolve(from({ channel: 'whatsapp', user: '60123456783' }));
    expect(known).toEqual({ line: await ledger.ensureLine('digi', key('60123456783')) });
  });

  test.each([
    'MY.13491208655302741918',
    '13491208655302@lid',
    '6012345',
    '6012345678901234',
    '+60123456783',
    '٦٠١٢٣٤٥٦٧',
  ])('is not what %s is', async (user) => {
    expect(await identity().resolve(from({ channel: 'whatsapp', user }))).toBeUndefined();
  });

  test('proves nothing on another channel', async () => {
    expect(await identity().resolve(from({ channel: 'slack', user: '60123456783' }))).toBeUndefined();
  });
});

describe('an assigned persona', () => {
  let sandbox: Sandbox;
  let world: RemoteSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ clientId: 'c', clientSecret: 's' });
    world = remoteSandbox(sandbox.url);
  });
  afterAll(() => sandbox.close());
  const identity = () => assignedPersona(ledger, world.personas, world.ensure, vault.reference);

  test('is everyone’s own, the same one every time', async () => {
    const [one, again, other, elsewhere] = await Promise.all(
      [from(), from({ address: 'moved' }), from({ user: 'U2' }), from({ channel: 'teams' })].map((origin) =>
        identity().resolve(origin),
      ),
    );
    expect(one?.line.operator).toBe(world.personas[0]?.operator);
    expect(again).toEqual(one);
    expect(new Set([one, other, elsewhere].map((known) => known?.line.id)).size).toBe(3);
  });

  test('speaks the person’s own language and time where the channel knows them', async () => {
    const spanish = from({ locale: 'es-MX', timezone: 'America/Mexico_City' });
    expect(await identity().resolve(spanish)).toMatchObject({ locale: 'es-MX', timezone: 'America/Mexico_City' });
    const { locale, timezone } = world.personas[0] ?? {};
    expect(await identity().resolve(from())).toMatchObject({ locale, timezone });
  });

  test('is the persona itself where the telco makes no copies, and nobody where there are no personas', async () => {
    const elsewhere = remoteSandbox('http://127.0.0.1:9');
    const known = await assignedPersona(ledger, world.personas, elsewhere.ensure, vault.reference).resolve(from());
    expect(known?.line.key.value).toBe(world.personas[0]?.msisdn);
    const none = assignedPersona(ledger, [], world.ensure, vault.reference);
    expect(await none.resolve(from())).toBeUndefined();
  });
});

describe('several ways to know someone', () => {
  test('are tried in order, and the first that knows is believed', async () => {
    const link = { channel: 'whatsapp', workspace: 'W1', user: '60123456784', operator: 'celcom' };
    await ledger.saveLinks([{ ...link, key: key('60123456785') }], 'test');
    const identity = firstOf(
      { resolve: async () => undefined },
      directoryIdentity(ledger),
      numberIdentity(ledger, 'digi'),
    );
    const of = async (user: string) =>
      (await identity.resolve(from({ channel: 'whatsapp', workspace: 'W1', user })))?.line;
    expect(await of('60123456784')).toMatchObject({ operator: 'celcom', key: { value: '60123456785' } });
    expect(await of('60123456786')).toMatchObject({ operator: 'digi', key: { value: '60123456786' } });
    expect(await of('MY.1')).toBeUndefined();
  });
});
