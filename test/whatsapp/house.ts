import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Redis } from 'ioredis';
import { createWhatsAppChannel } from '../../adapters/whatsapp/index.js';
import type { Channel, DeliveryReport, Outgoing } from '../../bot/channel.js';
import type { InboundEvent, Origin } from '../../bot/conversation/event.js';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import { createHttp } from '../../bot/http.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { NamedUser } from '../../bot/ledger/ledger.js';
import type { Message } from '../../bot/message/message.js';
import { createMetrics } from '../../bot/metrics.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import { silent, tempVault } from '../support/stores.js';
import { type FakeWhatsApp, SETTINGS, startWhatsApp } from './whatsapp.js';

const REDIS_URL = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** WhatsApp and the channel, with real HTTP both ways and a real Redis; what comes in is kept in lists. */
export interface House {
  readonly url: string;
  readonly http: FastifyInstance;
  readonly meta: FakeWhatsApp;
  readonly channel: Channel;
  readonly redis: Redis;
  readonly prefix: string;
  readonly delivered: InboundEvent[];
  readonly deliveries: DeliveryReport[];
  readonly alerts: { readonly code: string; readonly what: string }[];
  readonly optOuts: { readonly conversationId: string; readonly how: string; readonly saidAt?: number }[];
  readonly debug: unknown[];
  readonly warnings: unknown[];
  /** What the mailbox does; replace it to see what the channel does with other answers. */
  deliver: (event: InboundEvent) => Promise<'accepted' | 'duplicate'>;
  /** What the ledger knows of an id; nobody, unless a test brings one. */
  usersNamed: (id: string) => Promise<readonly NamedUser[]>;
  /** What blocks the links of who has another number now. */
  movedAway: (user: ChatUser & Pick<Origin, 'phone'>) => Promise<void>;
  /** What keeps opt-outs; replace it likewise. */
  optOut: (conversationId: string, how: string, saidAt?: number) => Promise<void>;
  /** Added to the clock, in milliseconds. */
  skew: number;
  /** Another process of the same Refill. */
  another(): Channel;
  stop(): Promise<void>;
}

export interface HouseOptions {
  readonly timeoutMs?: number;
  readonly redisUrl?: string;
}

export const conversationOf = (user: string) => `whatsapp-${user}`;

export async function openHouse({ timeoutMs, redisUrl = REDIS_URL }: HouseOptions = {}): Promise<House> {
  const meta = await startWhatsApp();
  const prefix = `test-${randomUUID()}`;
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 0, enableOfflineQueue: false, lazyConnect: true });
  redis.on('error', () => {});
  await redis.connect();
  const vault = tempVault();
  const channels: Channel[] = [];
  const seen = new Set<string>();
  const another = (): Channel => {
    const channel = createWhatsAppChannel({
      graphBaseUrl: meta.url,
      graphVersion: SETTINGS.graphVersion,
      phoneNumberId: SETTINGS.phoneNumberId,
      accessToken: SETTINGS.accessToken,
      appSecret: SETTINGS.appSecret,
      verifyToken: SETTINGS.verifyToken,
      shortLived: createRedisShortLived(redis, prefix),
      vault,
      conversationIdOf: ({ user }) => conversationOf(user),
      usersNamed: (id) => house.usersNamed(id),
      words: () => ({ choose: 'Choose', offers: 'Offers', more: 'More' }),
      operator,
      log: {
        debug: (line: unknown) => void house.debug.push(line),
        warn: (line: unknown) => void house.warnings.push(line),
      } as never,
      now: () => Date.now() + house.skew,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    channels.push(channel);
    return channel;
  };
  const operator = {
    alert: (code: string, what: string) => void house.alerts.push({ code, what }),
    optedOut: (conversationId: string, how: string, saidAt?: number) => house.optOut(conversationId, how, saidAt),
    workspaceLeft: async () => undefined,
  };
  const http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined });
  const house: House = {
    url: '',
    http,
    meta,
    redis,
    prefix,
    delivered: [],
    deliveries: [],
    alerts: [],
    optOuts: [],
    movedAway: async () => undefined,
    usersNamed: async () => [],
    debug: [],
    warnings: [],
    skew: 0,
    channel: undefined as never,
    deliver: async (event) => {
      if (seen.has(event.id)) return 'duplicate';
      seen.add(event.id);
      house.delivered.push(event);
      return 'accepted';
    },
    optOut: async (conversationId, how, saidAt) =>
      void house.optOuts.push({ conversationId, how, ...(saidAt !== undefined && { saidAt }) }),
    another,
    async stop() {
      await http.close();
      await Promise.all(channels.map((channel) => channel.close()));
      await meta.close();
      redis.disconnect();
      const sweeper = new Redis(redisUrl);
      const keys = await sweeper.keys(`${prefix}*`);
      if (keys.length > 0) await sweeper.del(...keys);
      await sweeper.quit();
    },
  };
  Object.assign(house, { channel: another() });
  await house.channel.routes(http, {
    ...operator,
    movedAway: (user) => house.movedAway(user),
    deliver: (event) => house.deliver(event),
    delivery: (report) => void house.deliveries.push(report),
  });
  return Object.assign(house, { url: await http.listen({ port: 0, host: '127.0.0.1' }) });
}

/** A payload of `payloads/`, with the time of now where it says `{{seconds}}`. */
export function payload(name: string, secondsAgo = 0): string {
  const file = readFileSync(join(import.meta.dirname, 'payloads', `${name}.json`), 'utf8');
  return file.replaceAll('{{seconds}}', String(Math.floor(Date.now() / 1000) - secondsAgo));
}

const say = (text: string) => text as Localized;

/** A message with one sentence. */
export function words(text: string, more: Partial<Message> = {}): Message {
  return { language: 'en', direction: 'ltr', blocks: [{ type: 'text', text: say(text) }], actions: [], ...more };
}

/** A nudge, as the flow makes it. */
export function nudge(language: 'en' | 'es' | 'ur' = 'en', name = 'nudge_pack_consumed', ...values: string[]): Message {
  const said = values.length === 0 ? ['Super 10 GB'] : values;
  return words('Your plan is used up. Buy another!', { language, notice: { name, values: said.map(say) } });
}

let ids = 0;

/** A reply to a user whose conversation is named after them. */
export function to(user: string, message: Message, more: Partial<Outgoing> = {}): Outgoing {
  ids += 1;
  const address = JSON.stringify(/^\d+$/.test(user) ? { to: user } : { recipient: user });
  return { id: `out-${ids}`, conversationId: conversationOf(user), address, message, ...more };
}
