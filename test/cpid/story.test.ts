import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Shown, type WebClient, words } from '../support/web-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
}, 60_000);
afterAll(() => app?.close());

/** A subscriber on the web who asked for a link, and the link. */
async function asked(persona = 'daniel'): Promise<{ client: WebClient & { id: string }; url: string }> {
  const client = await app.subscriber(persona);
  await client.hello();
  const ways = await client.say('link my number');
  const { url } = linkIn(await client.press(ways, 'Use mobile data'));
  return { client, url };
}

function linkIn(message: Shown): { url: string } {
  const link = message.blocks.find(({ type }) => type === 'link') as unknown as { url: string } | undefined;
  if (link === undefined) throw new Error(`no link in: ${words(message)}`);
  return link;
}

/** What the operator's network says of the phone of `id`. */
async function cpidOf(id: string): Promise<{ cpid: string; ttlSeconds: number }> {
  const msisdn = app.sandbox.subscriber(id)?.msisdn ?? '';
  const response = await fetch(`${app.sandbox.url}/cpid?app=refill`, { headers: { 'x-msisdn': msisdn } });
  return (await response.json()) as { cpid: string; ttlSeconds: number };
}

async function hand(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-refill-page': 'link', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as { state?: string; code?: string }) };
}

describe('linking by CPID', () => {
  test('the link holds no number; the phone that opens it is linked, and the chat says so', async () => {
    const { client, url } = await asked();
    expect(new URL(url).pathname).toMatch(/^\/link\/[\w-]{43}$/);
    const phone = await app.subscriber('daniel');
    const { cpid, ttlSeconds } = await cpidOf(phone.id);
    expect(cpid).toMatch(/,50216$/);
    expect(await hand(url, { cpid, ttlSeconds })).toEqual({ status: 200, state: 'done' });
    const news = words(await client.next(30_000));
    expect(news).toContain('is linked');
    // Nobody knows who else has this line: it spends little at first, and nobody is said to have been told.
    expect(news).toContain('only small purchases are possible here');
    expect(news).not.toContain('have been told');
    // Which line it is: the balance is that of the phone.
    await app.sandbox.topUp(phone.id, '77.00');
    expect(words(await client.say('balance'))).toContain('102.00');
  });

  test('works once: of nine at the same time one links, and whoever comes later is told that it was used', async () => {
    const { url } = await asked();
    const phone = await app.subscriber('daniel');
    const proof = await cpidOf(phone.id);
    const outcomes = await Promise.all(Array.from({ length: 9 }, () => hand(url, proof)));
    expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(outcomes.filter(({ status, state }) => status === 410 && state === 'used')).toHaveLength(8);
    const page = await fetch(url);
    expect(page.status).toBe(410);
    expect(await page.text()).toContain('This link was used already');
  });

  test('looking at the page uses nothing up, and shows whose chat it is but nothing of whom', async () => {
    const { url, client } = await asked();
    for (let looks = 0; looks < 3; looks++) expect((await fetch(url)).status).toBe(200);
    const page = await fetch(url);
    const html = await page.text();
    expect(html).toContain('A Refill chat asks');
    const { msisdn = 'none' } = app.sandbox.subscriber(client.id) ?? {};
    for (const secret of [msisdn, client.id, client.conversation]) expect(html).not.toContain(secret);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('a space that was a plus on its way is a plus again', async () => {
    const { client, url } = await asked();
    let id = '';
    let proof = { cpid: '', ttlSeconds: 0 };
    for (let tries = 0; !proof.cpid.includes('+') && tries < 200; tries++) {
      ({ id } = await app.subscriber('daniel'));
      proof = await cpidOf(id);
    }
    expect(proof.cpid).toContain('+');
    expect(await hand(url, { ...proof, cpid: proof.cpid.replaceAll('+', ' ') })).toMatchObject({ status: 200 });
    expect(words(await client.next(30_000))).toContain('is linked');
  }, 60_000);

  test('a CPID that the operator does not know links nobody, and the link stays good for the right one', async () => {
    const { url } = await asked();
    for (const cpid of [
      '4mcdczyRWzotNKja0P+nHSdA9ach8APb6focdvCkZOkO7GS5,50216',
      'short',
      '',
      '601155000101',
      '<script>',
      null,
      7,
    ]) {
      expect(await hand(url, { cpid, ttlSeconds: 60 })).toEqual({ status: 422, state: 'refused' });
    }
    const phone = await app.subscriber('daniel');
    expect(await hand(url, await cpidOf(phone.id))).toMatchObject({ status: 200 });
  });

  test('ten wrong ones end the link', async () => {
    const { url } = await asked();
    for (let tries = 0; tries < 10; tries++) await hand(url, { cpid: `made-up-cpid-number-${tries},50216` });
    const phone = await app.subscriber('daniel');
    expect(await hand(url, await cpidOf(phone.id))).toEqual({ status: 410, state: 'expired' });
    expect(await hand(url, await cpidOf(phone.id))).toEqual({ status: 410, state: 'expired' });
  });

  test('another site’s page, a form, and a bad body get nowhere', async () => {
    const { url } = await asked();
    const phone = await app.subscriber('daniel');
    const proof = await cpidOf(phone.id);
    expect(await hand(url, proof, { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
    expect(await hand(url, proof, { origin: 'https://evil.example' })).toMatchObject({ status: 403 });
    expect(await hand(url, proof, { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await hand(url, '{"cpid":')).toMatchObject({ status: 400 });
    expect(await hand(url, { ...proof, more: 'x'.repeat(5000) })).toMatchObject({ status: 413 });
    expect(await hand(url, proof)).toMatchObject({ status: 200 });
  });

  test('no made-up link is anybody’s', async () => {
    const base = app.url;
    const phone = await app.subscriber('daniel');
    const proof = await cpidOf(phone.id);
    const token = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'AZaz09-_'), minLength: 43, maxLength: 43 }),
      fc.string({ unit: fc.constantFrom(...'AZaz09-_'), minLength: 1, maxLength: 60 }),
    );
    await fc.assert(
      fc.asyncProperty(token, async (made) => {
        expect(await hand(`${base}/link/${made}`, proof)).toEqual({ status: 410, state: 'expired' });
      }),
      { seed: 31, numRuns: 200 },
    );
  });

  test('with the telco away it says so, and the link stays good', async () => {
    const { url } = await asked();
    const phone = await app.subscriber('daniel');
    const proof = await cpidOf(phone.id);
    app.sandbox.addFault({ operation: 'accountInfo', kind: '5xx-before', times: 20 });
    const outcome = await hand(url, proof);
    app.sandbox.clearFaults();
    expect(outcome).toMatchObject({ status: 503, code: 'TELCO_UNAVAILABLE' });
    expect((await fetch(url)).status).toBe(200);
  });
});

test('the simulated endpoint answers as cpid.yaml says', async () => {
  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${app.sandbox.url}/cpid${query}`, { headers });
    return { status: response.status, ...((await response.json()) as object) };
  };
  expect(await ask('')).toMatchObject({ status: 400, cause: 'BAD_REQUEST' });
  expect(await ask('?app=refill', { 'x-msisdn': '999' })).toMatchObject({
    status: 404,
    cause: 'UNKNOWN_SUBSCRIBER_ID',
  });
  expect(await ask('?app=refill')).toMatchObject({ status: 200, cpid: expect.any(String), ttlSeconds: 2_592_000 });
  app.sandbox.mobileData(null);
  expect(await ask('?app=refill')).toMatchObject({ status: 403, cause: 'FORBIDDEN' });
  app.sandbox.mobileData('daniel');
});
