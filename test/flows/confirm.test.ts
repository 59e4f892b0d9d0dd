import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Offer } from '../../bot/domain/offer.js';
import { TelcoRefused } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { purchasesOf } from '../support/purchases.js';
import { button, labels, offer, ordered, settle, toConfirmation, words } from './shop.js';

const MINUTE = 60_000;

const offers: Offer[] = [];
let refusal: TelcoRefused | undefined;
let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  const does = {
    offers: async () => {
      if (refusal !== undefined) throw refusal;
      return { state: 'need-offers', offers } as const;
    },
  };
  house = await openTurnHouse(offers, { does });
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  await settle(house);
  offers.splice(0, offers.length, offer('day', '2.00'), offer('week', '10.00'));
  refusal = undefined;
  house.known = { line: house.line };
  visit = new Visit(house);
});

/** From now on the telco sells `planId` like this. */
function sell(planId: string, change: Partial<Offer>): void {
  const at = offers.findIndex((one) => one.planId === planId);
  offers[at] = { ...offers[at], ...change } as Offer;
}

const count = async () => (await ordered(house)).length;

describe('what is ordered', () => {
  test('is what the confirmation showed, with the telco’s newest cookie', async () => {
    const confirmation = await toConfirmation(visit, 'day');
    sell('day', { context: 'a newer cookie' });
    expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('On its way');
    const [bought] = await ordered(house);
    expect(bought?.terms).toMatchObject({
      planId: 'day',
      price: { amount: '2.00', currency: 'MYR' },
      fundSource: 'wallet',
      context: 'a newer cookie',
    });
  });
});

describe('an offer that changed since it was shown is asked about again, before and after', () => {
  test.each<[string, Partial<Offer>, string[]]>([
    ['price', { price: { amount: '2.50', currency: 'MYR' } }, ['was RM 2.00, now it is RM 2.50', 'Pay RM 2.50']],
    ['currency', { price: { amount: '2.00', currency: 'USD' } }, ['was RM 2.00', 'Pay $2.00']],
    ['quota', { quotas: [{ unit: 'bytes', amount: 536_870_912n }] }, ['was 1 GB, now 512 MB', 'Pay RM 2.00']],
    ['validity', { validitySeconds: 3_600 }, ['was 1 day, now 1 hour', 'Pay RM 2.00']],
    ['name', { name: [{ language: 'en', text: 'Plan night' }] }, ['was Plan day, now Plan night', 'Pay RM 2.00']],
    ['fund source', { fundSource: 'loan' }, ['was Your balance, now A loan', 'This is a loan', 'Borrow RM 2.00']],
    [
      'description, where no field says how long it runs',
      { description: [{ language: 'en', text: 'Ends at midnight' }] },
      ['was All about day, now Ends at midnight'],
    ],
  ])('%s', async (_, change, shown) => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    sell('day', change);
    const again = await visit.token(button(confirmation, 'Pay RM 2.00'));
    for (const part of ['Please confirm', ...shown]) expect(words(again)).toContain(part);
    expect(await count()).toBe(before);
    // The old button is worth nothing now; the new one buys what it says.
    expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('That offer has expired');
    expect(await count()).toBe(before);
    await visit.token(button(await toConfirmation(visit, '(day|night)'), /^(Pay|Borrow) /));
    const [bought] = await ordered(house);
    expect(bought?.terms).toMatchObject({ price: offers[0]?.price, fundSource: offers[0]?.fundSource });
  });

  test('a quota list in another order, a price written otherwise and the kind of plan are no change', async () => {
    const quotas = [
      { unit: 'bytes', amount: 5n },
      { unit: 'sms', amount: 'unlimited' as const },
    ];
    sell('day', { quotas });
    const confirmation = await toConfirmation(visit, 'day');
    sell('day', { quotas: quotas.toReversed(), price: { amount: '2.0', currency: 'MYR' }, kind: 'Combo' });
    expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('On its way');
  });

  test('an offer that is gone leads to those that are left', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    offers.shift();
    const gone = await visit.token(button(confirmation, 'Pay RM 2.00'));
    expect(words(gone)).toContain('not available any more');
    expect(labels(gone).join()).toContain('Plan week');
    expect(await count()).toBe(before);
  });

  test('an offer that lost its price is not sold', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    const { price: _, ...priceless } = offers[0] as Offer;
    offers[0] = priceless;
    await visit.token(button(confirmation, 'Pay RM 2.00'));
    expect(await count()).toBe(before);
  });

  test('a changed list entry says so on the way to its detail page', async () => {
    const list = await visit.say('offers');
    sell('day', { quotas: [{ unit: 'bytes', amount: 536_870_912n }], price: { amount: '3.00', currency: 'MYR' } });
    const detail = words(await visit.token(button(list, /day/)));
    expect(detail).toContain('was 1 GB, now 512 MB');
    expect(detail).toContain('was RM 2.00, now RM 3.00');
  });

  test('what was a wallet offer in the list is called a loan before anything can be pressed', async () => {
    const list = await visit.say('offers');
    sell('day', { fundSource: 'loan' });
    const detail = await visit.token(button(list, /day/));
    expect(words(detail)).toContain('was Your balance, now A loan');
    expect(labels(detail)).toContain('Borrow for RM 2.00');
  });
});

describe('a confirmation', () => {
  test('pressed twice, or typed after it was pressed, is one order', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    const pay = button(confirmation, 'Pay RM 2.00');
    await visit.token(pay);
    sell('day', { price: { amount: '99.00', currency: 'MYR' } });
    expect(words(await visit.token(pay))).toContain('already on its way');
    expect(await count()).toBe(before + 1);
  });

  test('on two devices at once: one order, and the other is told which one is under way', async () => {
    const before = await count();
    const other = new Visit(house);
    const [here, there] = [await toConfirmation(visit, 'day'), await toConfirmation(other, 'week')];
    const from = house.sent.length;
    await Promise.all([visit.token(button(here, 'Pay RM 2.00')), other.token(button(there, 'Pay RM 10.00'))]);
    expect(await count()).toBe(before + 1);
    const answers = house.sent.slice(from).map(({ message }) => words(message));
    expect(answers.filter((said) => said.includes('On its way'))).toHaveLength(1);
    expect(answers.filter((said) => said.includes('I did not order'))).toHaveLength(1);
  });

  test('of another conversation means nothing here', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    const stranger = new Visit(house);
    await stranger.say('offers');
    expect(words(await stranger.token(button(confirmation, 'Pay RM 2.00')))).toContain('That offer has expired');
    expect(await count()).toBe(before);
  });

  test('means nothing once the conversation is about another line', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    const line = await house.ledger.ensureLine('digi', { type: 'MSISDN', value: '60123450001' });
    house.known = { line };
    expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('That offer has expired');
    expect(await purchasesOf(house.ledger, line.id, 10)).toEqual([]);
    expect(await count()).toBe(before);
  });

  test('means nothing once the line has another CPID: it may be another SIM’s', async () => {
    const before = await count();
    const withToken = (value: string) => ({ line: { ...house.line, key: { type: 'CPID', value } as const } });
    house.known = withToken('one');
    const confirmation = await toConfirmation(visit, 'day');
    house.known = withToken('two');
    expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('That offer has expired');
    expect(await count()).toBe(before);
    const again = await toConfirmation(visit, 'day');
    expect(words(await visit.token(button(again, 'Pay RM 2.00')))).toContain('On its way');
    const [bought] = await ordered(house);
    expect(bought && (await house.ledger.isConfirmedFor(bought, withToken('two').line))).toBe(true);
    expect(bought && (await house.ledger.isConfirmedFor(bought, withToken('one').line))).toBe(false);
  });

  test('pressed on the other line after it bought tells that line nothing', async () => {
    const confirmation = await toConfirmation(visit, 'day');
    await visit.token(button(confirmation, 'Pay RM 2.00'));
    house.known = { line: await house.ledger.ensureLine('digi', { type: 'MSISDN', value: '60123450002' }) };
    const answer = words(await visit.token(button(confirmation, 'Pay RM 2.00')));
    expect(answer).toContain('That offer has expired');
    expect(answer).not.toContain('on its way');
  });

  test.each(['price', 'planId', 'fundSource', 'quotas', 'name', 'shownAt'])(
    'whose saved terms were tampered with (%s) buys nothing',
    async (field) => {
      const before = await count();
      const confirmation = await toConfirmation(visit, 'day');
      const session = JSON.parse(visit.saved ?? '');
      const { state } = session.stack.at(-1);
      const other = {
        price: { amount: '1.00', currency: 'MYR' },
        planId: 'week',
        fundSource: 'loan',
        quotas: [],
        name: [],
      };
      state[field] = { ...other, shownAt: state.shownAt + 1 }[field as keyof typeof other | 'shownAt'];
      visit.saved = JSON.stringify(session);
      expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('That offer has expired');
      expect(await count()).toBe(before);
    },
  );

  test('that was shown more than half an hour ago is asked once more, even when it is shown anew', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    house.now += 31 * MINUTE;
    expect(words(await visit.token(button(confirmation, 'Pay RM 2.00')))).toContain('That offer has expired');
    await toConfirmation(visit, 'day');
    house.now += 31 * MINUTE;
    const shownAgain = await visit.say('balance');
    const again = await visit.token(button(shownAgain, 'Pay RM 2.00'));
    expect(words(again)).toContain('I showed you this a while ago');
    expect(await count()).toBe(before);
    await visit.token(button(again, 'Pay RM 2.00'));
    expect(await count()).toBe(before + 1);
  });

  test('that cannot be checked with the telco buys nothing, says so, and can be pressed again', async () => {
    const before = await count();
    const confirmation = await toConfirmation(visit, 'day');
    refusal = new TelcoRefused('too-many-requests');
    const answer = await visit.token(button(confirmation, 'Pay RM 2.00'));
    expect(words(answer)).toContain('very busy');
    expect(words(answer)).toContain('I have not ordered anything');
    expect(await count()).toBe(before);
    refusal = undefined;
    expect(words(await visit.token(button(answer, 'Pay RM 2.00')))).toContain('On its way');
    expect(await count()).toBe(before + 1);
  });
});

describe('another plan while one is under way', () => {
  async function meanwhile(event: 'accepted' | 'ambiguous'): Promise<string> {
    await visit.token(button(await toConfirmation(visit, 'day'), 'Pay RM 2.00'));
    const [{ id } = { id: '' }] = await ordered(house);
    await house.ledger.movePurchase(id, 'submit');
    await house.ledger.movePurchase(id, event);
    const before = await count();
    const said = words(await visit.token(button(await toConfirmation(visit, 'week'), 'Pay RM 10.00')));
    expect(await count()).toBe(before);
    expect(said).toContain('I did not order Plan week');
    return said;
  }

  test('is not ordered: one thing at a time', async () => {
    expect(await meanwhile('accepted')).toContain('Plan day is still on its way');
  });

  test('that nobody knows the end of is not ordered: it is still being checked, and that is said', async () => {
    const said = await meanwhile('ambiguous');
    expect(said).toContain('still checking with your operator whether Plan day went through');
    expect(said).not.toContain('on its way');
  });
});
