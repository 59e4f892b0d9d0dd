import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'puppeteer-core';
import { render as renderSlack } from '../../adapters/slack/render.js';
import { render as renderTeams } from '../../adapters/teams/render.js';
import { render as renderForPage } from '../../adapters/web/render.js';
import { render as renderWhatsApp } from '../../adapters/whatsapp/render.js';
import { readTemplates, templatesFor } from '../../adapters/whatsapp/templates.js';
import { previewRoutes } from '../../bot/app-previews.js';
import { createHttp } from '../../bot/http.js';
import type { MessageKey } from '../../bot/i18n/catalogues.js';
import { createTranslators, type Localized } from '../../bot/i18n/index.js';
import type { Message } from '../../bot/message/message.js';
import { toText } from '../../bot/message/text.js';
import { createMetrics } from '../../bot/metrics.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { arbitraryMessage } from '../support/arbitrary-message.js';
import { launchBrowser, noBrowser, PICTURES } from '../support/browser.js';
import { SideBySide } from '../support/side-by-side.js';
import { silent } from '../support/stores.js';

const translators = createTranslators();
const say = (text: string) => text as Localized;

const BALANCE: Message = {
  language: 'en',
  direction: 'ltr',
  blocks: [
    { type: 'heading', text: say('What you have left') },
    { type: 'facts', facts: [{ label: say('Money'), value: say('RM 25.00') }] },
    { type: 'gauge', label: say('Weekly'), share: 0.04, level: 'low', caption: say('204 MB of 5 GB left') },
    { type: 'text', text: say('Prices include tax.'), tone: 'hint' },
  ],
  actions: [
    { token: 'offers~1', label: say('See offers'), style: 'primary' },
    { token: 'help~1', label: say('Help'), style: 'default' },
  ],
};

const URDU: Message = {
  language: 'ur',
  direction: 'rtl',
  blocks: [
    { type: 'text', text: say('آپ کے لیے آفرز') },
    {
      type: 'offers',
      offers: [{ title: say('ہفتہ وار 6 GB'), price: say('Rs 190'), facts: [], action: 0 }],
    },
  ],
  actions: [
    { token: 'buy~1', label: say('ہفتہ وار 6 GB · Rs 190'), style: 'default' },
    { token: 'help~1', label: say('مدد'), style: 'default' },
  ],
};

const FORM: Message = {
  ...BALANCE,
  form: {
    token: 'form~1',
    title: say('Ask for a top-up'),
    open: say('Fill in a form'),
    submit: say('Continue'),
    fields: [{ name: 'number', kind: 'phone', label: say('Their mobile number') }],
  },
  notice: { name: 'no_such_template', values: [say('Weekly')] },
};

describe('what the channels would be sent, for the page', () => {
  let http: FastifyInstance;
  beforeAll(async () => {
    http = createHttp({ log: silent, metrics: createMetrics(), ready: async () => {} });
    await http.register(previewRoutes, { translators });
  });
  afterAll(() => http.close());

  function ask(message: unknown, headers: Record<string, string> = {}) {
    return http.inject({
      method: 'POST',
      url: '/console/preview',
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify({ message }),
    });
  }

  const asTheChannelsDo = (message: Message, words: { choose: string; offers: string; more: string }) => ({
    slack: JSON.parse(JSON.stringify(renderSlack(message, { id: 'preview', place: '' }))),
    teams: JSON.parse(renderTeams(message, {})),
    whatsapp: JSON.parse(JSON.stringify(renderWhatsApp(message, words) ?? null)),
    hidden: null,
    notice: null,
    text: toText(message),
  });

  test.each([
    ['a balance', BALANCE, { choose: 'Choose', offers: 'Offers', more: 'More' }],
    ['offers in Urdu', URDU, { choose: 'منتخب کریں', offers: 'آفرز', more: 'مزید' }],
    ['a form', FORM, { choose: 'Choose', offers: 'Offers', more: 'More' }],
  ])('%s is what the channels’ own renderers make of it', async (_name, message, words) => {
    const answer = await ask(renderForPage(message, 'id', 0));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual(asTheChannelsDo(message, words));
    for (const { token } of message.actions) expect(answer.body).toContain(token);
  });

  test.each([
    ['en', 'Super 10 GB'],
    ['ur', 'سپر 10 GB'],
  ])('news shows the template that WhatsApp gets after 24 hours, filled in: %s', async (language, plan) => {
    const notice = { name: 'purchase_completed', values: [say(plan), say('RM 5.00')] };
    const [template] = templatesFor(readTemplates(), notice, language);
    const answer = (await ask(renderForPage({ ...BALANCE, language, notice }, 'id', 0))).json();
    expect(answer.notice).toMatchObject({ name: 'purchase_completed', language });
    expect(answer.notice.body).toContain(plan);
    expect(answer.notice.body).toContain('RM 5.00');
    expect(answer.notice.body).not.toMatch(/[{}]/);
    const sent = JSON.stringify(template);
    for (const { payload } of answer.notice.buttons) expect(sent).toContain(JSON.stringify(payload));
  });

  test('a question for the number shows WhatsApp’s own button too, as whoever hides their number gets it', async () => {
    const asking: Message = { ...FORM, asksNumber: true };
    const { whatsapp, hidden } = (await ask(renderForPage(asking, 'id', 0))).json();
    expect(hidden.interactive).toMatchObject({
      type: 'request_contact_info',
      action: { name: 'request_contact_info' },
    });
    const words = { choose: 'Choose', offers: 'Offers', more: 'More' };
    expect(hidden).toEqual(renderWhatsApp(asking, words, { knowsNumber: false }));
    expect(whatsapp).toEqual(renderWhatsApp(asking, words));
  });

  test('whatever the page may hold has a preview', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryMessage(), async (message) => {
        const answer = await ask(renderForPage(message, 'id', 0));
        expect(answer.statusCode).toBe(200);
        expect(Object.keys(answer.json())).toEqual(['slack', 'teams', 'whatsapp', 'hidden', 'notice', 'text']);
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  test('a form of another page is refused', async () => {
    expect((await ask(BALANCE, { 'content-type': 'application/x-www-form-urlencoded' })).statusCode).toBe(415);
  });

  test.each([
    ['no message', undefined, 'message'],
    ['a block of no known kind', { ...BALANCE, blocks: [{ type: 'video' }] }, 'message.blocks.0.type'],
    ['more blocks than the page holds', { ...BALANCE, blocks: Array(51).fill(BALANCE.blocks[0]) }, 'message.blocks'],
  ])('%s is refused, naming the field', async (_name, message, field) => {
    const answer = await ask(message);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ field });
  });

  test('a megabyte is too much', async () => {
    const blocks = [{ type: 'text', text: 'x'.repeat(1024 * 1024) }];
    expect((await ask({ ...BALANCE, blocks })).statusCode).toBe(413);
  });
});

/** Where the pictures go: look at them after a change to the page. */
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`side by side${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    [app, browser] = await Promise.all([startTestApp(), launchBrowser()]);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test.each([
    { name: 'english', locale: 'en', persona: 'daniel', look: { width: 1280, height: 800 } },
    { name: 'english-dark', locale: 'en', persona: 'daniel', look: { width: 1280, height: 800, dark: true } },
    { name: 'urdu', locale: 'ur', persona: 'amina', look: { width: 1280, height: 800, language: 'ur' } },
    {
      name: 'urdu-phone',
      locale: 'ur',
      persona: 'amina',
      look: { width: 390, height: 844, dark: true, language: 'ur' },
    },
  ])(
    '$name: hello, balance in one frame, offers in another, one of them in the third',
    async ({ name, persona, locale, look }) => {
      const { t } = translators.for(locale, undefined);
      const words = (key: MessageKey) => t(key);
      const side = await SideBySide.open(browser, app.url, fresh(persona), look);
      await side.sees(words('welcome.heading'));
      await side.press('whatsapp', words('choice.balance'));
      await side.sees(words('balance.heading'));
      await side.screenshot(`${PICTURES}/side-by-side-${name}-1-balance.png`);
      await side.press('slack', words('choice.offers'));
      await side.sees(words('offers.need-offers'));
      await side.screenshot(`${PICTURES}/side-by-side-${name}-2-offers.png`);
      expect(await violations(side.console.page)).toEqual([]);
      await side.openList();
      await side.screenshot(`${PICTURES}/side-by-side-${name}-3-list.png`);
      expect(await violations(side.console.page)).toEqual([]);
      await side.console.page.keyboard.press('Escape');
      await side.console.page.waitForFunction(() => document.querySelector('.sheet') === null);
      await side.press('teams', persona === 'daniel' ? 'Weekly Internet 5 GB' : 'ہفتہ وار انٹرنیٹ 6 GB');
      await side.sees(words('offer.paid-from'));
      await side.screenshot(`${PICTURES}/side-by-side-${name}-4-detail.png`);
      expect(await side.console.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThan(1);
      expect(side.complaints).toEqual([]);
      await side.close();
    },
    60_000,
  );

  test.each(['slack', 'teams'] as const)(
    'a form filled in on %s asks somebody for a top-up',
    async (frame) => {
      const { t } = translators.for('en', undefined);
      const side = await SideBySide.open(browser, app.url, fresh('somchai'), { width: 1280, height: 800 });
      const { page } = side.console;
      await side.say(t('choice.top-up'));
      await side.press('teams', t('choice.ask-someone'));
      await side.sees(t('top-up.which-number'));
      if (frame === 'slack') await side.press('slack', t('top-up.open-form'));
      const inputs = frame === 'slack' ? '.sheet input' : '[data-channel=teams] .row:last-child input';
      await page.waitForSelector(inputs);
      const fields = await page.$$(inputs);
      for (const [index, value] of ['+47 900 00 000', 'Mei', 'Som'].entries()) await fields[index]?.type(value);
      await side.screenshot(`${PICTURES}/side-by-side-form-${frame}.png`);
      await side.press(frame, t('choice.continue'));
      await side.sees(t('top-up.confirm'));
      expect(side.complaints).toEqual([]);
      await side.close();
    },
    60_000,
  );

  test('the receipt takes the place of “On its way” where the channel edits, and WhatsApp’s number button is there', async () => {
    const { t } = translators.for('en', undefined);
    const price = { price: say('RM 10.00') };
    const side = await SideBySide.open(browser, app.url, fresh('daniel'), { width: 1280, height: 800 });
    await side.say(t('choice.offers'));
    await side.press('teams', 'Weekly Internet 5 GB');
    await side.press('slack', t('choice.buy-for', price));
    await side.press('whatsapp', t('choice.confirm-pay', price));
    await side.sees(t('purchase.on-its-way'));
    await side.sees(t('receipt.reference'));
    const told = async (words: string) => ({
      whatsapp: await side.shows('whatsapp', words),
      slack: await side.shows('slack', words),
      teams: await side.shows('teams', words),
    });
    expect(await told(t('purchase.on-its-way'))).toEqual({ whatsapp: true, slack: false, teams: false });
    await side.say('link my number');
    await side.press('slack', t('choice.send-code'));
    await side.sees(t('link.which-number'));
    expect(await told('Share contact info')).toEqual({ whatsapp: true, slack: false, teams: false });
    expect(await violations(side.console.page)).toEqual([]);
    expect(side.complaints).toEqual([]);
    await side.close();
  }, 120_000);

  test('the phone alone fetches nothing of it', async () => {
    const page = await browser.newPage();
    const fetched: string[] = [];
    page.on('request', (request) => fetched.push(new URL(request.url()).pathname));
    await page.goto(`${app.url}/?as=${fresh('daniel')}`);
    await page.waitForSelector('[role=log] article');
    expect(fetched.filter((path) => /side-by-side|preview/.test(path))).toEqual([]);
    expect(fetched.some((path) => path.endsWith('.js'))).toBe(true);
    await page.close();
  });
});

function fresh(persona: string): string {
  return `${persona}~${Math.random().toString(36).slice(2, 8)}`;
}

async function violations(page: Page): Promise<unknown[]> {
  // Through the debugger, which the content security policy of the page does not bind.
  const session = await page.createCDPSession();
  await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
  const expression = `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
    violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, failureSummary }) => [target.join(' '), failureSummary]) })))`;
  const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  return result.value;
}
