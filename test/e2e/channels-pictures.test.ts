import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import type { MessageKey } from '../../bot/i18n/catalogues.js';
import { createTranslators, phrases } from '../../bot/i18n/index.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { launchBrowser, noBrowser, PICTURES } from '../support/browser.js';
import { SideBySide } from '../support/side-by-side.js';

/** Where the pictures go; docs/channels.md shows those that are kept in docs/images/channels. */

const PLANS = {
  daniel: { name: 'Weekly Internet 5 GB', price: 'RM 10.00' },
  amina: { name: 'ہفتہ وار انٹرنیٹ 6 GB', price: 'Rs 190' },
} as const;

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`every flow on three channels${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
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
    { locale: 'en' as const, persona: 'daniel' as const },
    { locale: 'ur' as const, persona: 'amina' as const },
  ])(
    'in $locale, each step pressed on another channel',
    async ({ locale, persona }) => {
      const { t } = createTranslators().for(locale, undefined);
      const say = (key: MessageKey) => plain(t(key));
      const id = `${persona}~${Math.random().toString(36).slice(2, 8)}`;
      const side = await SideBySide.open(browser, app.url, id, { width: 1280, height: 800, language: locale });
      const picture = async (step: string) => {
        const path = `${PICTURES}/channels-${locale}-${step}`;
        await side.screenshot(`${path}.png`);
        // Good enough to read, small enough to keep with the documentation.
        await side.console.page.screenshot({ path: `${path}.webp`, type: 'webp', quality: 80 });
      };
      const { name, price } = PLANS[persona];

      await side.sees(say('welcome.heading'));
      await picture('01-welcome');
      await side.press('slack', say('choice.nudges-on'));
      await side.sees(say('consent.on'));
      await side.press('whatsapp', say('choice.balance'));
      await side.sees(say('balance.heading'));
      await picture('02-balance');
      await side.press('teams', say('choice.offers'));
      await side.sees(say('offers.need-offers'));
      await picture('03-offers');
      await side.openList();
      await picture('04-offers-list');
      await side.press('whatsapp', name);
      await side.sees(say('offer.paid-from'));
      await picture('05-detail');
      await side.press('slack', plain(t('choice.buy-for', { price })));
      await side.sees(say('purchase.confirm-heading'));
      await picture('06-confirm');
      await side.press('teams', plain(t('choice.confirm-pay', { price })));
      await side.sees(say('purchase.on-its-way'));
      await picture('07-on-its-way');
      await side.sees(say('receipt.reference'));
      await picture('08-receipt');
      expect(app.sandbox.charges().filter(({ subscriberId }) => subscriberId === id)).toHaveLength(1);

      await side.hearsOf(() => app.sandbox.burn(id, { share: 0.97 }));
      await picture('09-nudge');
      await side.say(say('choice.help'));
      await side.sees(say('help.lead'));
      await picture('10-help');
      await side.say(say('choice.settings'));
      await side.sees(say('settings.nudges'));
      await picture('11-settings');
      await side.press('teams', say('choice.done'));
      await side.sees(say('settings.kept'));
      await side.say(phrases(locale)['top-up'][0] ?? '');
      await side.press('teams', say('choice.ask-someone'));
      await side.sees(say('top-up.which-number'));
      await side.press('slack', say('top-up.open-form'));
      await picture('12-top-up');
      await side.console.page.click('.sheet .icon-button');

      await side.say(phrases(locale).link[0] ?? '');
      await side.sees(say('link.ways'));
      await side.press('slack', say('choice.send-code'));
      await side.sees(say('link.which-number'));
      await picture('13-link');
      const other = { daniel: 'kavya', amina: 'omar' }[persona];
      await side.say(`+${app.sandbox.subscriber(other)?.msisdn ?? ''}`);
      await side.sees(say('link.type-code'));
      await picture('14-code');
      const codeIn = () => /\d{6}/.exec(app.sandbox.subscriber(other)?.messages.at(-1)?.text ?? '')?.[0];
      for (let left = 100; codeIn() === undefined && left > 0; left--)
        await new Promise((done) => setTimeout(done, 50));
      await side.say(codeIn() ?? '');
      await side.say(phrases(locale).lines[0] ?? '');
      await side.sees(say('lines.heading'));
      await picture('15-lines');
      expect(side.complaints).toEqual([]);
      await side.close();
    },
    120_000,
  );
});

/** As the page is searched: without the marks that isolate one direction from the other. */
function plain(text: string): string {
  return text.replaceAll(/[\u2066-\u2069]/g, '');
}
