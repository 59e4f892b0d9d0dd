import { accessSync, constants, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Client, ClientOptions, LocalAuth } from 'whatsapp-web.js';
import { type Lock, takeLock } from '../../../bot/stores/lock.js';
import { BrowserMissing, WebSessionLost } from './errors.js';

/** What of the library's client is used here. */
export type WebClient = Pick<
  Client,
  'on' | 'removeAllListeners' | 'initialize' | 'destroy' | 'sendMessage' | 'getChatById' | 'getContactLidAndPhone'
> & { readonly info?: { readonly wid: { readonly user: string } } };

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const BROWSER_CLOSES_WITHIN_MS = 5_000;
/** How long the page may take to load and say who it is. */
const PAGE_LOADS_WITHIN_MS = 60_000;

/** The system's Chromium or Chrome. Throws `BrowserMissing`. */
export function findBrowser(path = process.env['PATH'] ?? ''): string {
  for (const name of BROWSERS) {
    const found = path.split(delimiter).find((folder) => isExecutable(join(folder, name)));
    if (found !== undefined) return join(found, name);
  }
  throw new BrowserMissing(
    'WHATSAPP_TRANSPORT=web needs a browser, and neither chromium nor google-chrome is on the PATH: ' +
      'install one (apt-get install chromium), or use WHATSAPP_TRANSPORT=cloud',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A client of WhatsApp Web with its session files under `folder`, not started yet. Rejects with `StoreInUse` while another
 * Refill has them open.
 */
export async function openWebClient(folder: string, browser: string): Promise<WebClient> {
  // Imported only when used: it is large.
  const { default: library } = await import('whatsapp-web.js');
  const lock = await takeLock(folder);
  try {
    const profile = join(folder, 'session');
    forgetDeadBrowser(profile);
    const authStrategy = new library.LocalAuth({ dataPath: folder });
    return new (guarded(library.Client as unknown as OpenClient))(settings(authStrategy, browser), lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A killed Chromium leaves links that keep the next one out. The lock says that it is not running. */
function forgetDeadBrowser(profile: string): void {
  try {
    for (const name of readdirSync(profile)) if (name.startsWith('Singleton')) rmSync(join(profile, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function settings(authStrategy: LocalAuth, executablePath: string): ClientOptions {
  const { logout } = authStrategy;
  // The library calls it where a rejection would end the process. What cannot be removed is asked to pair again.
  authStrategy.logout = () => logout.call(authStrategy).catch(() => undefined);
  const asRoot = process.getuid?.() === 0;
  return {
    authStrategy,
    authTimeoutMs: PAGE_LOADS_WITHIN_MS,
    puppeteer: {
      executablePath,
      headless: true,
      // Over a pipe the browser ends with us, also after a kill -9.
      pipe: true,
      // Stopping is Refill's business: puppeteer's own handlers would end the process.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      args: ['--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', ...(asRoot ? ['--no-sandbox'] : [])],
    },
  };
}

/** Parts of the library's client that its types leave out. */
interface Internals {
  inject(): Promise<void>;
  initWebVersionCache(): Promise<void>;
}

type OpenClient = new (options: ClientOptions) => Client & Internals;

/**
 * The library's client, made safe to live with: what it starts and does not wait for (a page loading anew, a state change)
 * would end the process when it fails; here it ends the session, which is then begun anew.
 */
function guarded(Base: OpenClient) {
  return class GuardedClient extends Base {
    private starting: Promise<void> | undefined;
    private loaded = false;
    private ending: Promise<void> | undefined;

    constructor(
      options: ClientOptions,
      private readonly lock: Lock,
    ) {
      super(options);
    }

    override async initialize(): Promise<void> {
      this.starting = super.initialize();
      await this.starting;
      this.loaded = true;
    }

    override async inject(): Promise<void> {
      try {
        await super.inject();
      } catch (error) {
        // Later ones are the library's own, on a page that loads anew: nobody hears of their failure.
        if (!this.loaded) throw error;
        this.emit('disconnected', 'PAGE_LOST');
      }
    }

    /**
     * Called once browser and page are there. The cache itself would keep copies of WhatsApp's page in the working directory
     * and fails unheard when the page goes away; the current version is wanted anyway.
     */
    override async initWebVersionCache(): Promise<void> {
      if (this.ending) throw new WebSessionLost('closed while starting');
      this.pupBrowser?.once('disconnected', () => this.emit('disconnected', 'BROWSER_GONE'));
      this.pupPage?.once('error', () => this.emit('disconnected', 'PAGE_CRASHED'));
    }

    /** Never rejects. Resolves when the browser is gone, be it one that was just being started. */
    override destroy(): Promise<void> {
      this.ending ??= this.end();
      return this.ending;
    }

    private async end(): Promise<void> {
      await this.closeBrowser();
      await this.starting?.catch(() => undefined);
      await this.closeBrowser();
      this.lock.release();
    }

    private async closeBrowser(): Promise<void> {
      const browser = this.pupBrowser;
      if (!browser?.connected) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, BROWSER_CLOSES_WITHIN_MS);
      });
      await Promise.race([browser.close().catch(() => undefined), late]);
      clearTimeout(timer);
      browser.process()?.kill('SIGKILL');
    }
  };
}
