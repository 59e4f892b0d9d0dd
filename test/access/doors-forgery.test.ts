import { afterAll, beforeAll, describe } from '@jest/globals';
import { type CryptoKey, importJWK, type JWK, SignJWT } from 'jose';
import { createKeyRing } from '../../bot/access/key-ring.js';
import { createOwnTokens } from '../../bot/access/own-tokens.js';
import { SCOPES, type Scope } from '../../bot/access/scopes.js';
import { hashSecret, newSecret } from '../../bot/access/secrets.js';
import { bearerWays, bearing, each, knownOf } from '../security/bearer.js';
import {
  into,
  misspelt,
  pick,
  type Random,
  type Request,
  testForged,
  type Way,
  withHeaders,
} from '../security/forging.js';
import type { Known } from './forgeries.js';
import { BODIES, basic, type House, openHouse, ROUTES } from './house.js';
import { type Keycloak, startKeycloak } from './keycloak.js';
import { keysInMemory } from './rings.js';

const ISSUER = 'https://refill.example';
const CLIENT = 'desk';

/** The doors that only systems use; Millom's first two have a test of their own. */
const DOORS: Readonly<Record<string, { scope: Scope; method: Request['method']; url: string; body?: string }[]>> = {
  purchases: [
    { scope: 'purchases.read', method: 'GET', url: '/purchases?limit=5' },
    { scope: 'purchases.read', method: 'POST', url: ROUTES.purchases, body: BODIES.purchases },
  ],
  'links of the directory': [
    { scope: 'links.write', method: 'POST', url: ROUTES.links, body: BODIES.links },
    {
      scope: 'links.write',
      method: 'DELETE',
      url: ROUTES.links,
      body: '{"users":[{"channel":"slack","workspace":"T1","user":"U1"}]}',
    },
  ],
  'signals about a number': [
    { scope: 'links.block', method: 'POST', url: ROUTES.signals, body: BODIES.signals },
    { scope: 'links.block', method: 'POST', url: '/admin/links/unblock', body: BODIES.signals },
  ],
  'rich notifications and callbacks': [
    { scope: 'notify', method: 'POST', url: '/millom/rich-notifications', body: '{"cpid":"AAAA,50216","offers":[]}' },
    { scope: 'callback', method: 'POST', url: '/millom/rich-callback', body: BODIES.callback },
  ],
};
type Door = (typeof DOORS)[string][number];

let house: House;
let keycloak: Keycloak;
let secret: string;
/** By whom a token may be: ourselves, or the issuer. */
const known: { own?: Known; issuer?: Known } = {};
/** Signed by the right key, and wrong in one thing each, for whoever has the scope. */
let misissued: Readonly<Record<'own' | 'issuer', (scope: Scope) => readonly string[]>>;

beforeAll(async () => {
  keycloak = await startKeycloak();
  const external = { url: keycloak.url, audience: 'refill', jwksUrl: undefined, clients: [CLIENT], scopes: new Map() };
  house = await openHouse({ issuer: ISSUER, external, requestsPerMinute: 1e9, failuresPerAddress: 1e9 });
  secret = newSecret();
  await house.ledger.addClient({ id: CLIENT, scopes: SCOPES }, hashSecret(secret));
  const [own, issuer] = await Promise.all([ourOwn(), ofTheIssuer()]);
  known.own = own.known;
  known.issuer = issuer.known;
  misissued = { own: own.misissued, issuer: issuer.misissued };
}, 60_000);
afterAll(async () => {
  await house?.close();
  await keycloak?.close();
});

/** By scope, made beforehand: what is tried is drawn without waiting. */
async function perScope(
  make: (scope: Scope) => Promise<readonly string[]>,
): Promise<(scope: Scope) => readonly string[]> {
  const made = new Map(await Promise.all(SCOPES.map(async (scope) => [scope, await make(scope)] as const)));
  return (scope) => made.get(scope) ?? [];
}

const others = (scope: Scope) => SCOPES.filter((other) => other !== scope);
const later = (ms: number) => new Date(house.now.getTime() + ms);

async function ourOwn() {
  const ring = createKeyRing(house.ledger, () => house.now);
  const issue = (client: string, scopes: readonly Scope[], at = house.now, issuer = ISSUER) =>
    createOwnTokens(ring, issuer, () => at).issue(client, scopes);
  const { kid } = await ring.signing();
  const stranger = createKeyRing(
    keysInMemory(() => house.now.getTime()),
    () => house.now,
  );
  const foreign = createOwnTokens(stranger, ISSUER, () => house.now);
  return {
    known: await knownOf(
      await each(20, () => issue(CLIENT, SCOPES)),
      await each(5, () => foreign.issue(CLIENT, SCOPES)),
      (await ring.verifying(kid)) as CryptoKey,
    ),
    misissued: await perScope((scope) =>
      Promise.all([
        issue(CLIENT, others(scope)),
        issue(CLIENT, []),
        issue('nobody', [scope]),
        issue(CLIENT.toUpperCase(), [scope]),
        issue(`issuer:${CLIENT}`, [scope]),
        issue(CLIENT, [scope], undefined, `${ISSUER}/`),
        issue(CLIENT, [scope], later(-3_661_000)),
        issue(CLIENT, [scope], later(62_000)),
      ]),
    ),
  };
}

async function ofTheIssuer() {
  const { keys } = (await (await fetch(`${keycloak.url}/protocol/openid-connect/certs`)).json()) as { keys: JWK[] };
  const [jwk = {}] = keys;
  const stranger = await startKeycloak();
  const issue = (claims: object = {}, header: object = {}) =>
    keycloak.accessToken({ aud: 'refill', azp: CLIENT, scope: SCOPES.join(' '), ...claims }, { ...header });
  const foreign = (n: number) =>
    stranger.accessToken(
      { iss: keycloak.url, aud: 'refill', azp: CLIENT, scope: SCOPES.join(' '), n },
      { kid: jwk.kid ?? '' },
    );
  const at = Math.floor(house.now.getTime() / 1000);
  const result = {
    known: await knownOf(
      await each(20, (n) => issue({ n })),
      await each(5, foreign),
      (await importJWK(jwk, 'RS256')) as CryptoKey,
    ),
    misissued: await perScope((scope) =>
      Promise.all([
        issue({ scope: others(scope).join(' ') }),
        issue({ scope: '', realm_access: { roles: [] } }),
        issue({ azp: 'another-client' }),
        issue({ azp: CLIENT.toUpperCase() }),
        issue({ aud: 'account' }),
        issue({ aud: undefined }),
        issue({ iss: `${keycloak.url}/x` }),
        issue({ typ: 'ID' }),
        issue({ typ: 'Refresh' }),
        issue({ exp: at - 61 }),
        issue({ exp: undefined }),
        issue({ nbf: at + 4000 }),
        issue({}, { typ: 'logout+jwt' }),
        issue({}, { kid: 'unknown' }),
        new SignJWT({ iss: keycloak.url, aud: 'refill', azp: CLIENT, scope, exp: at + 3600, iat: at })
          .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: jwk.kid ?? '' })
          .sign(Buffer.from(jwk.n ?? '')),
      ]),
    ),
  };
  await stranger.close();
  return result;
}

describe.each(['own', 'issuer'] as const)('tokens of %s kind', (whose) => {
  const all = Object.entries(DOORS);
  // An issuer's tokens are checked by the same code at every door.
  const groups: [string, Door[]][] =
    whose === 'own' ? all : [['all doors of systems', all.flatMap(([, doors]) => doors)]];

  describe.each(groups)('the door of %s', (_what, doors) => {
    const doorOf = (good: Request) => doors.find(({ url, method }) => good.url === url && good.method === method);
    const genuine = (random: Random): Request => {
      const { method, url, body } = pick(doors, random);
      const authorization = `Bearer ${pick(known[whose]?.tokens ?? [], random)}`;
      const headers = { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) };
      return { method, url, headers, ...(body !== undefined && { body }) };
    };
    const ways: Readonly<Record<string, Way>> = {
      ...bearerWays(() => known[whose] as Known),
      'by the right key, for somebody or something else, or another time': (good, random) =>
        bearing(good, pick(misissued[whose](doorOf(good)?.scope ?? 'notify'), random)),
      'the client’s own secret': (good) => bearing(good, secret),
    };
    // 403: a token without the scope. 400: a header that may be there once is there twice.
    testForged('tokens', () => ({ genuine, ways, send: (sent) => into(house.http)(sent), refusals: [400, 401, 403] }));
  });
});

describe('/oauth/token', () => {
  const form = { grant_type: 'client_credentials' };
  const asked = (fields: Record<string, string>, headers: Record<string, string> = {}): Request => ({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ ...form, ...fields }).toString(),
  });
  const inForm = (id: string, given: string) => asked({ client_id: id, client_secret: given });
  const byBasic = (id: string, given: string) => asked({}, basic(id, given));
  const either = (random: Random) => pick([inForm, byBasic], random);
  const misspeltIn = (what: string, write: (text: string) => Request, read: () => string) =>
    misspelt(
      what,
      () => read(),
      (_good, text) => write(text),
    );

  testForged('client secrets', () => ({
    genuine: (random) => either(random)(CLIENT, secret),
    ways: {
      ...misspeltIn(
        'secret in the form',
        (text) => inForm(CLIENT, text),
        () => secret,
      ),
      ...misspeltIn(
        'secret by Basic',
        (text) => byBasic(CLIENT, text),
        () => secret,
      ),
      ...misspeltIn(
        'client in the form',
        (text) => inForm(text, secret),
        () => CLIENT,
      ),
      ...misspeltIn(
        'client by Basic',
        (text) => byBasic(text, secret),
        () => CLIENT,
      ),
      ...misspeltIn(
        'Basic itself',
        (text) => asked({}, { authorization: `Basic ${text}` }),
        () => basic(CLIENT, secret).authorization.slice(6),
      ),
      none: (_good, random) =>
        pick([asked({}), asked({ client_id: CLIENT }), asked({ client_secret: secret })], random),
      'made up': (_good, random) => either(random)(CLIENT, newSecret()),
      'of another client': (_good, random) => either(random)(pick(['millom', 'nobody', ''], random), secret),
      'another client’s': (_good, random) => either(random)(CLIENT, 'a secret of some length'),
      'what the ledger has of it': (_good, random) => either(random)(CLIENT, hashSecret(secret)),
      'by another scheme': (_good, random) => {
        const scheme = pick(['Bearer ', 'Digest ', '', 'Basic: ', 'Basic'], random);
        return asked({}, { authorization: basic(CLIENT, secret).authorization.replace('Basic ', scheme) });
      },
      'under another name': (_good, random) =>
        asked({ client_id: CLIENT, [pick(['secret', 'Client_Secret', 'client-secret', 'password'], random)]: secret }),
      'in the address': (good) => ({ ...asked({ client_id: CLIENT }), url: `${good.url}?client_secret=${secret}` }),
      'in a cookie': (_good) => withHeaders(asked({ client_id: CLIENT }), { cookie: `client_secret=${secret}` }),
      'twice, one made up': (_good, random) => {
        const pair = pick([`${secret}&client_secret=x`, `x&client_secret=${secret}`], random);
        return { ...asked({}), body: `grant_type=client_credentials&client_id=${CLIENT}&client_secret=${pair}` };
      },
      'in both places': (_good) => asked({ client_id: CLIENT, client_secret: secret }, basic(CLIENT, secret)),
      'as JSON': (good) => ({
        ...withHeaders(good, { authorization: undefined, 'content-type': 'application/json' }),
        body: JSON.stringify({ ...form, client_id: CLIENT, client_secret: secret }),
      }),
    },
    send: (sent) => into(house.http)(sent),
    refusals: [400, 401, 415],
  }));
});
