import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { findBrowser, openWebClient } from '../../adapters/whatsapp/web/client.js';
import { BrowserMissing } from '../../adapters/whatsapp/web/index.js';
import { noBrowser } from '../support/browser.js';
import { tempFolder } from '../support/stores.js';
import { House, until } from './house.js';

const folders: { remove(): void }[] = [];
const temp = () => {
  const folder = tempFolder();
  folders.push(folder);
  return folder.path;
};
afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

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
    const house = new House({ dataDir: temp(), browser: '/bin/false', open: undefined, retryAfterMs: 60_000 } as never);
    await house.open();
    expect(house.channel.state()).toMatchObject({ kind: 'waiting' });
    await house.channel.close();
  });
});

/** Processes of the browser that has this profile. */
function browsersOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return execFileSync('cat', [`/proc/${pid}/cmdline`], { stdio: ['ignore', 'pipe', 'ignore'] })
          .toString()
          .includes(folder);
      } catch {
        return false;
      }
    });
}

const here = noBrowser === undefined;
(here ? describe : describe.skip)(`WhatsApp Web in a real Chromium${here ? '' : ` (skipped: ${noBrowser})`}`, () => {
  /** A house whose browser has no way out, whatever this machine has: the network ends at a closed port. */
  const offline = (dataDir: string) => new House({ dataDir, open: () => openOffline(dataDir), retryAfterMs: 60_000 });
  const openOffline = async (dataDir: string) => {
    const client = await openWebClient(join(dataDir, 'whatsapp-web'), findBrowser());
    const { puppeteer } = (client as unknown as { options: { puppeteer: { args: string[] } } }).options;
    puppeteer.args.push('--proxy-server=http://127.0.0.1:9');
    return client;
  };

  test('starts, gets as far as the network goes, says where it ended, and leaves no process behind', async () => {
    const dataDir = temp();
    const house = offline(dataDir);
    await house.open();
    await until(() => house.channel.state().kind === 'waiting', 60_000);
    expect(house.channel.state()).toMatchObject({ why: 'ERR_PROXY_CONNECTION_FAILED' });
    expect(existsSync(join(dataDir, 'whatsapp-web', 'session', 'Default'))).toBe(true);
    await house.channel.close();
    expect(browsersOf(dataDir)).toEqual([]);
    expect(readdirSync(dataDir)).toEqual(['whatsapp-web']);
  }, 90_000);

  test('starts also where a killed browser left its lock', async () => {
    const dataDir = temp();
    const profile = join(dataDir, 'whatsapp-web', 'session');
    mkdirSync(profile, { recursive: true });
    symlinkSync('another-host-1', join(profile, 'SingletonLock'));
    const house = offline(dataDir);
    await house.open();
    await until(() => house.channel.state().kind === 'waiting', 60_000);
    expect(house.channel.state()).toMatchObject({ why: 'ERR_PROXY_CONNECTION_FAILED' });
    await house.channel.close();
  }, 90_000);

  test.each([0, 100, 500, 1500])('closes cleanly %i ms after its start', async (ms) => {
    const dataDir = temp();
    const house = offline(dataDir);
    await house.open().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await house.channel.close();
    expect(browsersOf(dataDir)).toEqual([]);
    expect(house.channel.state()).toEqual({ kind: 'closed' });
  }, 60_000);

  test('has its session files to itself', async () => {
    const dataDir = temp();
    const house = offline(dataDir);
    await house.open();
    await until(() => browsersOf(dataDir).length > 0, 30_000);
    const second = offline(dataDir);
    await second.open();
    expect(second.channel.state()).toMatchObject({ kind: 'waiting', why: 'STORE_IN_USE' });
    await second.channel.close();
    await house.channel.close();
    const third = offline(dataDir);
    await third.open();
    await until(() => third.channel.state().kind === 'waiting', 60_000);
    expect(third.channel.state()).toMatchObject({ why: 'ERR_PROXY_CONNECTION_FAILED' });
    await third.channel.close();
  }, 120_000);

  test('that dies is noticed', async () => {
    const dataDir = temp();
    const house = offline(dataDir);
    await house.open();
    const clients: { pupBrowser?: { process(): { kill(signal: string): void } | null } }[] = [];
    const other = new House({
      dataDir: temp(),
      retryAfterMs: 60_000,
      open: async () => {
        const client = await openOffline(dataDir2);
        clients.push(client as never);
        return client;
      },
    });
    const dataDir2 = temp();
    await other.open();
    await until(() => (clients[0]?.pupBrowser?.process() ?? null) !== null, 30_000);
    clients[0]?.pupBrowser?.process()?.kill('SIGKILL');
    await until(() => other.channel.state().kind === 'waiting', 30_000);
    await Promise.all([house.channel.close(), other.channel.close()]);
  }, 90_000);
});
