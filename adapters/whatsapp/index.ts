import type { Channel, Inbox } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import type { NamedUser } from '../../bot/ledger/ledger.js';
import type { Logger } from '../../bot/log.js';
import { createPauses } from '../../bot/pauses.js';
import type { Vault } from '../../bot/secrets.js';
import type { ShortLived } from '../../bot/short-lived.js';
import { createAliases } from './aliases.js';
import { WhatsAppMisconfigured } from './errors.js';
import { createGraph } from './graph.js';
import { createHolds } from './holds.js';
import { createPresence } from './presence.js';
import type { Words } from './render.js';
import { mountRoutes } from './routes.js';
import { createSender } from './send.js';
import { readTemplates } from './templates.js';
import { createWaits } from './waits.js';
import { createWindow } from './window.js';

export type { Words } from './render.js';

export interface WhatsAppChannelOptions {
  /** `https://graph.facebook.com` by default. */
  readonly graphBaseUrl?: string;
  /** E.g. `v23.0`. */
  readonly graphVersion: string;
  readonly phoneNumberId: string;
  readonly accessToken: string;
  readonly appSecret: string;
  readonly verifyToken: string;
  /** Fails within about a second when its store is away: webhooks answer quickly. */
  readonly shortLived: ShortLived;
  readonly vault: Pick<Vault, 'seal' | 'open' | 'reference'>;
  readonly conversationIdOf: (origin: Origin, place?: string) => string;
  /** Whom conversations know by a number or an id, the newest first: the record, where what is kept for a while was lost. */
  readonly usersNamed: (id: string) => Promise<readonly NamedUser[]>;
  /** The adapter's own words in a language of the catalogues. */
  readonly words: (language: string) => Words;
  /** Where what the platform says about a send goes; sends happen in processes that mount no webhook. */
  readonly operator: Pick<Inbox, 'alert' | 'optedOut'>;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
  /** How long the Graph API may take to answer, in milliseconds; 10 seconds by default. */
  readonly timeoutMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Half of the 80 messages a second of a number, which count what comes in as well (CHANNELS.md "Rate"). */
const UNASKED_PER_SECOND = 40;

/** What must not be empty for webhooks to be verified and messages to be sent. */
const REQUIRED = ['graphVersion', 'phoneNumberId', 'accessToken', 'appSecret', 'verifyToken'] as const;

/**
 * WhatsApp by Meta's Cloud API, one business number. A conversation is one user at that number; inside 24 hours of their last
 * message they get free-form messages, afterwards the templates of `templates/` or nothing.
 *
 * @throws WhatsAppMisconfigured, TemplateInvalid
 */
export function createWhatsAppChannel(options: WhatsAppChannelOptions): Channel {
  const missing = REQUIRED.filter((name) => options[name].trim() === '');
  if (missing.length > 0) throw new WhatsAppMisconfigured(`WhatsApp needs ${missing.join(', ')}`);
  const { shortLived, vault, now = Date.now } = options;
  const graph = createGraph({
    baseUrl: options.graphBaseUrl ?? 'https://graph.facebook.com',
    version: options.graphVersion,
    phoneNumberId: options.phoneNumberId,
    accessToken: options.accessToken,
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
  const window = createWindow(shortLived, now);
  const presence = createPresence(graph, now);
  const pauses = createPauses(now);
  const sender = createSender({
    ...options,
    graph,
    window,
    shortLived,
    now,
    waits: createWaits(pauses, shortLived, now),
    holds: createHolds(pauses, shortLived, now),
    templates: readTemplates(),
  });
  const aliases = createAliases({ shortLived, vault, recorded: options.usersNamed });

  return {
    name: 'whatsapp',
    unaskedPerSecond: UNASKED_PER_SECOND,
    routes: (http, inbox) => mountRoutes(http, inbox, { ...options, aliases, window, sender, presence, now }),
    async send(outgoing) {
      try {
        await sender.send(outgoing);
      } finally {
        presence.replied(outgoing.conversationId);
      }
    },
    typing: async (conversationId, _address, messageId) => presence.began(conversationId, messageId),
    forget: ({ user, phone, alias }) =>
      aliases.forget(
        user,
        [phone, alias].filter((id) => id !== undefined),
      ),
    taken: async (conversationId, eventId) => presence.done(conversationId, eventId),
    async close() {
      presence.close();
      sender.close();
      await graph.close();
    },
  };
}
