import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Pool } from 'undici';
import { openPage, openSession, type Page, post } from './page.js';

export const CHANNELS = ['web', 'slack', 'teams', 'whatsapp'] as const;

export type ChannelName = (typeof CHANNELS)[number];

/** Made up; Refill is started with the same. */
export const SECRETS = { slack: 'a-signing-secret-for-the-benchmark', whatsapp: 'an-app-secret-for-the-benchmark' };
export const PHONE_NUMBER_ID = '100000000000001';

/** How a webhook was answered. */
export interface Knock {
  /** Of HTTP: below 300 it was taken. */
  readonly status: number;
  readonly ms: number;
}

/** People who write to Refill on one channel. */
export interface Messenger {
  /** Says "balance"; resolves when the answer is there, `false` when none came in time. */
  say(user: number): Promise<boolean>;
  /** Says it and waits only for the webhook's answer. Rejects when there is none. */
  knock(user: number): Promise<Knock>;
  close(): Promise<void>;
}

const REPLY_WITHIN_MS = 10_000;

/** The platforms' own side of Slack, Teams and WhatsApp: takes whatever Refill sends. */
export interface FarEnd {
  readonly url: string;
  /** Resolves with the next message to this place. */
  nextTo(place: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function startFarEnd(): Promise<FarEnd> {
  const waiting = new Map<string, (answered: boolean) => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body: { channel?: string; to?: string } = text.startsWith('{') ? JSON.parse(text) : {};
    const path = request.url ?? '';
    const place = body.channel ?? body.to ?? /conversations\/([^/]+)/.exec(path)?.[1];
    waiting.get(decodeURIComponent(place ?? ''))?.(true);
    response.writeHead(200, { 'content-type': 'application/json' });
    // Good enough for all three: Slack's answer, Meta's and the Bot Connector's.
    const id = `m${Math.random().toString(36).slice(2)}`;
    response.end(JSON.stringify({ ok: true, channel: body.channel, ts: '1.1', id, messages: [{ id }] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nextTo(place) {
      return new Promise((resolve) => {
        const done = (answered: boolean) => {
          clearTimeout(timer);
          waiting.delete(place);
          resolve(answered);
        };
        const timer = setTimeout(done, REPLY_WITHIN_MS, false);
        waiting.set(place, done);
      });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export async function openMessenger(channel: ChannelName, url: string, users: number, far: FarEnd): Promise<Messenger> {
  const pool = new Pool(url, { connections: 64, pipelining: 1, keepAliveTimeout: 60_000 });
  return channel === 'web' ? openWeb(pool, url, users) : openWebhook(WEBHOOKS[channel], pool, far);
}

async function openWeb(pool: Pool, url: string, users: number): Promise<Messenger> {
  const pages: Page[] = [];
  const sessions: Awaited<ReturnType<typeof openSession>>[] = [];
  for (let user = 0; user < users; user++) {
    const stream = new Client(url, { bodyTimeout: 0 });
    pages.push(await openPage(pool, stream, `daniel~a${user}`, { wrong: 0, refused: 0 }));
    sessions.push(await openSession(pool, `daniel~b${user}`));
  }
  return {
    say: async (user) => (await pages[user]?.say()) !== undefined,
    async knock(user) {
      const session = sessions[user];
      if (session === undefined) throw new Error(`there is no user ${user}`);
      const since = performance.now();
      return { status: await post(pool, session, { text: 'balance' }), ms: performance.now() - since };
    },
    async close() {
      await Promise.all(pages.map((page) => page.close()));
      await pool.close();
    },
  };
}

/** One message as a platform posts it. */
interface Webhook {
  readonly path: string;
  /** Where the answer goes. */
  place(user: number): string;
  body(user: number, serial: number, far: FarEnd): object;
  headers(text: string): Record<string, string>;
}

let serial = 0;

function openWebhook(webhook: Webhook, pool: Pool, far: FarEnd): Messenger {
  const send = async (user: number): Promise<number> => {
    serial += 1;
    const text = JSON.stringify(webhook.body(user, serial, far));
    const headers = { 'content-type': 'application/json', ...webhook.headers(text) };
    const { statusCode, body } = await pool.request({ method: 'POST', path: webhook.path, headers, body: text });
    await body.dump();
    return statusCode;
  };
  return {
    async say(user) {
      const answered = far.nextTo(webhook.place(user));
      return (await send(user)) < 300 && answered;
    },
    async knock(user) {
      const since = performance.now();
      return { status: await send(user), ms: performance.now() - since };
    },
    close: () => pool.close(),
  };
}

const seconds = () => String(Math.floor(Date.now() / 1000));
const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');
const padded = (user: number, length: number) => String(user).padStart(length, '0');

const WEBHOOKS: Readonly<Record<Exclude<ChannelName, 'web'>, Webhook>> = {
  slack: {
    path: '/slack/events',
    place: (user) => `D${padded(user, 8)}`,
    body: (user, number) => ({
      type: 'event_callback',
      event_id: `Ev${number}`,
      team_id: 'T1',
      event: {
        type: 'message',
        channel: `D${padded(user, 8)}`,
        channel_type: 'im',
        user: `U${padded(user, 8)}`,
        text: 'balance',
      },
    }),
    headers(text) {
      const at = seconds();
      return {
        'x-slack-request-timestamp': at,
        'x-slack-signature': `v0=${hmac(SECRETS.slack, `v0:${at}:${text}`)}`,
      };
    },
  },
  teams: {
    path: '/api/messages',
    place: (user) => `a:bench${user}`,
    body: (user, number, { url }) => ({
      type: 'message',
      id: `f:${number}`,
      channelId: 'msteams',
      serviceUrl: `${url}/`,
      text: 'balance',
      from: { id: `29:bench${user}`, name: '' },
      recipient: { id: '28:refill', name: 'Refill' },
      conversation: { id: `a:bench${user}`, conversationType: 'personal', tenantId: 'bench' },
      channelData: { tenant: { id: 'bench' } },
    }),
    headers: () => ({}),
  },
  whatsapp: {
    path: '/whatsapp/webhook',
    place: (user) => `6011${padded(user, 8)}`,
    body: (user, number) => {
      const from = `6011${padded(user, 8)}`;
      const message = {
        from,
        id: `wamid.bench${number}`,
        timestamp: seconds(),
        type: 'text',
        text: { body: 'balance' },
      };
      const value = {
        messaging_product: 'whatsapp',
        metadata: { phone_number_id: PHONE_NUMBER_ID },
        contacts: [{ wa_id: from }],
        messages: [message],
      };
      return {
        object: 'whatsapp_business_account',
        entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
      };
    },
    headers: (text) => ({ 'x-hub-signature-256': `sha256=${hmac(SECRETS.whatsapp, text)}` }),
  },
};
