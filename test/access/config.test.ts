import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '../../bot/config.js';

const LOGIN = {
  REFILL_PUBLIC_URL: 'https://refill.example/',
  REFILL_LOGIN_ISSUER_URL: 'https://keycloak.example/realms/staff',
  REFILL_LOGIN_CLIENT_ID: 'refill-console',
};

function problems(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the variables of access', () => {
  test('without any of them nobody else is let in, and limits hold', () => {
    expect(loadConfig({}).access).toEqual({
      publicUrl: undefined,
      trustedProxies: [],
      requestsPerMinute: 6000,
      failuresPerAddress: 30,
      external: undefined,
      login: undefined,
      session: { idleMs: 1_800_000, longestMs: 43_200_000 },
    });
  });

  test('proxies: addresses, networks, and the names there are for some', () => {
    const list = ['10.0.0.0/8', '127.0.0.1', 'fd00::/8', '::1', 'loopback'];
    expect(loadConfig({ REFILL_TRUSTED_PROXIES: list.join(', ') }).access.trustedProxies).toEqual(list);
  });

  test('login: the highest role first, whatever order they are named in', () => {
    const { login, publicUrl } = loadConfig({
      ...LOGIN,
      REFILL_LOGIN_ROLES: 'viewer=staff,admin=it admin=root',
    }).access;
    expect(publicUrl).toBe('https://refill.example');
    expect(login?.roles).toEqual([
      { role: 'admin', name: 'it' },
      { role: 'admin', name: 'root' },
      { role: 'viewer', name: 'staff' },
    ]);
  });

  test('an issuer’s scopes and roles, with all the signs Keycloak’s have', () => {
    const { external } = loadConfig({
      REFILL_ISSUER_URL: 'https://keycloak.example/realms/telco/',
      REFILL_ISSUER_CLIENTS: 'obp-apigw, other',
      REFILL_ISSUER_SCOPES: 'obp-apigw:write=notify+callback, 1:*:*=links.write',
    }).access;
    expect(external).toMatchObject({ url: 'https://keycloak.example/realms/telco', clients: ['obp-apigw', 'other'] });
    expect([...(external?.scopes ?? [])]).toEqual([
      ['obp-apigw:write', ['notify', 'callback']],
      ['1:*:*', ['links.write']],
    ]);
  });

  test.each([
    [{ REFILL_LOGIN_ISSUER_URL: LOGIN.REFILL_LOGIN_ISSUER_URL }, ['REFILL_LOGIN_CLIENT_ID', 'REFILL_PUBLIC_URL']],
    [{ ...LOGIN, REFILL_LOGIN_ROLES: 'boss=it' }, ['REFILL_LOGIN_ROLES']],
    [{ ...LOGIN, REFILL_LOGIN_ROLES: 'admin' }, ['REFILL_LOGIN_ROLES']],
    [{ REFILL_ISSUER_SCOPES: 'x=everything' }, ['REFILL_ISSUER_SCOPES']],
    [{ REFILL_ISSUER_SCOPES: 'notify' }, ['REFILL_ISSUER_SCOPES']],
    [{ REFILL_ISSUER_URL: 'keycloak' }, ['REFILL_ISSUER_URL']],
    [{ REFILL_TRUSTED_PROXIES: 'proxy.internal' }, ['REFILL_TRUSTED_PROXIES']],
    [{ REFILL_TRUSTED_PROXIES: '10.0.0.0/33' }, ['REFILL_TRUSTED_PROXIES']],
    [{ REFILL_TRUSTED_PROXIES: '10.0.0.1, fd00::/129' }, ['REFILL_TRUSTED_PROXIES']],
    [{ REFILL_CLIENT_REQUESTS_PER_MINUTE: '0' }, ['REFILL_CLIENT_REQUESTS_PER_MINUTE']],
  ])('%j stops the start, naming %j', (env, names) => {
    expect(problems(env as Record<string, string>).map((problem) => problem.split(':')[0])).toEqual(names);
  });
});
