import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Chat, Message as LibraryMessage } from 'whatsapp-web.js';

// The library as it is, CommonJS and all.
const library = createRequire(import.meta.url)('whatsapp-web.js') as typeof import('whatsapp-web.js') & {
  readonly Message: new (client: unknown, data: unknown) => LibraryMessage;
};

export interface Sent {
  readonly chat: string;
  readonly text: string;
}

/** A message as the library's page script hands it over, under `payloads/`. */
export function payload(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'payloads', `${name}.json`), 'utf8'));
}

export const OUR_NUMBER = '601700000001';

/**
 * The library's own client with the page cut off: what the page would call is called by the test, and what the library would
 * have done on the page is written down.
 */
export class Phone extends library.Client {
  readonly sent: Sent[] = [];
  readonly typing: string[] = [];
  /** Numbers behind LIDs that WhatsApp tells. */
  readonly numbers = new Map<string, string>();
  onSend: (sent: Sent) => void = () => undefined;
  started = 0;
  destroyed = 0;
  /** What the next sends answer: an error to throw, or `nothing`. */
  readonly trouble: (unknown | 'nothing')[] = [];
  failsToStart: unknown;

  constructor() {
    super({});
  }

  override async initialize(): Promise<void> {
    this.started++;
    if (this.failsToStart !== undefined) throw this.failsToStart;
  }

  override async destroy(): Promise<void> {
    this.destroyed++;
  }

  /** Scanned, linked, in sync. */
  connects(): this {
    this.info = { wid: { user: OUR_NUMBER, server: 'c.us', _serialized: `${OUR_NUMBER}@c.us` } } as typeof this.info;
    this.emit('authenticated');
    this.emit('ready');
    return this;
  }

  /** Somebody sends this payload. `t` is now unless the change says otherwise. */
  receives(name: string, change: Record<string, unknown> = {}): void {
    this.emit('message', this.message(name, { t: Math.floor(Date.now() / 1000), ...change }));
  }

  acknowledges(name: string, ack: number): void {
    this.emit('message_ack', this.message(name), ack);
  }

  private message(name: string, change: Record<string, unknown> = {}): LibraryMessage {
    return new library.Message(this, { ...payload(name), ...change });
  }

  override async sendMessage(chat: string, content: unknown): Promise<LibraryMessage> {
    const trouble = this.trouble.shift();
    // What the library gives where there is no such chat; its types know nothing of it.
    if (trouble === 'nothing') return undefined as unknown as LibraryMessage;
    if (trouble !== undefined) throw trouble;
    const sent = { chat, text: String(content) };
    this.sent.push(sent);
    this.onSend(sent);
    return this.message('own', { body: content });
  }

  override async getChatById(chat: string): Promise<Chat> {
    return { sendStateTyping: async () => void this.typing.push(chat) } as unknown as Chat;
  }

  override async getContactLidAndPhone(ids: string[]): Promise<{ lid: string; pn: string }[]> {
    return ids.map((lid) => ({ lid, pn: this.numbers.get(lid) as string }));
  }
}
