import { beforeAll, describe, expect, test } from '@jest/globals';
import { type CryptoKey, createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { createIssuerVerifier } from '../../bot/access/issuer-tokens.js';
import { TokenInvalid } from '../../bot/access/jwt.js';
import { createKeyRing, type KeyRing } from '../../bot/access/key-ring.js';
import { createOwnTokens, type OwnTokens } from '../../bot/access/own-tokens.js';
import { FORGING_MS, MUTATIONS, SEED } from '../security/forging.js';
import { forgeries, type Known, WAYS_TO_FORGE } from './forgeries.js';
import { keysInMemory } from './rings.js';

const ISSUER = 'https://refill.example';
const NOW = new Date('2026-11-21T12:00:00Z');
const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

let ring: KeyRing;
let tokens: OwnTokens;
let own: { kid: string; key: CryptoKey };
beforeAll(async () => {
  ring = createKeyRing(
    keysInMemory(() => NOW.getTime()),
    () => NOW,
  );
  tokens = createOwnTokens(ring, ISSUER, () => NOW);
  own = await ring.signing();
});

/** A token of our own key, but for what is changed. */
function signed({
  header = {},
  claims = {},
  key = own.key,
}: {
  header?: object;
  claims?: Record<string, unknown>;
  key?: CryptoKey;
} = {}) {
  const at = seconds(NOW);
  const good = {
    iss: ISSUER,
    aud: 'refill',
    sub: 'c',
    client_id: 'c',
    scope: 'notify',
    iat: at,
    nbf: at,
    exp: at + 3600,
    jti: 'j',
  };
  const payload = Object.fromEntries(Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined));
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: own.kid, ...header }).sign(key);
}

/** Half of what WebCrypto signs has the higher s: sign until it is the lower one, as our own tokens are. */
async function lowSigned(what: Parameters<typeof signed>[0] = {}): Promise<string> {
  for (;;) {
    const token = await signed(what);
    if ((Buffer.from(token.split('.')[2] ?? '', 'base64url')[32] ?? 255) < 0x7f) return token;
  }
}

const refused = (token: string) => expect(tokens.verify(token)).rejects.toBeInstanceOf(TokenInvalid);

describe('what makes a token good', () => {
  test('our own are taken, with their client and scopes', async () => {
    const token = await tokens.issue('millom', ['notify', 'callback']);
    expect(await tokens.verify(token)).toEqual({ client: 'millom', scopes: ['notify', 'callback'] });
    // So that the next tests refuse for the reason they name.
    expect(await tokens.verify(await lowSigned())).toEqual({ client: 'c', scopes: ['notify'] });
  });

  test.each([
    ['another issuer', { iss: 'https://refill.example.evil' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'somebody-else' }],
    ['no audience', { aud: undefined }],
    ['expired by more than the skew', { exp: seconds(NOW) - 61 }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: 'never' }],
    ['not yet valid by more than the skew', { nbf: seconds(NOW) + 61 }],
    ['no time of issue', { iat: undefined }],
    ['no client', { client_id: undefined }],
    ['an empty client', { client_id: '' }],
    ['no scope', { scope: undefined }],
    ['a scope that is a list', { scope: ['notify'] }],
  ])('signed with our key, but %s: refused', async (_what, claims) => refused(await lowSigned({ claims })));

  test('clocks may differ by a minute', async () => {
    const claims = { exp: seconds(NOW) - 59, nbf: seconds(NOW) + 59 };
    expect(await tokens.verify(await lowSigned({ claims }))).toMatchObject({ client: 'c' });
  });

  test.each([
    ['another type', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['no key', { kid: undefined }],
    ['a key nobody has', { kid: 'unknown' }],
  ])('with %s in its header: refused', async (_what, header) => refused(await lowSigned({ header })));

  test('signed by somebody else under the id of our key: refused', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    await refused(await lowSigned({ key: privateKey }));
  });
});

interface Entrance {
  readonly verify: (token: string) => Promise<unknown>;
  readonly known: Known;
}

/** Where tokens of our own come in. */
async function ourOwn(): Promise<Entrance> {
  const stranger = await generateKeyPair('ES256');
  const publicKey = (await ring.verifying(own.kid)) as CryptoKey;
  const each = <T>(count: number, make: (n: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, n) => make(n)));
  return {
    verify: (token) => tokens.verify(token),
    known: {
      tokens: await each(20, (n) => tokens.issue(`client-${n}`, ['notify'])),
      publicPem: await exportSPKI(publicKey),
      publicJwk: { ...(await exportJWK(publicKey)) },
      foreign: await each(5, (n) => lowSigned({ key: stranger.privateKey, claims: { jti: `${n}` } })),
    },
  };
}

/** Where those of an issuer do, signed with RS256 as Keycloak does. */
async function ofAnIssuer(): Promise<Entrance> {
  const [{ publicKey, privateKey }, stranger] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')];
  const url = 'https://keycloak.example/realms/telco';
  const settings = { url, audience: 'refill', jwksUrl: undefined, clients: [], scopes: new Map() };
  const keyOf = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig' }] });
  const issue = (n: number, key: CryptoKey) => {
    const claims = {
      iss: url,
      aud: 'refill',
      azp: `c${n}`,
      scope: 'notify',
      exp: seconds(NOW) + 3600,
      iat: seconds(NOW),
    };
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'k1' }).sign(key);
  };
  return {
    verify: createIssuerVerifier(settings, { keyOf, close: async () => undefined }, () => NOW),
    known: {
      tokens: await Promise.all(Array.from({ length: 20 }, (_, n) => issue(n, privateKey))),
      publicPem: await exportSPKI(publicKey),
      publicJwk: { ...(await exportJWK(publicKey)) },
      foreign: await Promise.all(Array.from({ length: 5 }, (_, n) => issue(n, stranger.privateKey))),
    },
  };
}

test.each([
  ['our own', ourOwn],
  ['an issuer’s', ofAnIssuer],
])(
  `${MUTATIONS} forgeries of %s tokens (seed ${SEED}): none is taken`,
  async (_whose, open) => {
    const { verify, known } = await open();
    for (const token of known.tokens) await verify(token);
    const taken: unknown[] = [];
    const refusals = new Set<number>();
    for (const { token, way } of forgeries(known, SEED, MUTATIONS)) {
      try {
        await verify(token);
        taken.push({ token, way });
      } catch (error) {
        if (!(error instanceof TokenInvalid)) throw error;
        refusals.add(way);
      }
    }
    expect(taken).toEqual([]);
    expect(refusals.size).toBe(WAYS_TO_FORGE);
  },
  FORGING_MS,
);
