import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSessions, SESSION_MS } from '../../adapters/web/verify.js';
import {
  expectNoneTaken,
  FORGING_MS,
  headerOf,
  into,
  MUTATIONS,
  misspelt,
  pick,
  type Random,
  type Request,
  SEED,
  type Way,
  withHeaders,
} from '../security/forging.js';
import { type House, openHouse } from './house.js';

const SECRET = 'a secret for the tests';
const HOLDER = { subscriber: 'daniel', locale: 'en', timezone: 'Asia/Kuala_Lumpur' };
const CONVERSATION = 'web.daniel';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const issued = (conversation = CONVERSATION, { secret = SECRET, holder = HOLDER, ago = 0 } = {}) =>
  createSessions(secret).issue(conversation, holder, house.now - ago);

/** Something said in a conversation, with the session as a page or as a browser sends it. */
function genuine(random: Random): Request {
  const token = issued(CONVERSATION, { ago: random(SESSION_MS) });
  const session =
    random(2) === 0 ? { authorization: `Bearer ${token}` } : { cookie: `theme=dark; refill_web=${token}` };
  return {
    method: 'POST',
    url: `/web/${CONVERSATION}/messages`,
    headers: { 'content-type': 'application/json', ...session },
    body: JSON.stringify({ id: `m-${random(2 ** 31)}-${random(2 ** 31)}`, text: 'balance' }),
  };
}

const tokenOf = (good: Request) =>
  headerOf(good, 'authorization').slice(7) || (headerOf(good, 'cookie').split('refill_web=')[1] ?? '');
const carrying = (good: Request, token: string) =>
  'cookie' in good.headers
    ? withHeaders(good, { cookie: `refill_web=${token}` })
    : withHeaders(good, { authorization: `Bearer ${token}` });
const parts = (good: Request) => tokenOf(good).split('.');
const claiming = (good: Request, change: object) => {
  const [body = '', signature = ''] = parts(good);
  const claims = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), ...change };
  return carrying(good, `${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`);
};

const WAYS: Readonly<Record<string, Way>> = {
  ...misspelt('token', tokenOf, carrying),
  ...misspelt(
    'claims',
    (good) => parts(good)[0] ?? '',
    (good, text) => carrying(good, `${text}.${parts(good)[1]}`),
  ),
  ...misspelt(
    'signature',
    (good) => parts(good)[1] ?? '',
    (good, text) => carrying(good, `${parts(good)[0]}.${text}`),
  ),
  none: (good) => withHeaders(good, { authorization: undefined, cookie: undefined }),
  'no signature': (good, random) =>
    carrying(good, pick([parts(good)[0] ?? '', `${parts(good)[0]}.`, `.${parts(good)[1]}`], random)),
  'three parts': (good) => carrying(good, `${tokenOf(good)}.${parts(good)[1]}`),
  'other claims': (good, random) =>
    claiming(
      good,
      pick(
        [{ u: 'aisha' }, { x: house.now + 2 * SESSION_MS + random(1_000_000) }, { l: 'es' }, { admin: true }],
        random,
      ),
    ),
  'another key': (good, random) =>
    carrying(
      good,
      issued(CONVERSATION, {
        secret: pick([`${SECRET} `, SECRET.toUpperCase(), `another secret ${random(99)}`], random),
      }),
    ),
  'of another conversation': (good, random) =>
    carrying(good, issued(pick(['web.aisha', 'web.daniel2', 'web.Daniel', 'web.', ''], random))),
  'for another conversation': (good, random) => ({
    ...good,
    url: good.url.replace('daniel', pick(['aisha', 'daniel2', 'Daniel', 'daniel%20'], random)),
  }),
  'too old': (good, random) => carrying(good, issued(CONVERSATION, { ago: SESSION_MS + random(1_000_000) })),
  'another scheme': (good, random) =>
    withHeaders(good, {
      cookie: undefined,
      authorization: `${pick(['Basic', 'JWT', '', 'Bearer Bearer', 'Bearer  '], random)} ${tokenOf(good)}`,
    }),
  'another cookie': (good, random) =>
    withHeaders(good, {
      authorization: undefined,
      cookie: `${pick(['refill_session', 'Refill_web', 'xrefill_web', '__Host-refill_web'], random)}=${tokenOf(good)}`,
    }),
  'two cookies, one of them made up': (good, random) => {
    const [right, wrong] = [`refill_web=${tokenOf(good)}`, `refill_web=${issued('web.aisha')}`];
    return withHeaders(good, {
      authorization: undefined,
      cookie: pick<string | string[]>([`${right}; ${wrong}`, `${wrong}; ${right}`, [right, wrong]], random),
    });
  },
  'in the address': (good) => ({
    ...withHeaders(good, { authorization: undefined, cookie: undefined }),
    url: `${good.url}?token=${tokenOf(good)}`,
  }),
};

test(
  `${MUTATIONS} forged sessions (seed ${SEED}): none is taken`,
  async () => {
    const passed = () => house.delivered.length;
    await expectNoneTaken({ genuine, ways: WAYS, send: into(house.http), passed, refusals: [401] });
    expect(passed()).toBeGreaterThan(0);
  },
  FORGING_MS,
);
