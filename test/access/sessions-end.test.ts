import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Visitor } from './browser.js';
import { type Keycloak, startKeycloak } from './keycloak.js';
import { openPeople, type PeopleHouse } from './people-house.js';

let keycloak: Keycloak;
let house: PeopleHouse;
beforeAll(async () => {
  keycloak = await startKeycloak();
  house = await openPeople({ issuer: keycloak.url, publicUrl: 'https://refill.example' });
});
afterAll(async () => {
  await house?.close();
  await keycloak?.close();
});

/** Somebody with a session. */
async function loggedIn(sub: string, role: string): Promise<Visitor> {
  keycloak.user = { sub, name: sub, roles: [`refill-${role}`], rolesInIdToken: true };
  const visitor = new Visitor(house.http);
  const start = await visitor.go('GET', '/console/login');
  const asked = await fetch(String(start.headers.location), { redirect: 'manual' });
  const back = new URL(asked.headers.get('location') ?? '');
  await visitor.go('GET', `${back.pathname}${back.search}`);
  return visitor;
}

const stateOf = async (visitor: Visitor) => (await visitor.session())['state'];
const END = '/console/sessions/end';

describe('an admin', () => {
  test('ends every session of one person, here and in any browser; others go on', async () => {
    const [admin, phone, laptop, other] = [
      await loggedIn('boss', 'admin'),
      await loggedIn('gone', 'admin'),
      await loggedIn('gone', 'admin'),
      await loggedIn('ana', 'agent'),
    ];
    expect((await admin.post(END, { subject: 'gone' })).json()).toEqual({ ended: 'one person' });
    expect(await Promise.all([admin, phone, laptop, other].map(stateOf))).toEqual(['in', 'out', 'out', 'in']);
    expect((await phone.post(END, { everybody: true })).statusCode).toBe(401);
    expect((await laptop.go('GET', '/for/viewer')).statusCode).toBe(401);
  });

  test('may log somebody out who may come back: a later login counts', async () => {
    const admin = await loggedIn('boss', 'admin');
    await admin.post(END, { subject: 'ana' });
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(await stateOf(await loggedIn('ana', 'agent'))).toBe('in');
  });

  test('ends everybody’s, their own included', async () => {
    const [admin, other] = [await loggedIn('boss', 'admin'), await loggedIn('ana', 'agent')];
    expect((await admin.post(END, { everybody: true })).json()).toEqual({ ended: 'everybody' });
    expect(await Promise.all([admin, other].map(stateOf))).toEqual(['out', 'out']);
    await new Promise((resolve) => setTimeout(resolve, 2));
  });

  test.each([
    [{}],
    [{ subject: '' }],
    [{ subject: 7 }],
    [{ everybody: false }],
    [{ subject: 'ana', everybody: true }],
    [[]],
  ])('who says %j ends nothing', async (body) => {
    const admin = await loggedIn('boss', 'admin');
    expect((await admin.post(END, body)).statusCode).toBe(400);
    expect(await stateOf(admin)).toBe('in');
  });
});

test('nobody else may: an agent, a stranger, another site', async () => {
  const [admin, agent] = [await loggedIn('boss', 'admin'), await loggedIn('ana', 'agent')];
  expect((await agent.post(END, { everybody: true })).statusCode).toBe(403);
  expect((await new Visitor(house.http).post(END, { everybody: true })).statusCode).toBe(401);
  expect((await admin.post(END, { everybody: true }, { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  expect(await Promise.all([admin, agent].map(stateOf))).toEqual(['in', 'in']);
});

test('the store does not say who was logged out', async () => {
  const admin = await loggedIn('boss', 'admin');
  await admin.post(END, { subject: 'a-subject-of-the-issuer' });
  const dump = await house.dump();
  expect(dump).toContain('session-end:');
  expect(dump).not.toContain('a-subject-of-the-issuer');
});
