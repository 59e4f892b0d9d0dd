import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { packageRoot } from '../../bot/paths.js';
import { type Player, slackPlayer, teamsPlayer, whatsAppPlayer } from '../channels/players.js';
import { SECRET } from '../slack/house.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { NO_POSTGRES, postgresServer } from '../support/stores.js';
import { words } from '../support/web-client.js';
import { SETTINGS } from '../whatsapp/whatsapp.js';
import { createSurfaces, type Surface } from './surfaces.js';

/** What must be nowhere in clear: numbers, names, tokens and people's ids, one or more in every input there is. */
const CANARIES = {
  'number typed in a chat': '601155990001',
  'number in a callback': '601155990002',
  'number in a notification': '601155990003',
  'number in a query': '601155990004',
  'number in a header': '601155990005',
  'number in a path': '601155990006',
  'number in a broken body': '601155990007',
  'number in a form': '4790990008',
  'number in a CSV': '601155990009',
  'number in a wrong row of a CSV': '601155990010',
  'CPID in a callback': 'Canary+cpid/abc,50216',
  'name typed in a chat': 'Quetzalcoatlus',
  'name in a form': 'Ingeborgina',
  'message of the telco': 'owner-of-line-is-Zebulon',
  'bearer token of a stranger': 'canary-stranger-token',
  cookie: 'canary-cookie-value',
  'caller secret': 'a caller secret with canary',
  'Slack signing secret': SECRET,
  'Slack bot token': 'xoxb-1',
  'Slack user': 'U00000001',
  'Slack address': 'D00000001',
  'WhatsApp number': '601155000777',
  'WhatsApp name': 'Sheena',
  'WhatsApp access token': SETTINGS.accessToken,
  'WhatsApp app secret': SETTINGS.appSecret,
  'Teams person': 'b130c271-d2eb-45f9-83ab-9eb3fe3788bc',
  'Teams name': 'Amina Khan',
  'Teams address': 'a:1pL6i0oY3C0K8oAj8aWT0iqdXQVqgmBAYJeKpYpMZnGiOZbFjBzVTPJTQCnOsXSA0',
  'user of a CSV': 'UCANARYCSV',
} as const;

/** Proof that a surface was really read: something harmless that must be there. */
const SIGNS: Readonly<Record<Surface, string>> = {
  log: '"msg":"turn"',
  'redis commands': 'evalsha',
  'redis dump': 'refill:',
  'postgres dump': 'digi',
  metrics: 'refill_turns_total',
  'live trace': '"stage":"turn"',
  answers: 'problem+json',
};

const here = (await postgresServer()) !== undefined;
(here ? describe : describe.skip)(`canaries in every input${here ? '' : ` (${NO_POSTGRES})`}`, () => {
  const surfaces = createSurfaces();
  const numbers: string[] = [];
  let app: TestApp;
  let players: Player[];
  let found: ReadonlyMap<Surface, string>;

  beforeAll(async () => {
    players = await Promise.all([slackPlayer(), whatsAppPlayer(), teamsPlayer()]);
    const env = Object.assign({}, ...players.map((player) => player.env), {
      REFILL_CALLER_ID: 'millom',
      REFILL_CALLER_SECRET: CANARIES['caller secret'],
    });
    app = await startTestApp(env, surfaces.log);
    await surfaces.watch(app);
    for (const player of players) await player.start(app);
    await onTheWeb();
    await onTheCpidPage();
    for (const player of players) await onAPlatform(player);
    await fromTheTelco();
    await fromStrangers();
    await fromTheDirectory();
    found = await surfaces.collect(app);
  }, 120_000);

  afterAll(async () => {
    surfaces.stop();
    for (const player of players ?? []) await player.stop();
    await app?.close();
  });

  /** Balance, offers, a purchase to its receipt, a top-up request, and things nobody should type. */
  async function onTheWeb(): Promise<void> {
    const daniel = await app.subscriber('daniel');
    numbers.push(app.sandbox.subscriber(daniel.id)?.msisdn ?? '');
    await daniel.press(await daniel.hello(), 'Warn me in time');
    await daniel.say(`I am ${CANARIES['name typed in a chat']}, +${CANARIES['number typed in a chat']}`);
    await daniel.press(await daniel.say('offers'), /Daily Internet/);
    await daniel.press(await daniel.say('1'), 'Pay RM 2.00');
    while (!words(await daniel.next()).includes('is yours'));
    await app.sandbox.burn(daniel.id, { share: 0.97 });
    await daniel.next();
    const somchai = await app.subscriber('somchai');
    numbers.push(app.sandbox.subscriber(somchai.id)?.msisdn ?? '');
    await somchai.hello();
    await somchai.press(await somchai.say('top up'), 'Ask someone to top me up');
    await somchai.say(`+${CANARIES['number in a form']}`);
    await somchai.say(CANARIES['name in a form']);
    await somchai.press(await somchai.say(CANARIES['name in a form']), 'Send the request');
  }

  /** A line linked on the CPID page, by a CPID that is somebody's, after one that is nobody's. */
  async function onTheCpidPage(): Promise<void> {
    const client = await app.subscriber('daniel');
    await client.hello();
    const shown = await client.press(await client.say('link my number'), 'Use mobile data');
    const { url } = shown.blocks.find(({ type }) => type === 'link') as unknown as { url: string };
    const { cpid } = (await (await fetch(`${app.sandbox.url}/cpid?app=refill`)).json()) as { cpid: string };
    numbers.push(cpid);
    for (const given of [CANARIES['CPID in a callback'], cpid, cpid]) {
      await surfaces.answer(await fetch(url));
      await surfaces.answer(
        await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-refill-page': 'link' },
          body: JSON.stringify({ cpid: given, ttlSeconds: 3600 }),
        }),
      );
    }
    expect(words(await client.next(30_000))).toContain('is linked');
  }

  async function onAPlatform(player: Player): Promise<void> {
    for (const said of [
      'hello',
      `${CANARIES['name typed in a chat']} ${CANARIES['number typed in a chat']}`,
      'offers',
    ]) {
      expect(await player.say(said)).toBe(200);
      await player.next();
    }
  }

  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    return surfaces.answer(await fetch(`${app.url}${path}`, init));
  }

  async function fromTheTelco(): Promise<void> {
    const grant = { grant_type: 'client_credentials', client_id: 'millom', client_secret: CANARIES['caller secret'] };
    const answer = await fetch(`${app.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(grant) });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    numbers.push(token);
    const post = (path: string, body: object | string) =>
      send(path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    const callback = (value: string, type = 'MSISDN') =>
      `/millom/callback/v1/digi/?idType=${type}&idValue=${encodeURIComponent(value)}`;
    const result = { transactionId: 'not-one-of-ours', appId: 'refill', message: CANARIES['message of the telco'] };
    expect((await post(callback(CANARIES['number in a callback']), result)).status).toBe(404);
    await post(callback(CANARIES['number in a callback']), { ...result, errorType: CANARIES['message of the telco'] });
    await post(callback(CANARIES['CPID in a callback'], 'CPID'), result);
    const notify = `/millom/notify/digi/v1/single?idType=MSISDN&idValue=${CANARIES['number in a notification']}`;
    const planDetails = { planName: [{ language: 'en', name: CANARIES['message of the telco'] }] };
    await post(notify, { transactionId: 'n-1', type: 'low-data', planDetails });
    await post(notify, { transactionId: CANARIES['number in a notification'], type: CANARIES['message of the telco'] });
    await post(notify, `{"type": ${CANARIES['number in a broken body']} x`);
  }

  async function fromStrangers(): Promise<void> {
    const headers = {
      authorization: `Bearer ${CANARIES['bearer token of a stranger']}`,
      cookie: `refill_web=${CANARIES.cookie}`,
      'x-forwarded-for': CANARIES['number in a header'],
      'user-agent': CANARIES['number in a header'],
    };
    const number = CANARIES['number in a path'];
    const query = `msisdn=${CANARIES['number in a query']}&token=${CANARIES['bearer token of a stranger']}`;
    for (const path of ['/healthz', '/readyz', '/metrics', `/${number}`, `/web/${number}/events`, '/web/personas'])
      await send(`${path}?${query}`, { headers });
    const broken = `{"msisdn":"${CANARIES['number in a broken body']}`;
    const json = { ...headers, 'content-type': 'application/json' };
    for (const path of [
      '/web/sessions',
      '/slack/events',
      '/api/messages',
      '/whatsapp/webhook',
      '/oauth/token',
      '/console/preview',
    ]) {
      for (const body of [broken, `{"subscriber":"${CANARIES['number in a broken body']}"}`, '{"__proto__":{}}']) {
        await send(`${path}?${query}`, { method: 'POST', headers: json, body });
      }
    }
    const form = {
      grant_type: 'client_credentials',
      client_id: number,
      client_secret: CANARIES['bearer token of a stranger'],
    };
    await send('/oauth/token', { method: 'POST', body: new URLSearchParams(form) });
    await send(
      `/whatsapp/webhook?hub.mode=subscribe&hub.verify_token=${CANARIES['bearer token of a stranger']}&hub.challenge=1`,
    );
  }

  async function fromTheDirectory(): Promise<void> {
    const header = 'channel,workspace,user,msisdn,operator';
    const good = join(app.dataDir, 'good.csv');
    const bad = join(app.dataDir, 'bad.csv');
    writeFileSync(good, `${header}\nslack,T1,${CANARIES['user of a CSV']},${CANARIES['number in a CSV']},digi\n`);
    writeFileSync(bad, `${header}\nslack,T1,U1,${CANARIES['number in a wrong row of a CSV']}00000,digi\n`);
    for (const [file, code] of [
      [good, 0],
      [bad, 1],
    ] as const) {
      const child = spawn(process.execPath, ['--import', 'tsx', 'bot/links-cli.ts', 'import', file], {
        cwd: packageRoot(),
        env: { PATH: process.env['PATH'], REFILL_DATA_DIR: app.dataDir, DATABASE_URL: `${databaseUrl()}` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exited = once(child, 'exit');
      const said = (await Promise.all([text(child.stdout), text(child.stderr)])).join('');
      expect([(await exited)[0], said]).toEqual([code, said]);
      await surfaces.answer(new Response(said));
    }
  }

  function databaseUrl(): string {
    const server = process.env['DATABASE_URL'] || 'postgres://root@127.0.0.1:5432/postgres';
    return Object.assign(new URL(server), { pathname: `/${app.databaseName}` }).href;
  }

  test.each(Object.keys(SIGNS) as Surface[])('none is in the %s', (surface) => {
    const content = found.get(surface) ?? '';
    expect(content).toContain(SIGNS[surface]);
    const leaks = [...Object.entries(CANARIES), ...numbers.map((value) => ['of the story', value] as const)]
      .filter(([, value]) => value !== '' && spellings(value).some((spelling) => content.includes(spelling)))
      .map(
        ([name, value]) =>
          `${name}: …${content.slice(Math.max(0, content.indexOf(value) - 80), content.indexOf(value) + 60)}…`,
      );
    expect(leaks).toEqual([]);
  });

  test('and all of them got in: the story really ran', () => {
    expect(numbers.filter((number) => number.length > 6)).toHaveLength(4);
    expect(app.sandbox.charges().length).toBeGreaterThan(0);
    for (const player of players) expect([player.name, player.problems()]).toEqual([player.name, []]);
    const postgres = found.get('postgres dump') ?? '';
    for (const table of ['lines', 'conversations', 'purchases', 'quarantined_callbacks', 'line_links'])
      expect([table, new RegExp(`^${table}: \\{`, 'm').test(postgres)]).toEqual([table, true]);
  });
});

/** As it is, and as it would stand in a URL or in base64. */
function spellings(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -2);
  return [...new Set([value, encodeURIComponent(value), base64.length > 10 ? base64 : value])];
}
