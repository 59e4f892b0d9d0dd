import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { ChannelAwaitsUser, ChannelRefused, ChannelUnreachable, type Outgoing } from '../../../bot/channel.js';
import { WINDOW_MS, type Window } from '../window.js';
import type { WebClient } from './client.js';
import { isNobody } from './errors.js';
import { messageIdOf } from './parse.js';
import { render } from './render.js';

/** Where an answer goes. */
const address = z.object({ chat: z.string() });

export function writeAddress(chat: string): string {
  return JSON.stringify({ chat } satisfies z.infer<typeof address>);
}

/** `undefined` for an address of another transport, from before this one was chosen. */
export function readAddress(text: string): string | undefined {
  try {
    return address.parse(JSON.parse(text)).chat;
  } catch {
    return undefined;
  }
}

export interface SenderOptions {
  /** The client that can send now. */
  readonly ready: () => WebClient | undefined;
  readonly window: Pick<Window, 'lastInbound'>;
  readonly chooseByNumber: (language: string) => string;
  readonly now: () => number;
}

/** A page that does not answer this long will not; in milliseconds. */
const ANSWER_WITHIN_MS = 30_000;
const REMEMBERED = 10_000;

export interface WebSender {
  /** The same `Outgoing.id` once, as far as this process remembers. */
  send(outgoing: Outgoing): Promise<void>;
  /** The `Outgoing.id` of a message by WhatsApp's own id. */
  idOf(messageId: string): string | undefined;
}

/** Sends one message at a time. */
export function createSender(options: SenderOptions): WebSender {
  const sent = new LRUCache<string, true>({ max: REMEMBERED });
  const ids = new LRUCache<string, string>({ max: REMEMBERED });
  async function send({ id, conversationId, address, message }: Outgoing): Promise<void> {
    if (sent.has(id)) return;
    if (message.notice !== undefined) await mayBeProactive(message.notice.name, conversationId, options);
    const chat = readAddress(address);
    if (chat === undefined) throw new ChannelRefused('this conversation belongs to another WhatsApp transport');
    const client = options.ready();
    if (client === undefined) throw new ChannelUnreachable('WhatsApp Web is not connected');
    const text = render(message, options.chooseByNumber(message.language));
    // Remembered also when the answer comes after we gave up on it: the turn that tries again says it no second time.
    const sending = client.sendMessage(chat, text, { linkPreview: false }).then((taken: unknown) => {
      if (taken !== undefined) sent.set(id, true);
      const messageId = messageIdOf(taken);
      if (messageId !== undefined) ids.set(messageId, id);
      return taken;
    });
    const taken = await inTime(sending).catch((cause: unknown) => {
      if (isNobody(cause)) throw new ChannelRefused('nobody is at this WhatsApp address', { cause });
      throw new ChannelUnreachable('WhatsApp Web did not take the message', { cause });
    });
    // The library's way to say that there is no such chat.
    if (taken === undefined) throw new ChannelRefused('there is no such chat on WhatsApp');
  }
  return { send, idOf: (messageId) => ids.get(messageId) };
}

/**
 * Whoever writes first through WhatsApp Web is soon banned (wwebjs/whatsapp-web.js#1872): a nudge is never sent, and any other
 * news only to someone who wrote in the last 24 hours.
 *
 * @throws ChannelRefused, ChannelAwaitsUser
 */
async function mayBeProactive(notice: string, conversationId: string, { window, now }: SenderOptions): Promise<void> {
  if (notice.startsWith('nudge_')) throw new ChannelRefused('WhatsApp Web is not used for nudges');
  const last = await window.lastInbound(conversationId);
  if (last === undefined || now() - last >= WINDOW_MS) {
    throw new ChannelAwaitsUser('WhatsApp Web writes only to people who wrote within 24 hours');
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ChannelUnreachable('WhatsApp Web does not answer')), ANSWER_WITHIN_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
