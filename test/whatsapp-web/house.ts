import type { FastifyInstance } from 'fastify';
import {
  createWhatsAppWebChannel,
  type WhatsAppWebChannel,
  type WhatsAppWebOptions,
} from '../../adapters/whatsapp/web/index.js';
import type { DeliveryReport } from '../../bot/channel.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import type { Localized } from '../../bot/i18n/localized.js';
import type { Message } from '../../bot/message/message.js';
import { silent } from '../support/stores.js';
import { Phone } from './phone.js';

export const RETRY_MS = 5;

/** The channel with a phone in hand, and an inbox that writes everything down. */
export class House {
  readonly phones: Phone[] = [];
  readonly events: InboundEvent[] = [];
  readonly deliveries: DeliveryReport[] = [];
  readonly alerts: string[] = [];
  readonly optOuts: unknown[] = [];
  readonly logged: unknown[][] = [];
  printed = '';
  /** How often the stores will refuse. */
  storeFailures = 0;
  /** What the next phones do. */
  prepare: (phone: Phone) => void = () => undefined;
  readonly channel: WhatsAppWebChannel;
  private readonly heard = new Map<string, number>();

  constructor(change: Partial<WhatsAppWebOptions> = {}) {
    const log = (...entry: unknown[]) => void this.logged.push(entry);
    this.channel = createWhatsAppWebChannel({
      dataDir: '/nowhere',
      log: { ...silent, info: log, warn: log, error: log, debug: log },
      conversationIdOf: ({ workspace, user }) => `whatsapp-${workspace}-${user}`,
      window: {
        touch: async (conversationId, at) => void this.heard.set(conversationId, at),
        lastInbound: async (conversationId) => this.heard.get(conversationId),
      },
      words: (language) => ({ chooseByNumber: language === 'es' ? 'Responda con un número.' : 'Reply with a number.' }),
      drawQr: (text) => `[QR ${text}]`,
      print: (text) => {
        this.printed += text;
      },
      open: async () => {
        const phone = new Phone();
        this.prepare(phone);
        this.phones.push(phone);
        return phone;
      },
      retryAfterMs: RETRY_MS,
      ...change,
    });
  }

  /** Mounts the channel, as the app does. */
  async mount(): Promise<void> {
    await this.channel.routes(undefined as unknown as FastifyInstance, {
      deliver: async (event) => {
        if (this.storeFailures-- > 0) throw new Error('the store is away');
        this.events.push(event);
        return 'accepted';
      },
      optedOut: async (conversationId, how, saidAt) => {
        if (this.storeFailures-- > 0) throw new Error('the store is away');
        this.optOuts.push({ conversationId, how, saidAt });
      },
      workspaceLeft: async () => undefined,
      delivery: (report) => void this.deliveries.push(report),
      alert: (code) => void this.alerts.push(code),
    });
  }

  /** Mounted, and the first phone started. */
  async open(): Promise<void> {
    await this.mount();
    await until(() => (this.phones[0]?.started ?? 0) > 0);
  }

  /** The phone that is linked now. */
  get phone(): Phone {
    const phone = this.phones.at(-1);
    if (phone === undefined) throw new Error('no phone yet');
    return phone;
  }

  async connected(): Promise<Phone> {
    await this.open();
    return this.phone.connects();
  }

  async event(index = 0): Promise<InboundEvent & { from: object }> {
    await until(() => this.events.length > index);
    return this.events[index] as InboundEvent & { from: object };
  }

  send(conversationId: string, address: string, change: Partial<Message> = {}, id = `m${Math.random()}`) {
    return this.channel.send({ id, conversationId, address, message: message(change) });
  }
}

export function message(change: Partial<Message> = {}): Message {
  return {
    language: 'en',
    direction: 'ltr',
    blocks: [{ type: 'text', text: 'Hello' as Localized }],
    actions: [],
    ...change,
  };
}

export async function until(met: () => boolean, withinMs = 5_000): Promise<void> {
  const giveUpAt = Date.now() + withinMs;
  while (!met()) {
    if (Date.now() > giveUpAt) throw new Error(`not met within ${withinMs} ms: ${met}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
