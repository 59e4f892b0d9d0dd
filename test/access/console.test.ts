import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.js';

/** Refill as it starts where others reach it: in a container, on a server. */
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ HOST: '0.0.0.0' });
}, 60_000);
afterAll(() => app?.close());

const local = () => app.url.replace('0.0.0.0', '127.0.0.1');
const OURS = { 'content-type': 'application/json', 'x-refill-page': '1' };

async function login(): Promise<string> {
  const token = app.console?.split('#login=')[1] ?? '';
  const answer = await fetch(`${local()}/console/login/token`, {
    method: 'POST',
    headers: OURS,
    body: JSON.stringify({ token }),
  });
  expect(answer.status).toBe(200);
  return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

describe('the console where others reach it', () => {
  const guarded = [
    ['GET', '/console/live'],
    ['GET', '/console/whatsapp'],
    ['GET', '/console/world/faults'],
    ['POST', '/console/world/reset'],
    ['DELETE', '/console/world/faults'],
    ['POST', '/console/preview'],
    ['GET', '/web/personas'],
    ['POST', '/web/sessions'],
  ] as const;

  test.each(guarded)('%s %s needs a login', async (method, path) => {
    const answer = await fetch(local() + path, { method, headers: OURS, ...(method === 'POST' && { body: '{}' }) });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: 'LOGIN_REQUIRED' });
  });

  test('the address printed at the start logs in once; then everything works, the live log too, until logout', async () => {
    expect(app.console).toMatch(/^http:\/\/localhost:\d+\/#login=[\w-]{43}$/);
    const cookie = await login();
    const headers = { ...OURS, cookie };
    const world = await fetch(`${local()}/console/world/faults`, { headers });
    expect([world.status, await world.json()]).toEqual([200, []]);
    expect(
      (await fetch(`${local()}/console/world/reset`, { method: 'POST', headers, body: '{}' })).status,
    ).toBeLessThan(300);
    const personas = await fetch(`${local()}/web/personas`, { headers });
    expect(await personas.json()).toContainEqual(expect.objectContaining({ id: 'daniel' }));

    const evil = { ...headers, origin: 'https://evil.example' };
    const forged = await fetch(`${local()}/console/world/reset`, { method: 'POST', headers: evil, body: '{}' });
    expect([forged.status, (await forged.json()) as unknown]).toMatchObject([403, { code: 'OTHER_ORIGIN' }]);

    const live = await fetch(`${local()}/console/live`, { headers });
    expect([live.status, live.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const reader = live.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(':\n\n');
    await reader?.cancel();

    expect((await fetch(`${local()}/console/logout`, { method: 'POST', headers, body: '{}' })).status).toBe(200);
    expect((await fetch(`${local()}/console/world/faults`, { headers })).status).toBe(401);
  });

  test('the page itself loads from here only and is shown in nobody’s frame', async () => {
    const page = await fetch(`${local()}/`);
    const csp = page.headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]) {
      expect(csp).toContain(rule);
    }
    expect(csp).not.toMatch(/unsafe|https?:|\*/);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
  });
});
