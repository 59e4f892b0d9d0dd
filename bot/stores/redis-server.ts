import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { StoreUnavailable } from './errors.js';
import { LONGEST_SOCKET_PATH } from './lock.js';

/** Redis and its drop-in successor, as distributions name them. */
const PROGRAMS = ['redis-server', 'valkey-server'];
/** A long AOF takes its time to load; a server that is alive and loading is waited for this long. */
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

/** A redis-server of our own on a Unix socket. */
export interface EmbeddedServer {
  readonly socket: string;
  readonly pid: number;
  /** True when it was found running: a killed Refill left it behind. */
  readonly adopted: boolean;
}

/** Where the embedded server of this data directory listens. Throws `StoreUnavailable` when no private place is to be had. */
export function socketPath(dataDir: string): string {
  const folder = resolve(dataDir, 'redis');
  const natural = join(folder, 'redis.sock');
  if (Buffer.byteLength(natural) <= LONGEST_SOCKET_PATH) return natural;
  const short = join(tmpdir(), `refill-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  const found = lstatSync(short);
  // Anyone may make folders in the system's temp folder: one that others can enter is not ours to trust.
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new StoreUnavailable(
      `${short} must be a folder that only this user can enter; remove it or move REFILL_DATA_DIR`,
    );
  }
  return join(short, 'redis.sock');
}

/**
 * The redis-server of this data directory, running and ready: the one a killed Refill left behind, else a new one. It runs in a
 * session of its own, so that Ctrl-C reaches Refill alone and Refill closes it when its own work is done. The caller holds the
 * directory's lock. Rejects with `StoreUnavailable`.
 */
export async function ensureServer(dataDir: string): Promise<EmbeddedServer> {
  const folder = resolve(dataDir, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = socketPath(dataDir);
  const orphan = await identify(socket);
  if (orphan !== undefined) return { socket, pid: orphan, adopted: true };
  refuseSecondServer(folder);
  return { socket, pid: await start(folder, socket), adopted: false };
}

/** Stops the server after its AOF is written and synced; it takes its socket away as its last act. */
export async function stopServer(server: EmbeddedServer): Promise<void> {
  await withConnection(server.socket, (redis) => redis.call('SHUTDOWN', 'NOSAVE')).catch(() => undefined);
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (existsSync(server.socket) && isAlive(server.pid)) {
    if (Date.now() > deadline) throw new StoreUnavailable(`redis-server (process ${server.pid}) did not stop`);
    await sleep(5);
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function start(folder: string, socket: string): Promise<number> {
  const program = needProgram();
  rmSync(socket, { force: true });
  const logFile = join(folder, 'redis.log');
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(program, serverArguments(folder, socket), {
    detached: true,
    cwd: folder,
    // Not our environment: it holds secrets the server has no use for.
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let failure: unknown;
  child.once('error', (error) => (failure = error));
  child.once('exit', (code, signal) => (failure ??= signal ?? code));
  for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline; await sleep(5)) {
    if (failure !== undefined) {
      const lastWords = readFileSync(logFile, 'utf8').trim().split('\n').at(-1);
      throw new StoreUnavailable(`${program} did not start: ${lastWords || failure} (${logFile})`, { cause: failure });
    }
    if (existsSync(socket) && (await identify(socket)) !== undefined) return child.pid ?? 0;
  }
  child.kill();
  throw new StoreUnavailable(`${program} was not ready after ${READY_WITHIN_MS / 1000} s (${logFile})`);
}

function serverArguments(folder: string, socket: string): string[] {
  const settings: Record<string, string> = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    pidfile: join(folder, 'redis.pid'),
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Where the PATH has a server; `undefined` when it has none. */
export function findProgram(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program)));
  return places.find((file) => existsSync(file));
}

function needProgram(): string {
  const found = findProgram();
  if (found !== undefined) return found;
  throw new StoreUnavailable(
    'Refill found no redis-server. Install one (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), run ' +
      'one (docker run -p 6379:6379 redis:7) and set REDIS_URL=redis://127.0.0.1:6379, or do without: REFILL_STORES=postgres',
  );
}

/** Two servers on one AOF would ruin it: a living one that does not answer on its socket is for a person to look at. */
function refuseSecondServer(folder: string): void {
  const pid = Number(readIfThere(join(folder, 'redis.pid')));
  if (!(pid > 0) || !isAlive(pid)) return;
  const ps = ['-o', 'command=', '-p', String(pid)];
  const commandLine = readIfThere(`/proc/${pid}/cmdline`) ?? spawnSync('ps', ps, { encoding: 'utf8' }).stdout;
  // The process id of a server that was killed may be a stranger's by now.
  if (!/(redis|valkey)-server/.test(commandLine)) return;
  throw new StoreUnavailable(
    `redis-server (process ${pid}) uses ${folder} but does not answer: stop it with kill ${pid}`,
  );
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The process id of the server behind the socket, once it has loaded its data; `undefined` when nobody is there. */
async function identify(socket: string): Promise<number | undefined> {
  if (!existsSync(socket)) return undefined;
  try {
    const info = await withConnection(socket, (redis) => redis.info('server'));
    const pid = /^process_id:(\d+)/m.exec(info)?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}

async function withConnection<T>(socket: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    path: socket,
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout: 2000,
    disconnectTimeout: 100,
  });
  // The failed call says it all.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
