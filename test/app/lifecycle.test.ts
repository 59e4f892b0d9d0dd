import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { packageRoot } from '../../bot/paths.js';
import { tempFolder } from '../support/stores.js';
import { WebClient, words } from '../support/web-client.js';

const folders: { remove(): void }[] = [];
const running: Refill[] = [];
afterEach(async () => {
  for (const refill of running.splice(0)) await refill.end('SIGTERM');
  for (const folder of folders.splice(0)) folder.remove();
});

describe('a Refill process', () => {
  test('--help lists the variables and exits', async () => {
    const help = new Refill({}, ['--help']);
    expect(await help.exit()).toBe(0);
    expect(help.output).toContain('REFILL_DATA_DIR');
  });

  test('a wrong configuration is a sentence, not a stack', async () => {
    const refill = new Refill({ PORT: 'x', DATABASE_URL: 'mysql://secret@host' });
    expect(await refill.exit()).toBe(1);
    expect(refill.output).toContain('PORT: expected a whole number');
    expect(refill.output).toContain('DATABASE_URL: expected a URL like postgres://');
    expect(refill.output).not.toMatch(/secret|at .*\.ts:/);
  });

  test('told to use Redis, without redis-server on the PATH: how to get one', async () => {
    const folder = temp();
    const env = { REFILL_DATA_DIR: join(folder, 'var'), PATH: pathWithoutRedis(folder), REFILL_STORES: 'redis' };
    const refill = new Refill(env);
    expect(await refill.exit()).toBe(1);
    expect(refill.output).toMatch(/apt-get install|REDIS_URL/);
    expect(refill.output).not.toMatch(/ at .*\.ts:/);
  }, 40_000);

  test('whose redis-server was taken away does not silently begin afresh', async () => {
    const folder = temp();
    const dataDir = join(folder, 'var');
    mkdirSync(join(dataDir, 'redis/appendonlydir'), { recursive: true });
    const refill = new Refill({ REFILL_DATA_DIR: dataDir, PATH: pathWithoutRedis(folder) });
    expect(await refill.exit()).toBe(1);
    expect(refill.output).toContain('REFILL_STORES=postgres');
  }, 40_000);

  test('without redis-server on the PATH keeps everything in PostgreSQL, says so, and survives a kill -9', async () => {
    const folder = temp();
    const dataDir = join(folder, 'var');
    const env = { PATH: pathWithoutRedis(folder) };
    const first = await Refill.ready(dataDir, undefined, env);
    expect(first.output).toMatch(/"working":"PGlite at /);
    expect(first.output).toContain('PGlite is for trials');
    const client = await WebClient.open(first.url, 'daniel');
    expect(words(await client.say('balance'))).toContain('RM 25.00');
    client.close();
    await first.end('SIGKILL');

    const second = await Refill.ready(dataDir, first.port, env);
    const again = await WebClient.open(second.url, 'daniel');
    expect(words(await again.next())).toContain('RM 25.00'); // the conversation is still on screen
    expect(words(await again.say('offers'))).toContain('Daily Internet');
    again.close();
    expect(await second.end('SIGTERM')).toBe(0);
    expect(existsSync(join(dataDir, 'redis'))).toBe(false);
  }, 90_000);

  test('SIGUSR2 prints another login link, which works, and ends nothing', async () => {
    const refill = await Refill.ready(join(temp(), 'var'), undefined, { HOST: '0.0.0.0' });
    const tokens = () => [...refill.output.matchAll(/#login=([\w-]{43})/g)].map(([, token]) => token);
    const printed = async (count: number) => {
      for (let left = 100; left > 0 && tokens().length < count; left--)
        await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await printed(1);
    refill.signal('SIGUSR2');
    await printed(2);
    expect(new Set(tokens()).size).toBe(2);
    const { status } = await fetch(`${refill.url}/console/login/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-refill-page': '1', origin: refill.url },
      body: JSON.stringify({ token: tokens()[1] }),
    });
    expect(status).toBe(200);
    expect(await refill.end('SIGTERM')).toBe(0);
  }, 90_000);

  test('SIGTERM lets the running turn finish; what a kill -9 left is taken over by the next start; a second one is refused', async () => {
    const dataDir = join(temp(), 'var');
    const first = await Refill.ready(dataDir);
    const client = await WebClient.open(first.url, 'daniel');
    expect(words(await client.say('balance'))).toContain('RM 25.00');

    const second = new Refill({ REFILL_DATA_DIR: dataDir, PORT: '0' });
    expect(await second.exit()).toBe(1);
    expect(second.output).toMatch(/already|another/i);

    client.close();
    await first.end('SIGKILL');
    const third = await Refill.ready(dataDir, first.port);
    const again = await WebClient.open(third.url, 'daniel');
    expect(words(await again.next())).toContain('RM 25.00'); // the conversation is still on screen
    expect(words(await again.say('offers'))).toContain('Daily Internet');
    again.close();
    expect(await third.end('SIGTERM')).toBe(0);
  }, 90_000);
});

/** A PATH with nothing on it but node. */
function pathWithoutRedis(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  return bin;
}

function temp(): string {
  const folder = tempFolder();
  folders.push(folder);
  return folder.path;
}

class Refill {
  output = '';
  port = 0;
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown[]>;

  constructor(env: Record<string, string>, args: readonly string[] = []) {
    this.child = spawn(process.execPath, ['--import', 'tsx', 'bot/main.ts', ...args], {
      cwd: packageRoot(),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    });
    this.child.stdout?.on('data', (chunk) => (this.output += String(chunk)));
    this.child.stderr?.on('data', (chunk) => (this.output += String(chunk)));
    this.exited = once(this.child, 'exit');
    running.push(this);
  }

  static async ready(dataDir: string, port?: number, env: Record<string, string> = {}): Promise<Refill> {
    const at = port ?? (await freePort());
    const refill = new Refill({ REFILL_DATA_DIR: dataDir, PORT: String(at), ...env });
    refill.port = at;
    for (let left = 600; left > 0; left--) {
      if (
        await fetch(`${refill.url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        )
      )
        return refill;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`not ready: ${refill.output}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async exit(): Promise<number | null> {
    const [code] = await this.exited;
    return code as number | null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    // As under npm, which passes on what the terminal sent already.
    if (signal === 'SIGTERM') this.child.kill(signal);
    return this.exit();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
