import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { Redis } from 'ioredis';
import { createWebChannel, type PublicPersona, type WebChannel } from '../../adapters/web/index.js';
import type { Deliver } from '../../bot/channel.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import { HttpProblem } from '../../bot/problem.js';
import { createRedisLiveLog } from '../../bot/stores/redis-live-log.js';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

export const DANIEL: PublicPersona = {
  id: 'daniel',
  name: 'Daniel',
  summary: 'Prepaid, little data left',
  locale: 'en',
  timezone: 'Asia/Kuala_Lumpur',
  currency: 'MYR',
  operator: 'millom-demo',
};

/** Not encryption: turned round, so that a test can see that nothing is kept as it was said. */
export const mirror = {
  seal: (text: string) => Buffer.from(text).reverse().toString('base64'),
  open: (sealed: string) => Buffer.from(sealed, 'base64').reverse().toString(),
};

export interface House {
  readonly http: FastifyInstance;
  readonly channel: WebChannel;
  readonly redis: Redis;
  readonly prefix: string;
  readonly url: string;
  readonly delivered: InboundEvent[];
  /** Replace it to see what the channel does with other answers. */
  deliver: Deliver;
  /** How many subscriber connections were asked for. */
  subscribers: Redis[];
  now: number;
  stop(): Promise<void>;
}

export interface HouseOptions {
  readonly redisUrl?: string;
  readonly prefix?: string;
  readonly personas?: readonly PublicPersona[];
  /** More routes, before the server listens. */
  readonly mount?: (http: FastifyInstance) => Promise<void>;
}

/** The web channel behind a real server and a real Redis; only the mailbox is a list. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const { redisUrl = REDIS_URL, prefix = `test:${randomUUID()}:`, personas = [DANIEL] } = options;
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0, enableOfflineQueue: false, lazyConnect: true });
  redis.on('error', () => {});
  await redis.connect();
  const house: House = {
    http: Fastify({ forceCloseConnections: true }),
    redis,
    prefix,
    delivered: [],
    subscribers: [],
    now: Date.UTC(2026, 10, 21, 9, 0),
    url: '',
    deliver: async (event) => {
      if (house.delivered.some(({ id }) => id === event.id)) return 'duplicate';
      house.delivered.push(event);
      return 'accepted';
    },
    channel: createWebChannel({
      log: createRedisLiveLog({
        commands: redis,
        subscriber: () => {
          const connection = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
          house.subscribers.push(connection);
          return connection;
        },
        prefix: `${prefix}web`,
      }),
      secret: 'a secret for the tests',
      vault: mirror,
      secureCookie: false,
      now: () => house.now,
      conversationIdOf: ({ channel, user }) => `${channel}.${user}`,
      personas: {
        list: () => personas,
        ensure: async (id) => personas.find((persona) => persona.id === id.split('~')[0]),
      },
    }),
    stop: async () => {
      await house.http.close();
      await house.channel.close();
      await redis.quit().catch(() => redis.disconnect());
      const sweeper = new Redis(redisUrl);
      const keys = await sweeper.keys(`${prefix}*`);
      if (keys.length > 0) await sweeper.del(...keys);
      await sweeper.quit();
    },
  };
  await options.mount?.(house.http);
  await listen(house);
  return house;
}

async function listen(house: House): Promise<void> {
  const { http, channel } = house;
  http.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  http.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof HttpProblem)) return reply.code(503).send({ code: 'unavailable' });
    const { status, code, detail, extra, headers } = error;
    return reply
      .code(status)
      .headers(headers)
      .type('application/problem+json')
      .send({ status, code, detail, ...extra });
  });
  await channel.routes(http, {
    deliver: (event) => house.deliver(event),
    optedOut: async () => undefined,
    workspaceLeft: async () => undefined,
    delivery: () => undefined,
    alert: () => undefined,
  });
  Object.assign(house, { url: await http.listen({ port: 0, host: '127.0.0.1' }) });
}

export interface Visit {
  readonly conversation: string;
  readonly token: string;
  readonly cookie: string;
  say(body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  open(options?: { lastEventId?: string; after?: string }): Promise<Stream>;
}

/** Opens a session as the page does. */
export async function visit(house: House, subscriber = 'daniel'): Promise<Visit> {
  const opened = await post(`${house.url}/web/sessions`, { subscriber });
  const { conversation, token } = opened.body as { conversation: string; token: string };
  const path = `${house.url}/web/${encodeURIComponent(conversation)}`;
  return {
    conversation,
    token,
    cookie: opened.headers.get('set-cookie') ?? '',
    say: (body) => post(`${path}/messages`, body, token),
    open: ({ lastEventId, after } = {}) =>
      openStream(`${path}/events${after ? `?after=${after}` : ''}`, token, lastEventId),
  };
}

export async function post(url: string, body: unknown, token?: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body: json };
}

export interface ServerEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface Stream {
  readonly events: ServerEvent[];
  /** Resolves with the events so far once there are `count`, within two seconds. */
  until(count: number): Promise<ServerEvent[]>;
  readonly ended: Promise<void>;
  close(): void;
}

/** A browser's EventSource in twenty lines. */
async function openStream(url: string, token: string, lastEventId?: string): Promise<Stream> {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${token}`, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) };
  const response = await fetch(url, { headers, signal: abort.signal });
  if (response.status !== 200) await response.body?.cancel();
  if (response.status !== 200 || !response.body) throw new Error(`the stream answered ${response.status}`);
  const events: ServerEvent[] = [];
  const ended = read(response.body, events).catch(() => {});
  return {
    events,
    ended,
    close: () => abort.abort(),
    until: async (count) => {
      const deadline = Date.now() + 2000;
      while (events.length < count && Date.now() < deadline) await new Promise((done) => setTimeout(done, 5));
      if (events.length < count) throw new Error(`only ${events.length} of ${count} events came`);
      return events;
    },
  };
}

async function read(body: ReadableStream<Uint8Array>, events: ServerEvent[]): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (fields.event && fields.event !== 'ready')
        events.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data) });
    }
  }
}
