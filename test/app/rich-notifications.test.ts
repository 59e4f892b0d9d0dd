import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.js';
import { type Shown, words } from '../support/web-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
}, 60_000);
afterAll(() => app?.close());

/** A copy of a persona that agreed to alerts. */
async function agreed(persona: string) {
  const client = await app.subscriber(persona);
  await client.press(await client.hello(), 'Warn me in time');
  return client;
}

const charged = (id: string) => app.sandbox.charges().filter(({ subscriberId }) => subscriberId === id);
const settled = () => new Promise((resolve) => setTimeout(resolve, 500));

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return response.status;
}

async function until(message: () => Promise<Shown>, said: string): Promise<Shown> {
  for (;;) {
    const next = await message();
    if (words(next).includes(said)) return next;
  }
}

describe('a rich notification', () => {
  test('brings its offers into the chat; buying goes through the priced confirmation and is answered by the rich callback', async () => {
    const daniel = await agreed('daniel');
    expect(await app.sandbox.richNotify(daniel.id)).toEqual({ status: 200 });
    const nudge = await daniel.next();
    expect(words(nudge)).toContain('Heads up: your data is running low');
    expect(nudge.blocks.map(({ type }) => type)).toContain('offers');
    app.sandbox.nextPurchase(daniel.id, { callbackTo: 'rich-callback', callbackDelayMs: 200 });
    const confirmation = await daniel.press(nudge, /Daily Internet 1 GB/);
    expect(words(confirmation)).toContain('Please confirm');
    expect(charged(daniel.id)).toEqual([]);
    await daniel.press(confirmation, 'Pay RM 2.00');
    expect(words(await until(() => daniel.next(), 'is yours'))).toContain('Daily Internet 1 GB is yours');
    expect(charged(daniel.id).map(({ amount }) => amount)).toEqual(['2.00']);
  });

  test('sent twice is one message', async () => {
    const daniel = await agreed('daniel');
    const uuid = 'bbe5531d-0680-4632-a2ab-ff91e7e69f24';
    expect(await app.sandbox.richNotify(daniel.id, { uuid })).toEqual({ status: 200 });
    expect(await app.sandbox.richNotify(daniel.id, { uuid })).toEqual({ status: 200 });
    expect(words(await daniel.next())).toContain('Heads up');
    expect(await daniel.quiet(700)).toEqual([]);
  });

  test('that nobody agreed to is a 403, about nobody a 404; neither says a word', async () => {
    const daniel = await app.subscriber('daniel');
    await daniel.hello();
    expect(await app.sandbox.richNotify(daniel.id)).toEqual({ status: 403 });
    expect(await daniel.quiet(300)).toEqual([]);
    expect(await post('/millom/rich-notifications', { cpid: 'AAAA,50216', offers: [] })).toBe(404);
  });

  test('has its links followed by nobody here: the one that buys is worth money to whoever fetches it', async () => {
    const daniel = await agreed('daniel');
    const got: string[] = [];
    const { fetch: real } = globalThis;
    globalThis.fetch = (input, init) => {
      got.push(String(input));
      return real(input, init);
    };
    try {
      await app.sandbox.richNotify(daniel.id);
      const nudge = await daniel.next();
      expect(JSON.stringify(nudge)).not.toContain('/rnf/');
      await settled();
    } finally {
      globalThis.fetch = real;
    }
    // Every offer of it could have been bought with one GET.
    expect(charged(daniel.id)).toEqual([]);
    expect(got.filter((url) => url.includes('/rnf/'))).toEqual([]);
  });
});

describe('a rich callback', () => {
  test('settles once, like the other callback: 404 unknown, 200 dry run, 200, then 409', async () => {
    const daniel = await app.subscriber('daniel');
    app.sandbox.nextPurchase(daniel.id, { callback: 'never' });
    const list = await daniel.say('offers');
    const confirmation = await daniel.press(await daniel.press(list, /Daily Internet/), /^Buy for/);
    await daniel.press(confirmation, 'Pay RM 2.00');
    for (let left = 200; left > 0 && charged(daniel.id).length === 0; left--) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const [charge] = charged(daniel.id);
    const result = { transactionId: charge?.transactionId ?? '', appId: 'refill' };
    expect(await post('/millom/rich-callback', { ...result, transactionId: 'nobody-knows-this' })).toBe(404);
    expect(await post('/millom/rich-callback', { ...result, dryRun: true })).toBe(200);
    expect(await daniel.quiet(300)).toEqual([]);
    expect(await post('/millom/rich-callback', result)).toBe(200);
    expect(words(await daniel.next())).toContain('is yours');
    expect(await post('/millom/rich-callback', result)).toBe(409);
    expect(await daniel.quiet(300)).toEqual([]);
  });

  test('with a wrong token is refused, even where none is needed', async () => {
    const result = { transactionId: 'x', appId: 'refill' };
    expect(await post('/millom/rich-callback', result, { authorization: 'Bearer nonsense' })).toBe(401);
    expect(await post('/millom/rich-notifications', { cpid: 'x' }, { authorization: 'Bearer nonsense' })).toBe(401);
  });
});

test('purchases are looked up with a token only, also where the other addresses are open', async () => {
  for (const path of ['/purchases', '/purchases/x']) expect((await fetch(app.url + path)).status).toBe(401);
  expect(await post('/purchases/search', { msisdn: '60123456789' })).toBe(401);
});
