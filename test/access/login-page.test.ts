import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { en } from '../../console/src/i18n/en.js';
import { es } from '../../console/src/i18n/es.js';
import { ur } from '../../console/src/i18n/ur.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { launchBrowser, noBrowser, PICTURES } from '../support/browser.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const CATALOGUES = { en, es, ur };

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`the door of the console${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
  let app: TestApp;
  let browser: Browser;
  let complaints: string[];
  beforeAll(async () => {
    [app, browser] = await Promise.all([startTestApp({ HOST: '0.0.0.0' }), launchBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  async function open(
    language: keyof typeof CATALOGUES,
    [width, height]: [number, number],
    dark = false,
  ): Promise<Page> {
    const page = await (await browser.createBrowserContext()).newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    // A refused login is an error to the browser's console, and none of ours.
    page.on('console', (entry) => {
      if (entry.type() === 'error' && !/status of 401/.test(entry.text())) complaints.push(entry.text());
    });
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
    await page.evaluateOnNewDocument((code) => localStorage.setItem('refill.language', code), language);
    await page.goto(`${local()}/`);
    await page.waitForSelector('#door-token');
    return page;
  }
  const local = () => app.url.replace('0.0.0.0', '127.0.0.1');
  const textOf = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent);

  async function violations(page: Page): Promise<unknown> {
    const session = await page.createCDPSession();
    await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
    const expression =
      "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.map(({ id }) => id))";
    const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    return result.value;
  }

  test.each([
    ['en', [1280, 800], false],
    ['es', [390, 844], false],
    ['ur', [320, 640], true],
  ] as const)(
    'in %s at %j: its words, its direction, nothing cut off, within reach of everybody',
    async (language, size, dark) => {
      const page = await open(language, [...size], dark);
      const words = CATALOGUES[language];
      expect(await textOf(page, '.door h2')).toBe(words['login.heading']);
      expect(await textOf(page, 'label[for=door-token]')).toBe(words['login.token-label']);
      expect(await page.$eval('html', ({ dir }) => dir)).toBe(language === 'ur' ? 'rtl' : 'ltr');
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      expect(await violations(page)).toEqual([]);
      await page.screenshot({ path: `${PICTURES}/login-${language}.png` });
      // By keyboard alone: a wrong token is refused in words.
      await page.focus('#door-token');
      await page.keyboard.type('x'.repeat(43));
      await page.keyboard.press('Enter');
      await page.waitForSelector('.door-trouble');
      expect(await textOf(page, '.door-trouble')).toBe(words['login.failed']);
      await page.screenshot({ path: `${PICTURES}/login-${language}-refused.png` });
      expect(complaints).toEqual([]);
      await page.browserContext().close();
    },
    60_000,
  );

  test('the printed link leads in and leaves the address; logging out shuts the door again', async () => {
    const page = await open('en', [1280, 800]);
    await page.goto((app.console ?? '').replace('localhost', '127.0.0.1'));
    await page.waitForSelector('dialog[open]');
    expect(page.url()).toBe(`${local()}/`);
    await page.goto(`${local()}/?as=daniel`);
    await page.waitForSelector('[role=log] article');
    await page.screenshot({ path: `${PICTURES}/login-inside.png` });
    await page.setViewport({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(
      await page.$$eval('.top > *', (parts) => parts.every((part) => part.getBoundingClientRect().right <= innerWidth)),
    ).toBe(true);
    await page.screenshot({ path: `${PICTURES}/login-inside-small.png` });
    const leave = await page.waitForSelector(`::-p-aria([name="${en['login.leave']}"][role="button"])`);
    await leave?.click();
    await page.waitForSelector('#door-token');
    expect(complaints).toEqual([]);
  }, 60_000);
});
