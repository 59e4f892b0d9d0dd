import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { createTeamsChannel, type TeamsOptions } from '../../adapters/teams/index.js';
import type { Channel, Deliver, Outgoing } from '../../bot/channel.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import { createHttp } from '../../bot/http.js';
import type { Localized } from '../../bot/i18n/localized.js';
import { conversationIdOf } from '../../bot/identity/conversation-id.js';
import type { Message } from '../../bot/message/message.js';
import { createMessageRefs } from '../../bot/message-refs.js';
import { createMetrics } from '../../bot/metrics.js';
import { createPauses } from '../../bot/pauses.js';
import { createVault } from '../../bot/secrets.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import { APP_ID, APP_PASSWORD, type Microsoft, startMicrosoft } from './microsoft.js';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

export const WORDS = {
  working: 'One moment …',
  answeredInPrivate: 'I have answered you in our private chat.',
  writeToMe: 'Write to me in a private chat.',
};

// biome-ignore lint/suspicious/noExplicitAny: tests change payloads at any depth
export type Payload = any;

/** A payload as Teams sends it, with some of it replaced. */
export function payload(
  microsoft: Microsoft,
  name: string,
  change: (activity: Payload) => void = () => undefined,
): Payload {
  const text = readFileSync(new URL(`./payloads/${name}.json`, import.meta.url), 'utf8');
  const activity = JSON.parse(text.replaceAll('SERVICE_URL', microsoft.serviceUrl));
  change(activity);
  return activity;
}

/** The Teams channel behind the app's own HTTP server, a real Redis, Microsoft at the far end; only the mailbox is a list. */
export interface House {
  readonly microsoft: Microsoft;
  readonly http: FastifyInstance;
  readonly channel: Channel;
  readonly delivered: InboundEvent[];
  readonly optedOut: { conversationId: string; how: string }[];
  readonly reports: string[];
  readonly alerts: string[];
  readonly debugged: string[];
  deliver: Deliver;
  now: number;
  /** Posts an activity with a valid token, or with the headers given. */
  post(activity: Payload, headers?: Record<string, string>): Promise<{ status: number; text: string; json: Payload }>;
  /** Posts a payload and sends the message to whoever it was from. */
  answer(name: string, message: Message, more?: Partial<Outgoing>): Promise<void>;
  stop(): Promise<void>;
}

export async function openHouse(options: Partial<TeamsOptions> = {}): Promise<House> {
  const unauthenticated = options.unauthenticated === true;
  const microsoft = await startMicrosoft({ unauthenticated });
  const prefix = `test-teams-${randomUUID()}`;
  const redis = new Redis(REDIS_URL);
  const vault = createVault(Buffer.alloc(32, 7));
  const http = createHttp({ log: pino({ level: 'silent' }), metrics: createMetrics(), ready: async () => undefined });
  const debugged: string[] = [];
  let sends = 0;
  const house: House = {
    microsoft,
    http,
    delivered: [],
    optedOut: [],
    reports: [],
    alerts: [],
    debugged,
    now: Date.now(),
    deliver: async (event) => {
      const known = house.delivered.some(
        ({ id, conversationId }) => id === event.id && conversationId === event.conversationId,
      );
      if (!known) house.delivered.push(event);
      return known ? 'duplicate' : 'accepted';
    },
    channel: createTeamsChannel({
      ...(unauthenticated ? {} : { appId: APP_ID, appPassword: APP_PASSWORD, localService: true }),
      refs: createMessageRefs(createRedisShortLived(redis, prefix), vault),
      pauses: createPauses(() => house.now),
      conversationIdOf: (origin) => conversationIdOf(vault.reference, origin),
      words: () => WORDS,
      debug: ({ type, name }) => void debugged.push([type, name].filter(Boolean).join(' ')),
      now: () => house.now,
      openIdMetadataUrl: microsoft.openIdMetadataUrl,
      loginUrl: microsoft.url,
      ...options,
    }),
    async post(activity, headers) {
      const authorization = `Bearer ${await microsoft.token({}, { at: house.now })}`;
      const body = typeof activity === 'string' ? activity : JSON.stringify(activity);
      const sent = { 'content-type': 'application/json; charset=utf-8', ...(headers ?? { authorization }) };
      const { statusCode, payload: text } = await http.inject({
        method: 'POST',
        url: '/api/messages',
        headers: sent,
        payload: body,
      });
      return { status: statusCode, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
    },
    async answer(name, message, more = {}) {
      await house.post(payload(microsoft, name));
      const event = house.delivered.at(-1);
      if (event === undefined || !('from' in event)) throw new Error(`${name} was not delivered`);
      const { conversationId, from } = event;
      await house.channel.send({ id: `out-${++sends}`, conversationId, address: from.address, message, ...more });
    },
    async stop() {
      await http.close();
      await house.channel.close();
      await microsoft.close();
      const keys = await redis.keys(`${prefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      await redis.quit();
    },
  };
  await house.channel.routes(http, {
    deliver: (event) => house.deliver(event),
    workspaceLeft: async () => undefined,
    optedOut: async (conversationId, how) => void house.optedOut.push({ conversationId, how }),
    delivery: ({ state, code }) => void house.reports.push(code === undefined ? state : `${state} ${code}`),
    alert: (code) => void house.alerts.push(code),
  });
  await http.ready();
  return house;
}

export const say = (text: string) => text as Localized;

/** A message of one text, with one button. */
export function textMessage(text = 'Your balance is RM 12.50', change: Partial<Message> = {}): Message {
  return {
    language: 'en',
    direction: 'ltr',
    blocks: [{ type: 'text', text: say(text) }],
    actions: [{ token: 'offers~AbCd12~0', label: say('See offers'), style: 'primary' }],
    ...change,
  };
}

/** Waits until `done` holds, two seconds at most unless said otherwise. */
export async function until(done: () => boolean, ms = 2_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!done() && Date.now() < deadline) await new Promise((next) => setTimeout(next, 5));
  if (!done()) throw new Error(`it did not happen within ${ms} ms`);
}
