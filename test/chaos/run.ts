import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gather, readHumans } from './evidence.js';
import { wreakHavoc } from './faults.js';
import type { Guard } from './inside/orders.js';
import { leaveNothing } from './leave-nothing.js';
import { judge, type Verdict, type Wipe } from './oracle.js';
import { eventually, freePort } from './ports.js';
import { Processes, WITHOUT_MARKER } from './processes.js';
import { seeded } from './random.js';
import { PostgresServer, RedisServer } from './stores.js';
import { type Crowd, startCrowd } from './subscribers.js';
import { type BadWire, startWire } from './wire.js';

export const MODES = ['dedupe', 'charge-every-post'] as const;
export type Mode = (typeof MODES)[number];

export interface RunOptions {
  readonly build: string;
  readonly mode: Mode;
  readonly kills: number;
  /** How often Redis loses its data at least. */
  readonly wipes: number;
  readonly seed: number;
  /** The faults stop after this time, whatever the number of kills. */
  readonly withinMs: number;
  readonly without?: Guard | undefined;
  readonly onProgress: (line: string) => void;
}

export interface RunResult extends Verdict {
  readonly mode: Mode;
  /** How many were killed, by how. */
  readonly kills: ReadonlyMap<string, number>;
  /** What else was done, by what. */
  readonly faults: ReadonlyMap<string, number>;
  readonly wipes: number;
  readonly tookMs: number;
}

const CROWD = 12;
const WORKERS = 2;
/** Each leaves an order that is sent again or called "not charged"; several, since a fault may have kept it from the telco. */
const AIMED_KILLS = 6;
/** From the last fault to the last purchase told: longer than any hastened threshold, and two minutes for a slow machine. */
const SETTLE_WITHIN_MS = 150_000;

/** One run: stores, telco, Refill and a crowd; faults until enough were killed; peace; judgement. Leaves nothing behind. */
export async function run(options: RunOptions): Promise<RunResult> {
  const started = Date.now();
  const house = await House.open(options);
  try {
    const crowd = startCrowd({
      ...{ webUrl: house.webUrl, telcoUrl: house.telcoUrl, seed: options.seed, size: CROWD },
      // A callback would write down what the missing marker did not.
      silentTelco: options.without === 'skip-marker',
    });
    house.crowd = crowd;
    await house.torment();
    await house.calm(crowd);
    const verdict = judge(await gather({ ...house.sources, crowd }));
    const { kills, faults, wipes } = house;
    return { ...verdict, mode: options.mode, kills, faults, wipes: wipes.length, tookMs: Date.now() - started };
  } finally {
    await house.close();
  }
}

class House {
  readonly kills = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly wipes: Wipe[] = [];
  crowd: Crowd | undefined;
  private forget = () => {};
  private readonly random;
  private readonly journal: string;
  private readonly calmFile: string;
  private telco: ChildProcess | undefined;
  private processes: Processes | undefined;
  private wires: { redis: BadWire; postgres: BadWire; telco: BadWire } | undefined;

  private constructor(
    private readonly options: RunOptions,
    private readonly folder: string,
    private readonly ports: Readonly<
      Record<'web' | 'telco' | 'redis' | 'postgres' | 'redisWire' | 'postgresWire' | 'telcoWire', number>
    >,
    private readonly redis: RedisServer,
    private readonly postgres: PostgresServer,
  ) {
    this.random = seeded(options.seed);
    this.journal = join(folder, 'journal');
    this.calmFile = join(folder, 'calm');
    writeFileSync(this.journal, '');
  }

  static async open(options: RunOptions): Promise<House> {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'refill-chaos-'));
    // The cluster's own user has to get through.
    chmodSync(folder, 0o711);
    const [web, telco, redisPort, postgresPort, redisWire, postgresWire, telcoWire] = await freePorts(7);
    const ports = { web, telco, redis: redisPort, postgres: postgresPort, redisWire, postgresWire, telcoWire };
    const redis = new RedisServer(ports.redis, join(folder, 'redis'));
    const postgres = new PostgresServer(ports.postgres, join(folder, 'postgres'));
    const house = new House(options, folder, ports, redis, postgres);
    house.forget = leaveNothing(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    try {
      await house.start();
      return house;
    } catch (error) {
      await house.close();
      throw error;
    }
  }

  get webUrl(): string {
    return `http://127.0.0.1:${this.ports.web}`;
  }

  get telcoUrl(): string {
    return `http://127.0.0.1:${this.ports.telco}`;
  }

  get sources() {
    const { journal, postgres, telcoUrl, wipes } = this;
    return { journal, postgres, telcoUrl, wipes, deduplicates: this.deduplicates };
  }

  private get deduplicates(): boolean {
    return this.options.mode === 'dedupe';
  }

  get killed(): number {
    return [...this.kills.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Workers that died between an order and the word that it was sent. */
  private get aimed(): number {
    return WITHOUT_MARKER.reduce((sum, point) => sum + (this.kills.get(`worker at ${point}`) ?? 0), 0);
  }

  /** How many of them it takes before a missing marker must have shown, however few kills were asked for. */
  private get aim(): number {
    return this.options.without === 'skip-marker' ? AIMED_KILLS : 0;
  }

  private isEnough(): boolean {
    const { kills, wipes } = this.options;
    return this.killed >= kills && this.wipes.length >= wipes && this.aimed >= this.aim;
  }

  private async start(): Promise<void> {
    const { ports } = this;
    this.postgres.init();
    await Promise.all([this.redis.start(), this.postgres.start(), this.startTelco()]);
    const [redis, postgres, telco] = await Promise.all([
      startWire(ports.redisWire, ports.redis),
      startWire(ports.postgresWire, ports.postgres),
      startWire(ports.telcoWire, ports.telco),
    ]);
    this.wires = { redis, postgres, telco };
    this.startRefill();
    const isUp = () =>
      fetch(`${this.webUrl}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    if (!(await eventually(isUp, 60_000))) throw new Error(`Refill did not start; see ${this.folder}`);
  }

  private startRefill(): void {
    const { build, without } = this.options;
    const { journal, calmFile, deduplicates, folder, ports, random } = this;
    this.processes = new Processes({
      ...{ build, folder, random, webPort: ports.web },
      env: this.environment(),
      orders: { journal, calm: calmFile, deduplicates, ...(without !== undefined && { without }) },
      onKill: (how) => this.count(this.kills, how),
    });
    this.processes.start('web', 'web');
    for (let number = 1; number <= WORKERS; number++) this.processes.start(`worker-${number}`, 'worker');
  }

  private environment(): Record<string, string> {
    const { ports, folder } = this;
    const telco = `http://127.0.0.1:${ports.telcoWire}`;
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir, { recursive: true });
    return {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'test',
      LOG_LEVEL: 'warn',
      REFILL_SANDBOX: '1',
      REFILL_DATA_DIR: dataDir,
      REFILL_KEY: randomBytes(32).toString('hex'),
      REDIS_URL: `redis://127.0.0.1:${ports.redisWire}`,
      DATABASE_URL: this.postgres.urlAt(ports.postgresWire),
      MILLOM_BASE_URL: telco,
      MILLOM_TOKEN_URL: `${telco}/oauth/token`,
      MILLOM_CLIENT_ID: 'refill',
      MILLOM_CLIENT_SECRET: 'chaos',
      MILLOM_SERVICE_PROVIDER: 'refill',
      MILLOM_OPERATOR: 'digi',
    };
  }

  private async startTelco(): Promise<void> {
    const { ports, journal, webUrl, deduplicates } = this;
    const orders = { port: ports.telco, deduplicate: deduplicates, refillUrl: webUrl, journal };
    const program = join(this.options.build, 'test/chaos/telco.js');
    const telco = spawn(process.execPath, [program, JSON.stringify(orders)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.telco = telco;
    await Promise.race([once(telco, 'message'), once(telco, 'exit').then(() => Promise.reject(new Error('no telco')))]);
  }

  /** Faults, until enough were killed or the time is up. */
  async torment(): Promise<void> {
    const { processes, wires, redis, postgres, random } = this;
    if (processes === undefined || wires === undefined) return;
    const until = Date.now() + this.options.withinMs;
    const progress = setInterval(() => this.progress('under fire'), 2_000);
    try {
      await wreakHavoc(
        {
          ...{ processes, wires, redis, postgres, random },
          words: () => this.crowd?.words() ?? 0,
          onKill: (how) => this.count(this.kills, how),
          onFault: (what) => this.count(this.faults, what),
          onWipe: (had) => void this.wipes.push({ ...had, at: Date.now() }),
        },
        () => this.isEnough() || Date.now() > until,
      );
    } finally {
      clearInterval(progress);
    }
  }

  /** The faults stop, the crowd goes home, and everything that is owed has its time to arrive. */
  async calm(crowd: Crowd): Promise<void> {
    writeFileSync(this.calmFile, '');
    this.processes?.disarm();
    await fetch(`${this.telcoUrl}/_sandbox/faults`, { method: 'DELETE' });
    this.progress('calm');
    await crowd.stop();
    await eventually(() => this.isSettled(), SETTLE_WITHIN_MS);
    // What was sent last still has to reach the pages.
    await eventually(() => false, 1_500);
  }

  private async isSettled(): Promise<boolean> {
    this.progress('settling');
    await eventually(() => false, 500);
    return this.postgres
      .query<{ id: string; state: string }>(
        `select id, state from purchases where state not in ('completed', 'failed')
         union all select subject, 'owed' from outbox where done_at is null`,
      )
      .then(async (open) => {
        const humans = await readHumans(this.postgres);
        return open.every(({ id, state }) => state === 'unknown' && humans.has(id));
      })
      .catch(() => false);
  }

  private count(in_: Map<string, number>, what: string): void {
    in_.set(what, (in_.get(what) ?? 0) + 1);
  }

  private progress(phase: string): void {
    const { mode, kills } = this.options;
    const pages = this.crowd?.pages.length ?? 0;
    this.options.onProgress(`${mode}: ${phase}, ${this.killed}/${kills} killed, ${pages} subscribers`);
  }

  async close(): Promise<void> {
    this.crowd?.close();
    this.processes?.stop();
    this.telco?.kill('SIGKILL');
    for (const wire of Object.values(this.wires ?? {})) await wire.close();
    await Promise.all([this.redis.end('SIGKILL'), this.postgres.end('SIGQUIT')]);
    this.forget();
  }
}

async function freePorts(count: 7) {
  const ports = await Promise.all(Array.from({ length: count }, freePort));
  return ports as [number, number, number, number, number, number, number];
}
