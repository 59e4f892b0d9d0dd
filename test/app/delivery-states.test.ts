import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { startTestApp, type TestApp } from '../support/app.js';
import { NO_POSTGRES, postgresServer } from '../support/stores.js';
import { type FakeWhatsApp, postWebhook, SETTINGS, says, startWhatsApp, webhook } from '../whatsapp/whatsapp.js';

const NUMBER = '16505551234';
const server = await postgresServer();
const withPostgres = server === undefined ? describe.skip : describe;

withPostgres(`what became of a message${server === undefined ? ` (${NO_POSTGRES})` : ''}`, () => {
  let app: TestApp;
  let meta: FakeWhatsApp;
  let database: Client;
  beforeAll(async () => {
    meta = await startWhatsApp();
    app = await startTestApp({
      WHATSAPP_GRAPH_BASE_URL: meta.url,
      WHATSAPP_GRAPH_VERSION: SETTINGS.graphVersion,
      WHATSAPP_PHONE_NUMBER_ID: SETTINGS.phoneNumberId,
      WHATSAPP_ACCESS_TOKEN: SETTINGS.accessToken,
      WHATSAPP_APP_SECRET: SETTINGS.appSecret,
      WHATSAPP_VERIFY_TOKEN: SETTINGS.verifyToken,
    });
    database = new Client(Object.assign(new URL(server ?? ''), { pathname: `/${app.databaseName}` }).href);
    await database.connect();
  }, 60_000);
  afterAll(async () => {
    await database?.end();
    await app?.close();
    await meta?.close();
  });

  async function kept(id: string, state: string) {
    const deadline = Date.now() + 5_000;
    for (;;) {
      const { rows } = await database.query('select * from deliveries where id = $1', [id]);
      if (rows[0]?.state === state || Date.now() > deadline) return rows[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const tell = (id: string, wamid: string, status: string, more: object = {}) =>
    postWebhook(
      app.url,
      webhook({
        statuses: [{ id: wamid, status, timestamp: '1', recipient_id: NUMBER, biz_opaque_callback_data: id, ...more }],
      }),
    );

  test('is kept under the id it was sent with, as far as the platform told, in whatever order', async () => {
    expect(await postWebhook(app.url, says(NUMBER, 'help'))).toBe(200);
    const [sent] = await meta.until(1);
    const id: string = sent?.body.biz_opaque_callback_data;
    const first = await kept(id, 'sent');
    expect(first).toMatchObject({ channel: 'whatsapp', state: 'sent', about: null, code: null });
    expect(first.conversation_id).toBeTruthy();

    expect(await tell(id, sent?.id ?? '', 'read')).toBe(200);
    expect(await kept(id, 'read')).toMatchObject({ state: 'read', conversation_id: first.conversation_id });
    await tell(id, sent?.id ?? '', 'delivered');
    await tell(id, sent?.id ?? '', 'failed', { errors: [{ code: 131026 }] });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await kept(id, 'read')).toMatchObject({ state: 'read', code: null, resend: false });
  });

  test('is kept with its code when it failed, at once or later', async () => {
    meta.fail({ code: 130472 });
    const before = meta.attempts;
    await postWebhook(app.url, says(NUMBER, 'help'));
    const deadline = Date.now() + 5_000;
    while (meta.attempts === before && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    const refused = async () => (await database.query("select * from deliveries where code = '130472'")).rows[0];
    while ((await refused()) === undefined && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
    expect(await refused()).toMatchObject({ channel: 'whatsapp', state: 'failed', resend: false });

    await tell('somebody-elses', 'wamid.unknown', 'failed', { errors: [{ code: 131047 }] });
    expect(await kept('somebody-elses', 'failed')).toMatchObject({ state: 'failed', code: '131047', resend: true });
  });

  test('holds no number and no words', async () => {
    const { rows } = await database.query('select * from deliveries');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(NUMBER);
  });
});
