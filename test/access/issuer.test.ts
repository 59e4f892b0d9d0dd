import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createIssuerKeys, type IssuerKeys } from '../../bot/access/issuer-keys.js';
import { createIssuerVerifier, type IssuerSettings } from '../../bot/access/issuer-tokens.js';
import { ACCESS_VARIABLES } from '../../bot/access/variables.js';
import { silent } from '../support/stores.js';
import { type House, openHouse } from './house.js';
import { type Keycloak, startKeycloak } from './keycloak.js';

const seconds = (ms = Date.now()) => Math.floor(ms / 1000);

let keycloak: Keycloak;
beforeAll(async () => {
  keycloak = await startKeycloak();
});
afterAll(() => keycloak?.close());
beforeEach(() => {
  keycloak.down = false;
});

/** As the variables would say it for the realm of the gateway guide. */
function settings(given: Partial<IssuerSettings> = {}): IssuerSettings {
  const scopes = ACCESS_VARIABLES.REFILL_ISSUER_SCOPES.schema.parse(
    'obp-apigw:write=notify+callback, csr-all-operations=purchases.read',
  );
  return {
    url: keycloak.url,
    audience: 'account',
    jwksUrl: undefined,
    clients: ['obp-apigw'],
    scopes: scopes ?? new Map(),
    ...given,
  };
}

describe('a Keycloak realm as in the gateway guide', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ external: settings() });
  });
  afterAll(() => house?.close());

  test('its service account calls back and notifies by its scope, and looks up purchases by its realm role', async () => {
    const token = await keycloak.accessToken();
    expect((await house.call('callback', token)).status).toBe(200);
    expect((await house.call('notify', token)).status).toBe(202);
    expect((await house.call('purchases', token)).status).toBe(200);
    const refused = await house.call('links', token);
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toContain('insufficient_scope');
  });

  test('without the scope or the role it may not', async () => {
    const token = await keycloak.accessToken({ scope: 'obp-apigw:read', realm_access: { roles: [] } });
    expect((await house.call('callback', token)).status).toBe(403);
    expect((await house.call('purchases', token)).status).toBe(403);
  });

  test('scopes and client roles that have our own names count as what they say', async () => {
    const token = await keycloak.accessToken({ scope: '', resource_access: { account: { roles: ['links.write'] } } });
    expect((await house.call('links', token)).status).toBe(200);
    const elsewhere = { resource_access: { 'another-client': { roles: ['links.write'] } } };
    expect((await house.call('links', await keycloak.accessToken(elsewhere))).status).toBe(403);
  });

  test('tokens of our own go on working beside it', async () => {
    expect((await house.call('notify', await house.callers.issue())).status).toBe(202);
  });

  test.each([
    ['for somebody else', { aud: 'another-api' }],
    ['of another client', { azp: 'another-client' }],
    ['of another issuer', { iss: 'https://elsewhere.example/realms/telco' }],
    ['that expired', { exp: seconds() - 61 }],
    ['not yet valid', { nbf: seconds() + 120 }],
    ['that says who somebody is', { typ: 'ID' }],
    ['to refresh others with', { typ: 'Refresh' }],
    ['without an end', { exp: undefined }],
    ['whose roles are of another shape', { realm_access: { roles: 'all' } }],
  ])('a token %s: 401', async (_what, claims) => {
    const answer = await house.call('notify', await keycloak.accessToken(claims));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('invalid_token');
  });

  test('another media type, or none: 401', async () => {
    for (const typ of ['dpop+jwt', undefined]) {
      expect((await house.call('notify', await keycloak.accessToken({}, { typ }))).status).toBe(401);
    }
  });

  test('unsigned, or signed with the public key as if it were a secret: 401', async () => {
    const [header = '', claims = ''] = (await keycloak.accessToken()).split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const certs = await fetch(`${keycloak.url}/protocol/openid-connect/certs`);
    const secret = JSON.stringify(((await certs.json()) as { keys: unknown[] }).keys[0]);
    const symmetric = `${encoded({ alg: 'HS256', typ: 'JWT', kid })}.${claims}`;
    for (const token of [
      `${encoded({ alg: 'none', typ: 'JWT' })}.${claims}.`,
      `${encoded({ alg: 'none', typ: 'JWT' })}.${claims}.AAAA`,
      `${symmetric}.${createHmac('sha256', secret).update(symmetric).digest('base64url')}`,
    ]) {
      expect((await house.call('notify', token)).status).toBe(401);
    }
  });
});

describe('the issuer’s keys', () => {
  let keys: IssuerKeys;
  let now = Date.now();
  const open = (given: Partial<IssuerSettings> = {}) => {
    keys = createIssuerKeys({ issuer: keycloak.url, jwksUrl: given.jwksUrl, log: silent, now: () => now });
    return createIssuerVerifier(settings(given), keys, () => new Date(now));
  };
  const certs = () => keycloak.asked.filter((what) => what === 'certs').length;
  beforeEach(() => {
    now = Date.now();
    keycloak.asked.length = 0;
  });
  afterEach(() => keys.close());

  test('are asked for once, however many tokens come', async () => {
    const verify = open();
    const token = await keycloak.accessToken();
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    expect(certs()).toBe(1);
    expect(keycloak.asked).toContain('openid-configuration');
  });

  test('may be named without discovery', async () => {
    const verify = open({ jwksUrl: `${keycloak.url}/protocol/openid-connect/certs` });
    await verify(await keycloak.accessToken());
    expect(keycloak.asked).toEqual(['certs']);
  });

  test('are asked for again when a token names one that is new', async () => {
    const verify = open();
    const before = await keycloak.accessToken();
    await verify(before);
    await keycloak.rotate();
    now += 31_000;
    expect(await verify(await keycloak.accessToken())).toMatchObject({ client: 'obp-apigw' });
    await verify(before);
    expect(certs()).toBe(2);
  });

  test('are not asked for again and again because of made-up key ids', async () => {
    const verify = open();
    await verify(await keycloak.accessToken());
    now += 31_000;
    for (let n = 0; n < 50; n++) {
      const made = await keycloak.accessToken({}, { kid: `made-up-${n}` });
      await expect(verify(made)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    }
    expect(certs()).toBe(2);
  });

  test('are kept while the issuer is away, and not for ever', async () => {
    const verify = open();
    await verify(await keycloak.accessToken());
    keycloak.down = true;
    now += 3_600_000;
    const later = () => keycloak.accessToken({ iat: seconds(now), exp: seconds(now) + 60 });
    expect(await verify(await later())).toMatchObject({ client: 'obp-apigw' });
    now += 24 * 3_600_000;
    await expect(verify(await later())).rejects.toMatchObject({ code: 'ISSUER_UNREACHABLE' });
    keycloak.down = false;
    now += 31_000;
    expect(await verify(await later())).toMatchObject({ client: 'obp-apigw' });
  });

  test('that were never had let nobody in: 503, and soon again', async () => {
    keycloak.down = true;
    const house = await openHouse({ external: settings() });
    const answer = await house.call('notify', await keycloak.accessToken());
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
    await house.close();
    open();
  });

  test('of an issuer whose discovery document names another one are not used', async () => {
    keys = createIssuerKeys({
      issuer: keycloak.url.replace('127.0.0.1', 'localhost'),
      log: silent,
      jwksUrl: undefined,
    });
    const verify = createIssuerVerifier(settings({ url: keycloak.url }), keys);
    await expect(verify(await keycloak.accessToken())).rejects.toMatchObject({ code: 'ISSUER_UNREACHABLE' });
  });
});
