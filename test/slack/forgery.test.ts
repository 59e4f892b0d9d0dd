import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createStates } from '../../adapters/slack/install.js';
import {
  type Entrance,
  headerOf,
  into,
  misspelt,
  OTHER_BODIES,
  pick,
  type Random,
  type Request,
  testForged,
  type Way,
  withHeaders,
} from '../security/forging.js';
import { type House, openHouse, payload, SECRET, sign } from './house.js';

const SIGNATURE = 'x-slack-signature';
const TIME = 'x-slack-request-timestamp';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const seconds = () => Math.floor(house.now / 1000);
const digest = (base: string, { key = SECRET, hash = 'sha256', as = 'hex' as 'hex' | 'base64' } = {}) =>
  createHmac(hash, key).update(base).digest(as);

/** A message signed `ago` seconds ago, with an id of its own. */
function genuine(random: Random, ago = random(300)): Request {
  const body = JSON.stringify(
    payload('message-im', (event) => {
      event.event_id = `Ev${random(2 ** 31)}x${random(2 ** 31)}`;
      event.event.client_msg_id = event.event_id;
    }),
  );
  const headers = { 'content-type': 'application/json', ...sign(body, seconds() - ago) };
  return { method: 'POST', url: '/slack/events', headers, body };
}

/** The request signed in another way than Slack's. */
const signedAs = (good: Request, signature: string) => withHeaders(good, { [SIGNATURE]: signature });
const at = (good: Request) => headerOf(good, TIME);

const WAYS: Readonly<Record<string, Way>> = {
  ...misspelt('signature', (good) => headerOf(good, SIGNATURE), signedAs),
  ...misspelt(
    'time',
    (good) => at(good),
    (good, text) => withHeaders(good, { [TIME]: text }),
  ),
  ...OTHER_BODIES,
  'signature: none': (good) => withHeaders(good, { [SIGNATURE]: undefined }),
  'time: none': (good) => withHeaders(good, { [TIME]: undefined }),
  'signature: of another version': (good, random) =>
    signedAs(
      good,
      headerOf(good, SIGNATURE).replace('v0=', pick(['v1=', 'V0=', 'v0:', '', 'v0', 'v00=', 'sha256='], random)),
    ),
  'signature: twice': (good, random) => {
    const right = headerOf(good, SIGNATURE);
    const wrong = `v0=${digest('another')}`;
    return withHeaders(good, {
      [SIGNATURE]: pick(
        [
          [right, right],
          [right, wrong],
          [wrong, right],
        ],
        random,
      ),
    });
  },
  'time: twice': (good, random) =>
    withHeaders(good, {
      [TIME]: pick(
        [
          [at(good), at(good)],
          [at(good), '0'],
          ['0', at(good)],
        ],
        random,
      ),
    }),
  'another key': (good, random) =>
    signedAs(
      good,
      `v0=${digest(`v0:${at(good)}:${good.body}`, { key: pick(['', `${SECRET}\n`, SECRET.toUpperCase(), SECRET.slice(0, -1), String(random(2 ** 31))], random) })}`,
    ),
  'another hash': (good, random) =>
    signedAs(
      good,
      `v0=${digest(`v0:${at(good)}:${good.body}`, { hash: pick(['sha1', 'sha512', 'sha384', 'md5'], random) })}`,
    ),
  'in base64': (good) => signedAs(good, `v0=${digest(`v0:${at(good)}:${good.body}`, { as: 'base64' })}`),
  'over something else': (good, random) =>
    signedAs(
      good,
      `v0=${digest(pick([good.body ?? '', `${at(good)}:${good.body}`, `v1:${at(good)}:${good.body}`, `v0:${good.body}`, `v0:${at(good)}:`, `v0::${good.body}`], random))}`,
    ),
  'of another body': (good, random) => ({ ...good, body: genuine(random).body ?? '' }),
  'of another time': (good, random) =>
    withHeaders(good, { [TIME]: String(Number(at(good)) + pick([-1, 1, 60, -60, 300], random)) }),
  'too old': (good, random) =>
    withHeaders(good, sign(good.body ?? '', seconds() - 301 - (random(2) && random(10_000_000)))),
  'too new': (good, random) =>
    withHeaders(good, sign(good.body ?? '', seconds() + 61 + (random(2) && random(10_000_000)))),
  'the time spelt in another way': (good, random) => {
    const spelt = pick(
      [
        `+${at(good)}`,
        `${at(good)}.0`,
        `${at(good)}e0`,
        `0x${Number(at(good)).toString(16)}`,
        `-${at(good)}`,
        `${at(good)}000`,
        `${at(good)};`,
        'NaN',
        'Infinity',
        '',
        '９９９９９９９９９９',
      ],
      random,
    );
    return withHeaders(good, { [TIME]: spelt, [SIGNATURE]: `v0=${digest(`v0:${spelt}:${good.body}`)}` });
  },
  'the border between time and body moved': (good) => {
    const [first = '', rest = ''] = [good.body?.slice(0, 1), good.body?.slice(1)];
    return { ...withHeaders(good, { [TIME]: `${at(good)}:${first}` }), body: rest };
  },
  'as a form': (good) => ({
    ...withHeaders(good, { 'content-type': 'application/x-www-form-urlencoded' }),
    body: `payload=${good.body}`,
  }),
  'in the address': (good) => ({
    ...withHeaders(good, { [SIGNATURE]: undefined }),
    url: `${good.url}?${SIGNATURE}=${headerOf(good, SIGNATURE)}`,
  }),
};

describe('what is not from Slack', () => {
  const send: Entrance['send'] = (request) => into(house.http)(request);

  test('a request is good for 300 seconds, and 60 ahead of our clock', async () => {
    const random = () => 7;
    for (const [ago, status] of [
      [300, 200],
      [301, 401],
      [-60, 200],
      [-61, 401],
    ] as const)
      expect([ago, await send(genuine(random, ago))]).toEqual([ago, status]);
  });

  testForged('requests', async () => {
    const before = house.delivered.length;

    return {
      genuine: (random) => genuine(random),
      ways: WAYS,
      send,
      passed: () => house.delivered.length - before,
      refusals: [401],
    };
  });
});

testForged('states of an installation', async () => {
  const options = { scopes: ['commands'] };
  const [ours, theirs] = [
    createStates('a state secret', options, () => house.now),
    createStates('another secret', options, () => house.now),
  ];
  const url = (state: string) => ({ method: 'GET', url: state, headers: {} }) as const;
  const parts = (good: Request) => good.url.split('.');
  let passed = 0;
  async function genuineState() {
    return url(await ours.generateStateParam(options, new Date()));
  }
  return {
    genuine: async () => url(await ours.generateStateParam(options, new Date())),
    ways: {
      ...misspelt(
        'state',
        (good) => good.url,
        (_good, text) => url(text),
      ),
      ...misspelt(
        'signature',
        (good) => parts(good)[2] ?? '',
        (good, text) => url([...parts(good).slice(0, 2), text].join('.')),
      ),
      'a later end': (good) => url(good.url.replace(/\.\d+\./, `.${house.now + 86_400_000_000}.`)),
      'another key': async () => url(await theirs.generateStateParam(options, new Date())),
      'another nonce': async (good) => url([parts(await genuineState())[0], ...parts(good).slice(1)].join('.')),
      'no signature': (good) => url(parts(good).slice(0, 2).join('.')),
      'an empty signature': (good) => url(`${parts(good).slice(0, 2).join('.')}.`),
    },
    send: (request) =>
      ours.verifyStateParam(new Date(), request.url).then(
        () => {
          passed++;
          return 200;
        },
        () => 401,
      ),
    passed: () => passed,
    refusals: [401],
  };
});
