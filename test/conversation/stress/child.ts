import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mailbox } from '../../../bot/conversation/mailbox.js';
import { createPostgresMailbox } from '../../../bot/conversation/postgres-mailbox.js';
import { createRedisMailbox } from '../../../bot/conversation/redis-mailbox.js';
import { packageRoot } from '../../../bot/paths.js';
import { createVault } from '../../../bot/secrets.js';
import { openPostgres } from '../../../bot/stores/postgres.js';
import { openRedis } from '../../../bot/stores/redis.js';
import { createPublish } from '../../../bot/stores/sql.js';
import { silent } from '../../support/stores.js';

/** What every process of one test shares. */
export interface Shared {
  /** The path of a Redis socket, or `postgres://`. */
  readonly store: string;
  readonly prefix: string;
  /** 32 bytes as hex. */
  readonly key: string;
  /** One line per thing that happened, in the order in which it happened, whoever wrote it. */
  readonly log: string;
  readonly lockMs: number;
  readonly sweepEveryMs: number;
}

export interface Child {
  readonly pid: number;
  /** Exit code, or `null` after a kill. */
  readonly ended: Promise<number | null>;
  kill(): Promise<void>;
}

/** Starts `test/conversation/stress/<name>.ts` as a process of its own; it reads its part with `sharedPart`. */
export function startChild(
  name: 'worker' | 'producer' | 'blocked-worker',
  part: Shared & Readonly<Record<string, unknown>>,
): Child {
  const file = join(packageRoot(), 'test/conversation/stress', `${name}.ts`);
  const child = spawn(process.execPath, ['--import', 'tsx', file, JSON.stringify(part)], {
    cwd: packageRoot(),
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export function sharedPart<Part extends object>(): Shared & Part {
  return JSON.parse(process.argv[2] ?? '{}') as Shared & Part;
}

/** The store may be away just now: a supervisor would start this process again. */
async function untilOpen<Store>(open: () => Promise<Store>): Promise<Store> {
  for (;;) {
    try {
      return await open();
    } catch {
      await sleep(50);
    }
  }
}

export async function openMailbox(part: Shared): Promise<Mailbox> {
  const { store: url, prefix, lockMs, sweepEveryMs } = part;
  const vault = createVault(Buffer.from(part.key, 'hex'));
  if (url.startsWith('postgres:')) {
    const { sql } = await untilOpen(() => openPostgres({ url, dataDir: '', log: silent }));
    return createPostgresMailbox({ sql, publish: createPublish(sql), vault, lockMs });
  }
  const store = await untilOpen(() => openRedis({ url, dataDir: '', log: silent }));
  const webhooks = store.forWebhooks();
  if (webhooks.status !== 'ready') await new Promise((resolve) => webhooks.once('ready', resolve));
  return createRedisMailbox({ webhooks, workers: store.forWorkers, prefix, vault, lockMs, sweepEveryMs });
}

/** Appends one line. A kill cannot take it back or cut it: it is with the kernel when this returns. */
export function note({ log }: Pick<Shared, 'log'>, ...words: readonly (string | number)[]): void {
  appendFileSync(log, `${words.join(' ')}\n`);
}
