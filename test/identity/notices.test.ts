import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApp, type TestApp } from '../support/app.js';
import { type WebClient, words } from '../support/web-client.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
}, 60_000);
afterAll(() => app?.close());

const plain = (message: Parameters<typeof words>[0]) => words(message).replaceAll(/[\u2066-\u2069]/g, '');

test('a second chat that links a number tells the first, who removes it', async () => {
  const [first, second] = [await app.subscriber('daniel'), await app.subscriber('ingrid')];
  await link(first);
  const done = await link(second);
  expect(plain(done)).toContain('only small purchases are possible');

  const notice = await first.next();
  expect(plain(notice)).toContain('Your number •••• 106 was just linked to another chat, on Web. Was that you?');
  expect(plain(await first.press(notice, 'No, remove it'))).toContain('cannot see or buy anything');
  // Noticed at once by what buys, and within seconds by what shows.
  let shown = '';
  for (let left = 15; left > 0 && !shown.includes('asked me to remove it'); left--) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    shown = plain(await second.say('my numbers'));
    if (shown.includes('Blocked until you confirm it again')) break;
  }
  expect(shown).toMatch(/Blocked until you confirm it again|asked me to remove it/);
  expect(plain(await first.say('balance'))).toContain('RM 80.50');
}, 60_000);

/** Links Kavya's number. */
async function link(client: WebClient) {
  await client.say('link my number');
  const before = app.sandbox.subscriber('kavya')?.messages.length ?? 0;
  await client.say('+60 11-5500 0106');
  let code: string | undefined;
  for (let left = 200; left > 0 && code === undefined; left--) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    code = /\d{6}/.exec(app.sandbox.subscriber('kavya')?.messages[before]?.text ?? '')?.[0];
  }
  return client.say(code ?? '');
}
