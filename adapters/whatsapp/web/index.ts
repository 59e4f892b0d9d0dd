import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Channel, Inbox } from '../../../bot/channel.js';
import type { InboundEvent, Origin } from '../../../bot/conversation/event.js';
import type { Logger } from '../../../bot/log.js';
import { asksToStop } from '../stop.js';
import type { Window } from '../window.js';
import { findBrowser, openWebClient, type WebClient } from './client.js';
import { deliveryOf, numberOf, type Said, saidIn } from './parse.js';
import { createSender, readAddress, writeAddress } from './send.js';
import { createSession, type WebState } from './session.js';

export type { WebClient } from './client.js';
export { BrowserMissing } from './errors.js';
export type { WebState } from './session.js';

export interface WhatsAppWebOptions {
  /** Session files are kept in `${dataDir}/whatsapp-web`. */
  readonly dataDir: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;
  readonly conversationIdOf: (origin: Pick<Origin, 'channel' | 'workspace' | 'user'>) => string;
  readonly window: Pick<Window, 'touch' | 'lastInbound'>;
  /** The adapter's own words. */
  readonly words: (language: string) => { readonly chooseByNumber: string };
  /** Draws a QR code for the terminal. */
  readonly drawQr: (text: string) => string;
  /** Path of the browser; looked up on the PATH when not said. */
  readonly browser?: string;
  /** Where the terminal is; standard output when not said. */
  readonly print?: (text: string) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** For tests: a client that needs no browser, and no patience. */
  readonly open?: () => Promise<WebClient>;
  readonly retryAfterMs?: number;
}

export interface WhatsAppWebChannel extends Channel {
  /** For the console. */
  state(): WebState;
}

/** Older messages, delivered after a long absence, are answered by nobody: it would be strange. "Stop" counts. In milliseconds. */
const STALE_MS = 24 * 3_600_000;
/** How often a message is offered to a store that is down before it is lost: nobody delivers it again. */
const DELIVERY_WAITS_MS = [200, 1_000, 5_000, 15_000, 30_000];
const NUMBERS_REMEMBERED = 10_000;

/**
 * WhatsApp through a linked phone and a browser, without Meta's Cloud API: for trials only. One process, one number, texts
 * only. WhatsApp forbids it and bans numbers that use it.
 *
 * @throws BrowserMissing
 */
export function createWhatsAppWebChannel(options: WhatsAppWebOptions): WhatsAppWebChannel {
  const { log, now = Date.now, print = (text) => void process.stdout.write(text) } = options;
  const folder = join(options.dataDir, 'whatsapp-web');
  const browser = options.open === undefined ? (options.browser ?? findBrowser()) : '';
  let inbox: Inbox | undefined;
  const listener = createListener(options, now, () => inbox);
  const sender = createSender({
    ready: () => session.ready(),
    window: options.window,
    chooseByNumber: (language) => options.words(language).chooseByNumber,
    now,
  });

  const session = createSession({
    open: options.open ?? (() => openWebClient(folder, browser)),
    onState(state) {
      if (state.kind === 'pairing') {
        print(`\n${options.drawQr(state.qr)}\nScan this with the phone: WhatsApp → Linked devices → Link a device\n\n`);
      }
    },
    onMessage: (message, client) => listener.heard(message, client),
    onAck(message, ack) {
      const delivery = deliveryOf(message, ack);
      if (delivery === undefined) return;
      const { state, messageId } = delivery;
      const id = messageId === undefined ? undefined : sender.idOf(messageId);
      inbox?.delivery({ channel: 'whatsapp', state, ...(id !== undefined && { id }) });
    },
    alert: (code, what) => inbox?.alert(code, what),
    log,
    now,
    retryAfterMs: options.retryAfterMs,
  });

  return {
    name: 'whatsapp',
    /** There are no webhooks: the browser is started, and connects when it can. */
    routes(_http, given) {
      inbox = given;
      log.warn('WhatsApp Web is for trials: WhatsApp forbids it and may ban the number; set WHATSAPP_TRANSPORT=cloud');
      session.start();
    },
    send: sender.send,
    async typing(_conversationId, address) {
      const place = readAddress(address);
      if (place === undefined) return;
      const chat = await session.ready()?.getChatById(place);
      await chat?.sendStateTyping();
    },
    state: session.state,
    async close() {
      listener.stop();
      await session.close();
    },
  };
}

/** Turns what people write into events, each chat's in its order. */
function createListener(options: WhatsAppWebOptions, now: () => number, inbox: () => Inbox | undefined) {
  const { log } = options;
  const numbers = new LRUCache<string, string>({ max: NUMBERS_REMEMBERED });
  const lastOf = new Map<string, Promise<void>>();
  const stopped = new AbortController();

  async function take(said: Said, isStale: boolean, client: WebClient): Promise<void> {
    const workspace = client.info?.wid.user ?? '';
    const user = (await numberBehind(said.chat, client, numbers)) ?? said.chat;
    const from: Origin = { channel: 'whatsapp', workspace, user, address: writeAddress(said.chat) };
    const conversationId = options.conversationIdOf(from);
    const { id, text } = said;
    const at = now();
    const event: InboundEvent = { kind: 'text', id, at, saidAt: Math.min(said.at, at), conversationId, from, text };
    for (const wait of [0, ...DELIVERY_WAITS_MS]) {
      await sleep(wait, undefined, { signal: stopped.signal });
      try {
        if (isStale) return await inbox()?.optedOut(conversationId, 'whatsapp:said-stop', said.at);
        await options.window.touch(conversationId, said.at);
        await inbox()?.deliver(event);
        return;
      } catch (error) {
        log.warn({ err: error }, 'a WhatsApp message could not be stored yet');
      }
    }
    log.error('a WhatsApp message was lost: the stores were away for too long');
  }

  return {
    heard(message: unknown, client: WebClient): void {
      const said = saidIn(message);
      const isStale = said !== undefined && now() - said.at > STALE_MS;
      if (said === undefined || (isStale && !asksToStop({ kind: 'text', text: said.text }))) {
        log.debug('a WhatsApp message that asks for no answer');
        return;
      }
      const mine = (lastOf.get(said.chat) ?? Promise.resolve())
        .then(() => take(said, isStale, client))
        .catch((error: unknown) => {
          if (!stopped.signal.aborted) log.error({ err: error }, 'a WhatsApp message was lost');
        })
        .finally(() => {
          if (lastOf.get(said.chat) === mine) lastOf.delete(said.chat);
        });
      lastOf.set(said.chat, mine);
    },
    stop: () => stopped.abort(),
  };
}

/** The phone number of a chat. WhatsApp hides some behind a "LID", which has digits too and is no number. */
async function numberBehind(
  chat: string,
  client: WebClient,
  known: LRUCache<string, string>,
): Promise<string | undefined> {
  const number = numberOf(chat) ?? known.get(chat);
  if (number !== undefined) return number;
  const [found] = await client.getContactLidAndPhone([chat]).catch(() => []);
  const behind = numberOf(found?.pn ?? '');
  if (behind !== undefined) known.set(chat, behind);
  return behind;
}
