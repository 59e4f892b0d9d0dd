import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type App, startApp } from '../../bot/app.js';
import { loadConfig } from '../../bot/config.js';
import { SECRET } from '../slack/house.js';
import { type FakeSlack, startSlack } from '../slack/slack.js';
import { silent, tempFolder } from '../support/stores.js';
import { SlackLife } from './slack-life.js';

/** What `oauth.v2.access` of the far end hands out for workspace T2. */
const TOKEN = 'xoxb-installed-T2';

let slack: FakeSlack;
let app: App;
let life: SlackLife;
const folder = tempFolder();

/** An app for any workspace: no bot token of its own, everything it knows in `folder`. */
async function start(): Promise<void> {
  const env = {
    PORT: '0',
    REFILL_DATA_DIR: folder.path,
    SLACK_SIGNING_SECRET: SECRET,
    SLACK_API_URL: slack.url,
    SLACK_CLIENT_ID: '11.22',
    SLACK_CLIENT_SECRET: 'a client secret',
  };
  app = await startApp(loadConfig(env), silent);
  life = new SlackLife(app.url, slack);
}

beforeAll(async () => {
  slack = await startSlack();
  await start();
}, 120_000);
afterAll(async () => {
  await app?.close();
  await slack?.close();
  folder.remove();
});

/** Goes to Slack's consent page and comes back with a code. */
async function install(code: string): Promise<{ status: number; words: string }> {
  const away = await fetch(`${app.url}/slack/install`, { redirect: 'manual' });
  const consent = new URL(away.headers.get('location') ?? '');
  expect([away.status, consent.origin, consent.searchParams.get('client_id')]).toEqual([
    302,
    'https://slack.com',
    '11.22',
  ]);
  const query = new URLSearchParams({ code, state: consent.searchParams.get('state') ?? '' });
  const cookie = (away.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const back = await fetch(`${app.url}/slack/oauth_redirect?${query}`, { headers: { cookie } });
  return { status: back.status, words: await back.text() };
}

const called = (method: string) => slack.calls.filter((call) => call.method === method);

describe('a workspace installs the app with SLACK_CLIENT_ID', () => {
  test('before, nothing is answered there', async () => {
    await refusedTurnOf(() => life.says('U00000001', 'balance', 'T2'));
    expect((await install('bad-code')).status).toBe(400);
    expect(slack.sent).toEqual([]);
  });

  test('afterwards it is answered with its own token', async () => {
    const { status, words } = await install('good-code');
    expect([status, words]).toEqual([200, expect.stringContaining('Refill is installed')]);
    expect(words).not.toContain(TOKEN);
    expect(called('oauth.v2.access').at(-1)?.body).toMatchObject({ code: 'good-code' });
    await life.says('U00000001', 'balance', 'T2');
    expect(await life.sees(0, 'chat.postMessage', /What you have left/)).toMatchObject({ token: TOKEN });
  }, 60_000);

  test('it still is after a restart, and the token is in no file in clear', async () => {
    await app.close();
    const files = filesIn(folder.path).map((file) => readFileSync(file, 'latin1'));
    // Kept beside the token, and no secret: the files were really read.
    expect(files.some((text) => text.includes('UBOT2'))).toBe(true);
    for (const secret of [TOKEN, Buffer.from(TOKEN).toString('base64'), 'a client secret'])
      expect(files.some((text) => text.includes(secret))).toBe(false);
    await start();
    const from = life.now;
    await life.says('U00000001', 'offers', 'T2');
    expect(await life.sees(from, 'chat.postMessage', /RM \d/)).toMatchObject({ token: TOKEN });
  }, 60_000);

  test('once the workspace removed the app nothing is sent there any more', async () => {
    await life.removes('T2');
    const before = slack.calls.length;
    await refusedTurnOf(() => life.says('U00000001', 'balance', 'T2'));
    expect(slack.calls.slice(before)).toEqual([]);
    expect((await install('good-code')).status).toBe(200);
    const from = life.now;
    await life.says('U00000001', 'balance', 'T2');
    await life.sees(from, 'chat.postMessage', /What you have left/);
  }, 60_000);
});

/** Resolves when the turn that it leads to was refused by the channel. */
async function refusedTurnOf(act: () => Promise<void>): Promise<void> {
  const refused = async () => {
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    const line = metrics.split('\n').find((one) => /^refill_turns_total\{.*"slack".*"refused"/.test(one));
    return Number(line?.split(' ').at(-1) ?? 0);
  };
  const before = await refused();
  await act();
  while ((await refused()) === before) await new Promise((resolve) => setTimeout(resolve, 20));
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
