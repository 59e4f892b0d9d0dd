import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { createTranslators } from '../../bot/i18n/index.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { launchBrowser, noBrowser, PICTURES } from '../support/browser.js';
import { words } from '../support/web-client.js';

/** Where the pictures go: look at them after a change to the page. */
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What somebody says who wants to link. */
const PHRASES = { en: 'link', es: 'vincular', ur: 'لنک' };

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`the CPID page on a phone${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    [app, browser] = await Promise.all([startTestApp(), launchBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  /** A subscriber who asked for a link, and a phone of 390 pixels that opened it. */
  async function opened(persona: string, locale: string, { dark = false } = {}) {
    const { t } = createTranslators().for(locale, undefined);
    const client = await app.subscriber(persona);
    await client.hello();
    const ways = await client.press(await client.say(PHRASES[locale as keyof typeof PHRASES]), t('choice.open-page'));
    const link = ways.blocks.find(({ type }) => type === 'link') as unknown as { url: string };
    const page = await (await browser.createBrowserContext()).newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => void problems.push(String(error)));
    page.on('console', (message) => {
      // A refusal of the operator shows as a failed request: that is what the page is about.
      if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
        problems.push(message.text());
    });
    await page.setViewport({ width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.goto(link.url);
    return { client, page, problems, url: link.url, t };
  }

  /** Resolves when the page shows this state, with the title that goes with it, and nothing else. */
  async function shows(page: Page, state: string, title: string): Promise<void> {
    const only = (wanted: string) => {
      const shown = [...document.querySelectorAll<HTMLElement>('[data-state]')].filter((section) => !section.hidden);
      return shown.length === 1 && shown[0]?.dataset['state'] === wanted;
    };
    await page.waitForFunction(only, { timeout: 15_000 }, state);
    expect(await page.$eval(`[data-state=${state}] h1`, (found) => found.textContent)).toBe(title);
  }

  async function accessible(page: Page): Promise<void> {
    // The page's own policy lets nothing in: the checker comes from outside of it.
    const session = await page.createCDPSession();
    await session.send('Runtime.evaluate', { expression: axe });
    const { result } = await session.send('Runtime.evaluate', {
      expression:
        'axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => [id, nodes[0].html])))',
      awaitPromise: true,
    });
    expect(JSON.parse(result.value as string)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    expect(wide).toBe(false);
  }

  test.each([
    { persona: 'daniel', locale: 'en', dir: 'ltr', dark: false },
    { persona: 'lucia', locale: 'es', dir: 'ltr', dark: false },
    { persona: 'amina', locale: 'ur', dir: 'rtl', dark: true },
  ])(
    'in $locale: open → asking → done, and the chat is told',
    async ({ persona, locale, dir, dark }) => {
      const { client, page, problems, t } = await opened(persona, locale, { dark });
      app.sandbox.mobileData('daniel');
      expect(await page.$eval('html', (html) => [html.lang, html.dir])).toEqual([locale, dir]);
      await shows(page, 'open', t('cpid.title'));
      await accessible(page);
      await page.screenshot({ path: `${PICTURES}/cpid-${locale}-1-open.png` });
      await page.click('[data-state=open] button');
      await shows(page, 'done', t('cpid.done-title'));
      await accessible(page);
      await page.screenshot({ path: `${PICTURES}/cpid-${locale}-3-done.png` });
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
      expect(words(await client.next(30_000)).length).toBeGreaterThan(10);
      await page.reload();
      await shows(page, 'used', t('cpid.used-title'));
      await accessible(page);
      expect(problems).toEqual([]);
      await page.browserContext().close();
    },
    60_000,
  );

  test.each(['en', 'ur'])(
    'in %s: on Wi-Fi it says to turn it off, and trying again on mobile data works',
    async (locale) => {
      const { page, problems, t } = await opened(locale === 'en' ? 'daniel' : 'amina', locale);
      app.sandbox.mobileData(null);
      await page.click('[data-state=open] button');
      await shows(page, 'wifi', t('cpid.wifi-title'));
      await accessible(page);
      await page.screenshot({ path: `${PICTURES}/cpid-${locale}-2-wifi.png` });
      app.sandbox.mobileData('daniel');
      await page.click('[data-state=wifi] button');
      await shows(page, 'done', t('cpid.done-title'));
      expect(problems).toEqual([]);
      await page.browserContext().close();
    },
    60_000,
  );

  test('an endpoint that does not answer at all is taken for Wi-Fi too', async () => {
    const { page, t } = await opened('daniel', 'en');
    await page.setRequestInterception(true);
    page.on('request', (request) => void (request.url().includes('/cpid?') ? request.abort() : request.continue()));
    await page.click('[data-state=open] button');
    await shows(page, 'wifi', t('cpid.wifi-title'));
    await page.browserContext().close();
  }, 60_000);

  test.each([
    ['UNKNOWN_SUBSCRIBER_ID', 'refused'],
    ['USER_BARRED', 'refused'],
    ['UNSUPPORTED_OPERATOR', 'refused'],
    ['INTERNAL_ERROR', 'later'],
    ['something new', 'later'],
  ] as const)(
    'when the operator says %s: %s',
    async (cause, state) => {
      const { page, t } = await opened('daniel', 'en');
      await page.setRequestInterception(true);
      page.on('request', (request) => {
        if (!request.url().includes('/cpid?')) return void request.continue();
        void request.respond({
          status: 403,
          headers: { 'access-control-allow-origin': '*' },
          contentType: 'application/json',
          body: JSON.stringify({ cause }),
        });
      });
      await page.click('[data-state=open] button');
      await shows(page, state, t(state === 'refused' ? 'cpid.refused-title' : 'cpid.later-title'));
      await accessible(page);
      await page.browserContext().close();
    },
    60_000,
  );

  test('a link that nobody made has expired, and offers nothing to press', async () => {
    const page = await (await browser.createBrowserContext()).newPage();
    await page.setViewport({ width: 390, height: 844 });
    const response = await page.goto(`${app.url}/link/${'x'.repeat(43)}`);
    expect(response?.status()).toBe(410);
    await shows(page, 'expired', 'This link has expired');
    await accessible(page);
    const pressable = await page.$$eval('button', (all) => all.filter((button) => button.offsetParent !== null).length);
    expect(pressable).toBe(0);
    await page.browserContext().close();
  }, 60_000);

  test('a CPID that somebody else put behind the # leaves the address, and waits for a press', async () => {
    const { page, url, t } = await opened('daniel', 'en');
    const response = await fetch(`${app.sandbox.url}/cpid?app=refill`);
    const { cpid } = (await response.json()) as { cpid: string };
    await page.goto('about:blank');
    // As an operator that encodes nothing would send it.
    await page.goto(`${url}#cpid=${cpid}&ttlSeconds=3600`);
    await shows(page, 'open', t('cpid.title'));
    expect(page.url()).toBe(url);
    await page.click('[data-state=open] button');
    await shows(page, 'done', t('cpid.done-title'));
    expect(page.url()).toBe(url);
    await page.browserContext().close();
  }, 60_000);

  test('nothing runs on the page but its own script', async () => {
    const { page } = await opened('daniel', 'en');
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.body.dataset.hacked = "yes"';
      document.body.append(script);
      return document.body.dataset['hacked'];
    });
    expect(ran).toBeUndefined();
    const reached = await page.evaluate(() =>
      fetch('https://evil.example/').then(
        () => true,
        () => false,
      ),
    );
    expect(reached).toBe(false);
    await page.browserContext().close();
  }, 60_000);
});
