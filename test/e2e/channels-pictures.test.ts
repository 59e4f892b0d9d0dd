import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import type { MessageKey } from '../../bot/i18n/catalogues.js';
import { createTranslators, type Locale, phrases } from '../../bot/i18n/index.js';
import type { PhraseIntent } from '../../bot/i18n/phrases.js';
import type { MessageValues } from '../../bot/i18n/translator.js';
import { applySignal } from '../../bot/identity/signals.js';
import { CATALOGUE, findPlan } from '../../sandbox/catalogue/plans.js';
import { openTurnHouse, Visit } from '../conversation/turns.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { launchBrowser, noBrowser, PICTURES } from '../support/browser.js';
import { SideBySide } from '../support/side-by-side.js';
import type { WebClient } from '../support/web-client.js';

/** Where the pictures go; docs/channels.md shows those that are kept in docs/images/channels. */

const PLANS = {
  daniel: { name: 'Weekly Internet 5 GB', price: 'RM 10.00', plan: findPlan('MY', 'MY-DATA-7D-5GB') },
  amina: { name: 'ہفتہ وار انٹرنیٹ 6 GB', price: 'Rs 190', plan: findPlan('PK', 'PK-DATA-7D-6GB') },
} as const;
/** What the same plan costs when the operator raises its price. */
const RAISED = { daniel: { cost: '12.00', price: 'RM 12.00' }, amina: { cost: '210.00', price: 'Rs 210' } } as const;

/** Whose numbers get linked: in one test each, so that nobody else has them there. */
const OTHERS = {
  daniel: { first: 'kavya', second: 'ingrid', third: 'somchai' },
  amina: { first: 'omar', second: 'sofia', third: 'lucia' },
} as const;

const BOTH = [
  { locale: 'en' as const, persona: 'daniel' as const },
  { locale: 'ur' as const, persona: 'amina' as const },
];

const withBrowser = noBrowser === undefined ? describe : describe.skip;
withBrowser(`every flow on three channels${noBrowser === undefined ? '' : ` [${noBrowser}]`}`, () => {
  let app: TestApp;
  let browser: Browser;
  beforeAll(async () => {
    [app, browser] = await Promise.all([startTestApp(), launchBrowser()]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  test.each(BOTH)(
    'in $locale, each step pressed on another channel',
    async ({ locale, persona }) => {
      const { id, side, t, ask, picture } = await open(locale, persona);
      const { name, price } = PLANS[persona];

      await picture('01-welcome');
      await side.press('slack', t('choice.nudges-on'));
      await side.sees(t('consent.on'));
      await side.press('whatsapp', t('choice.balance'));
      await side.sees(t('balance.heading'));
      await picture('02-balance');
      await side.press('teams', t('choice.offers'));
      await side.sees(t('offers.need-offers'));
      await picture('03-offers');
      await side.openList();
      await picture('04-offers-list');
      await side.press('whatsapp', name);
      await side.sees(t('offer.paid-from'));
      await picture('05-detail');
      await side.press('slack', t('choice.buy-for', { price }));
      await side.sees(t('purchase.confirm-heading'));
      await picture('06-confirm');
      await side.press('teams', t('choice.confirm-pay', { price }));
      await side.sees(t('purchase.on-its-way'));
      await picture('07-on-its-way');
      await side.sees(t('receipt.reference'));
      await picture('08-receipt');
      expect(app.sandbox.charges().filter(({ subscriberId }) => subscriberId === id)).toHaveLength(1);

      await side.hearsOf(() => app.sandbox.burn(id, { share: 0.97 }));
      await picture('09-nudge');
      for (const frame of ['whatsapp', 'slack', 'teams'] as const) await side.toEnd(frame);
      await picture('35-nudge-template');
      await side.hearsOf(() => app.sandbox.notify(id, { type: 'low-monetary-balance' }));
      await side.toEnd('whatsapp');
      await picture('36-low-money');
      await ask('help');
      await side.sees(t('help.lead'));
      await picture('10-help');
      await ask('settings');
      await side.sees(t('settings.nudges'));
      await picture('11-settings');
      await side.press('teams', t('choice.done'));
      await side.sees(t('settings.kept'));
      await ask('top-up');
      await side.press('teams', t('choice.ask-someone'));
      await side.sees(t('top-up.which-number'));
      await side.press('slack', t('top-up.open-form'));
      await picture('12-top-up');
      await side.console.page.click('.sheet .icon-button');

      const { first } = OTHERS[persona];
      await ask('link');
      await side.press('slack', t('choice.send-code'));
      await side.sees(t('link.which-number'));
      await picture('13-link');
      const code = await codeSentTo(first, () => side.say(numberOf(first)));
      await side.sees(t('link.type-code'));
      await picture('14-code');
      await side.hearsOf(() => side.say(code));
      await ask('lines');
      await side.sees(t('lines.heading'));
      await picture('15-lines');
      expect(side.complaints).toEqual([]);
      await side.close();
    },
    240_000,
  );

  test.each(BOTH)(
    'in $locale, what goes wrong, and what is taken back',
    async ({ locale, persona }) => {
      const { id, side, t, ask, picture } = await open(locale, persona);
      const { name, price, plan } = PLANS[persona];
      const raised = RAISED[persona];
      const confirmation = async () => {
        await side.hearsOf(() => ask('offers'));
        await side.hearsOf(() => side.press('teams', name));
        await side.hearsOf(() => side.press('slack', t('choice.buy-for', { price })));
      };

      await side.hearsOf(() => side.press('slack', t('choice.nudges-on')));
      await side.hearsOf(() => ask('stop'));
      await picture('16-alerts');

      await confirmation();
      if (plan === undefined) throw new Error('not in the catalogue');
      const { cost } = plan;
      Object.assign(plan, { cost: raised.cost });
      try {
        await side.hearsOf(() => side.press('teams', t('choice.confirm-pay', { price })));
        await picture('17-price-changed');
        app.sandbox.nextPurchase(id, { errorType: 'INSUFFICIENT_FUNDS' });
        await side.press('teams', t('choice.confirm-pay', { price: raised.price }));
        await side.sees(t('failure.heading'));
        await picture('18-failed');
      } finally {
        Object.assign(plan, { cost });
      }

      await confirmation();
      app.sandbox.nextPurchase(id, { callback: 'never' });
      app.sandbox.addFault({ kind: '5xx-before', operation: 'purchasePlan', subscriberId: id });
      await side.press('whatsapp', t('choice.confirm-pay', { price }));
      await side.sees(t('purchase.checking', { name }));
      await picture('19-checking');
      await side.hearsOf(() => ask('purchases'));
      await picture('20-purchases');
      await side.hearsOf(() => ask('person'));
      await picture('21-person');
      await side.hearsOf(() => ask('forget'));
      await picture('22-forget');
      await side.hearsOf(() => side.press('slack', t('choice.forget-me')));
      await picture('23-forgotten');
      expect(app.sandbox.charges().filter(({ subscriberId }) => subscriberId === id)).toEqual([]);
      expect(side.complaints).toEqual([]);
      await side.close();
    },
    240_000,
  );

  test.each(BOTH)(
    'in $locale, whose number it is',
    async ({ locale, persona }) => {
      const { side, t, ask, picture } = await open(locale, persona);
      const { second, third } = OTHERS[persona];
      const askForCode = async (other: string) => {
        await side.hearsOf(() => ask('link'));
        await side.hearsOf(() => side.press('slack', t('choice.send-code')));
        return codeSentTo(other, () => side.hearsOf(() => side.say(numberOf(other))));
      };

      await side.hearsOf(() => ask('link'));
      await side.hearsOf(() => side.press('slack', t('choice.open-page')));
      await picture('24-phone-page');
      const code = await askForCode(second);
      await side.hearsOf(() => side.say(String((Number(code) + 1) % 1_000_000).padStart(6, '0')));
      await picture('25-wrong-code');
      await side.hearsOf(() => side.say(code));
      await picture('26-link-done');

      const newcomer = await app.subscriber(persona);
      await side.hearsOf(() => link(newcomer, locale, second));
      await picture('27-link-notice');
      const theirs = await open(locale, persona, newcomer.id);
      await side.hearsOf(() => side.press('whatsapp', t('choice.was-not-me')));
      // What only shows something notices it within seconds.
      const lost = t('barred.objected', { ways: 'some' });
      for (let left = 30; left > 0 && !(await theirs.side.shows('teams', lost)); left--)
        await theirs.side.hearsOf(() => theirs.ask('balance'));
      await theirs.side.sees(lost);
      await theirs.picture('28-link-lost');
      await theirs.side.close();

      const another = await askForCode(third);
      await side.hearsOf(() => side.say(another));
      await side.hearsOf(() => ask('lines'));
      await side.hearsOf(() => side.press('teams', `•••• ${numberOf(third).slice(-3)}`));
      await side.hearsOf(() => side.press('slack', t('choice.remove-line')));
      await side.hearsOf(() => side.press('whatsapp', t('choice.remove-line')));
      await side.hearsOf(() => ask('balance'));
      await side.sees(t('lines.which'));
      await picture('29-which-line');
      expect(side.complaints).toEqual([]);
      await side.close();
    },
    240_000,
  );

  test.each(BOTH)(
    'in $locale, somebody without a link, and somebody whose SIM card was changed',
    async ({ locale, persona }) => {
      const { side, t, picture } = await open(locale, persona);
      const house = await openTurnHouse([]);
      try {
        house.known = undefined;
        const visit = new Visit(house);
        const user = { channel: 'test', workspace: '', user: visit.id };
        const from = { ...user, address: 'here', locale };
        await side.hears(await visit.hear({ kind: 'text', text: phrases(locale).balance[0] ?? '', from }));
        await side.sees(t('link.needed'));
        await picture('30-no-link');

        const { ledger, line } = house;
        const proof = { operator: line.operator, key: line.key, method: 'code', source: 'chat' } as const;
        const made = await ledger.linkLine(user, { ...proof, youngForMs: 0, choose: true });
        await ledger.saveConversation({ id: visit.id, origin: from, lineId: line.id });
        const swapped = { what: 'block', reason: 'sim-swap', by: 'operator' } as const;
        await applySignal(ledger, { operator: line.operator, msisdn: line.key.value }, swapped);
        const ref = (await ledger.outboxFor('link-news', made.id))?.id ?? '';
        await side.hears(await visit.hear({ kind: 'system', name: 'link-news', ref }));
        await side.sees(t('barred.sim-swap', { ways: 'none' }));
        await picture('34-link-blocked');
      } finally {
        await house.close();
      }
      await side.close();
    },
    240_000,
  );

  test('without the money for anything: to top up, or to borrow', async () => {
    const poor = await open('en', 'somchai');
    await poor.side.hearsOf(() => poor.ask('offers'));
    await poor.side.sees(poor.t('offers.need-top-up'));
    await poor.picture('31-no-funds');
    await poor.side.close();

    const { side, t, ask, picture } = await open('es', 'lucia');
    await side.hearsOf(() => ask('offers'));
    await side.sees(t('offers.need-loans'));
    await picture('32-loans');
    const plan = CATALOGUE.GT.find(({ loan }) => loan);
    const name = plan?.name.find(({ language }) => language === 'es')?.text ?? '';
    await side.hearsOf(() => side.press('teams', name));
    const price = translatorFor('es').money({ amount: plan?.cost ?? '', currency: 'GTQ' });
    await side.hearsOf(() => side.press('slack', t('choice.borrow-for', { price })));
    await side.sees(t('purchase.loan-warning', { price }));
    await picture('33-confirm-loan');
    expect(side.complaints).toEqual([]);
    await side.close();
  }, 240_000);

  /** The conversation of a fresh copy of `persona`, or of `id`. Its pictures are named after `locale`. */
  async function open(locale: Locale, persona: string, id = `${persona}~${Math.random().toString(36).slice(2, 8)}`) {
    const t = (key: MessageKey, values?: MessageValues) => plain(translatorFor(locale).t(key, values));
    const side = await SideBySide.open(browser, app.url, id, { width: 1280, height: 800, language: locale });
    await side.sees(t('welcome.heading'));
    return {
      id,
      side,
      t,
      ask: (what: PhraseIntent) => side.say(phrases(locale)[what][0] ?? ''),
      picture: (step: string) => side.picture(`${PICTURES}/channels-${locale}-${step}.webp`),
    };
  }

  function numberOf(persona: string): string {
    return `+${app.sandbox.subscriber(persona)?.msisdn ?? ''}`;
  }

  /** The code that comes to this subscriber's phone because of `act`. */
  async function codeSentTo(persona: string, act: () => Promise<unknown>): Promise<string> {
    const messages = () => app.sandbox.subscriber(persona)?.messages ?? [];
    const before = messages().at(-1)?.at.valueOf();
    await act();
    for (let left = 400; left > 0; left--) {
      const latest = messages().at(-1);
      const code = latest?.at.valueOf() === before ? undefined : /\d{6}/.exec(latest?.text ?? '')?.[0];
      if (code !== undefined) return code;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`no code came to ${persona}`);
  }

  /** Another chat links this subscriber's number. */
  async function link(client: WebClient, locale: Locale, persona: string): Promise<void> {
    await client.hello();
    await client.say(phrases(locale).link[0] ?? '');
    const code = await codeSentTo(persona, () => client.say(numberOf(persona)));
    await client.say(code);
  }
});

function translatorFor(locale: Locale) {
  return createTranslators().for(locale, undefined);
}

/** As the page is searched: without the marks that isolate one direction from the other. */
function plain(text: string): string {
  return text.replaceAll(/[\u2066-\u2069]/g, '');
}
