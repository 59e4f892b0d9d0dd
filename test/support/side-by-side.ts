import { randomUUID } from 'node:crypto';
import type { Browser } from 'puppeteer-core';
import { render } from '../../adapters/web/render.js';
import type { Message } from '../../bot/message/message.js';
import { ConsolePage, type Look, settled } from './browser.js';

export type Frame = 'whatsapp' | 'slack' | 'teams';

/** The console's side-by-side view as one subscriber sees it. */
export class SideBySide {
  /** What went wrong on the page, a broken content security policy included. */
  readonly complaints: string[] = [];

  private constructor(readonly console: ConsolePage) {
    console.page.on('pageerror', (error) => this.complaints.push(String(error)));
    console.page.on('console', (entry) => void (entry.type() === 'error' && this.complaints.push(entry.text())));
  }

  static async open(browser: Browser, url: string, subscriber: string, look: Look): Promise<SideBySide> {
    const side = new SideBySide(await ConsolePage.open(browser, url, subscriber, look));
    const control = look.width < 1120 ? '[data-tab=channels]' : '[data-view=channels]';
    await side.console.page.click(control);
    await side.console.page.waitForSelector('[data-channel=teams] .te-card button');
    return side;
  }

  say(text: string): Promise<void> {
    return this.console.say(text);
  }

  /** Presses the newest button in this frame that carries these words; on WhatsApp it may be a row of the newest list. */
  async press(frame: Frame, words: string): Promise<void> {
    const press = (channel: string, label: string) => {
      const plain = (text: string | null) => (text ?? '').replaceAll(/[\u2066-\u2069\u200e\u200f]/g, '');
      const find = (within: string) => {
        const buttons = [...document.querySelectorAll<HTMLButtonElement>(`[data-channel=${channel}] ${within} button`)];
        return buttons.findLast(({ textContent }) => plain(textContent).includes(label));
      };
      const wanted = find('.sheet') ?? find('.row');
      const list = [...document.querySelectorAll<HTMLElement>('[data-channel=whatsapp] [aria-haspopup]')].at(-1);
      if (wanted === undefined && channel === 'whatsapp' && document.querySelector('.sheet') === null) list?.click();
      wanted?.click();
      return wanted !== undefined;
    };
    await this.console.page.waitForFunction(press, { timeout: 15_000, polling: 200 }, frame, words);
  }

  /** Opens the newest list on WhatsApp. */
  async openList(): Promise<void> {
    const lists = await this.console.page.$$('[data-channel=whatsapp] [aria-haspopup]');
    await lists.at(-1)?.click();
    await this.console.page.waitForSelector('.sheet .wa-row');
  }

  /** Resolves when each frame shows these words. */
  async sees(words: string): Promise<void> {
    const shown = (text: string) =>
      [...document.querySelectorAll('.frame-thread')].every(({ textContent }) =>
        (textContent ?? '').replaceAll(/[\u2066-\u2069\u200e\u200f]/g, '').includes(text),
      );
    await this.console.page.waitForFunction(shown, { timeout: 20_000, polling: 100 }, words);
  }

  /** Scrolls a frame to its end, where a tall message is shown from its beginning. */
  toEnd(frame: Frame): Promise<void> {
    return this.console.page.$eval(`[data-channel=${frame}] .frame-thread`, (thread) => {
      thread.scrollTop = thread.scrollHeight;
    });
  }

  /** Whether this frame shows these words now. */
  shows(frame: Frame, words: string): Promise<boolean> {
    const shown = (channel: string, text: string) =>
      (document.querySelector(`[data-channel=${channel}] .frame-thread`)?.textContent ?? '')
        .replaceAll(/[\u2066-\u2069\u200e\u200f]/g, '')
        .includes(text);
    return this.console.page.evaluate(shown, frame, words);
  }

  /** Resolves when each frame shows one more message of Refill's than before `act`. */
  async hearsOf(act: () => Promise<unknown>): Promise<void> {
    const { page } = this.console;
    const before = await page.$$eval('.frame-thread .theirs', ({ length }) => length);
    await act();
    // Three frames, one message each.
    const grown = (count: number) => document.querySelectorAll('.frame-thread .theirs').length >= count + 3;
    await page.waitForFunction(grown, { timeout: 20_000, polling: 100 }, before);
  }

  screenshot(file: string): Promise<void> {
    return this.console.screenshot(file);
  }

  /** The three frames alone, good enough to read and small enough to keep with the documentation. */
  async picture(file: string): Promise<void> {
    const { page } = this.console;
    await settled();
    const clip = await page.$eval('.frames', (frames) => {
      const { x, y, width, height } = frames.getBoundingClientRect();
      return { x, y, width, height };
    });
    await page.screenshot({
      path: file as `${string}.webp`,
      type: 'webp',
      quality: 60,
      clip,
      captureBeyondViewport: false,
    });
  }

  /** Shows a message that this page's own Refill did not send: what only happens elsewhere than in a sandbox. */
  async hears(message: Message | undefined): Promise<void> {
    if (message === undefined) throw new Error('nothing was said');
    const data = JSON.stringify(render(message, randomUUID(), Date.now()));
    await this.hearsOf(() =>
      this.console.page.evaluate(
        `stream.dispatchEvent(new MessageEvent('message', { data: ${JSON.stringify(data)} }))`,
      ),
    );
  }

  close(): Promise<void> {
    return this.console.close();
  }
}
