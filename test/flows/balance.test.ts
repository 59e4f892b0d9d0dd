import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ActivePlan, Balance } from '../../bot/domain/balance.js';
import { NOTIFICATION_TYPES, type NotificationType } from '../../bot/domain/notification.js';
import type { OfferList } from '../../bot/domain/offer.js';
import type { Gauge } from '../../bot/domain/quota.js';
import type { Message } from '../../bot/message/message.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { offer, words } from './shop.js';

/* What is said of a balance, asked for or not, where a telco tells less of it than it might. */

const NOTHING_TOLD: Balance = { plans: [], plansMissing: true };
const NO_PLANS: Balance = { plans: [] };

const OFFERS: OfferList = { state: 'need-offers', offers: [offer('day', '2.00')] };
const LOAN = offer('advance', '3.00', { fundSource: 'loan' });

let balance: Balance;
let offers: OfferList;
let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  house = await openTurnHouse([], { does: { balance: async () => balance, offers: async () => offers } });
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  [balance, offers] = [NO_PLANS, OFFERS];
  visit = new Visit(house);
  await visit.say('hello');
});

function plan(name: string, gauges: readonly Gauge[], change: Partial<ActivePlan> = {}): ActivePlan {
  return { id: name, name: [{ language: 'en', text: name }], description: [], gauges, applications: [], ...change };
}

const gauge = (unit: string, remaining: bigint): Gauge => ({ unit, quota: 100n, remaining });

describe('the balance', () => {
  test('says that there is no plan only where the telco said so', async () => {
    expect(words(await visit.say('balance'))).toContain('You have no active plan.');
    balance = NOTHING_TOLD;
    const untold = words(await visit.say('balance'));
    expect(untold).toContain('Your operator did not list any plans.');
    expect(untold).not.toContain('no active plan');
  });

  test('shows a plan of which the telco told no measures, by its name and its end', async () => {
    const expiresAt = new Date('2037-12-31T23:59:00Z');
    const plans = [
      plan('Fair use', [], { expiresAt }),
      plan('Roaming', []),
      plan('Video', [], { applications: ['video'] }),
    ];
    balance = { plans: [...plans, plan('Super', [gauge('bytes', 50n)])] };
    const message = await visit.say('balance');
    expect(message?.blocks.filter(({ type }) => type === 'gauge')).toHaveLength(1);
    expect(message?.blocks).toContainEqual({
      type: 'facts',
      facts: [
        { label: 'Fair use', value: 'Active until Thu, 31 Dec 2037, 23:59' },
        { label: 'Roaming', value: 'Active' },
        { label: 'Video (only for video)', value: 'Active' },
      ],
    });
  });
});

/** The telco says so; what its subscriber hears. */
async function notified(type: NotificationType, planName?: string): Promise<Message | undefined> {
  await house.ledger.setConsent(visit.id, NOTIFICATION_TYPES, true, 'test');
  const found = await house.ledger.addNudge({
    ...{ operator: house.line.operator, transactionId: randomUUID(), type },
    ...{
      lineId: house.line.id,
      conversationId: visit.id,
      planName: planName === undefined ? [] : [{ language: 'en', text: planName }],
    },
  });
  const ref = found?.id ?? '';
  return visit.hear({ kind: 'system', name: 'nudge', ref } as Parameters<Visit['hear']>[0]);
}

describe('a nudge about data', () => {
  test.each<[string, Balance]>([
    ['no list of plans', NOTHING_TOLD],
    ['a plan for one application only', { plans: [plan('Video', [gauge('bytes', 50n)], { applications: ['video'] })] }],
    ['a plan of calls only', { plans: [plan('Talk', [gauge('voice-minutes', 50n)])] }],
  ])('says what the telco said where the balance holds %s', async (_what, told) => {
    balance = told;
    expect(words(await notified('low-data'))).toContain('your data is running low');
    visit = new Visit(house);
    await visit.say('hello');
    expect(words(await notified('out-of-data'))).toContain('You are out of data');
  });

  test('says that there is none left where there is no plan', async () => {
    expect(words(await notified('low-data'))).toContain('You are out of data');
  });

  test('goes by the time that is left where data is sold by time', async () => {
    balance = { plans: [plan('Hours', [gauge('data-minutes', 10n)])] };
    expect(words(await notified('out-of-data'))).toContain('your data is running low');
    visit = new Visit(house);
    await visit.say('hello');
    balance = { plans: [plan('Hours', [gauge('data-minutes', 90n)])] };
    expect(await notified('low-data')).toBeUndefined();
  });
});

describe.each<[NotificationType, string, string]>([
  ['pay-as-you-go', 'pay for every megabyte.', 'A plan may be cheaper:'],
  ['monetary-reload', 'Your top-up has arrived.', 'Here is what you can get for it:'],
])('a nudge of %s', (type, news, lead) => {
  test('leads over to offers that money can buy', async () => {
    const texts = (await notified(type))?.blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])) ?? [];
    expect(texts[0]).toContain(news);
    expect(texts[1]).toBe(lead);
  });

  test.each<[string, OfferList]>([
    ['loans', { state: 'need-loans', offers: [LOAN] }],
    ['nothing that the money covers', { state: 'need-top-up', offers: [] }],
    ['nothing', { state: 'good-to-go', offers: [] }],
  ])('promises nothing where %s can be had', async (_what, list) => {
    offers = list;
    const heard = words(await notified(type));
    expect(heard).toContain(news);
    expect(heard).not.toContain(lead);
  });
});

test('a nudge with a loan among its offers says how a loan is paid back', async () => {
  const note = 'A loan is paid back from your next top-up.';
  expect(words(await notified('low-monetary-balance'))).not.toContain(note);
  visit = new Visit(house);
  await visit.say('hello');
  offers = { ...OFFERS, offers: [...OFFERS.offers, LOAN] };
  expect(words(await notified('low-monetary-balance'))).toContain(note);
});

describe.each<NotificationType>(['pack-near-consumption', 'pack-consumed', 'pack-expired'])('a nudge of %s', (type) => {
  test('is dropped once the plan is there anew', async () => {
    balance = { plans: [plan('Super', [gauge('bytes', 0n)]), plan('Super', [gauge('bytes', 98n)])] };
    expect(await notified(type, 'Super')).toBeUndefined();
  });

  test.each<[string, readonly ActivePlan[]]>([
    ['another plan is full', [plan('Other', [gauge('bytes', 100n)])]],
    ['a part of it is used up', [plan('Super', [gauge('bytes', 100n), gauge('sms', 0n)])]],
    ['it shows and has ended', [plan('Super', [gauge('bytes', 100n)], { expiresAt: new Date(0) })]],
    ['nothing measures it', [plan('Super', [])]],
  ])('is said where %s', async (_what, plans) => {
    balance = { plans };
    expect(words(await notified(type, 'Super'))).toContain('Super');
  });
});
