import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { openRedis, type RedisStore, takesNoWrites } from '../../bot/stores/redis.js';
import { socketPath } from '../../bot/stores/redis-server.js';
import { createRedisShortLived } from '../../bot/stores/redis-short-lived.js';
import { silent, startScript, tempFolder } from '../support/stores.js';

const OPEN = `
  import { openRedis } from './bot/stores/redis.ts';
  const log = { info() {}, warn() {}, error() {} };
  try {
    const store = await openRedis({ dataDir: process.argv[1], log });
    const redis = store.forWorkers();
    await redis.set('written-by', 'the first');
    console.log((await redis.info('server')).match(/process_id:(\\d+)/)[1]);
    process.on('SIGINT', () => undefined);
    setTimeout(() => undefined, 60_000);
  } catch (error) {
    console.log(error.code, error.message);
  }`;

const PASSWORD = 'hunter2';

let folder: ReturnType<typeof tempFolder>;
const stores: RedisStore[] = [];
beforeEach(() => {
  folder = tempFolder();
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  folder.remove();
});

async function open(dataDir = folder.path): Promise<RedisStore> {
  const store = await openRedis({ dataDir, log: silent });
  stores.push(store);
  return store;
}

async function closeAll(): Promise<void> {
  for (const store of stores.splice(0)) await store.close();
}

const processId = async (store: RedisStore) =>
  Number(/process_id:(\d+)/.exec(await store.forWorkers().info('server'))?.[1]);

/** False for a zombie as well: its program is gone. */
const isRunning = (pid: number) => existsSync(`/proc/${pid}/exe`);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error('waited in vain');
  }
}

describe('the embedded Redis', () => {
  test('is durable, keeps everything rather than evict, and is for this user alone', async () => {
    const redis = (await open()).forWorkers();
    const setting = async (name: string) => ((await redis.config('GET', name)) as string[])[1];
    expect(await setting('appendonly')).toBe('yes');
    expect(await setting('appendfsync')).toBe('everysec');
    expect(await setting('maxmemory-policy')).toBe('noeviction');
    expect(await setting('port')).toBe('0');
    expect(statSync(join(folder.path, 'redis/redis.sock')).mode & 0o777).toBe(0o700);
  });

  test('keeps its data over a stop, and is gone when the stop is done', async () => {
    const first = await open();
    const pid = await processId(first);
    await first.forWorkers().set('kept', 'yes');
    await closeAll();
    await until(() => !isRunning(pid));
    expect(existsSync(join(folder.path, 'redis/redis.sock'))).toBe(false);
    expect(await (await open()).forWorkers().get('kept')).toBe('yes');
  });

  test('left behind by a kill, it is taken over with all it holds, and stopped with its new owner', async () => {
    const killed = startScript(OPEN, folder.path);
    const pid = Number(await killed.ready);
    await killed.kill();
    const store = await open();
    expect(await processId(store)).toBe(pid);
    expect(await store.forWorkers().get('written-by')).toBe('the first');
    await closeAll();
    await until(() => !isRunning(pid));
  });

  test('is refused while another living Refill has it', async () => {
    const first = startScript(OPEN, folder.path);
    await first.ready;
    await expect(open()).rejects.toMatchObject({ code: 'STORE_IN_USE' });
    await first.kill();
    await open();
  });

  test('does not hear the Ctrl-C meant for Refill', async () => {
    const refill = startScript(OPEN, folder.path);
    const pid = Number(await refill.ready);
    // proc(5): after the command in parentheses come state, parent, process group and session.
    const [, , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    expect([group, session]).toEqual([String(pid), String(pid)]);
    await refill.kill();
    await open();
  });

  test('comes back when it dies while Refill lives, with what it had acknowledged', async () => {
    const store = await open();
    const redis = store.forWorkers();
    await redis.set('kept', 'yes');
    const pid = await processId(store);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await processId(store)) !== pid);
    expect(await redis.get('kept')).toBe('yes');
  });

  test('that hangs is not given a rival on the same files: the process to stop is named', async () => {
    const killed = startScript(OPEN, folder.path);
    const pid = Number(await killed.ready);
    await killed.kill();
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(open()).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining(`kill ${pid}`),
      });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await open();
  });

  test('works in a folder too deep for a Unix socket, through a short private one that it finds again', async () => {
    const deep = join(folder.path, 'd'.repeat(60), 'e'.repeat(60));
    const killed = startScript(OPEN, deep);
    const pid = Number(await killed.ready);
    await killed.kill();
    const socket = socketPath(deep);
    expect(socket.length).toBeLessThan(100);
    expect(statSync(join(socket, '..')).mode & 0o777).toBe(0o700);
    expect(await processId(await open(deep))).toBe(pid);
    await closeAll();
    rmdirSync(join(socket, '..'));
  });

  test('distrusts a short folder that others can enter', async () => {
    const deep = join(folder.path, 'f'.repeat(120));
    const short = join(socketPath(deep), '..');
    chmodSync(short, 0o755);
    await expect(open(deep)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    rmdirSync(short);
  });

  test('without a redis-server to run, says how to get one', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = folder.path;
    try {
      const advice = expect.stringMatching(/apt-get install redis-server.*brew install redis.*docker run.*REDIS_URL/s);
      await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: advice });
    } finally {
      process.env['PATH'] = path;
    }
    await open();
  });

  test('that cannot start says why', async () => {
    mkdirSync(join(folder.path, 'redis/appendonlydir/appendonly.aof.manifest'), { recursive: true });
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/did not start: .*redis\.log/s),
    });
  });
});

describe('a Redis server named by a URL', () => {
  test('is used as it is, left running, and described without its password', async () => {
    const redis = (await open()).forWorkers();
    const port = await freePort();
    await redis.config('SET', 'port', port);
    await redis.acl('SETUSER', 'refill', 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    const url = `redis://refill:${PASSWORD}@127.0.0.1:${port}/3`;

    const store = await openRedis({ url, dataDir: '/nowhere', log: silent });
    expect(store).toMatchObject({ kind: 'server', description: `redis://127.0.0.1:${port}/3` });
    await store.forWorkers().set('a', '1');
    await store.close();

    const again = await openRedis({ url, dataDir: '/nowhere', log: silent });
    expect(await again.forWorkers().get('a')).toBe('1');
    await again.close();
  });
});

describe('a Redis that is full', () => {
  test('answers a ping and can be started with, and says so once', async () => {
    const first = await open();
    const operator = first.forWorkers();
    const port = await freePort();
    await operator.config('SET', 'port', port);
    await operator.config('SET', 'maxmemory', 1);
    const said: unknown[] = [];
    const log = pino({ level: 'error' }, { write: (line) => said.push(JSON.parse(line).msg) });
    const store = await openRedis({ url: `redis://127.0.0.1:${port}`, dataDir: '', log });
    stores.push(store);
    await store.ping();
    const outage = expect.stringContaining('takes no writes');
    expect(said).toEqual([outage]);
    await operator.config('SET', 'maxmemory', 0);
    await store.ping();
    await operator.config('SET', 'maxmemory', 1);
    await store.ping();
    expect(said).toEqual([outage, outage]);
  });

  test('is told from a question that was wrong', async () => {
    const redis = (await open()).forWorkers();
    await redis.rpush('list', 'entry');
    await redis.config('SET', 'maxmemory', 1);
    const why = (answer: Promise<unknown>) => answer.then(() => undefined, takesNoWrites);
    expect(await why(redis.set('a', '1'))).toBe(true);
    expect(await why(redis.eval(`return redis.call('SET', KEYS[1], '1')`, 1, 'a'))).toBe(true);
    expect(await why(createRedisShortLived(redis, 'short').count('a', 1, 1000))).toBe(true);
    expect(await why(redis.get('list'))).toBe(false);
  });
});

describe('a Redis that is not there', () => {
  test('is reported in about a second, without its password', async () => {
    const began = Date.now();
    await expect(
      openRedis({ url: `redis://:${PASSWORD}@127.0.0.1:1/0`, dataDir: '/nowhere', log: silent }),
    ).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/^(?!.*hunter2).*127\.0\.0\.1:1\/0.*REDIS_URL/),
    });
    expect(Date.now() - began).toBeLessThan(2000);
  });

  test('fails a webhook’s command at once and keeps a worker’s for later', async () => {
    const store = await open();
    const [webhook, worker] = [store.forWebhooks(), store.forWorkers()];
    await Promise.all([webhook.ping(), worker.ping()].map((answer) => answer.catch(() => undefined)));
    const pid = await processId(store);
    process.kill(pid, 'SIGKILL');
    await until(() => webhook.status !== 'ready' && worker.status !== 'ready');
    const kept = worker.set('kept', 'yes');
    const began = Date.now();
    await expect(webhook.set('lost', 'yes')).rejects.toThrow();
    expect(Date.now() - began).toBeLessThan(1000);
    expect(await kept).toBe('OK');
  });

  test('that hangs fails a webhook’s command, and a ping, in about a second', async () => {
    const store = await open();
    const webhook = store.forWebhooks();
    await until(() => webhook.status === 'ready');
    await store.ping();
    const pid = await processId(store);
    process.kill(pid, 'SIGSTOP');
    try {
      const began = Date.now();
      await Promise.all([expect(webhook.ping()).rejects.toThrow(), expect(store.ping()).rejects.toThrow()]);
      expect(Date.now() - began).toBeLessThan(2000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});
