import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SCOPES } from '../../bot/access/scopes.js';
import { packageRoot } from '../../bot/paths.js';
import { type Keycloak, startKeycloak } from '../access/keycloak.js';
import { type Player, slackPlayer, type TeamsPlayer, teamsPlayer, whatsAppPlayer } from '../channels/players.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { NO_POSTGRES, postgresServer } from '../support/stores.js';
import { words } from '../support/web-client.js';
import { CANARIES, leaksIn } from './planted.js';
import { buy, onSlack, onTeams, onWhatsApp, pressThrough } from './presses.js';
import { createSurfaces, type Surface } from './surfaces.js';
import { fromSystems } from './systems.js';

/** Proof that a surface was really read: something harmless that must be there. */
const SIGNS: Readonly<Partial<Record<Surface, string>>> = {
  log: '"msg":"turn"',
  'postgres writes': 'purchases: {',
  'postgres dump': 'digi',
  metrics: 'refill_turns_total',
  'live trace': '"stage":"turn"',
  answers: 'problem+json',
};
const STORES = {
  redis: { ...SIGNS, 'redis commands': 'evalsha', 'redis dump': 'refill:' },
  postgres: { ...SIGNS, 'postgres writes': 'mailbox_entries: {', 'postgres notifications': 'web-' },
} as const;

const here = (await postgresServer()) !== undefined;
const kinds = Object.entries(STORES) as ['redis' | 'postgres', Partial<Record<Surface, string>>][];
(here ? describe : describe.skip).each(kinds)(
  `canaries in every input, with %s${here ? '' : ` (${NO_POSTGRES})`}`,
  (stores, signs) => {
    const surfaces = createSurfaces();
    const numbers: string[] = [];
    let app: TestApp;
    let keycloak: Keycloak;
    let players: readonly [slack: Player, whatsApp: Player, teams: TeamsPlayer];
    let found: ReadonlyMap<Surface, string>;

    beforeAll(async () => {
      keycloak = await startKeycloak();
      players = await Promise.all([slackPlayer(), whatsAppPlayer(), teamsPlayer()]);
      const env = Object.assign({}, ...players.map((player) => player.env), {
        REFILL_STORES: stores,
        REFILL_ISSUER_URL: keycloak.url,
        REFILL_CALLER_ID: 'millom',
        REFILL_CALLER_SECRET: CANARIES['caller secret'],
      });
      app = await startTestApp(env, surfaces.log);
      await surfaces.watch(app);
      for (const player of players) await player.start(app);
      await onTheWeb();
      await onTheCpidPage();
      for (const player of players) await onAPlatform(player);
      await byPresses();
      await fromTheTelco();
      const token = await keycloak.accessToken({ aud: 'refill', scope: SCOPES.join(' ') });
      numbers.push(token);
      await fromSystems(send, token);
      await fromStrangers();
      await fromTheDirectory();
      found = await surfaces.collect(app);
    }, 240_000);

    afterAll(async () => {
      await surfaces.stop();
      for (const player of players ?? []) await player.stop();
      await app?.close();
      await keycloak?.close();
    });

    /** Balance, offers, a purchase to its receipt, a top-up request, and things nobody should type. */
    async function onTheWeb(): Promise<void> {
      const daniel = await app.subscriber('daniel');
      numbers.push(app.sandbox.subscriber(daniel.id)?.msisdn ?? '');
      await daniel.press(await daniel.hello(), 'Warn me in time');
      await daniel.say(`I am ${CANARIES['name typed in a chat']}, +${CANARIES['number typed in a chat']}`);
      await daniel.press(await daniel.say('offers'), /Daily Internet/);
      await daniel.press(await daniel.say('1'), 'Pay RM 2.00');
      while (!words(await daniel.next(60_000)).includes('is yours'));
      await app.sandbox.burn(daniel.id, { share: 0.97 });
      await daniel.next(60_000);
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

    /** Buttons and forms; the forms really got in: what was filled in is shown. */
    async function byPresses(): Promise<void> {
      const [slack, whatsApp, teams] = players;
      for (const player of [slack, teams]) expect((await buy(player)).edited).toBe(true);
      const filled = await onSlack(app.url, await pressThrough(slack), slack);
      expect(filled.words).toContain(CANARIES['name in a Slack form']);
      expect((await onTeams(teams)).words).toContain(CANARIES['name in a Teams form']);
      await pressThrough(whatsApp);
      await onWhatsApp(app.url, whatsApp);
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
      await post(callback(CANARIES['number in a callback']), {
        ...result,
        errorType: CANARIES['message of the telco'],
      });
      await post(callback(CANARIES['CPID in a callback'], 'CPID'), result);
      const notify = `/millom/notify/digi/v1/single?idType=MSISDN&idValue=${CANARIES['number in a notification']}`;
      const planDetails = { planName: [{ language: 'en', name: CANARIES['message of the telco'] }] };
      await post(notify, { transactionId: 'n-1', type: 'low-data', planDetails });
      await post(notify, {
        transactionId: CANARIES['number in a notification'],
        type: CANARIES['message of the telco'],
      });
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
      const file = (name: string, header: string, row: string) => {
        writeFileSync(join(app.dataDir, name), `${header}\n${row}\n`);
        return join(app.dataDir, name);
      };
      const links = 'channel,workspace,user,msisdn,operator';
      const bad = `${CANARIES['number in a wrong row of a CSV']}00000`;
      const good = file('good.csv', links, `slack,T1,${CANARIES['user of a CSV']},${CANARIES['number in a CSV']},digi`);
      const removed = `slack,T1,${CANARIES['user of a CSV to remove']},${CANARIES['number in a CSV to remove']},digi`;
      const signal = (command: string) => [command, '--operator', 'digi', '--reason', 'sim-swap'];
      for (const [args, given, code] of [
        [['import', good], '', 0],
        [['import', file('bad.csv', links, `slack,T1,U1,${bad},digi`)], '', 1],
        [['import', file('removed.csv', links, removed)], '', 0],
        [['remove', file('removed.csv', links, removed)], '', 0],
        [['remove', file('wrong.csv', 'channel,workspace,user', `slack,${bad},${bad}`)], '', 1],
        [signal('block'), `${CANARIES['number blocked on stdin']}\n${CANARIES['number in a CSV']}\n`, 0],
        [signal('block'), `${CANARIES['wrong number blocked on stdin']}00000\n`, 1],
        [signal('unblock'), `${CANARIES['number blocked on stdin']}\n`, 0],
      ] as const) {
        const child = spawn(process.execPath, ['--import', 'tsx', 'bot/links-cli.ts', ...args], {
          cwd: packageRoot(),
          env: { PATH: process.env['PATH'], REFILL_DATA_DIR: app.dataDir, DATABASE_URL: `${databaseUrl()}` },
          stdio: 'pipe',
        });
        child.stdin.on('error', () => undefined).end(given);
        const exited = once(child, 'exit');
        const said = (await Promise.all([text(child.stdout), text(child.stderr)])).join('');
        expect([args, (await exited)[0], said]).toEqual([args, code, said]);
        await surfaces.answer(new Response(said));
      }
    }

    function databaseUrl(): string {
      const server = process.env['DATABASE_URL'] || 'postgres://root@127.0.0.1:5432/postgres';
      return Object.assign(new URL(server), { pathname: `/${app.databaseName}` }).href;
    }

    test.each(Object.entries(signs) as [Surface, string][])('none is in the %s', (surface, sign) => {
      const content = found.get(surface) ?? '';
      expect(content).toContain(sign);
      const ofTheStory = numbers.map((value) => ['of the story', value] as const);
      expect(leaksIn(content, [...Object.entries(CANARIES), ...ofTheStory])).toEqual([]);
    });

    test('and all of them got in: the story really ran', () => {
      expect(numbers.filter((number) => number.length > 6)).toHaveLength(5);
      expect(app.sandbox.charges().length).toBeGreaterThan(0);
      for (const player of players) expect([player.name, player.problems()]).toEqual([player.name, []]);
      const postgres = found.get('postgres dump') ?? '';
      for (const table of ['lines', 'conversations', 'purchases', 'quarantined_callbacks', 'line_links'])
        expect([table, new RegExp(`^public\\.${table}: \\{`, 'm').test(postgres)]).toEqual([table, true]);
    });
  },
);
