import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { importJWK, type JWK, type JWTPayload } from 'jose';
import type { Known } from '../access/forgeries.js';
import { bearerWays, bearing, each, knownOf, tokenOf } from '../security/bearer.js';
import { type Entrance, into, pick, type Random, type Request, testForged, type Way } from '../security/forging.js';
import { type House, openHouse, payload } from './house.js';
import { APP_ID, ISSUER, makeKey } from './microsoft.js';

let house: House;
let known: Known;
/** Signed by Microsoft's own key, and wrong in one thing each. */
let misissued: readonly string[];
beforeAll(async () => {
  house = await openHouse();
  const { microsoft } = house;
  const [key] = microsoft.keys;
  if (key === undefined) throw new Error('Microsoft has no key');
  const stranger = await makeKey(key.kid);
  const jwk = key.publicJwk as JWK;
  known = await knownOf(
    await each(20, (n) => microsoft.token({ jti: `${n}` })),
    await each(5, (n) => microsoft.token({ jti: `${n}` }, { key: stranger })),
    (await importJWK(jwk, 'RS256')) as CryptoKey,
  );
  misissued = await Promise.all(wrongClaims().map((claims) => microsoft.token(claims)));
});
afterAll(() => house.stop());

function wrongClaims(): readonly JWTPayload[] {
  const now = Math.floor(house.now / 1000);
  return [
    { aud: 'another-app' },
    { aud: APP_ID.toUpperCase().replace('1', '2') },
    { aud: [APP_ID, 'another-app'] },
    { aud: undefined },
    { iss: 'https://evil.example' },
    { iss: `${ISSUER}/` },
    { iss: undefined },
    // Five minutes of skew are allowed, and not a second more.
    { exp: now - 301 },
    { exp: undefined },
    { nbf: now + 302 },
    { iat: now + 302 },
  ] as readonly JWTPayload[];
}

const encode = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString());

/** What somebody says, with an id of its own. */
function genuine(random: Random): Request {
  const activity = payload(house.microsoft, 'personal-message', (said) => {
    said.id = `${random(2 ** 31)}x${random(2 ** 31)}`;
  });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${pick(known.tokens, random)}` };
  return { method: 'POST', url: '/api/messages', headers, body: JSON.stringify(activity) };
}

const saying = (good: Request, change: object) => ({
  ...good,
  body: JSON.stringify({ ...JSON.parse(good.body ?? ''), ...change }),
});

const HEADERS = {
  alg: ['none', 'None', 'HS256', 'RS384', 'RS512', 'PS256', 'ES256', '', 'RS256'],
  kid: ['key-1', 'key-2', '', '../key-1', '__proto__', 'constructor', 'key-1\0', 'KEY-1'],
};

const WAYS: Readonly<Record<string, Way>> = {
  ...bearerWays(() => known),
  'a header and claims of their own': (good, random) => {
    const [head, body, signature = ''] = tokenOf(good).split('.');
    const said = {
      ...(random(2) === 0 && { aud: 'other' }),
      ...(random(2) === 0 && { exp: 4_000_000_000 + random(1_000_000) }),
      ...(random(2) === 0 && { serviceurl: 'https://evil.example/' }),
      n: random(2 ** 31),
    };
    const header = {
      ...decode(head),
      alg: pick(HEADERS.alg, random),
      kid: pick(HEADERS.kid, random),
      ...(random(2) === 0 && { jwk: known.publicJwk }),
      ...(random(2) === 0 && { jku: 'https://evil.example/keys', x5u: 'https://evil.example/cert' }),
      ...(random(4) === 0 && { crit: ['exp'] }),
    };
    const sign = pick([signature, pick(known.foreign, random).split('.')[2] ?? '', '', 'AAAA'], random);
    return bearing(good, `${encode(header)}.${encode({ ...decode(body), ...said })}.${sign}`);
  },
  'by Microsoft, for somebody else or another time': (good, random) => bearing(good, pick(misissued, random)),
  'for an activity of another service': (good, random) =>
    saying(good, {
      serviceUrl: pick(
        [
          'https://evil.example/',
          `${house.microsoft.serviceUrl}@evil.example/`,
          house.microsoft.serviceUrl.replace('127.0.0.1', '127.0.0.2'),
          `${house.microsoft.serviceUrl}x/`,
          house.microsoft.serviceUrl.replace('http:', 'https:'),
        ],
        random,
      ),
    }),
  'for an activity of another channel': (good, random) =>
    saying(good, { channelId: pick(['webchat', 'directline', 'emulator', 'MSTEAMS', 'msteams ', 'email'], random) }),
};

const send: Entrance['send'] = (request) => into(house.http)(request);

testForged('requests', async () => {
  const passed = () => house.delivered.length;
  // 403: Microsoft's token, and an activity it is not for. 400: a header that may be there once is there twice.

  return { genuine, ways: WAYS, send, passed, refusals: [400, 401, 403] };
});

test('what is wrong in one thing only is refused for that thing: at the edges it is taken', async () => {
  const now = Math.floor(house.now / 1000);
  for (const claims of [{ exp: now - 298 }, { nbf: now + 298 }, { iat: now + 298 }]) {
    expect(
      await send(
        bearing(
          genuine(() => 0),
          await house.microsoft.token(claims),
        ),
      ),
    ).toBe(200);
  }
  for (const token of misissued)
    expect(
      await send(
        bearing(
          genuine(() => 0),
          token,
        ),
      ),
    ).toBe(401);
});
