import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, openSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { leaveNothing } from './leave-nothing.js';
import { answers, eventually } from './ports.js';
import { parseContents, READ_CONTENTS, type RedisContents } from './redis-contents.js';

const READY_WITHIN_MS = 30_000;
/** Long enough for a kill to follow. */
const HELD_STILL_MS = 60_000;

/** The stores of a run cannot be had on this machine; the message says what is missing. */
export class StoresMissing extends Error {}

/** A server of the run's own, that can be killed, stopped and started again. Its files stay. */
abstract class Server {
  protected child: ChildProcess | undefined;

  constructor(
    readonly port: number,
    protected readonly folder: string,
  ) {}

  protected abstract launch(): ChildProcess;
  protected abstract isReady(): Promise<boolean>;

  async start(): Promise<void> {
    // A postmaster that was killed leaves processes behind, and while one of them lives no other begins.
    const ready = await eventually(async () => {
      if (!this.isRunning()) this.launchOnce();
      return this.isReady();
    }, READY_WITHIN_MS);
    if (!ready) throw new StoresMissing(`${this.child?.spawnfile} did not start in ${this.folder}`);
  }

  private launchOnce(): void {
    const child = this.launch();
    this.child = child;
    child.on('error', () => undefined);
    child.once(
      'exit',
      leaveNothing(() => void child.kill('SIGQUIT')),
    );
  }

  private isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ends it by `signal` and resolves when it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || !this.isRunning()) return;
    const ended = once(child, 'exit');
    for (const pid of this.pids()) signalTo(pid, 'SIGCONT');
    child.kill(signal);
    await ended;
  }

  /** Stops it in its tracks, for `ms`. */
  freeze(ms: number): void {
    const pids = this.pids();
    for (const pid of pids) signalTo(pid, 'SIGSTOP');
    setTimeout(() => pids.forEach((pid) => void signalTo(pid, 'SIGCONT')), ms);
  }

  private pids(): number[] {
    const pid = this.child?.pid;
    if (pid === undefined) return [];
    return [pid, ...childrenOf(pid)];
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

function childrenOf(parent: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(parent)], { encoding: 'utf8' })
      .split('\n')
      .map(Number)
      .filter(Boolean);
  } catch {
    return [];
  }
}

/** `redis-server` with its AOF on and every write synced: what it acknowledged survives a kill. */
export class RedisServer extends Server {
  protected launch(): ChildProcess {
    mkdirSync(this.folder, { recursive: true });
    const log = openSync(join(this.folder, 'redis.log'), 'a');
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];
    return spawn('redis-server', [...settings, ...durable], { stdio: ['ignore', log, log] });
  }

  protected isReady(): Promise<boolean> {
    return this.command((redis) => redis.ping()).then(
      (answer) => answer === 'PONG',
      () => false,
    );
  }

  /** FLUSHALL. Answers what there was, as of the same moment. */
  flush(): Promise<RedisContents> {
    return this.command(async (redis) => {
      const [name, ...args] = READ_CONTENTS;
      const answers = await redis
        .multi()
        .call(name, ...args)
        .flushall()
        .exec();
      return parseContents(answers?.[0]?.[1]);
    });
  }

  /** Takes no more writes until it is ended, and answers what it holds: nothing it acknowledged is missing from that. */
  holdStill(): Promise<RedisContents> {
    return this.command(async (redis) => {
      await redis.call('CLIENT', 'PAUSE', HELD_STILL_MS, 'WRITE');
      const [name, ...args] = READ_CONTENTS;
      return parseContents(await redis.call(name, ...args));
    });
  }

  /** Cuts the newest part off the AOF, as a disk that lost its last writes would. It must not be running. */
  cutAof(bytes: number): void {
    const files = readdirSync(join(this.folder, 'appendonlydir')).filter((name) => name.endsWith('.incr.aof'));
    const newest = files.sort().at(-1);
    if (newest === undefined) return;
    const path = join(this.folder, 'appendonlydir', newest);
    truncateSync(path, Math.max(0, statSync(path).size - bytes));
  }

  private async command<T>(act: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis({ port: this.port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await act(redis);
    } finally {
      redis.disconnect();
    }
  }
}

/** A PostgreSQL cluster. It may run without fsync: processes are killed here, the machine is not. */
export class PostgresServer extends Server {
  private readonly programs = postgresPrograms();
  private readonly owner = ownerOfCluster();

  get url(): string {
    return this.urlAt(this.port);
  }

  urlAt(port: number): string {
    return `postgres://refill@127.0.0.1:${port}/postgres`;
  }

  /** Makes the cluster. The folder's parents must be open to the user `postgres` where this runs as root. */
  init(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    if (this.owner.uid !== undefined) chownSync(this.folder, this.owner.uid, this.owner.gid ?? this.owner.uid);
    const args = ['-D', this.folder, '-U', 'refill', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'];
    execFileSync(join(this.programs, 'initdb'), args, { ...this.owner, stdio: 'ignore', cwd: '/' });
  }

  protected launch(): ChildProcess {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      shared_buffers: '32MB',
      // In the cluster's folder, so that it goes with it.
      dynamic_shared_memory_type: 'mmap',
    };
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const args = ['-D', this.folder, '-p', String(this.port), ...given];
    return spawn(join(this.programs, 'postgres'), args, { ...this.owner, stdio: 'ignore', cwd: '/' });
  }

  protected async isReady(): Promise<boolean> {
    if (!(await answers(this.port))) return false;
    return this.query('select 1').then(
      () => true,
      () => false,
    );
  }

  async query<Row extends pg.QueryResultRow>(statement: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(statement)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Debian keeps them off the PATH. */
function postgresPrograms(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((name) => join(debian, name, 'bin')),
  ];
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
  if (found !== undefined) return found;
  throw new StoresMissing(
    'needs the programs of a PostgreSQL server (Debian: apt-get install postgresql); PGlite is for one process only',
  );
}

/** PostgreSQL refuses to run as root: there it runs as the user its package made. */
function ownerOfCluster(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
