import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ActivePlan, Balance } from '../../bot/domain/balance.js';
import { NOTIFICATION_TYPES, type NotificationType } from '../../bot/domain/notification.js';
import type { Gauge } from '../../bot/domain/quota.js';
import type { Message } from '../../bot/message/message.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { offer, words } from './shop.js';

/* What is said of a balance, asked for or not, where a telco tells less of it than it might. */

const NOTHING_TOLD: Balance = { plans: [], plansMissing: true };
const NO_PLANS: Balance = { plans: [] };

let balance: Balance;
let house: TurnHouse;
let visit: Visit;

beforeAll(async () => {
  house = await openTurnHouse([offer('day', '2.00')], { does: { balance: async () => balance } });
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  balance = NO_PLANS;
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
async function notified(type: NotificationType): Promise<Message | undefined> {
  await house.ledger.setConsent(visit.id, NOTIFICATION_TYPES, true, 'test');
  const found = await house.ledger.addNudge({
    ...{ operator: house.line.operator, transactionId: randomUUID(), type },
    ...{ lineId: house.line.id, conversationId: visit.id, planName: [] },
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
