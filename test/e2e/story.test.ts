import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import type { MessageKey } from '../../bot/i18n/catalogues.js';
import { createTranslators } from '../../bot/i18n/index.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { ConsolePage, launchBrowser, noBrowser, PICTURES } from '../support/browser.js';

/** Where the pictures go: look at them after a change to the page. */

/** Two plans each persona can pay for, as the buttons say them. */
const PLANS = {
  daniel: [
    { name: 'Weekly Internet 5 GB', price: 'RM 10.00' },
    { name: 'Daily Internet 1 GB', price: 'RM 2.00' },
  ],
  amina: [
    { name: 'ہفتہ وار انٹرنیٹ 6 GB', price: 'Rs 190' },
    { name: 'روزانہ انٹرنیٹ 512 MB', price: 'Rs 28' },
  ],
} as const;

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`the whole story in a browser${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
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
    { name: 'english', persona: 'daniel' as const, locale: 'en', look: { width: 1280, height: 800 } },
    {
      name: 'urdu',
      persona: 'amina' as const,
      locale: 'ur',
      look: { width: 390, height: 844, dark: true, language: 'ur' },
    },
  ])(
    'in $name: balance → offers → buy → 202 → callback → receipt → burn data → nudge → buy from the nudge',
    async ({ name, persona, locale, look }) => {
      const { t } = createTranslators().for(locale, undefined);
      const id = `${persona}~${Math.random().toString(36).slice(2, 8)}`;
      const phone = await ConsolePage.open(browser, app.url, id, look);
      const picture = (step: string) => phone.screenshot(`${PICTURES}/${name}-${step}.png`);
      const say = (key: MessageKey) => t(key);

      await phone.press(say('choice.nudges-on'));
      await phone.sees(say('consent.on'));
      await picture('1-welcome');
      await phone.press(say('choice.balance'));
      await phone.sees(say('balance.heading'));
      await picture('2-balance');
      await phone.press(say('choice.offers'));
      await phone.sees(say('offers.need-offers'));
      await picture('3-offers');
      const [first, second] = PLANS[persona];
      await phone.press(first.name);
      await phone.sees(say('offer.paid-from'));
      await picture('4-detail');
      await phone.press(plain(t('choice.buy-for', { price: first.price })));
      await phone.sees(say('purchase.confirm-heading'));
      await picture('5-confirm');
      await phone.press(plain(t('choice.confirm-pay', { price: first.price })));
      await phone.sees(say('purchase.on-its-way'));
      await picture('6-on-its-way');
      await phone.sees(say('receipt.reference'));
      await picture('7-receipt');
      expect(chargesOf(id)).toHaveLength(1);

      await app.sandbox.burn(id, { share: 0.97 });
      await phone.sees(say('choice.more-offers'));
      await picture('8-nudge');
      await phone.press(second.name);
      await phone.press(plain(t('choice.confirm-pay', { price: second.price })));
      await phone.sees(plain(t('receipt.text', { name: second.name })));
      expect(chargesOf(id)).toHaveLength(2);
      await picture('9-bought-from-the-nudge');
      await phone.close();
    },
    90_000,
  );

  function chargesOf(id: string) {
    return app.sandbox.charges().filter(({ subscriberId }) => subscriberId === id);
  }
});

/** As `ConsolePage.sees` compares: without the marks that isolate one direction from the other. */
function plain(text: string): string {
  return text.replaceAll(/[\u2066-\u2069]/g, '');
}
