import { sql } from 'drizzle-orm';
import type { InboundEvent } from '../../bot/conversation/event.js';
import type { Mailbox } from '../../bot/conversation/mailbox.js';
import { createRegistry } from '../../bot/conversation/registry.js';
import { runTurn } from '../../bot/conversation/run-turn.js';
import type { TurnDeps } from '../../bot/conversation/turn-deps.js';
import type { Line } from '../../bot/domain/subscriber.js';
import { createTranslators } from '../../bot/i18n/index.js';
import type { Jobs, QueueName } from '../../bot/jobs.js';
import { createLedger } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { createLineTelco, type LineTelco } from '../../bot/line-telco.js';
import type { Message } from '../../bot/message/message.js';
import { createMetrics } from '../../bot/metrics.js';
import type { Database } from '../../bot/stores/database.js';
import { createTelcoEvents } from '../../bot/telco-events.js';
import { engineScreens, flows } from '../../flows/index.js';
import { startOutboxWorker } from '../../workers/outbox.js';
import { submit } from '../../workers/purchases.js';
import { startReconciler } from '../../workers/reconcile.js';
import { startSweeper } from '../../workers/sweeper.js';
import { readMessage, type Told } from '../chaos/told.js';
import { silent, tempVault } from '../support/stores.js';
import { type Death, Life } from './life.js';
import { type Callback, ModelTelco } from './telco.js';

const OPERATOR = 'digi';
export const NUMBER = '60123456789';
/** Rounds are asked for one by one here. */
const NEVER_MS = 86_400_000;
const registry = createRegistry(flows);
const translators = createTranslators();
const metrics = createMetrics();

/**
 * One ledger for all runs, over one database that is emptied between them; its clock is the current run's. `change` takes a
 * guard out of it.
 */
export function modelLedger(database: Database, change = (ledger: Ledger) => ledger) {
  const clock = { ms: Date.parse('2026-11-21T09:00:00Z') };
  const ledger = change(createLedger(database, tempVault(), { now: () => new Date(clock.ms) }));
  const empty = sql`with a as (delete from purchase_moves), b as (delete from outbox), c as (delete from operator_tasks),
    d as (delete from quarantined_callbacks), e as (delete from deliveries), f as (delete from conversations)
    delete from purchases`;
  let telco: ModelTelco | undefined;
  // One for all: what it keeps in memory takes longer to make than a whole sequence to run.
  const lines = createLineTelco(
    () => telco?.port ?? new ModelTelco(false, () => clock.ms).port,
    ledger,
    () => new Date(clock.ms),
  );
  const open = async (deduplicates: boolean): Promise<World> => {
    await database.drizzle.execute(sql`delete from purchase_moves`);
    await database.drizzle.execute(empty);
    const world = await World.open({ ledger, database, clock, lines }, deduplicates);
    telco = world.telco;
    return world;
  };
  return { open };
}

/** What all runs share. */
interface Shared {
  readonly ledger: Ledger;
  readonly database: Database;
  readonly clock: { ms: number };
  readonly lines: LineTelco;
}

/** Two phones of one subscriber. */
export type Phone = 'a' | 'b';

/** A subscriber with two phones, a telco, and Refill between them: the real flows, workers and ledger, without a queue server. */
export class World {
  readonly told: Record<Phone, Told[]> = { a: [], b: [] };
  readonly newest: Partial<Record<Phone, Message>> = {};
  /** Tokens of the priced confirmations that were shown, in order. */
  readonly confirmations: Record<Phone, string[]> = { a: [], b: [] };
  /** Those of them that somebody pressed. */
  readonly pressed = new Set<string>();
  readonly telco: ModelTelco;
  /** Processes that died so far. */
  deaths = 0;
  private death: Death | undefined;
  private jobs = new Set<string>();
  private boxes: Record<Phone, InboundEvent[]> = { a: [], b: [] };
  private sessions: Partial<Record<Phone, string>> = {};
  private seen = new Set<string>();
  /** Everything that arrived, as it was then. */
  private readonly arrived: InboundEvent[] = [];

  private constructor(
    private readonly shared: Shared,
    private readonly line: Line,
    deduplicates: boolean,
  ) {
    this.telco = new ModelTelco(deduplicates, () => shared.clock.ms);
  }

  static async open(shared: Shared, deduplicates: boolean): Promise<World> {
    const line = await shared.ledger.ensureLine(OPERATOR, { type: 'MSISDN', value: NUMBER });
    return new World(shared, line, deduplicates);
  }

  get database(): Database {
    return this.shared.database;
  }

  readonly now = () => new Date(this.shared.clock.ms);

  pass(ms: number): void {
    this.shared.clock.ms += ms;
  }

  /** How the next process that gets so far ends; `undefined`: of old age. */
  dieNext(death: Death | undefined): void {
    this.death = death;
  }

  /** Something a person does; it is in the mailbox when this returns. Without an id it is done for the first time. */
  arrive(
    phone: Phone,
    what: { readonly text: string } | { readonly press: string },
    id = `e${this.arrived.length + 1}`,
  ): void {
    const from = { channel: 'test', workspace: '', user: phone, address: phone };
    const head = { id, at: this.shared.clock.ms, conversationId: phone, from };
    const event: InboundEvent =
      'text' in what ? { ...head, kind: 'text', text: what.text } : { ...head, kind: 'press', token: what.press };
    this.arrived.push(event);
    this.put(event);
  }

  /** The platform saw no answer and delivers what it delivered `back` events ago. */
  arriveAgain(back: number): void {
    const event = this.arrived.at(-1 - back);
    if (event !== undefined) this.put(event);
  }

  /** What a process finds to do next, done by one process from its start to its end. False: there was nothing. */
  async workOnce(): Promise<boolean> {
    const phone = (['a', 'b'] as const).find((one) => this.boxes[one].length > 0);
    if (phone !== undefined) {
      await this.turn(phone);
      return true;
    }
    const [job] = this.jobs;
    if (job === undefined) return false;
    const [queue, id = ''] = job.split(' ');
    const outcome = await this.process((life) => {
      if (queue === 'purchases') return submit({ ...this.parts(life), log: silent }, id);
      return this.outboxJob(life, id);
    });
    // One that failed is tried again by the sweeper; one whose process died is still in the queue.
    if (outcome !== 'died') this.jobs.delete(job);
    return true;
  }

  async workAll(most = 60): Promise<void> {
    for (let steps = 0; steps < most && (await this.workOnce()); steps++);
  }

  sweep(): Promise<void> {
    return this.round((life) => {
      const parts = { ...this.parts(life), metrics, log: silent, now: this.now, alert: () => undefined };
      const { sweep, close } = startSweeper({ ...parts, everyMs: NEVER_MS });
      return { act: sweep, close };
    });
  }

  reconcile(): Promise<void> {
    return this.round((life) => {
      const { reconcile, close } = startReconciler({ ...this.parts(life), log: silent, everyMs: NEVER_MS });
      return { act: reconcile, close };
    });
  }

  /** Closed from outside, for one that died cannot do it: its timer would outlive the test. */
  private async round(start: (life: Life) => { act(): Promise<void>; close(): Promise<void> }): Promise<void> {
    let close = async () => {};
    await this.process((life) => {
      const started = start(life);
      close = started.close;
      return started.act();
    });
    void close();
  }

  /** A callback comes in; `undefined` when nobody answered it. */
  async callBack({ transactionId, failure }: Callback, number = NUMBER): Promise<string | undefined> {
    let answer: string | undefined;
    await this.process(async (life) => {
      const events = createTelcoEvents({ ...this.parts(life), log: silent, alert: () => undefined });
      const subscriber = { type: 'MSISDN', value: number } as const;
      answer = await events.purchaseResult({
        ...{ operator: OPERATOR, subscriber, transactionId },
        ...(failure !== undefined && { failure }),
      });
    });
    return answer;
  }

  /** Redis loses everything. */
  wipe(): void {
    this.jobs.clear();
    this.boxes = { a: [], b: [] };
    this.sessions = {};
    this.seen.clear();
  }

  private async turn(phone: Phone): Promise<void> {
    const [event] = this.boxes[phone];
    if (event === undefined) return;
    let saved: string | undefined;
    const outcome = await this.process(async (life) => {
      saved = (await runTurn(this.turnDeps(life, phone), { event, session: this.sessions[phone] })).session;
    });
    // One that throws again and again is given up and apologised for; here once is enough.
    if (outcome === 'died') return;
    if (outcome === 'done' && saved !== undefined) this.sessions[phone] = saved;
    this.boxes[phone].shift();
  }

  private async process(work: (life: Life) => Promise<unknown>): Promise<'done' | 'failed' | 'died'> {
    const life = new Life(this.death);
    const outcome = await life.live(() => work(life));
    if (outcome !== 'died') return outcome;
    this.death = undefined;
    this.deaths += 1;
    return outcome;
  }

  private async outboxJob(life: Life, id: string): Promise<void> {
    let keep: ((id: string) => Promise<void>) | undefined;
    const parts = this.parts(life);
    const jobs: Jobs = {
      ...parts.jobs,
      run(_queue, _concurrency, process) {
        keep = process;
        return { close: async () => undefined };
      },
    };
    startOutboxWorker({ ...parts, jobs, now: this.now, log: silent });
    await keep?.(id);
  }

  private put(event: InboundEvent): 'accepted' | 'duplicate' {
    const key = `${event.conversationId} ${event.id}`;
    if (this.seen.has(key)) return 'duplicate';
    this.seen.add(key);
    this.boxes[event.conversationId as Phone].push(event);
    return 'accepted';
  }

  /** All a process needs, through which it can die. */
  private parts(life: Life) {
    const ledger = life.mortal(this.shared.ledger);
    const port = { ...this.telco.port, deduplicatesPurchases: this.telco.deduplicates };
    const telco = life.mortal(port, ['purchase', 'balance'], 'telco.');
    const jobs: Jobs = {
      add: async (queue: QueueName, id: string) => void this.jobs.add(`${queue} ${id}`),
      run: () => ({ close: async () => undefined }),
      depth: async () => ({ purchases: 0, outbox: 0, nudges: 0 }),
      close: async () => undefined,
    };
    const mailbox: Mailbox = {
      deliver: async (event) => this.put(event),
      work: () => Promise.reject(new Error('turns are run one by one here')),
      sweep: async () => 0,
      depth: async () => ({ conversations: 0, oldestMs: 0, deadLetters: 0 }),
      deadLetters: {
        count: async () => 0,
        list: async () => [],
        replay: async () => false,
        drop: async () => false,
        forget: async () => 0,
        prune: async () => 0,
      },
      close: async () => undefined,
    };
    return {
      ledger,
      jobs: life.mortal(jobs, ['add']),
      mailbox: life.mortal(mailbox, ['deliver']),
      lines: { ...life.mortal(this.shared.lines, ['line']), telcoFor: () => telco },
    };
  }

  private turnDeps(life: Life, phone: Phone): TurnDeps {
    const { ledger, jobs, lines } = this.parts(life);
    const channel = {
      name: 'test',
      routes: () => undefined,
      send: async ({ id, message }: { readonly id: string; readonly message: Message }) =>
        this.show(phone, id, message),
      close: async () => undefined,
    };
    return {
      ...{ ledger, jobs, translators, now: this.now, telco: lines },
      identity: { resolve: async () => ({ line: this.line }) },
      channels: new Map([['test', life.mortal(channel, ['send'])]]),
      engine: { registry, screens: engineScreens },
      defaults: { locale: 'en', timezone: 'UTC' },
      claim: async () => true,
    };
  }

  /** The same message again is still one message. */
  private show(phone: Phone, id: string, message: Message): void {
    this.newest[phone] = message;
    if (this.told[phone].some((told) => told.message === id)) return;
    this.told[phone].push(readMessage({ id, blocks: message.blocks }));
    const pay = message.actions.find(({ label }) => /^Pay /.test(label));
    if (pay !== undefined) this.confirmations[phone].push(pay.token);
  }
}
