import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';

/** The first Chromium on the PATH. */
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

/** Why there is no browser to test with; `undefined` when there is one. `npm test` installs one where it may. */
export const noBrowser: string | undefined =
  process.env['REFILL_NO_BROWSER'] || (CHROMIUM === undefined ? 'no Chromium on this machine' : undefined);

/** Where screenshots go, to be looked at; it is there once {@link launchBrowser} was called. */
export const PICTURES = 'var/pictures';

export function launchBrowser(): Promise<Browser> {
  mkdirSync(PICTURES, { recursive: true });
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  return puppeteer.launch({ executablePath: CHROMIUM ?? '', args });
}

export interface Look {
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
  /** The page's own language; the chat follows the subscriber. */
  readonly language?: string;
}

/** Lets the newest message scroll into view. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 400));
}

/** The console as one subscriber sees it. Everything is found as a person would: by role and by words. */
export class ConsolePage {
  private constructor(readonly page: Page) {}

  static async open(browser: Browser, url: string, subscriber: string, look: Look): Promise<ConsolePage> {
    const page = await (await browser.createBrowserContext()).newPage();
    await page.setViewport({ width: look.width, height: look.height });
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: look.dark === true ? 'dark' : 'light' },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.evaluateOnNewDocument((code) => localStorage.setItem('refill.language', code), look.language ?? 'en');
    // Kept where a test finds it, to let a page hear what its own Refill did not say.
    await page.evaluateOnNewDocument(() => {
      const Real = EventSource;
      class Kept extends Real {
        constructor(address: string) {
          super(address);
          if (address.startsWith('/web/')) Object.assign(window, { stream: this });
        }
      }
      Object.assign(window, { EventSource: Kept });
    });
    await page.goto(`${url}/?as=${subscriber}`);
    await page.waitForSelector('[role=log] article');
    return new ConsolePage(page);
  }

  async say(text: string): Promise<void> {
    await this.page.type('textarea', text);
    await this.page.keyboard.press('Enter');
  }

  /** Presses the newest button that carries these words. */
  async press(words: string): Promise<void> {
    const press = (label: string) => {
      const plain = (text: string | null) => (text ?? '').replaceAll(/[\u2066-\u2069]/g, '');
      const buttons = [...document.querySelectorAll<HTMLButtonElement>('[role=log] button')];
      const newest = buttons.findLast((button) => plain(button.textContent).includes(label));
      newest?.click();
      return newest !== undefined;
    };
    await this.page.waitForFunction(press, { timeout: 15_000, polling: 200 }, words);
  }

  /** Resolves when the conversation shows these words. */
  async sees(words: string): Promise<void> {
    const shown = (text: string) =>
      (document.querySelector('[role=log]')?.textContent ?? '').replaceAll(/[\u2066-\u2069]/g, '').includes(text);
    await this.page.waitForFunction(shown, { timeout: 20_000 }, words);
  }

  async screenshot(file: string): Promise<void> {
    await settled();
    await this.page.screenshot({ path: file as `${string}.png` });
  }

  close(): Promise<void> {
    return this.page.browserContext().close();
  }
}
