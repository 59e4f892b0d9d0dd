import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Channel } from '../../bot/channel.js';
import type { InboundEvent } from '../../bot/conversation/event.js';
import type { Mailbox } from '../../bot/conversation/mailbox.js';
import { createRedisMailbox } from '../../bot/conversation/redis-mailbox.js';
import type { NotificationType } from '../../bot/domain/notification.js';
import type { PurchaseEvent, PurchaseState } from '../../bot/domain/purchase.js';
import type { Line } from '../../bot/domain/subscriber.js';
import { createJobs, type Jobs } from '../../bot/jobs.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger, NewPurchase, OutboxKind, Purchase } from '../../bot/ledger/ledger.js';
import { createLineTelco, type LineTelco } from '../../bot/line-telco.js';
import { createMetrics, type Metrics } from '../../bot/metrics.js';
import { createPace, type Pace } from '../../bot/pace.js';
import type { ShortLived } from '../../bot/short-lived.js';
import type { Database } from '../../bot/stores/database.js';
import type { RedisStore } from '../../bot/stores/redis.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import type { Telco } from '../../bot/telco.js';
import { createTelcoEvents, type TelcoEvents } from '../../bot/telco-events.js';
import { silent, tempRedis, tempVault, withPglite } from '../support/stores.js';

export const OPERATOR = 'op';

/** The stores of one test file. */
export interface Stores {
  readonly database: Database;
  readonly redis: RedisStore;
  close(): Promise<void>;
}

export async function openStores(): Promise<Stores> {
  const [pglite, redis] = await Promise.all([withPglite(), tempRedis()]);
  return {
    database: pglite.database,
    redis: redis.store,
    close: async () => void (await Promise.all([pglite.close(), redis.close()])),
  };
}

/** All a worker is given, with empty stores and a clock that only the test moves. */
export interface Workplace {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mailbox: Mailbox;
  /** By name; of each, how fast it takes what goes out by itself. */
  readonly channels: Map<string, Pick<Channel, 'unaskedPerSecond'>>;
  readonly shortLived: ShortLived;
  readonly pace: Pace;
  readonly lines: LineTelco;
  readonly events: TelcoEvents;
  readonly metrics: Metrics;
  readonly log: typeof silent;
  /** The code of each alert, in order. */
  readonly alerts: readonly string[];
  readonly alert: (code: string, what: string) => void;
  readonly now: () => Date;
  pass(ms: number): void;
  /** Hands the mailbox's events to `turn` from now on; what was handed over so far. */
  converse(turn?: (event: InboundEvent) => Promise<void>): Promise<readonly InboundEvent[]>;
  /** Resolves when no job waits, is delayed or runs. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export async function openWorkplace({ database, redis }: Stores, telco: Telco): Promise<Workplace> {
  await database.drizzle.execute(
    sql`truncate purchases, purchase_moves, operator_tasks, quarantined_callbacks, telco_pauses, outbox, nudges, consents, conversations, lines cascade`,
  );
  let passed = 0;
  const started = Date.now();
  const now = () => new Date(started + passed);
  const vault = tempVault();
  const ledger = createLedger(database, vault, { now });
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const webhooks = redis.forWebhooks();
  await until(async () => webhooks.status === 'ready');
  const jobs = createJobs({ webhooks, workers: redis.forWorkers, prefix });
  const mailbox = createRedisMailbox({ webhooks, workers: redis.forWorkers, prefix, vault });
  const shortLived = createRedisShortLived(webhooks, prefix);
  const lines = createLineTelco(() => telco, ledger, now);
  const alerts: string[] = [];
  const alert = (code: string) => void alerts.push(code);
  const events = createTelcoEvents({ ledger, jobs, lines, log: silent, alert });
  return {
    channels: new Map(),
    shortLived,
    pace: createPace(shortLived, () => now().getTime()),
    ...{ ledger, jobs, mailbox, lines, events, metrics: createMetrics(), log: silent, alerts, alert, now },
    pass(ms) {
      passed += ms;
    },
    async converse(turn) {
      const heard: InboundEvent[] = [];
      const handler = async ({ event }: { readonly event: InboundEvent }) => {
        heard.push(event);
        await turn?.(event);
        return undefined;
      };
      await mailbox.work(handler, { concurrency: 4, isTransient: () => true, onDeadLetter: async () => undefined });
      return heard;
    },
    idle: () =>
      until(async () => {
        const [queues, { conversations }] = await Promise.all([jobs.depth(), mailbox.depth()]);
        return conversations === 0 && Object.values(queues).every((count) => count === 0);
      }),
    async close() {
      await Promise.all([jobs.close(), mailbox.close()]);
      webhooks.disconnect();
    },
  };
}

/** Asks every 10 ms until it is so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function newLine({ ledger }: Workplace): Promise<Line> {
  return ledger.ensureLine(OPERATOR, { type: 'MSISDN', value: `6011${Math.floor(Math.random() * 1e8)}` });
}

/** A conversation about `line` in which nudges of these types are welcome. */
export async function newConversation({ ledger }: Workplace, line: Line, ...welcome: readonly NotificationType[]) {
  const id = `web-${randomUUID()}`;
  await ledger.saveConversation({
    id,
    origin: { channel: 'web', workspace: '', user: id, address: id },
    lineId: line.id,
  });
  await ledger.setConsent(id, welcome, true, 'test');
  return id;
}

const PATHS: Readonly<Record<PurchaseState, readonly PurchaseEvent[]>> = {
  confirmed: [],
  submitting: ['submit'],
  processing: ['submit', 'accepted'],
  unknown: ['submit', 'ambiguous'],
  completed: ['submit', 'completed'],
  failed: ['submit', 'refused'],
};

/** A purchase that came to `state` just now. What its moves owe is in the outbox; no job was made. */
export async function newPurchase(
  place: Workplace,
  state: PurchaseState = 'confirmed',
  change: Partial<NewPurchase> = {},
): Promise<Purchase> {
  const lineId = change.lineId ?? (await newLine(place)).id;
  const terms = {
    planId: 'daily-1gb',
    planName: [{ language: 'en', text: '1 GB' }],
    price: { amount: '5.00', currency: 'MYR' },
    fundSource: 'wallet',
  } as const;
  const ids = { id: randomUUID(), confirmation: randomUUID(), conversationId: `web-${randomUUID()}` };
  const opened = await place.ledger.openPurchase({ ...ids, terms, ...change, lineId });
  if (!('purchase' in opened)) throw new Error('no limits were set');
  let moved = opened.purchase;
  for (const event of PATHS[state]) moved = (await place.ledger.movePurchase(moved.id, event)) ?? moved;
  return moved;
}

/** Where a purchase stands and what its buyer is still owed for it. */
export async function standing({ ledger }: Workplace, id: string) {
  const open = async (kind: OutboxKind) => {
    const item = await ledger.outboxFor(kind, id);
    return item !== undefined && (await ledger.outboxItem(item.id))?.done === false;
  };
  const purchase = await ledger.purchase(id);
  const owed = { receipt: await open('receipt'), checking: await open('checking') };
  return { state: purchase?.state, owed: (['receipt', 'checking'] as const).filter((kind) => owed[kind]) };
}

/** A telco that does what the test says, and nothing else. */
export function telcoThat(does: Partial<Telco>): Telco {
  const silence = () => Promise.reject(new Error('not asked in this test'));
  return {
    name: 'test',
    deduplicatesPurchases: false,
    account: silence,
    balance: silence,
    offers: silence,
    purchase: silence,
    close: async () => undefined,
    ...does,
  };
}
