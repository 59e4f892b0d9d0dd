import { randomBytes } from 'node:crypto';
import {
  type Channel,
  ChannelAwaitsUser,
  ChannelRefused,
  ChannelSilent,
  ChannelUnreachable,
  type Outgoing,
} from '../../bot/channel.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import { createRegistry } from '../../bot/conversation/registry.js';
import { runTurn } from '../../bot/conversation/run-turn.js';
import type { TurnDeps } from '../../bot/conversation/turn-deps.js';
import type { Offer } from '../../bot/domain/offer.js';
import { NO_LIMITS, type SpendLimits } from '../../bot/domain/spending.js';
import type { Line } from '../../bot/domain/subscriber.js';
import { createTranslators } from '../../bot/i18n/index.js';
import type { Known } from '../../bot/identity/identity.js';
import { createJobs } from '../../bot/jobs.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { createLineTelco } from '../../bot/line-telco.js';
import type { Message } from '../../bot/message/message.js';
import { type Telco, TelcoUnreachable } from '../../bot/telco.js';
import { engineScreens, flows } from '../../flows/index.js';
import { tempRedis, tempVault, withPglite } from '../support/stores.js';
import { ready } from './mailboxes.js';

export const NUMBER = '60123456789';

/** The real flows over a real ledger; only the chat platform and the telco are doubles. */
export interface TurnHouse {
  readonly deps: TurnDeps;
  readonly ledger: Ledger;
  readonly line: Line;
  readonly sent: Outgoing[];
  /** What is known of whoever writes. */
  known: Known | undefined;
  platform: 'up' | 'down' | 'silent' | 'blocked' | 'awaits';
  telcoDown: boolean;
  now: number;
  close(): Promise<void>;
}

/** `offers` are read anew at every call; `does` is what its telco does otherwise, `limits` what a line may spend. */
export async function openTurnHouse(
  offers: readonly Offer[],
  { does = {}, limits = NO_LIMITS }: { does?: Partial<Telco>; limits?: SpendLimits } = {},
): Promise<TurnHouse> {
  const [store, redis] = await Promise.all([withPglite(), tempRedis()]);
  const ledger = createLedger(store.database, tempVault(), { limits });
  const webhooks = redis.store.forWebhooks();
  await ready(webhooks);
  const jobs = createJobs({ webhooks, workers: redis.store.forWorkers, prefix: 'turns-test' });
  const line = await ledger.ensureLine('digi', { type: 'MSISDN', value: NUMBER });
  const sent: Outgoing[] = [];
  const claimed = new Set<string>();
  const house: Omit<TurnHouse, 'deps'> = {
    ledger,
    line,
    sent,
    known: { line },
    platform: 'up',
    telcoDown: false,
    now: Date.now(),
    async close() {
      await jobs.close();
      await redis.close();
      await store.close();
    },
  };
  const channel: Channel = {
    name: 'test',
    routes: () => undefined,
    async send(outgoing) {
      if (house.platform === 'blocked') throw new ChannelRefused('blocked by its user');
      if (house.platform === 'awaits') throw new ChannelAwaitsUser('nobody wrote for a day');
      if (house.platform === 'down') throw new ChannelUnreachable('no answer');
      sent.push(outgoing);
      if (house.platform === 'silent') throw new ChannelSilent('taken, and no answer');
    },
    close: async () => undefined,
  };
  const telco = { ...toyTelco(offers, () => house.telcoDown), ...does };
  return Object.assign(house, {
    deps: {
      ledger,
      jobs,
      identity: { resolve: async () => house.known },
      channels: new Map([[channel.name, channel]]),
      engine: { registry: createRegistry(flows), screens: engineScreens },
      translators: createTranslators(),
      telco: createLineTelco(
        () => telco,
        ledger,
        () => new Date(house.now),
      ),
      defaults: { locale: 'en', timezone: 'UTC' },
      claim: async (what: string) => !claimed.has(what) && claimed.add(what) !== undefined,
      now: () => new Date(house.now),
    },
  });
}

function toyTelco(offers: readonly Offer[], down: () => boolean): Telco {
  const unlessDown =
    <Answer>(answer: Answer) =>
    async (): Promise<Answer> => {
      if (down()) throw new TelcoUnreachable('no answer');
      return answer;
    };
  const gauge = { unit: 'bytes', quota: 1_000_000_000n, remaining: 100_000_000n } as const;
  const plan = {
    id: 'p1',
    name: [{ language: 'en', text: 'Super' }],
    description: [],
    gauges: [gauge],
    applications: [],
  };
  return {
    name: 'toy',
    deduplicatesPurchases: false,
    account: unlessDown({ type: 'prepaid', currency: 'MYR', wallets: [] } as const),
    balance: unlessDown({ plans: [plan], money: '25.00' }),
    offers: unlessDown({ state: 'need-offers', offers } as const),
    purchase: unlessDown({ status: 'processing' } as const),
    close: async () => undefined,
  };
}

/** One conversation of a house: its saved session and what it was sent. */
export class Visit {
  saved: string | undefined;
  readonly id = `visit-${randomBytes(6).toString('hex')}`;
  readonly messages: Message[] = [];
  private count = 0;

  constructor(private readonly house: TurnHouse) {}

  /** Runs one turn as the worker does: what it returns is saved, what it throws is not. */
  async hear(what: Partial<InboundEvent> & { readonly kind: InboundEvent['kind'] }): Promise<Message | undefined> {
    this.count += 1;
    const from = { channel: 'test', workspace: '', user: this.id, address: 'here' };
    const event = {
      id: String(this.count),
      at: this.house.now,
      conversationId: this.id,
      from,
      ...what,
    } as InboundEvent;
    const before = this.house.sent.length;
    const { session } = await runTurn(this.house.deps, { event, session: this.saved });
    this.saved = session ?? this.saved;
    const message = this.house.sent[before]?.message;
    if (message !== undefined) this.messages.push(message);
    return message;
  }

  say(text: string): Promise<Message | undefined> {
    return this.hear({ kind: 'text', text });
  }

  token(token: string): Promise<Message | undefined> {
    return this.hear({ kind: 'press', token });
  }
}
