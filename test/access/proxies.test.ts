import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { addressOf } from '../../bot/access/address.js';
import { createHttp } from '../../bot/http.js';
import { createMetrics } from '../../bot/metrics.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { silent } from '../support/stores.js';

let http: FastifyInstance | undefined;
let app: TestApp | undefined;
afterEach(async () => {
  await http?.close();
  await app?.close();
});

describe('whom the headers of proxies are believed', () => {
  async function seenAs(trustedProxies: string[], remoteAddress: string): Promise<unknown> {
    http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined, trustedProxies });
    http.get('/seen', async (request) => ({ address: addressOf(request), protocol: request.protocol }));
    const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.5', 'x-forwarded-proto': 'https' };
    return (await http.inject({ url: '/seen', remoteAddress, headers })).json();
  }

  test('nobody by default', async () => {
    expect(await seenAs([], '10.0.0.2')).toEqual({ address: '10.0.0.2', protocol: 'http' });
  });
  test('nobody but the proxies named', async () => {
    expect(await seenAs(['10.0.0.0/8'], '192.0.2.1')).toEqual({ address: '192.0.2.1', protocol: 'http' });
  });
  test('a proxy named, but not what the sender told it', async () => {
    expect(await seenAs(['10.0.0.0/8'], '10.0.0.2')).toEqual({ address: '203.0.113.5', protocol: 'https' });
  });
});

test('reached over https, a trial’s cookie travels by nothing else, and its links lead there', async () => {
  app = await startTestApp({ REFILL_PUBLIC_URL: 'https://refill.example' });
  const client = await app.subscriber('daniel');
  await client.hello();
  const { blocks } = await client.press(await client.say('link my number'), 'Use mobile data');
  expect(blocks).toContainEqual(
    expect.objectContaining({
      type: 'link',
      url: expect.stringMatching(/^https:\/\/refill\.example\/link\/[\w-]{43}$/),
    }),
  );
  const opened = await fetch(`${app.url}/web/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"subscriber":"daniel"}',
  });
  expect(opened.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict; Secure$/);
}, 60_000);
