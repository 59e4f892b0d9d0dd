import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startApp } from '../../bot/app.js';
import { loadConfig } from '../../bot/config.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { postgresServer, silent, tempFolder, tempPostgres } from '../support/stores.js';
import { type FakeWhatsApp, inbound, postWebhook, SETTINGS, startWhatsApp, webhook } from '../whatsapp/whatsapp.js';

/** Somebody with a username: the webhook names them by an id of the business's own. */
const BSUID = 'MY.13491208655302741918';
/** Daniel's number, which this Millom knows. */
const NUMBER = '601155000101';

let meta: FakeWhatsApp;
let millom: Sandbox;
let app: Awaited<ReturnType<typeof startApp>>;
const folder = tempFolder();
let closeDatabase: () => Promise<void> = async () => undefined;
beforeAll(async () => {
  [meta, millom] = await Promise.all([startWhatsApp(), startSandbox({ clientId: 'c', clientSecret: 's' })]);
  const database = (await postgresServer()) === undefined ? undefined : await tempPostgres();
  await database?.database.close();
  if (database !== undefined) closeDatabase = () => database.close();
  app = await startApp(
    loadConfig({
      PORT: '0',
      REFILL_DATA_DIR: folder.path,
      REFILL_SANDBOX: '0',
      MILLOM_BASE_URL: millom.url,
      MILLOM_TOKEN_URL: millom.tokenUrl,
      MILLOM_CLIENT_ID: 'c',
      MILLOM_CLIENT_SECRET: 's',
      MILLOM_SERVICE_PROVIDER: 'refill',
      MILLOM_OPERATOR: 'digi',
      WHATSAPP_GRAPH_BASE_URL: meta.url,
      WHATSAPP_GRAPH_VERSION: SETTINGS.graphVersion,
      WHATSAPP_PHONE_NUMBER_ID: SETTINGS.phoneNumberId,
      WHATSAPP_ACCESS_TOKEN: SETTINGS.accessToken,
      WHATSAPP_APP_SECRET: SETTINGS.appSecret,
      WHATSAPP_VERIFY_TOKEN: SETTINGS.verifyToken,
      ...(database && { DATABASE_URL: database.url }),
    }),
    silent,
  );
}, 60_000);
afterAll(async () => {
  await app?.close();
  await Promise.all([meta?.close(), millom?.close(), closeDatabase()]);
  folder.remove();
});

test('who hides their number shares it by WhatsApp’s own button, proves it by a code, and sees their balance', async () => {
  await hidden('balance');
  const asked = await next();
  expect(asked.body).toMatchObject({
    recipient: BSUID,
    interactive: { type: 'request_contact_info', action: { name: 'request_contact_info' } },
  });
  expect(asked.body.interactive.body.text).toContain('Which number is yours?');
  // What else there is to choose can be typed.
  expect(asked.body.interactive.body.text).toContain('1. Cancel');

  // The number of a shared card proves nothing by itself: a card of anybody’s can be shared.
  const card = { name: { formatted_name: 'Daniel' }, phones: [{ phone: '+60 11-5500 0101', wa_id: NUMBER }] };
  await hidden({ type: 'contacts', contacts: [card] });
  const sent = [await next(), await next()];
  const code = sent.find(({ body }) => body.type === 'template')?.body;
  const words = sent.find(({ body }) => body.type !== 'template')?.body;
  expect(JSON.stringify(words)).toContain('a code is on its way');
  expect(code).toMatchObject({ to: NUMBER, template: { name: 'link_code', language: { code: 'en' } } });
  const digits = code.template.components[0].parameters[0].text;
  expect(JSON.stringify(words)).not.toContain(digits);

  await hidden(String((Number(digits) + 1) % 1_000_000).padStart(6, '0'));
  expect(JSON.stringify((await next()).body)).toContain('You have 4 tries left');
  await hidden(digits);
  const done = JSON.stringify((await next()).body);
  expect(done).toContain('is linked');
  // And on to what was wanted in the first place.
  expect(done).toContain('RM 25.00');
  expect(meta.violations).toEqual([]);
}, 60_000);

test('whom Meta names by number is known at once, until they take another number', async () => {
  const { msisdn } = millom.ensure('daniel~meta');
  const says = (content: string | Record<string, unknown>) =>
    post(webhook({ contacts: [{ wa_id: msisdn }], messages: [inbound(msisdn, content)] }));
  await says('balance');
  expect(JSON.stringify((await next()).body)).toContain('RM 25.00');

  const moved = { type: 'user_changed_number', wa_id: '601155000999', body: 'User changed number' };
  await says({ type: 'system', system: moved });
  // Who writes from the old number now may be anybody. A change from outside takes a few seconds to be noticed.
  let answer = '';
  for (let left = 15; left > 0 && !answer.includes('You changed your number'); left--) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await says('balance');
    answer = JSON.stringify((await next()).body);
  }
  expect(answer).toContain('You changed your number');
  expect(answer).not.toContain('RM 25.00');
  expect(meta.violations).toEqual([]);
}, 60_000);

test('a number the operator does not know is not linked, and gets no code, in the words of one it knows', async () => {
  const stranger = '60129999997';
  const says = (content: string | Record<string, unknown>) =>
    post(webhook({ contacts: [{ wa_id: stranger }], messages: [inbound(stranger, content)] }));
  await says('balance');
  const ways = await next();
  expect(JSON.stringify(ways.body)).not.toContain('RM ');
  const own = JSON.stringify(ways.body);
  expect(own).toContain('Use this number');
  const button = /"id":"([^"]+)","title":"Use this number"/.exec(own)?.[1] ?? '';
  await says({
    type: 'interactive',
    interactive: { type: 'button_reply', button_reply: { id: button, title: 'Use' } },
  });
  expect(JSON.stringify((await next()).body)).toContain('the operator does not serve it here');

  await says('link my number');
  await next();
  await says('+60 12-999 9996');
  expect(JSON.stringify((await next()).body)).toContain('If that number is one of ours, a code is on its way');
  await says('cancel');
  await next();
  // By then a code would have been sent.
  expect(meta.violations).toEqual([]);
  const bodies = (await meta.until(seen)).map(({ body }) => body);
  expect(bodies.filter(({ to, type }) => type === 'template' && to !== NUMBER)).toEqual([]);
}, 60_000);

let seen = 0;

/** The next message Meta was given. */
async function next() {
  const sent = await meta.until(seen + 1);
  const message = sent[seen];
  seen += 1;
  if (message === undefined) throw new Error('no message');
  return message;
}

function hidden(content: string | Record<string, unknown>): Promise<void> {
  const { from: _, ...message } = inbound('', content, { from_user_id: BSUID });
  return post(webhook({ contacts: [{ profile: { name: 'Daniel' }, user_id: BSUID }], messages: [message] }));
}

async function post(payload: Record<string, unknown>): Promise<void> {
  expect(await postWebhook(app.url, payload)).toBe(200);
}
