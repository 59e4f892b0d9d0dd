import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CryptoKey, generateKeyPair, SignJWT } from 'jose';
import { createKeyRing } from '../../bot/access/key-ring.js';
import { createOwnTokens, type OwnTokens } from '../../bot/access/own-tokens.js';
import type { Scope } from '../../bot/access/scopes.js';
import type { Known } from '../access/forgeries.js';
import { ENVIRONMENT, type House, openHouse, ROUTES } from '../access/house.js';
import { bearerWays, bearing, each, knownOf, tokenOf } from '../security/bearer.js';
import {
  type Entrance,
  into,
  pick,
  type Random,
  type Request,
  testForged,
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
  known = await knownOf(
    await each(20, () => ours(ENVIRONMENT.id, ['callback', 'notify'])),
    await each(5, (n) =>
      new SignJWT({ client_id: ENVIRONMENT.id, scope: 'callback notify', jti: `${n}` })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
        .setIssuer(ISSUER)
        .setAudience('refill')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(stranger.privateKey),
    ),
    publicKey,
  );
}, 60_000);
afterAll(() => house?.close());

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
    ...bearerWays(() => known),
    'ours, for somebody or something else, or another time': (good, random) => bearing(good, pick(misissued, random)),
    'in the address, the body or a cookie': (good, random) => ({
      ...withHeaders(good, { authorization: undefined, cookie: `access_token=${tokenOf(good)}` }),
      url: `${good.url}&access_token=${tokenOf(good)}&r=${random(10)}`,
      body: JSON.stringify({ ...JSON.parse(body), access_token: tokenOf(good) }),
    }),
    'the client’s own secret': (good) => bearing(good, ENVIRONMENT.secret.replaceAll(' ', '-')),
  };

  // 403: a token of ours without the scope. 400: a header that may be there once is there twice.
  testForged('requests', () => ({ genuine, ways: WAYS, send, refusals: [400, 401, 403] }));

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
