import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRefusalLog } from '../../bot/access/refusals.js';
import { hashSecret, newSecret } from '../../bot/access/secrets.js';
import { createLog } from '../../bot/log.js';
import { Visitor } from './browser.js';
import { basic, ENVIRONMENT, type House, openHouse } from './house.js';
import { openPeople } from './people-house.js';

const GRANT = { grant_type: 'client_credentials' };

function capture() {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('the log says of what calls', () => {
  const { log, lines, last } = capture();
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ log });
  });
  afterAll(() => house?.close());

  test('a wrong secret: whose, when the client is one of ours, and where', async () => {
    await house.ask(GRANT, basic(ENVIRONMENT.id, 'a wrong secret'));
    expect(last()).toMatchObject({
      level: 40,
      what: 'client-secret',
      route: '/oauth/token',
      reason: 'wrong secret',
      client: ENVIRONMENT.id,
    });
    await house.ask(GRANT, basic('a-secret-in-the-wrong-field', 'x'));
    expect(last()).toMatchObject({ reason: 'unknown client' });
    expect(last()).not.toHaveProperty('client');
  });

  test('a client that was disabled', async () => {
    const secret = newSecret();
    await house.ledger.addClient({ id: 'left', scopes: ['notify'] }, hashSecret(secret));
    await house.ledger.setClientDisabled('left', true);
    await house.ask(GRANT, basic('left', secret));
    expect(last()).toMatchObject({ reason: 'disabled or expired', client: 'left' });
  });

  test('a token that was issued, to whom and for what', async () => {
    await house.ask({ ...GRANT, scope: 'notify' }, basic(ENVIRONMENT.id, ENVIRONMENT.secret));
    expect(last()).toMatchObject({
      level: 30,
      client: ENVIRONMENT.id,
      scopes: ['notify'],
      msg: 'a token was issued',
    });
  });

  test('a token that is missing, wrong, too old, or not for that', async () => {
    await house.call('notify', undefined);
    const route = '/millom/notify/:operator/v1/single';
    expect(last()).toMatchObject({ what: 'token', route, reason: 'none given' });
    await house.call('notify', 'made.up.token');
    expect(last()).toMatchObject({
      what: 'token',
      route,
      reason: expect.stringMatching(/^refused|^not a signed token/),
    });
    const token = await house.callers.issue();
    await house.call('links', token);
    expect(last()).toMatchObject({
      what: 'scope',
      route: '/admin/links',
      reason: 'without links.write',
      client: '(sandbox)',
    });
    house.now = new Date(Date.now() + 7_200_000);
    await house.call('notify', token);
    expect(last()).toMatchObject({ what: 'token', reason: 'refused (ERR_JWT_EXPIRED)' });
    house.now = new Date();
  });

  test('and nothing of what was brought along', async () => {
    const token = await house.callers.issue();
    await house.call('links', token);
    await house.call('notify', `${token}x`);
    for (const secret of [
      token,
      token.split('.')[2] ?? '',
      'made.up',
      'a wrong secret',
      'a-secret-in',
      ENVIRONMENT.secret,
    ])
      expect(lines.join('')).not.toContain(secret);
  });
});

test('the log says who of those logged in lacks a role, and that another site asked', async () => {
  const { log, last } = capture();
  const house = await openPeople({ log });
  const token = (await house.people.oneTimeUrl('http://localhost')).split('#login=')[1] ?? '';
  const visitor = new Visitor(house.http);
  await visitor.post('/console/login/token', { token });
  await visitor.post('/for/viewer', {}, { 'sec-fetch-site': 'cross-site' });
  expect(last()).toMatchObject({ what: 'origin', route: '/for/viewer', level: 40 });
  await house.close();
});

test('a flood of one refusal leaves room for others, none fills the log, and what was left out is counted', () => {
  const lines: object[] = [];
  let now = 60_000_000;
  const note = createRefusalLog({ warn: (facts: object) => void lines.push(facts) } as never, () => now);
  for (let n = 0; n < 1000; n++) note({ what: 'token', route: '/a', reason: 'wrong' });
  expect(lines).toHaveLength(5);
  note({ what: 'scope', route: '/b', reason: 'without notify', client: 'c' });
  expect(lines.at(-1)).toEqual({ what: 'scope', route: '/b', reason: 'without notify', client: 'c' });
  for (let n = 0; n < 1000; n++) note({ what: 'scope', route: '/b', reason: 'without notify', client: `c${n}` });
  expect(lines).toHaveLength(60);
  now += 60_000;
  note({ what: 'token', route: '/a', reason: 'wrong' });
  expect(lines.slice(60)).toEqual([{ count: 995 + 946 }, { what: 'token', route: '/a', reason: 'wrong' }]);
});
