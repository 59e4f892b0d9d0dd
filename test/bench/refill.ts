import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../bot/paths.js';
import { type Sample, scrape } from './metrics.js';

export interface RefillOptions {
  /** Its data: its own Redis, its key and, without `databaseUrl`, PGlite. Kept afterwards, for a second start. */
  readonly dataDir: string;
  readonly databaseUrl?: string | undefined;
  /** Node's own options, e.g. `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
  /** More variables: channels. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One Refill process as it runs in production. */
export interface Refill {
  readonly url: string;
  /** From spawning the process to the first 200 from `/readyz`, in ms. */
  readonly readyMs: number;
  /** The socket of its own Redis. */
  readonly redisSocket: string;
  metrics(): Promise<Sample>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 35_000;

/** Starts the built Refill with nothing of this process' environment but PATH. */
export async function startRefill({
  dataDir,
  databaseUrl,
  nodeOptions = [],
  env = {},
}: RefillOptions): Promise<Refill> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeOptions, join(packageRoot(), 'dist/bot/main.js')], {
    cwd: packageRoot(),
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      PORT: String(port),
      REFILL_DATA_DIR: dataDir,
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk;
  });
  await untilReady(child, url, () => complaints);
  return {
    url,
    readyMs: performance.now() - started,
    redisSocket: join(dataDir, 'redis', 'redis.sock'),
    metrics: () => scrape(url),
    stop: () => stop(child),
  };
}

async function untilReady(child: ChildProcess, url: string, complaints: () => string): Promise<void> {
  for (const deadline = performance.now() + READY_WITHIN_MS; performance.now() < deadline; await sleep(10)) {
    if (child.exitCode !== null) throw new Error(`Refill ended with ${child.exitCode}:\n${complaints()}`);
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
  }
  child.kill('SIGKILL');
  throw new Error(`Refill was not ready in ${READY_WITHIN_MS / 1000} s:\n${complaints()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(late);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A folder for one Refill. */
export function tempDataDir(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'refill-bench-run-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
