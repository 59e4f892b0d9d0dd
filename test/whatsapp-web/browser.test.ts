import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { findBrowser, openWebClient } from '../../adapters/whatsapp/web/client.js';
import { BrowserMissing, type WebClient } from '../../adapters/whatsapp/web/index.js';
import { noBrowser } from '../support/browser.js';
import { tempFolder } from '../support/stores.js';
import { House, until } from './house.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});
function temp(): string {
  const folder = tempFolder();
  cleanup.push(() => folder.remove());
  return folder.path;
}

describe('the browser WhatsApp Web runs in', () => {
  test('is the first Chromium or Chrome on the PATH', () => {
    const [empty, full] = [temp(), temp()];
    symlinkSync(process.execPath, join(full, 'google-chrome'));
    expect(findBrowser(`${empty}:${full}`)).toBe(join(full, 'google-chrome'));
    symlinkSync(process.execPath, join(full, 'chromium'));
    expect(findBrowser(`${empty}:${full}`)).toBe(join(full, 'chromium'));
    writeFileSync(join(empty, 'chromium'), 'no program', { mode: 0o644 });
    expect(findBrowser(`${empty}:${full}`)).toBe(join(full, 'chromium'));
  });

  test('is asked for in a sentence when there is none', () => {
    expect(() => findBrowser(temp())).toThrow(BrowserMissing);
    expect(() => findBrowser('')).toThrow(/apt-get install chromium/);
  });

  test('that does not start is tried again, and says so', async () => {
    const dataDir = temp();
    const open = () => openWebClient(join(dataDir, 'whatsapp-web'), '/bin/false');
    const house = new House({ open, retryAfterMs: 60_000 });
    await house.mount();
    await until(() => house.channel.state().kind === 'waiting', 30_000);
    await house.channel.close();
  }, 40_000);
});

/** Processes of the browser that has its profile here. */
function browsersOf(folder: string): string[] {
  const isOne = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  };
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOne(name));
}

/** A helper process may outlive its browser by a moment. */
const gone = (folder: string) => until(() => browsersOf(folder).length === 0, 5_000);

/** Takes connections and says nothing: a network that swallows everything. */
async function silence(): Promise<{ readonly port: number; connections(): number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.size };
}

const NOBODY_LISTENS = 9;

const here = noBrowser === undefined;
(here ? describe : describe.skip)(`WhatsApp Web in a real Chromium${here ? '' : ` (skipped: ${noBrowser})`}`, () => {
  /** The channel with the system's browser, whose network ends at a port of this machine, whatever the machine has. */
  function offline(dataDir: string, port = NOBODY_LISTENS) {
    const clients: WebClient[] = [];
    const house = new House({
      retryAfterMs: 60_000,
      open: async () => {
        const client = await openWebClient(join(dataDir, 'whatsapp-web'), findBrowser());
        (client as unknown as Client).options.puppeteer.args.push(`--proxy-server=http://127.0.0.1:${port}`);
        clients.push(client);
        return client;
      },
    });
    cleanup.push(async () => {
      await house.channel.close();
      await gone(dataDir);
    });
    return {
      house,
      browser: () => (clients[0] as unknown as Client | undefined)?.pupBrowser,
      waiting: () => until(() => house.channel.state().kind === 'waiting', 60_000),
    };
  }
  interface Client {
    readonly options: { readonly puppeteer: { readonly args: string[] } };
    readonly pupBrowser?: { process(): { kill(signal: string): void } | null } | null;
  }

  test('starts, gets as far as the network goes, says where it ended, and leaves no process behind', async () => {
    const dataDir = temp();
    const { house, waiting } = offline(dataDir);
    await house.mount();
    await waiting();
    expect(house.channel.state()).toMatchObject({ why: 'ERR_PROXY_CONNECTION_FAILED' });
    expect(existsSync(join(dataDir, 'whatsapp-web', 'session', 'Default'))).toBe(true);
    await house.channel.close();
    await gone(dataDir);
    expect(readdirSync(dataDir)).toEqual(['whatsapp-web']);
  }, 90_000);

  test('starts also where a killed browser left its lock', async () => {
    const dataDir = temp();
    const profile = join(dataDir, 'whatsapp-web', 'session');
    mkdirSync(profile, { recursive: true });
    symlinkSync('another-host-1', join(profile, 'SingletonLock'));
    const { house, waiting } = offline(dataDir);
    await house.mount();
    await waiting();
    expect(house.channel.state()).toMatchObject({ why: 'ERR_PROXY_CONNECTION_FAILED' });
  }, 90_000);

  test.each([0, 50, 200, 500, 1000, 3000])(
    'closes cleanly %i ms after its start',
    async (ms) => {
      const dataDir = temp();
      const network = await silence();
      const { house } = offline(dataDir, network.port);
      await house.mount();
      await new Promise((resolve) => setTimeout(resolve, ms));
      expect(house.channel.state()).toEqual({ kind: 'starting' });
      await house.channel.close();
      await gone(dataDir);
      expect(house.channel.state()).toEqual({ kind: 'closed' });
    },
    60_000,
  );

  test('has its session files to itself until it is closed', async () => {
    const dataDir = temp();
    const network = await silence();
    const first = offline(dataDir, network.port);
    await first.house.mount();
    await until(() => network.connections() > 0, 60_000);
    const second = offline(dataDir);
    await second.house.mount();
    await second.waiting();
    expect(second.house.channel.state()).toMatchObject({ why: 'STORE_IN_USE' });
    await second.house.channel.close();
    await first.house.channel.close();
    const third = offline(dataDir);
    await third.house.mount();
    await third.waiting();
    expect(third.house.channel.state()).toMatchObject({ why: 'ERR_PROXY_CONNECTION_FAILED' });
  }, 120_000);

  test('that dies is noticed at once', async () => {
    const network = await silence();
    const { house, browser, waiting } = offline(temp(), network.port);
    await house.mount();
    await until(() => (browser()?.process() ?? null) !== null, 60_000);
    browser()?.process()?.kill('SIGKILL');
    await waiting();
    expect(house.channel.state()).toMatchObject({ why: 'BROWSER_GONE' });
  }, 90_000);
});
