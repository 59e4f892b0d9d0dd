import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { createKeyRing } from '../../bot/access/key-ring.js';
import { createOwnTokens, type OwnTokens } from '../../bot/access/own-tokens.js';
import type { Scope } from '../../bot/access/scopes.js';
import { FORGE, type Known } from '../access/forgeries.js';
import { ENVIRONMENT, type House, openHouse, ROUTES } from '../access/house.js';
import {
  type Entrance,
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

const ISSUER = 'https://refill.example';

let house: House;
/** Signs with the house's own key, at any time, for anybody: what is wrong then is what the token says. */
let ours: (client: string, scopes: readonly Scope[], at?: Date, issuer?: string) => Promise<string>;
let known: Known;
beforeAll(async () => {
  house = await openHouse({ issuer: ISSUER, requestsPerMinute: 10_000_000 });
  const ring = createKeyRing(house.ledger, () => house.now);
  const tokensAt = (at: Date, issuer: string): OwnTokens => createOwnTokens(ring, issuer, () => at);
  ours = (client, scopes, at = house.now, issuer = ISSUER) => tokensAt(at, issuer).issue(client, scopes);
  const { kid } = await ring.signing();
  const publicKey = (await ring.verifying(kid)) as CryptoKey;
  const stranger = await generateKeyPair('ES256');
  const each = <T>(count: number, make: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => make(n)));
  known = {
    tokens: await each(20, () => ours(ENVIRONMENT.id, ['callback', 'notify'])),
    publicPem: await exportSPKI(publicKey),
    publicJwk: { ...(await exportJWK(publicKey)) },
    foreign: await each(5, (n) =>
      new SignJWT({ client_id: ENVIRONMENT.id, scope: 'callback notify', jti: `${n}` })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setIssuer(ISSUER)
        .setAudience('refill')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(stranger.privateKey),
    ),
  };
}, 60_000);
afterAll(() => house?.close());

const tokenOf = (good: Request) => headerOf(good, 'authorization').slice(7);
const bearing = (good: Request, token: string) => withHeaders(good, { authorization: `Bearer ${token}` });

const send: Entrance['send'] = (request) => into(house.http)(request);

describe.each([
  ['callback', ROUTES.callback, '{"appId":"refill","transactionId":"n-123"}', 'notify'],
  ['notify', ROUTES.notify, '{"type":"low-data","transactionId":"n-123"}', 'callback'],
] as const)('the door of %s', (scope, url, body, otherScope) => {
  const genuine = (random: Random): Request => ({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${pick(known.tokens, random)}` },
    body,
  });
  let misissued: readonly string[] = [];
  beforeAll(async () => {
    const later = (ms: number) => new Date(house.now.getTime() + ms);
    misissued = await Promise.all([
      ours(ENVIRONMENT.id, [otherScope]),
      ours(ENVIRONMENT.id, ['links.write', 'purchases.read']),
      ours(ENVIRONMENT.id, []),
      ours('nobody', [scope]),
      ours(ENVIRONMENT.id.toUpperCase(), [scope]),
      ours('issuer:millom', [scope]),
      ours(ENVIRONMENT.id, [scope], undefined, `${ISSUER}/`),
      ours(ENVIRONMENT.id, [scope], undefined, 'https://refill.example.evil'),
      // An hour, and a minute of skew.
      ours(ENVIRONMENT.id, [scope], later(-3_661_000)),
      ours(ENVIRONMENT.id, [scope], later(62_000)),
    ]);
  });

  const WAYS: Readonly<Record<string, Way>> = {
    ...Object.fromEntries(
      FORGE.map((forge, n): [string, Way] => [
        `token ${n}`,
        (good, random) => bearing(good, forge(tokenOf(good), random, known)),
      ]),
    ),
    ...misspelt('token', tokenOf, bearing),
    ...misspelt(
      'signature',
      (good) => tokenOf(good).split('.')[2] ?? '',
      (good, text) => bearing(good, [...tokenOf(good).split('.').slice(0, 2), text].join('.')),
    ),
    'ours, for somebody or something else, or another time': (good, random) => bearing(good, pick(misissued, random)),
    none: (good) => withHeaders(good, { authorization: undefined }),
    'another scheme': (good, random) => {
      const scheme = pick(['Basic ', 'JWT ', '', 'Bearer: ', 'Bearer', 'Bearer  ', 'Bearer\t', 'DPoP '], random);
      return withHeaders(good, { authorization: `${scheme}${tokenOf(good)}` });
    },
    'with another beside it': (good, random) => {
      const [right, wrong] = [headerOf(good, 'authorization'), `Bearer ${pick(known.foreign, random)}`];
      const both = [`${right}, ${wrong}`, `${wrong}, ${right}`, [right, wrong], [wrong, right], [right, right]];
      return withHeaders(good, { authorization: pick<string | string[]>(both, random) });
    },
    'in the address, the body or a cookie': (good, random) => ({
      ...withHeaders(good, { authorization: undefined, cookie: `access_token=${tokenOf(good)}` }),
      url: `${good.url}&access_token=${tokenOf(good)}&r=${random(10)}`,
      body: JSON.stringify({ ...JSON.parse(body), access_token: tokenOf(good) }),
    }),
    'the client’s own secret': (good) => bearing(good, ENVIRONMENT.secret.replaceAll(' ', '-')),
  };

  test(
    `${MUTATIONS} forged requests (seed ${SEED}): none is taken`,
    async () => {
      // 403: a token of ours without the scope. 400: a header that may be there once is there twice.
      await expectNoneTaken({ genuine, ways: WAYS, send, refusals: [400, 401, 403] });
    },
    FORGING_MS,
  );

  test('each that is wrong in one thing only is refused; at the edges it is taken', async () => {
    for (const token of misissued)
      expect([401, 403]).toContain(
        await send(
          bearing(
            genuine(() => 0),
            token,
          ),
        ),
      );
    const later = (ms: number) => new Date(house.now.getTime() + ms);
    for (const ms of [-3_650_000, 55_000]) {
      expect(
        await send(
          bearing(
            genuine(() => 0),
            await ours(ENVIRONMENT.id, [scope], later(ms)),
          ),
        ),
      ).toBeLessThan(300);
    }
  });
});
