import type { Channel } from '../../bot/channel.js';
import type { LiveLog } from '../../bot/live-log.js';
import { createLive } from './live.js';
import { createConversationLog, type Vault } from './log.js';
import { mountRoutes, type RouteParts } from './routes.js';
import { send } from './send.js';
import { createSessions } from './verify.js';

export type { Vault } from './log.js';
export type { PublicPersona } from './routes.js';

export interface WebChannelOptions extends Pick<RouteParts, 'personas' | 'conversationIdOf' | 'secureCookie'> {
  /** Keeps what is on screen, and tells every process of it. */
  readonly log: LiveLog;
  /** Signs sessions; at least 16 characters. */
  readonly secret: string;
  readonly vault: Vault;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface WebChannel extends Channel {
  typing(conversationId: string, address: string): Promise<void>;
  /** Ticks the event off on the subscriber's screen: its turn is done. A failure is of no consequence. */
  taken(conversationId: string, eventId: string): Promise<void>;
}

/**
 * Refill's own page as a channel: messages go out by server-sent events through a log that all processes share, so any of
 * them may serve a page.
 *
 * @throws WebSecretTooShort
 */
export function createWebChannel(options: WebChannelOptions): WebChannel {
  const now = options.now ?? Date.now;
  const sessions = createSessions(options.secret);
  const log = createConversationLog(options.log, options.vault);
  const live = createLive(log);

  return {
    name: 'web',
    routes: (http, { deliver, stillThere = async () => true }) =>
      mountRoutes(http, deliver, { ...options, sessions, log, live, now, stillThere }),
    send: (outgoing) => send(log, outgoing, now()),
    typing: (conversationId) => log.signal(conversationId, 'typing', '{"on":true}'),
    taken: (conversationId, eventId) => log.signal(conversationId, 'taken', JSON.stringify({ id: eventId })),
    close: async () => live.close(),
  };
}
