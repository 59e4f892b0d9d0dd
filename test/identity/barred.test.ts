import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChatUser } from '../../bot/domain/chat-user.js';
import type { ProofMethod } from '../../bot/domain/link.js';
import { linkedIdentity } from '../../bot/identity/linked.js';
import { createLinking } from '../../bot/identity/linking.js';
import type { NewLink } from '../../bot/ledger/identities.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, labels, offer, toConfirmation, words } from '../flows/shop.js';

/* What a chat says of a line that may not be used: only what is true of it, and only what can be done. */

const DAY = 86_400_000;
let house: TurnHouse;
let visit: Visit;
let who: ChatUser;
let value: string;
let numbers = 601_155_100_100;
beforeAll(async () => {
  house = await openTurnHouse([offer('day', '1.00')]);
}, 60_000);
afterAll(() => house.close());
beforeEach(() => {
  visit = new Visit(house);
  who = { channel: 'test', workspace: '', user: visit.id };
  value = String(numbers++);
});

/** What can be proved in the chat; every code is right. */
function offering(...ways: ProofMethod[]) {
  const { ledger } = house;
  const methods = new Set<ProofMethod>(ways);
  const operatorOf = async () => 'digi';
  const nothing = async () => undefined;
  const linking = createLinking({
    ...{ ledger, methods, operatorOf, pages: [], country: undefined, youngForMs: DAY, soon: nothing },
    answers: [
      {
        method: 'code',
        begin: async () => ({ outcome: 'begun', validForMs: 600_000, tries: 5, digits: 6 }),
        answer: async () => ({ outcome: 'proved', proved: { operator: 'digi', key: { type: 'MSISDN', value } } }),
        cancel: nothing,
      },
    ],
  });
  const identity = linkedIdentity({ ledger, methods, operatorOf, youngForMs: DAY });
  Object.assign(house.deps, { identity, linking });
}

const linkTo = (whom: ChatUser, change: Partial<NewLink> = {}) =>
  house.ledger.linkLine(whom, {
    operator: 'digi',
    key: { type: 'MSISDN', value },
    ...{ method: 'code', source: 'chat', youngForMs: 0, choose: true },
    ...change,
  });
const plain = async (said: Promise<Parameters<typeof words>[0]>) => words(await said);

describe('where nothing can be proved in the chat', () => {
  beforeEach(() => offering('directory'));

  test.each([
    ['recycled', 'given to someone else'],
    ['operator', 'Buying is paused for this number'],
    ['number-change', 'You changed your number'],
    ['objected', 'asked me to remove it here'],
  ] as const)('whose only line is blocked (%s) hears which and why, and whom to ask', async (reason, why) => {
    await linkTo(who);
    await visit.say('balance');
    await house.ledger.blockUser(who, reason, 'test');
    const said = await visit.say('balance');
    expect(words(said)).toContain(`•••• ${value.slice(-3)}`);
    expect(words(said)).toContain(why);
    expect(words(said)).toMatch(/ask the team that gave you this chat/i);
    expect(words(said)).not.toMatch(/do not know yet|confirm/i);
    expect(labels(said)).toHaveLength(1);
  });

  test('a purchase after a change of SIM, or of a proof that ended, is told the same', async () => {
    await linkTo(who);
    const confirmation = await toConfirmation(visit, 'day');
    const { line } = await linkTo(who, { expiresAt: new Date(house.now - 1000) });
    const expired = await visit.token(button(confirmation, /Confirm|Buy|Pay/));
    expect(words(expired)).toMatch(/To buy again, ask the team/);
    await house.ledger.blockLine(line.id, 'sim-swap', 'telco');
    const swapped = await visit.token(button(await toConfirmation(visit, 'day'), /Confirm|Buy|Pay/));
    expect(words(swapped)).toMatch(/SIM card of this number was changed.*ask the team/);
    for (const said of [expired, swapped]) expect(words(said)).not.toMatch(/please confirm|until you confirm/i);
  });

  test('whom nobody ever linked is told that, as before', async () => {
    expect(await plain(visit.say('balance'))).toContain('do not know yet which phone number is yours');
  });
});

describe('where it can be proved again', () => {
  beforeEach(() => offering('code'));
  async function proveAgain() {
    await visit.say('balance');
    await visit.say(`+${value}`);
    return plain(visit.say('123456'));
  }

  test('one’s own line that was blocked and that nobody else has is nobody else’s matter', async () => {
    const { line } = await linkTo(who);
    await house.ledger.blockLine(line.id, 'recycled', 'telco');
    const said = await proveAgain();
    expect(said).toContain('is linked');
    expect(said).toContain('confirmed here only recently, so until');
    expect(said).not.toMatch(/Somebody|let them know/);
  });

  test('a line somebody else has is said to be, and they are told', async () => {
    const { line } = await linkTo({ ...who, user: `${who.user}-first` });
    const said = await proveAgain();
    expect(said).toContain('Somebody else has this number linked too');
    const links = await house.ledger.linksOfLine(line.id, who);
    expect(links.map(({ mine }) => mine)).toEqual([false, true]);
  });
});

describe('whom a list knows by their number, and the platform by another id', () => {
  const from = () => ({ ...who, address: 'here', phone: value });
  const say = (text: string) => visit.hear({ kind: 'text', text, from: from() } as never);
  const press = (token: string) => visit.hear({ kind: 'press', token, from: from() } as never);
  const owed = (name: 'link-news' | 'link-notice', ref: string) =>
    visit.hear({ kind: 'system', name, ref, from: from() } as never);
  const listed = () => ({ ...who, user: value });
  const link = async () => (await house.ledger.linkedUser(listed()))?.links[0];
  beforeEach(async () => {
    offering('directory');
    await house.ledger.saveLinks([{ ...listed(), operator: 'digi', key: { type: 'MSISDN', value } }], 'staff.csv');
    expect(await plain(say('balance'))).toContain('Super');
  });

  test('is told of a block in their chat, and why there is nothing to see afterwards', async () => {
    const { id = '', line } = (await link()) ?? {};
    await house.ledger.blockLine(line?.id ?? '', 'recycled', 'telco');
    const item = await house.ledger.outboxFor('link-news', id);
    expect(item?.conversationId).toBe(visit.id);
    expect(await plain(owed('link-news', item?.id ?? ''))).toContain('was given to someone else');
    expect((await house.ledger.outboxItem(item?.id ?? ''))?.done).toBe(true);
    expect(await plain(say('balance'))).toContain('was given to someone else');
  });

  test('is told of a newcomer, and may object', async () => {
    const other = await linkTo({ ...who, user: `${who.user}-other` }, { youngForMs: DAY });
    const notice = await owed('link-notice', other.owed[0] ?? '');
    expect(words(notice)).toContain('was just linked to another chat');
    expect(await plain(press(button(notice, 'No, remove it')))).toContain('cannot see or buy anything');
    expect((await house.ledger.linksOfLine(other.line.id, listed())).map(({ state }) => state)).toEqual([
      'active',
      'blocked',
    ]);
  });

  test('finds the line under “My numbers”, names it and gives it up', async () => {
    const list = await say('my numbers');
    const one = await press(button(list, /•••• /));
    await press(button(one, /Give it a name/));
    expect(await plain(say('Mine'))).toContain('Mine');
    const again = await press(button(await say('my numbers'), /Mine/));
    const sure = await press(button(again, 'Remove this number'));
    expect(await plain(press(button(sure, 'Remove this number')))).toContain('is removed from this chat');
    expect(await link()).toBeUndefined();
  });
});
