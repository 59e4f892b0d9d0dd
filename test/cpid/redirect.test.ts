import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { Browser } from 'puppeteer-core';
import { type CpidRoutesOptions, cpidRoutes } from '../../bot/cpid/routes.js';
import { createHttp } from '../../bot/http.js';
import { createTranslators } from '../../bot/i18n/index.js';
import { createMetrics } from '../../bot/metrics.js';
import { launchBrowser, noBrowser } from '../support/browser.js';
import { silent } from '../support/stores.js';

const TOKEN = 'x'.repeat(43);
/** With every sign that means something in an address. */
const CPID = '1dHMdxPV4h2mc+UnXI0zJW/jQ8P8iUBdWZ7qcNIz8=,50212';
const ASKER = { channel: 'slack', workspace: 'T1', user: 'U1', conversationId: 'c', language: 'en' };

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`an operator that adds the CPID on the way back${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
  let http: FastifyInstance;
  let url: string;
  let browser: Browser;
  let linked: unknown[];
  let asked: string[];

  beforeAll(async () => {
    browser = await launchBrowser();
    http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => undefined });
    const options: CpidRoutesOptions = {
      settings: () => ({
        mode: 'redirect',
        url: `${url}/operator?app={app}&return={return}`,
        app: 'refill',
        operator: 'digi',
        pageUrl: url,
        maxTtlSeconds: 2_592_000,
      }),
      tickets: {
        issue: async () => TOKEN,
        look: async () => ({ state: 'open', asker: ASKER }),
        tryOnce: async () => true,
        take: async () => ASKER,
        putBack: async () => undefined,
      },
      translators: createTranslators(),
      linking: {
        complete: async (_asker, _method, { key }) => {
          linked.push(key);
          return {} as never;
        },
      },
      telcoFor: () => ({ account: async () => ({}) as never }),
      onOutcome: () => undefined,
      now: () => new Date(),
    };
    await http.register(cpidRoutes, options);
    http.get('/operator', async (request, reply) => {
      asked.push(request.headers.referer ?? 'no referrer');
      const { return: to = '' } = request.query as Record<string, string>;
      return reply.redirect(`${to}#${new URLSearchParams({ cpid: CPID, ttlSeconds: '3600' })}`);
    });
    url = await http.listen({ port: 0, host: '127.0.0.1' });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await http?.close();
  });

  async function open(address: string) {
    linked = [];
    asked = [];
    const page = await (await browser.createBrowserContext()).newPage();
    await page.goto(address);
    const shows = (state: string) =>
      page.waitForFunction((wanted: string) => document.body.dataset['now'] === wanted, { timeout: 15_000 }, state);
    return { page, shows };
  }

  test('one press: there, back, linked; the operator does not learn the link from a referrer', async () => {
    const { page, shows } = await open(`${url}/link/${TOKEN}`);
    await page.click('[data-state=open] button');
    await shows('done');
    expect(linked).toEqual([{ type: 'CPID', value: CPID }]);
    expect(asked).toEqual(['no referrer']);
    expect(page.url()).toBe(`${url}/link/${TOKEN}`);
    await page.browserContext().close();
  }, 60_000);

  test('whoever is sent to the operator with the way back to another’s link is linked to nobody without a press', async () => {
    const { page } = await open(`${url}/operator?return=${encodeURIComponent(`${url}/link/${TOKEN}`)}`);
    await page.waitForFunction(() => location.hash === '');
    expect(await page.$eval('[data-state=open]', (section) => (section as HTMLElement).hidden)).toBe(false);
    // Long enough for a request that must not be made.
    await page.waitForNetworkIdle();
    expect(linked).toEqual([]);
    await page.browserContext().close();
  }, 60_000);
});
