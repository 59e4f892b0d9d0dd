import type { Redis } from 'ioredis';
import type { Channel } from '../../bot/channel.js';
import { createLive } from './live.js';
import { createConversationLog, type Vault } from './log.js';
import { mountRoutes, type RouteParts } from './routes.js';
import { send } from './send.js';
import { createSessions } from './verify.js';

export type { Vault } from './log.js';
export type { PublicPersona } from './routes.js';

export interface WebChannelOptions extends Pick<RouteParts, 'personas' | 'conversationIdOf' | 'secureCookie'> {
  readonly redis: {
    /** Fails at once when Redis is away (`enableOfflineQueue: false`): webhooks answer quickly. */
    readonly commands: Redis;
    /** A new connection that waits and reconnects, for SUBSCRIBE. Asked for once, when the first page opens. */
    readonly subscriber: () => Redis;
  };
  /** Signs sessions; at least 16 characters. */
  readonly secret: string;
  readonly vault: Vault;
  /** Before every key, e.g. `refill:`. */
  readonly keyPrefix: string;
  /** How long a silent conversation stays on screen after a reload, in seconds; an hour by default. */
  readonly logTtlSeconds?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface WebChannel extends Channel {
  typing(conversationId: string, address: string): Promise<void>;
  /** Ticks the event off on the subscriber's screen: its turn is done. A failure is of no consequence. */
  taken(conversationId: string, eventId: string): Promise<void>;
}

/**
 * Refill's own page as a channel: messages go out by server-sent events through Redis, so any process may serve a page.
 *
 * @throws WebSecretTooShort
 */
export function createWebChannel(options: WebChannelOptions): WebChannel {
  const now = options.now ?? Date.now;
  const sessions = createSessions(options.secret);
  const log = createConversationLog({
    redis: options.redis.commands,
    vault: options.vault,
    keyPrefix: options.keyPrefix,
    ...(options.logTtlSeconds === undefined ? {} : { ttlSeconds: options.logTtlSeconds }),
  });
  const live = createLive(log, options.redis.subscriber);

  return {
    name: 'web',
    routes: (http, { deliver }) => mountRoutes(http, deliver, { ...options, sessions, log, live, now }),
    send: (outgoing) => send(log, outgoing, now()),
    typing: (conversationId) => log.signal(conversationId, 'typing', '{"on":true}'),
    taken: (conversationId, eventId) => log.signal(conversationId, 'taken', JSON.stringify({ id: eventId })),
    close: async () => live.close(),
  };
}
