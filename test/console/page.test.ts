import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import type { Localized } from '../../bot/i18n/localized.js';
import { launchBrowser, noBrowser, PICTURES } from '../support/browser.js';
import { type Fixture, message, openFixture } from './fixture.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const withBrowser = noBrowser === undefined ? describe : describe.skip;

withBrowser(`the page${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
  let fixture: Fixture;
  let browser: Browser;
  let complaints: string[] = [];

  beforeAll(async () => {
    fixture = await openFixture();
    browser = await launchBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await fixture?.stop();
  });

  afterEach(async () => {
    for (const context of browser.browserContexts().slice(1)) await context.close();
    expect(complaints).toEqual([]);
    complaints = [];
  });

  interface Look {
    readonly as?: string;
    readonly size?: readonly [number, number];
    readonly dark?: boolean;
    readonly language?: string;
  }

  async function open({
    as,
    size: [width, height] = [1280, 800],
    dark = false,
    language = 'en',
  }: Look = {}): Promise<Page> {
    const page = await (await browser.createBrowserContext()).newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    // What breaks the content security policy is reported here.
    page.on('console', (entry) => void (entry.type() === 'error' && complaints.push(entry.text())));
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.evaluateOnNewDocument((code) => localStorage.setItem('refill.language', code), language);
    await page.goto(fixture.url + (as ? `/?as=${as}` : '/'));
    await page.waitForSelector(as ? '[role=log] article' : 'dialog[open]');
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    const before = await theirs(page);
    await page.type('textarea', text);
    await page.keyboard.press('Enter');
    await page.waitForFunction((count) => document.querySelectorAll('.theirs[data-newest]').length > count, {}, before);
  }

  const theirs = (page: Page) => page.$$eval('.theirs[data-newest]', (rows) => rows.length);
  const button = (page: Page, name: string) => page.waitForSelector(`::-p-aria([name="${name}"][role="button"])`);
  const fresh = () => `daniel~${Math.random().toString(36).slice(2, 8)}`;

  async function violations(page: Page): Promise<unknown[]> {
    // Through the debugger, which the content security policy of the page does not bind.
    const session = await page.createCDPSession();
    const { readFile } = await import('node:fs/promises');
    await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
    const expression = `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
      violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => [target.join(' '), failureSummary]) })))`;
    const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    return result.value;
  }

  const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

  test('lets a newcomer choose who to be, and remembers it', async () => {
    const page = await open();
    expect(await violations(page)).toEqual([]);
    await (await button(page, 'Be a fresh copy of Daniel, shared with nobody'))?.click();
    await page.waitForSelector('[role=log] article');
    const stored = await page.evaluate(() => localStorage.getItem('refill.subscriber'));
    expect(stored).toMatch(/^daniel~[a-z0-9]{6}$/);
    await page.reload();
    await page.waitForSelector('[role=log] article');
    expect(await page.$('dialog[open]')).toBeNull();
  });

  test('says hello once, and not again after a reload', async () => {
    const as = fresh();
    const page = await open({ as });
    await page.reload();
    await page.waitForSelector('[role=log] article');
    await say(page, 'balance');
    const kinds = fixture.delivered
      .filter(({ conversationId }) => conversationId === `web.${as}`)
      .map(({ kind }) => kind);
    expect(kinds).toEqual(['hello', 'text']);
  });

  test('sends with Enter and shows how far a message got', async () => {
    const page = await open({ as: fresh() });
    await say(page, 'balance');
    await page.waitForSelector('.mine [role=img][aria-label="Read"]');
    expect(await page.$eval('.mine .said', ({ textContent }) => textContent)).toBe('balance');
    expect(
      await page.$$eval('[role=meter]', (meters) => meters.map((meter) => meter.getAttribute('aria-valuetext'))),
    ).toContain('204 MB of 5 GB left');
  });

  test('a message that could not be sent can be sent again, with the same id', async () => {
    const page = await open({ as: fresh() });
    const { deliver } = fixture;
    fixture.deliver = () => Promise.reject(new Error('away'));
    await page.type('textarea', 'balance');
    await page.keyboard.press('Enter');
    const retry = await page.waitForSelector('.retry', { timeout: 15_000 });
    fixture.deliver = deliver;
    // The browser reports every answer that is not a success.
    complaints = complaints.filter((text) => !text.includes('503'));
    await retry?.click();
    await page.waitForSelector('.mine [aria-label="Read"]');
    expect(await page.$$eval('.mine', (rows) => rows.length)).toBe(1);
  }, 30_000);

  test('a press is shown as what the button said, in every tab', async () => {
    const as = fresh();
    const [page, tab] = [await open({ as }), await open({ as })];
    await say(page, 'offers');
    await (await button(page, 'Borrow RM 10.00'))?.click();
    await tab.waitForFunction(
      () => [...document.querySelectorAll('.mine .said')].at(-1)?.textContent === 'Borrow RM 10.00',
    );
    expect(fixture.delivered.at(-1)).toMatchObject({ kind: 'press', token: 'token of Borrow RM 10.00' });
  });

  test('an offer without an action is shown without a button', async () => {
    const page = await open({ as: fresh() });
    await say(page, 'offers');
    const buttons = await page.$$eval('.offer', (offers) =>
      offers.map((offer) => offer.querySelectorAll('button').length),
    );
    expect(buttons).toEqual([1, 1, 0]);
    // The two offers' actions are on their cards; only the third is left below.
    expect(
      await page.$$eval('.theirs[data-newest=true] .action', (actions) =>
        actions.map(({ textContent }) => textContent),
      ),
    ).toEqual(['My balance']);
  });

  test('everything can be reached and used with the keyboard alone', async () => {
    const page = await open({ as: fresh() });
    const reached = new Set<string>();
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(
          () => document.activeElement?.textContent?.trim() || document.activeElement?.ariaLabel || '',
        ),
      );
    }
    const visible = await page.$$eval('button:enabled, select, input, textarea', (controls) =>
      controls
        .filter((control) => control.checkVisibility())
        .map((control) => control.textContent?.trim() || control.ariaLabel || ''),
    );
    expect(visible.filter((name) => !reached.has(name))).toEqual([]);
    expect(visible.length).toBeGreaterThan(30);
  });

  test.each([
    ['a desktop', { size: [1280, 800] }],
    ['a desktop in the dark', { size: [1280, 800], dark: true }],
    ['a tablet', { size: [900, 700] }],
    ['a phone', { size: [390, 844] }],
    ['a small phone in the dark', { size: [360, 740], dark: true }],
    ['a phone in Urdu', { size: [360, 740], as: 'amina', language: 'ur' }],
    ['a desktop in Urdu, in the dark', { size: [1280, 800], as: 'amina', language: 'ur', dark: true }],
  ] satisfies [string, Look][])(
    'has no accessibility violation and no sideways scroll on %s',
    async (_name, look: Look) => {
      const page = await open({ as: fresh(), ...look });
      if (!look.as) {
        await say(page, 'balance');
        await say(page, 'offers');
      }
      fixture.report({ stage: 'telco', title: 'purchase: refused', ms: 1200, ok: false });
      for (const pane of ['chat', 'world', 'log']) {
        const tab = await page.$(`[data-tab=${pane}]`);
        if (await tab?.isVisible()) await tab?.click();
        expect(await violations(page)).toEqual([]);
        expect(await overflow(page)).toBeLessThanOrEqual(0);
      }
    },
    30_000,
  );

  test('a right-to-left message is laid out right to left, whatever the page speaks', async () => {
    const page = await open({ as: 'amina', language: 'en' });
    const look = await page.$eval('.theirs', (row) => {
      const box = row.parentElement?.getBoundingClientRect();
      const bubble = row.querySelector('.bubble')?.getBoundingClientRect();
      return {
        direction: getComputedStyle(row).direction,
        atRight: Math.abs((box?.right ?? 0) - (bubble?.right ?? 99)) < 2,
      };
    });
    expect(look).toEqual({ direction: 'rtl', atRight: true });
    expect(await page.evaluate(() => document.documentElement.dir)).toBe('ltr');
    expect(await page.$eval('textarea', ({ placeholder }) => placeholder)).toBe('پیغام لکھیں');
  });

  test('a tall answer is shown from its beginning, with the question above it', async () => {
    const page = await open({ as: fresh() });
    await say(page, 'balance');
    const tops = await page.evaluate(() => {
      const top = document.querySelector('[role=log]')?.getBoundingClientRect().top ?? 0;
      return [...document.querySelectorAll('.mine, .theirs[data-newest=true]')].map(
        (row) => row.getBoundingClientRect().top - top,
      );
    });
    for (const top of tops) expect(top).toBeGreaterThanOrEqual(0);
  });

  test('the world is asked what its buttons say', async () => {
    const as = fresh();
    const page = await open({ as });
    for (const name of ['Use 50%', 'Comes twice', 'Error 500', 'Low data', 'RM\u00a010.00'])
      await (await button(page, name))?.click();
    await page.waitForFunction(() => document.querySelector('.world [role=status]')?.textContent === 'Done');
    await page.waitForNetworkIdle({ idleTime: 300, concurrency: 2 });
    const mine = fixture.asked.map(({ method, path, body }) => [
      `${method} ${path.replace(encodeURIComponent(as), 'me').replace(as, 'me')}`,
      body,
    ]);
    expect(mine).toEqual(
      expect.arrayContaining([
        ['POST subscribers/me/burn', { share: 0.5 }],
        ['POST subscribers/me/next-purchase', { mode: 'processing', callback: 'twice', callbackDelayMs: 3000 }],
        ['POST faults', { kind: '5xx-after', operation: 'purchasePlan', times: 1, subscriberId: as }],
        ['POST subscribers/me/notify', { type: 'low-data' }],
        ['POST subscribers/me/top-up', { amount: '10' }],
      ]),
    );
  });

  test('the live log shows this chat, or everybody, or waits', async () => {
    const as = fresh();
    const page = await open({ as });
    const titles = () => page.$$eval('.event-title', (rows) => rows.map(({ textContent }) => textContent));
    const shown = (count: number) =>
      page.waitForFunction((n) => document.querySelectorAll('.event').length === n, {}, count);
    fixture.report({ stage: 'turn', title: 'mine', conversation: `web.${as}`, ms: 12 });
    fixture.report({ stage: 'turn', title: 'somebody else’s', conversation: 'web.daniel~other' });
    await shown(1);
    expect(await titles()).toEqual(['mine']);
    await page.click('.log input[type=checkbox]');
    await shown(2);
    await (await button(page, 'Pause'))?.click();
    fixture.report({ stage: 'send', title: 'later', conversation: `web.${as}` });
    await page.waitForFunction(() => document.querySelector('.log')?.textContent?.includes('Paused: 1 waiting'));
    expect(await titles()).toHaveLength(2);
    await (await button(page, 'Go on'))?.click();
    await shown(3);
  });

  test('what telcos write is text, never markup', async () => {
    const as = fresh();
    const page = await open({ as });
    const text = '<img src=x onerror="document.title=1">' as Localized;
    await fixture.say(
      `web.${as}`,
      message([
        { type: 'heading', text },
        { type: 'text', text },
      ]),
    );
    await page.waitForFunction(() => document.querySelectorAll('.theirs[data-newest]').length === 2);
    expect(await page.$$eval('.theirs img', (images) => images.length)).toBe(0);
    expect(await page.title()).toBe('Refill');
  });

  test.each([
    ['en', 'Weekly 5 GB', [1280, 800], false],
    ['ur', 'ہفتہ وار 6 GB', [1280, 800], true],
  ] as const)('shows news as the template WhatsApp gets after 24 hours: %s', async (language, plan, size, dark) => {
    const as = fresh();
    const page = await open({ as, language, size, dark });
    const receipt = language === 'ur' ? 'رسید' : 'Receipt';
    await fixture.say(`web.${as}`, {
      ...message([{ type: 'heading', text: receipt as Localized }]),
      language,
      direction: language === 'ur' ? 'rtl' : 'ltr',
      notice: { name: 'purchase_completed', values: [plan as Localized, 'RM 5.00' as Localized] },
    });
    await page.click('[data-view=channels]');
    const template = await page.waitForSelector('[data-template=purchase_completed]');
    const text = await template?.evaluate(({ textContent }) => textContent);
    expect(text).toContain(plan);
    expect(text).toContain('RM 5.00');
    expect(await page.$$('[data-template]')).toHaveLength(1);
    expect(await overflow(page)).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: `${PICTURES}/notice-${language}.png` });
    await template?.$eval('button', (press) => press.click());
    await page.waitForFunction((count) => document.querySelectorAll('.frame .mine').length === count, {}, 3);
    expect(fixture.delivered.at(-1)).toMatchObject({ kind: 'press', token: expect.stringMatching(/^[a-z.-]+$/) });
    const label = await template?.$eval('button', ({ textContent }) => textContent);
    expect(await page.$eval('[data-channel=whatsapp] .mine', ({ textContent }) => textContent)).toContain(label);
  });

  describe('WhatsApp Web', () => {
    const banner = (page: Page, state: string) => page.waitForSelector(`aside.link[data-state="${state}"]`);
    const said = (page: Page) => page.$eval('aside.link [role=status]', ({ textContent }) => textContent);
    afterEach(() => {
      Object.assign(fixture.link, { state: { kind: 'closed' }, role: 'admin' });
    });

    test('is nothing to somebody who may only look', async () => {
      Object.assign(fixture.link, { state: { kind: 'pairing', qr: '2@first' }, role: 'viewer' });
      const page = await open({ as: fresh() });
      await page.waitForNetworkIdle({ idleTime: 200, concurrency: 2 });
      expect(await page.$('aside.link')).toBeNull();
    });

    test('is not spoken of where it is not in use', async () => {
      const page = await open({ as: fresh() });
      await page.waitForNetworkIdle({ idleTime: 200, concurrency: 2 });
      expect(await page.$('aside.link')).toBeNull();
    });

    test('shows the code to scan, then that it is connected, then that the link was lost', async () => {
      fixture.link.state = { kind: 'pairing', qr: '2@first' };
      const page = await open({ as: fresh() });
      await banner(page, 'scan');
      const code = () => page.$eval('.link-code img', (image) => (image as HTMLImageElement).src);
      const first = await code();
      const modules = await page.$eval('.link-code img', (image) => (image as HTMLImageElement).naturalWidth);
      expect(modules).toBeGreaterThan(0);
      expect(await violations(page)).toEqual([]);

      fixture.link.state = { kind: 'pairing', qr: '2@second' };
      await page.waitForFunction(
        (before) => document.querySelector<HTMLImageElement>('.link-code img')?.src !== before,
        {},
        first,
      );
      await (await button(page, 'Hide the code'))?.click();
      await page.waitForFunction(() => document.querySelector('.link-code') === null);

      fixture.link.state = { kind: 'ready' };
      await banner(page, 'connected');
      expect(await said(page)).toBe('WhatsApp Web is connected.');
      expect(await violations(page)).toEqual([]);
    });

    test('says why the link was lost, and that it is tried again', async () => {
      fixture.link.state = { kind: 'waiting', why: 'TIMEOUT', retryAt: Date.now() + 60_000 };
      const page = await open({ as: fresh() });
      await banner(page, 'disconnected');
      expect(await said(page)).toBe('WhatsApp Web lost its connection and is trying again.');
      expect(await page.$eval('aside.link code', ({ textContent }) => textContent)).toBe('TIMEOUT');
      fixture.link.state = { kind: 'pairing', qr: '2@again' };
      await banner(page, 'scan');
    });

    test.each([
      ['ur', false, [1280, 800]],
      ['es', true, [390, 844]],
    ] as const)('leaves room for the rest of the page: %s, dark %s, %s', async (language, dark, size) => {
      fixture.link.state = { kind: 'pairing', qr: '2@some,long,text,as,the,phone,wants,it==' };
      const page = await open({ as: fresh(), language, dark, size });
      await banner(page, 'scan');
      expect(await overflow(page)).toBe(0);
      expect(await violations(page)).toEqual([]);
      await page.screenshot({ path: `${PICTURES}/link-${language}.png` });
      await page.waitForSelector('textarea', { visible: true });
    });
  });
});
