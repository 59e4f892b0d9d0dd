import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Line } from '../../bot/domain/subscriber.js';
import type { LineLink } from '../../bot/ledger/identities.js';
import type { Message } from '../../bot/message/message.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, offer, toConfirmation, words } from './shop.js';

let house: TurnHouse;
let line: Line;
let numbers = 0;

beforeAll(async () => {
  house = await openTurnHouse([offer('day', '2.00'), offer('week', '10.00')]);
}, 60_000);
afterAll(() => house.close());
beforeEach(async () => {
  numbers += 1;
  line = await house.ledger.ensureLine('digi', { type: 'MSISDN', value: `6012346${1000 + numbers}` });
});

const userOf = (visit: Visit) => ({ channel: 'test', workspace: '', user: visit.id });

/** Proves the line, as the one who writes from now on. */
async function prove(visit: Visit): Promise<LineLink> {
  // What is in one millisecond cannot be told apart.
  await sleep(3);
  const proof = { operator: line.operator, key: line.key, method: 'code', source: 'test' } as const;
  if (line.key.type === 'CPID') throw new Error('this test is about numbers');
  const link = await house.ledger.linkLine(userOf(visit), { ...proof, youngForMs: 0, choose: true });
  house.known = { line: link.line, link };
  await sleep(3);
  return link;
}

/** Bought on the line, in this chat; `event` says how it stands. */
async function bought(visit: Visit, plan: string, event: 'completed' | 'ambiguous' = 'completed'): Promise<string> {
  const id = randomUUID();
  await house.ledger.openPurchase({
    ...{ id, confirmation: randomUUID(), lineId: line.id, conversationId: visit.id },
    terms: {
      planId: plan,
      planName: [{ language: 'en', text: `Plan ${plan}` }],
      price: { amount: '2.00', currency: 'MYR' },
      fundSource: 'wallet',
    },
  });
  await house.ledger.movePurchase(id, 'submit');
  await house.ledger.movePurchase(id, event);
  return id;
}

async function receiptOf(visit: Visit, id: string): Promise<{ heard: Message | undefined; owed: boolean }> {
  const item = await house.ledger.outboxFor('receipt', id);
  const ref = item?.id ?? '';
  const heard = await visit.hear({ kind: 'system', name: 'receipt', ref } as Parameters<Visit['hear']>[0]);
  return { heard, owed: (await house.ledger.outboxItem(ref))?.done === false };
}

describe('the new owner of a number', () => {
  let before: Visit;
  let after: Visit;
  beforeEach(() => {
    before = new Visit(house);
    after = new Visit(house);
  });

  test('sees their own purchases and none of who had it before; an operator sees all', async () => {
    await prove(before);
    await bought(before, 'secret');
    expect(words(await before.say('my purchases'))).toContain('Plan secret');

    await prove(after);
    expect(words(await after.say('my purchases'))).toContain('not bought anything');
    await bought(after, 'mine');
    const seen = words(await after.say('my purchases'));
    expect(seen).toContain('Plan mine');
    expect(seen).not.toContain('Plan secret');
    const { purchases } = await house.ledger.searchPurchases({ lineIds: [line.id] }, 10);
    expect(purchases.map(({ terms }) => terms.planId)).toEqual(['mine', 'secret']);
  });

  test('hears that something is under way, and not what', async () => {
    await prove(before);
    await bought(before, 'secret', 'ambiguous');
    await prove(after);
    await after.say('hello');
    const priced = await toConfirmation(after, 'day');
    const busy = words(await after.token(button(priced, 'Pay RM 2.00')));
    expect(busy).toContain('still checking with your operator whether an earlier order');
    expect(busy).not.toContain('Plan secret');
    expect(words(await after.say('cancel'))).not.toContain('Plan secret');
    // Its buyer hears more.
    house.known = { line, link: await prove(before) };
    expect(words(await before.say('cancel'))).toContain('Plan secret');
  });

  test('is not told what was meant for who had it before, where the number is the chat as well', async () => {
    await prove(before);
    const id = await bought(before, 'secret');
    const nudge = await house.ledger.addNudge({
      ...{ operator: line.operator, transactionId: randomUUID(), type: 'low-data', lineId: line.id },
      ...{ conversationId: before.id, planName: [] },
    });
    await house.ledger.setConsent(before.id, ['low-data'], true, 'test');
    await house.ledger.blockLine(line.id, 'recycled', 'telco:recycled');
    house.known = undefined;
    // Not now; for good once somebody proved that the number is theirs.
    expect(await receiptOf(before, id)).toEqual({ heard: undefined, owed: true });

    const again = await prove(before);
    expect(await receiptOf(before, id)).toEqual({ heard: undefined, owed: false });
    expect(words(await before.say('my purchases'))).toContain('not bought anything');
    const ref = nudge?.id ?? '';
    const heard = await before.hear({ kind: 'system', name: 'nudge', ref } as Parameters<Visit['hear']>[0]);
    expect(heard).toBeUndefined();
    expect(await house.ledger.nudge(ref)).toMatchObject({ state: 'skipped' });
    expect(again.state).toBe('active');
  });

  test('gets no receipt of a purchase from before, even when the signal is over', async () => {
    await prove(before);
    const id = await bought(before, 'secret');
    await house.ledger.blockLine(line.id, 'recycled', 'telco:recycled');
    await prove(before);
    expect(await receiptOf(before, id)).toEqual({ heard: undefined, owed: false });
  });
});

describe('the buyer', () => {
  let first: Visit;
  let visit: Visit;
  let id: string;
  beforeEach(async () => {
    [first, visit] = [new Visit(house), new Visit(house)];
    await prove(first);
    await prove(visit);
    // What a turn does as it begins: from then on they can be found.
    await visit.say('hello');
    id = await bought(visit, 'mine');
    await sleep(3);
  });

  /** What the sweeper would take up now. */
  const due = async () => {
    const items = await house.ledger.dueOutbox(new Date(), 60_000, 100);
    return items.some(({ kind, subject }) => kind === 'receipt' && subject === id);
  };

  test.each([
    ['an operator', async () => void (await house.ledger.blockLine(line.id, 'operator', 'operator:1'))],
    [
      'who had it first',
      async () => {
        const [own] = (await house.ledger.linkedUser(userOf(visit)))?.links ?? [];
        expect(await house.ledger.objectToLink(own?.id ?? '', userOf(first))).toBe(true);
      },
    ],
  ])('from whom %s kept the line hears of it when it is proved again, and finds it listed', async (_, block) => {
    await block();
    await prove(visit);
    expect(words((await receiptOf(visit, id)).heard)).toContain('Plan mine');
    expect(words(await visit.say('my purchases'))).toContain('Plan mine');
  });

  test('is told once a signal that was a mistake is taken back', async () => {
    const known = house.known;
    await house.ledger.blockLine(line.id, 'recycled', 'telco:recycled');
    house.known = undefined;
    expect(await receiptOf(visit, id)).toEqual({ heard: undefined, owed: true });
    expect(await due()).toBe(false);
    await house.ledger.unblockLine(line.id, 'recycled', 'operator:1');
    expect(await due()).toBe(true);
    house.known = known;
    expect(words((await receiptOf(visit, id)).heard)).toContain('Plan mine');
    expect(words(await visit.say('my purchases'))).toContain('Plan mine');
  });

  test('is out of reach when the signal stands for a month: then nothing is owed any more', async () => {
    await house.ledger.blockLine(line.id, 'recycled', 'telco:recycled');
    house.known = undefined;
    const ofNow = house.now;
    house.now += 31 * 86_400_000;
    expect(await receiptOf(visit, id)).toEqual({ heard: undefined, owed: false });
    house.now = ofNow;
  });

  test('whose link was blocked already when their number went to somebody else is not told, nor shows it', async () => {
    await house.ledger.blockLine(line.id, 'operator', 'operator:1');
    await house.ledger.blockLine(line.id, 'recycled', 'telco:recycled');
    house.known = undefined;
    expect(await receiptOf(visit, id)).toEqual({ heard: undefined, owed: true });
    await prove(visit);
    expect(await due()).toBe(true);
    expect(await receiptOf(visit, id)).toEqual({ heard: undefined, owed: false });
    expect(words(await visit.say('my purchases'))).toContain('not bought anything');
  });
});

test('who gave a line up and took it back still gets the receipt, and the signal of a changed SIM hides nothing', async () => {
  const visit = new Visit(house);
  await prove(visit);
  const id = await bought(visit, 'mine');
  await house.ledger.unlinkLine(userOf(visit), line.id, 'user');
  await prove(visit);
  expect(words((await receiptOf(visit, id)).heard)).toContain('Plan mine');

  await bought(visit, 'later');
  await house.ledger.blockLine(line.id, 'sim-swap', 'telco:sim-swap');
  await prove(visit);
  expect(words(await visit.say('my purchases'))).toContain('Plan later');
});

test('a directory that lists a number again for somebody who had it before does not bring back what was bought since', async () => {
  const visit = new Visit(house);
  const link = { ...userOf(visit), operator: line.operator, key: line.key as { type: 'MSISDN'; value: string } };
  await house.ledger.saveLinks([link], 'staff.csv');
  await house.ledger.unlinkLine(userOf(visit), line.id, 'directory');
  await sleep(3);
  await bought(new Visit(house), 'theirs');
  await sleep(3);
  await house.ledger.saveLinks([link], 'staff.csv');
  const [own] = (await house.ledger.linkedUser(userOf(visit)))?.links ?? [];
  if (own === undefined) throw new Error('not linked');
  house.known = { line, link: own };
  expect(words(await visit.say('my purchases'))).toContain('not bought anything');
});
