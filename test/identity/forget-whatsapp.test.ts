import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { startApp } from '../../bot/app.js';
import { loadConfig } from '../../bot/config.js';
import { silent, tempFolder } from '../support/stores.js';
import { type FakeWhatsApp, inbound, postWebhook, SETTINGS, startWhatsApp, webhook } from '../whatsapp/whatsapp.js';

/* "Forget me" on WhatsApp, in the whole app: which number and which id are one person goes too. */

const NUMBER = '601155000177';
const BSUID = 'MY.13491208655302741999';

let meta: FakeWhatsApp;
let app: Awaited<ReturnType<typeof startApp>>;
let redis: Redis;
const folder = tempFolder();
beforeAll(async () => {
  meta = await startWhatsApp();
  app = await startApp(
    loadConfig({
      PORT: '0',
      REFILL_DATA_DIR: folder.path,
      WHATSAPP_GRAPH_BASE_URL: meta.url,
      WHATSAPP_GRAPH_VERSION: SETTINGS.graphVersion,
      WHATSAPP_PHONE_NUMBER_ID: SETTINGS.phoneNumberId,
      WHATSAPP_ACCESS_TOKEN: SETTINGS.accessToken,
      WHATSAPP_APP_SECRET: SETTINGS.appSecret,
      WHATSAPP_VERIFY_TOKEN: SETTINGS.verifyToken,
    }),
    silent,
  );
  redis = new Redis(join(folder.path, 'redis', 'redis.sock'));
}, 60_000);
afterAll(async () => {
  redis?.disconnect();
  await app?.close();
  await meta?.close();
  folder.remove();
});

let answers = 0;
async function says(content: string): Promise<string> {
  const message = inbound(NUMBER, content, { from_user_id: BSUID });
  const contacts = [{ wa_id: NUMBER, user_id: BSUID }];
  expect(await postWebhook(app.url, webhook({ contacts, messages: [message] }))).toBe(200);
  answers += 1;
  return JSON.stringify((await meta.until(answers))[answers - 1]?.body);
}
const kept = async () => (await redis.keys('*')).filter((key) => /whatsapp:(user|ids):/.test(key));

test('takes their ids out of Redis once it is confirmed', async () => {
  await says('balance');
  expect((await kept()).length).toBeGreaterThan(0);
  expect(await says('forget me')).toContain('Forget me');
  await says('1');
  const deadline = Date.now() + 20_000;
  while ((await kept()).length > 0 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
  expect(await kept()).toEqual([]);
}, 60_000);
