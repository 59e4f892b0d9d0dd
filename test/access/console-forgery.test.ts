import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  testForged,
  type Way,
  withHeaders,
} from '../security/forging.js';
import { Visitor } from './browser.js';
import { openPeople, type PeopleHouse } from './people-house.js';

const HOST = 'refill.example';
const PAGE = { 'x-refill-page': '1', 'sec-fetch-site': 'same-origin' };

let house: PeopleHouse;
/** Of people who are logged in, and of one who was. */
let sessions: readonly string[];
let ended: string;
beforeAll(async () => {
  house = await openPeople({ failuresPerAddress: 10_000_000 });
  sessions = await Promise.all(Array.from({ length: 5 }, logIn));
  ended = await logIn();
  const headers = { host: HOST, cookie: `refill_session=${ended}`, ...PAGE };
  expect(await into(house.http)({ method: 'POST', url: '/console/logout', headers })).toBe(200);
}, 60_000);
afterAll(() => house?.close());

const oneTime = async () => (await house.people.oneTimeUrl('http://localhost')).split('#login=')[1] ?? '';

async function logIn(): Promise<string> {
  const visitor = new Visitor(house.http, HOST);
  expect((await visitor.post('/console/login/token', { token: await oneTime() })).statusCode).toBe(200);
  return visitor.cookies.get('refill_session') ?? '';
}

/** Something an agent, a viewer or an admin does. */
function genuine(random: Random): Request {
  return {
    method: pick(['GET', 'POST'], random),
    url: `/for/${pick(['viewer', 'agent', 'admin'], random)}`,
    headers: { host: HOST, cookie: `theme=dark; refill_session=${pick(sessions, random)}`, ...PAGE },
  };
}

const idOf = (good: Request) => headerOf(good, 'cookie').split('refill_session=')[1] ?? '';
const carrying = (good: Request, cookie: string) => withHeaders(good, { cookie });
const sha256 = (text: string, as: 'hex' | 'base64url') => createHash('sha256').update(text).digest(as);

const SESSION_WAYS: Readonly<Record<string, Way>> = {
  ...misspelt('id', idOf, (good, id) => carrying(good, `refill_session=${id}`)),
  none: (good) => withHeaders(good, { cookie: undefined }),
  'made up': (good, random) => carrying(good, `refill_session=${sha256(String(random(2 ** 31)), 'base64url')}`),
  ended: (good) => carrying(good, `refill_session=${ended}`),
  'what the store has of it': (good, random) =>
    carrying(good, `refill_session=${sha256(idOf(good), pick(['hex', 'base64url'], random))}`),
  'another name': (good, random) => {
    const names = [
      '__Host-refill_session',
      'Refill_session',
      'REFILL_SESSION',
      'refill-session',
      'session',
      'refill_login',
      'refill_web',
    ];
    return carrying(good, `${pick(names, random)}=${idOf(good)}`);
  },
  'within another cookie': (good, random) =>
    carrying(
      good,
      pick(
        ['a=refill_session=', 'a="; refill_session="', 'xrefill_session=', 'refill_session[]=', '=refill_session='],
        random,
      ) + idOf(good),
    ),
  quoted: (good, random) => {
    const [before, after] = pick(
      [
        ['"', '"'],
        ["'", "'"],
        ['s:', ''],
        ['%22', '%22'],
        ['"', ''],
      ] as const,
      random,
    );
    return carrying(good, `refill_session=${before}${idOf(good)}${after}`);
  },
  'written as an address is': (good) =>
    carrying(good, `refill_session=%${(idOf(good)[0] ?? '').charCodeAt(0).toString(16)}${idOf(good).slice(1)}`),
  'two, one of them made up': (good, random) => {
    const [right, wrong] = [
      `refill_session=${idOf(good)}`,
      `refill_session=${sha256(String(random(99)), 'base64url')}`,
    ];
    return withHeaders(good, {
      cookie: pick<string | string[]>(
        [`${right}; ${wrong}`, `${wrong}; ${right}`, [right, wrong], [wrong, right]],
        random,
      ),
    });
  },
  elsewhere: (good, random) => {
    const id = idOf(good);
    const headers = pick(
      [{ authorization: `Bearer ${id}` }, { 'x-session': id }, { cookie2: `refill_session=${id}` }],
      random,
    );
    return { ...withHeaders(good, { cookie: undefined, ...headers }), url: `${good.url}?refill_session=${id}` };
  },
};

testForged('session cookies', () => ({ genuine, ways: SESSION_WAYS, send: into(house.http), refusals: [401] }));

/** What our own page sends, whatever a browser says about where it comes from. */
function fromPage(random: Random): Request {
  const from = pick([{ 'sec-fetch-site': 'same-origin' }, { origin: `http://${HOST}` }], random);
  const headers = { host: HOST, cookie: `refill_session=${pick(sessions, random)}`, 'x-refill-page': '1', ...from };
  return { method: 'POST', url: `/for/${pick(['viewer', 'agent', 'admin'], random)}`, headers };
}

const FROM_NOWHERE = { 'sec-fetch-site': undefined, origin: undefined };
const fromOrigin = (good: Request, origin: string) => withHeaders(good, { ...FROM_NOWHERE, origin });
const fromSite = (good: Request, site: string | string[]) =>
  withHeaders(good, { ...FROM_NOWHERE, 'sec-fetch-site': site });

/** The cookie is right in all of them: a browser adds it to whatever page asks. */
const CSRF_WAYS: Readonly<Record<string, Way>> = {
  ...misspelt('origin', () => `http://${HOST}`, fromOrigin),
  ...misspelt('site', () => 'same-origin', fromSite),
  'without the page’s header': (good) => withHeaders(good, { 'x-refill-page': undefined }),
  'the page’s header under another name': (good, random) =>
    withHeaders(good, {
      'x-refill-page': undefined,
      [pick(['x-refill_page', 'x-refillpage', 'refill-page', 'x-requested-with'], random)]: '1',
    }),
  'the page’s header in the address': (good) => ({
    ...withHeaders(good, { 'x-refill-page': undefined }),
    url: `${good.url}?x-refill-page=1`,
  }),
  'of another site': (good, random) =>
    fromSite(good, pick(['cross-site', 'same-site', 'none', '', 'Same-Origin', 'same-origin, cross-site'], random)),
  'of two sites': (good, random) =>
    fromSite(
      good,
      pick(
        [
          ['same-origin', 'cross-site'],
          ['cross-site', 'same-origin'],
        ],
        random,
      ),
    ),
  'of another site that names our origin': (good) =>
    withHeaders(fromSite(good, 'cross-site'), { origin: `http://${HOST}` }),
  'from another origin': (good, random) =>
    fromOrigin(
      good,
      pick(
        [
          'https://evil.example',
          'null',
          '',
          HOST,
          `http://${HOST}.evil.example`,
          `http://evil-${HOST}`,
          `http://sub.${HOST}`,
          `http://${HOST}:81`,
          `http://${HOST}@evil.example`,
          `http://evil.example/${HOST}`,
          `ftp://${HOST}`,
          `//${HOST}`,
          `http://http://${HOST}`,
          `file://${HOST}`,
          `http://${HOST}, http://evil.example`,
        ],
        random,
      ),
    ),
  'from two origins': (good, random) =>
    withHeaders(good, {
      ...FROM_NOWHERE,
      origin: pick(
        [
          [`http://${HOST}`, 'http://evil.example'],
          ['http://evil.example', `http://${HOST}`],
        ],
        random,
      ),
    }),
};

describe('only our own page', () => {
  test(
    `${MUTATIONS} requests of other sites (seed ${SEED}): none is done`,
    async () => {
      await expectNoneTaken({ genuine: fromPage, ways: CSRF_WAYS, send: into(house.http), refusals: [403] });
    },
    FORGING_MS,
  );
});

testForged('login tokens', async () => {
  const used = await oneTime();
  const asked = (token: unknown, more: object = {}): Request => ({
    method: 'POST',
    url: '/console/login/token',
    headers: { host: HOST, 'content-type': 'application/json', ...PAGE },
    body: JSON.stringify({ token, ...more }),
  });
  expect(await into(house.http)(asked(used))).toBe(200);
  const tokenOf = (good: Request): string => JSON.parse(good.body ?? '').token;

  return {
    genuine: async () => asked(await oneTime()),
    ways: {
      ...misspelt('token', tokenOf, (_good, token) => asked(token)),
      used: () => asked(used),
      none: (_good, random) => asked(pick([undefined, null, '', 0, true, {}, []], random)),
      'in a list': (good, random) =>
        asked(pick([[tokenOf(good)], { token: tokenOf(good) }, { 0: tokenOf(good) }], random)),
      'twice, the last one made up': (good) => ({
        ...good,
        body: `{"token":"${tokenOf(good)}","token":"${'x'.repeat(43)}"}`,
      }),
      'under another name': (good, random) =>
        asked(undefined, { [pick(['Token', 'login', ' token', 'tokens'], random)]: tokenOf(good) }),
      'a session of somebody': (_good, random) => asked(pick(sessions, random)),
      'what the store has of it': (good) => asked(sha256(tokenOf(good), 'base64url')),
      'in the address': (good) => ({ ...asked(undefined), url: `${good.url}?token=${tokenOf(good)}` }),
      'from another site': (good, random) => fromSite(good, pick(['cross-site', 'same-site', 'none'], random)),
      'without the page’s header': (good) => withHeaders(good, { 'x-refill-page': undefined }),
    },
    send: into(house.http),
    refusals: [401, 403],
  };
});
