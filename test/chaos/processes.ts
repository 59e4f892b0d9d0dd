import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { type Orders, POINTS, type Point } from './inside/orders.js';
import type { Random } from './random.js';

export type Role = keyof typeof POINTS;

export interface ProcessesOptions {
  /** The run's own build of Refill. */
  readonly build: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly webPort: number;
  readonly orders: Orders;
  readonly random: Random;
  /** Told of every process that was killed, or killed itself at a point. */
  readonly onKill: (how: string) => void;
}

interface Running {
  readonly role: Role;
  readonly child: ChildProcess;
  readonly since: number;
  readonly point: string | undefined;
  /** It was killed from outside. */
  shot: boolean;
}

/** A process this young has done nothing yet that could be interrupted. */
const YOUNG_MS = 1_500;
/** How many processes start with a point at which they will die. */
const ARMED = 0.7;

/** Refill's processes, and a supervisor that starts again whatever ended. */
export class Processes {
  private readonly running = new Map<string, Running>();
  private stopping = false;
  private disarmed = false;
  private readonly dealt: Record<Role, Point[]> = { web: [], worker: [] };

  constructor(private readonly options: ProcessesOptions) {}

  start(name: string, role: Role): void {
    if (this.stopping) return;
    const { build, folder, env, webPort, orders } = this.options;
    const point = this.disarmed ? undefined : this.deal(role);
    const chaos = { ...orders, ...(point !== undefined && { point }) };
    const log = openSync(join(folder, `${name}.log`), 'a');
    const preload = join(build, 'test/chaos/inside/preload.js');
    const child = spawn(process.execPath, ['--import', preload, join(build, 'bot/main.js')], {
      cwd: folder,
      env: {
        ...env,
        REFILL_ROLE: role,
        PORT: role === 'web' ? String(webPort) : '0',
        REFILL_CHAOS: JSON.stringify(chaos),
      },
      stdio: ['ignore', log, log, 'ipc'],
    });
    const running: Running = { role, child, since: Date.now(), point: point?.name, shot: false };
    this.running.set(name, running);
    child.on('error', () => undefined);
    child.once('exit', (_code, signal) => {
      if (this.stopping) return;
      if (signal === 'SIGKILL') this.options.onKill(running.shot ? `${role} killed` : `${role} at ${running.point}`);
      // One that cannot reach its stores ends by itself; a supervisor waits a little before it tries again.
      setTimeout(() => this.start(name, role), signal === 'SIGKILL' ? 20 : 400);
    });
  }

  /** `kill -9` of one of those that have been at work for a moment; false when there is none. */
  shoot(role: Role, random: Random): boolean {
    const old = [...this.running.values()].filter(
      ({ role: its, since, shot, child }) =>
        its === role && !shot && child.exitCode === null && Date.now() - since > YOUNG_MS,
    );
    if (old.length === 0) return false;
    const victim = random.pick(old);
    victim.shot = true;
    return victim.child.kill('SIGKILL');
  }

  /** From now on processes start without a point to die at. */
  disarm(): void {
    this.disarmed = true;
  }

  stop(): void {
    this.stopping = true;
    for (const { child } of this.running.values()) child.kill('SIGKILL');
  }

  /** Every point comes up as often as the others, in an order of the seed's. */
  private deal(role: Role): Orders['point'] | undefined {
    const { random, orders } = this.options;
    const dealt = this.dealt[role];
    if (role === 'worker' && orders.without === 'skip-marker') return { name: random.pick(WITHOUT_MARKER), visit: 1 };
    if (!random.chance(ARMED)) return undefined;
    if (dealt.length === 0) dealt.push(...shuffled(POINTS[role], random));
    return { name: dealt.pop() as Point, visit: Math.floor(random.between(1, 4)) };
  }
}

/** Where the missing marker shows: between the order and the word that it was sent. */
export const WITHOUT_MARKER = ['during-post', 'after-post'] as const;

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
