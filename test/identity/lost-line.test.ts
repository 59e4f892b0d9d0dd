import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { linkedIdentity } from '../../bot/identity/linked.js';
import { createLinking } from '../../bot/identity/linking.js';
import type { LineLink } from '../../bot/ledger/identities.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, labels, offer, toConfirmation, words } from '../flows/shop.js';

let house: TurnHouse;
let visit: Visit;
let [home, office]: LineLink[] = [];
beforeAll(async () => {
  house = await openTurnHouse([offer('day', '1.00')]);
  const { ledger } = house;
  const methods = new Set(['code'] as const);
  const operatorOf = async () => 'digi';
  const cancel = async () => undefined;
  const linking = createLinking({
    ...{ ledger, methods, operatorOf, cancel, pages: [], country: undefined, youngForMs: 0, soon: cancel },
    answers: [
      {
        method: 'code',
        begin: async () => ({ outcome: 'begun', validForMs: 600_000, tries: 5, digits: 6 }),
        answer: async () => ({ outcome: 'over' }),
        cancel,
      },
    ],
  });
  const identity = linkedIdentity({ ledger, methods, operatorOf, youngForMs: 0 });
  Object.assign(house.deps, { identity, linking });
}, 60_000);
afterAll(() => house.close());

let numbers = 60_114_000_100;
/** Somebody with two numbers; the chat is about the second one. */
beforeEach(async () => {
  visit = new Visit(house);
  const who = { channel: 'test', workspace: '', user: visit.id };
  const link = (label: string) =>
    house.ledger.linkLine(who, {
      operator: 'digi',
      key: { type: 'MSISDN', value: String(numbers++) },
      ...{ label, method: 'code', source: 'chat', youngForMs: 0, choose: true },
    });
  home = await link('Home');
  office = await link('Office');
  await visit.say('balance');
});
const standing = async () =>
  (await house.ledger.linkedUser({ channel: 'test', workspace: '', user: visit.id }))?.lineId === office?.line.id;
const block = (reason: 'recycled' | 'sim-swap') => house.ledger.blockLine(office?.line.id ?? '', reason, 'telco');

test('a chat whose line was blocked says which and why, and goes on about no other by itself', async () => {
  await block('recycled');
  const said = await visit.say('balance');
  expect(words(said)).toContain('Office (•••• ');
  expect(words(said)).toContain('was given to someone else');
  expect(words(said)).not.toContain('Super');
  const [again, other] = labels(said).map((label) => label.replaceAll(/[\u2066-\u2069]/g, ''));
  expect(again).toMatch(/confirm|again/i);
  expect(other).toMatch(/^Use Home/);
  // Said again as often as it is asked, and nothing was decided for them.
  expect(words(await visit.say('balance'))).toContain('was given to someone else');
  expect(await standing()).toBe(true);
});

test('choosing the other line goes on with what was asked for', async () => {
  await block('recycled');
  const said = await visit.say('balance');
  const balance = await visit.token(button(said, /Use .*Home/));
  expect(words(balance)).toContain('we are talking about Home');
  expect(words(balance)).toContain('Super');
  expect(words(await visit.say('balance'))).not.toContain('given to someone else');
});

test('proving it again is offered at once, also where there is no other line', async () => {
  await house.ledger.unlinkLine({ channel: 'test', workspace: '', user: visit.id }, home?.line.id ?? '', 'user');
  await block('recycled');
  const said = await visit.say('balance');
  expect(words(said)).toContain('Office (•••• ');
  expect(words(said)).toContain('was given to someone else');
  expect(words(said)).toContain('Which number is yours?');
});

test('after a change of SIM the chat stays with its line, which may be looked at', async () => {
  await block('sim-swap');
  expect(words(await visit.say('balance'))).toContain('Super');
  expect(await standing()).toBe(true);
});

test('the word of the block names the line', async () => {
  await block('sim-swap');
  const item = await house.ledger.outboxFor('link-news', office?.id ?? '');
  const said = await visit.hear({ kind: 'system', name: 'link-news', ref: item?.id ?? '' } as never);
  expect(words(said)).toContain('Office (•••• ');
  expect(words(said)).toContain('SIM card of this number was changed');
});

test('a proof that ended is told where it matters: at the purchase and among the lines', async () => {
  const who = { channel: 'test', workspace: '', user: visit.id };
  const { operator, key } = office?.line ?? { operator: '', key: { type: 'MSISDN', value: '' } as const };
  const proof = { method: 'code', source: 'chat', youngForMs: 0, choose: true } as const;
  await house.ledger.linkLine(who, { operator, key, ...proof, expiresAt: new Date(house.now - 1000) });
  expect(words(await visit.say('my numbers'))).toContain('Please confirm it again');
  const confirmation = await toConfirmation(visit, 'day');
  const said = await visit.token(button(confirmation, /Confirm|Buy|Pay/));
  expect(words(said)).toContain('It has been a while since you confirmed this number');
  expect(labels(said).join()).toMatch(/confirm|again/i);
  expect(await house.ledger.openPurchaseOf(office?.line.id ?? '')).toBeUndefined();
});

test('a signal that was taken back is told with its own line, and with a way to talk about it again', async () => {
  await block('sim-swap');
  await visit.say('balance');
  await house.ledger.chooseLine({ channel: 'test', workspace: '', user: visit.id }, home?.line.id ?? '');
  await visit.say('balance');
  await house.ledger.unblockLine(office?.line.id ?? '', 'sim-swap', 'telco');
  const item = await house.ledger.outboxFor('link-news', office?.id ?? '');
  const said = await visit.hear({ kind: 'system', name: 'link-news', ref: item?.id ?? '' } as never);
  expect(words(said).replaceAll(/[\u2066-\u2069]/g, '')).toMatch(/You can use Office \(•••• \d+\) again/);
  expect(words(said)).not.toContain('we are talking about it now');
  expect(words(await visit.token(button(said, /Use .*Office/)))).toContain('we are talking about');
  expect(await standing()).toBe(true);
});

test('whoever lost a line to somebody else sees nothing of them, and is not told what was still to be told', async () => {
  const next = { channel: 'whatsapp', workspace: '', user: `${visit.id}-next` };
  const { operator, key } = office?.line ?? { operator: '', key: { type: 'MSISDN', value: '' } as const };
  const proof = { method: 'code', source: 'chat', youngForMs: 0, choose: true } as const;
  const take = () => house.ledger.linkLine(next, { operator, key, ...proof });
  const open = async () => words(await visit.token(button(await visit.say('my numbers'), /Office/)));
  const { owed } = await take();
  expect(await open()).toContain('WhatsApp');
  await block('recycled');
  await take();
  const shown = await open();
  expect(shown).toContain('Blocked until you confirm it again');
  expect(shown).not.toContain('WhatsApp');
  expect(await visit.hear({ kind: 'system', name: 'link-notice', ref: owed[0] } as never)).toBeUndefined();
});

test('a number the company listed is not had again for the asking once it was given to somebody else', async () => {
  const who = { channel: 'test', workspace: '', user: visit.id };
  const key = { type: 'MSISDN', value: String(numbers++) } as const;
  await house.ledger.saveLinks([{ ...who, operator: 'digi', key }], 'staff.csv');
  const listed = (await house.ledger.linkedUser(who))?.links.find(({ line }) => line.key.value === key.value);
  const lineId = listed?.line.id ?? '';
  await house.ledger.unlinkLine(who, lineId, 'user');
  const offered = await visit.say('my numbers');
  const again = button(offered, new RegExp(`Use .*${key.value.slice(-3)}.*again`));
  await house.ledger.blockLine(lineId, 'recycled', 'telco');
  expect(words(await visit.token(again))).toContain('was given to someone else');
  expect(labels(await visit.say('my numbers')).join()).not.toMatch(/again/);
  expect((await house.ledger.linkedUser(who))?.links.some(({ line }) => line.id === lineId)).toBe(false);
});
