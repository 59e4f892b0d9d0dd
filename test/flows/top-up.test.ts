import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ChannelUnreachable } from '../../bot/channel.js';
import { readSession } from '../../bot/conversation/session.js';
import { TelcoAmbiguous, TelcoRefused, type TopUpRequest } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, labels, words } from './shop.js';

const asked: TopUpRequest[] = [];
/** What the telco says to a request; `undefined`: it passes it on. */
let trouble: Error | undefined;
let house: TurnHouse;
beforeAll(async () => {
  const requestTopUp = async (_: unknown, request: TopUpRequest) => {
    if (trouble !== undefined) throw trouble;
    asked.push(request);
  };
  house = await openTurnHouse([], { does: { requestTopUp } });
}, 60_000);
afterAll(() => house.close());
beforeEach(() => {
  asked.length = 0;
  trouble = undefined;
  house.known = { line: house.line };
});

/** A chat up to the last look, after these answers. */
async function asking(...answers: string[]) {
  const visit = new Visit(house);
  await visit.token(button(await visit.say('top up'), /Ask someone/));
  for (const answer of answers) await visit.say(answer);
  return { visit, last: visit.messages.at(-1) };
}

test('somebody who is asked for a top-up is asked once, however often the chat could not be told', async () => {
  const { visit, last } = await asking('+92 300 1234567', 'Amir', 'Sana');
  const press = { kind: 'press', token: button(last, /^Send/), id: 'the-press' } as const;

  house.platform = 'down';
  for (let turn = 0; turn < 3; turn++) await expect(visit.hear(press)).rejects.toThrow(ChannelUnreachable);
  house.platform = 'up';
  expect(words(await visit.hear(press))).toContain('not sure the request went out');
  expect(asked).toEqual([{ donorMsisdn: '923001234567', donorName: 'Amir', requestorName: 'Sana' }]);
});

test.each(['۹۲۳۰۰۱۲۳۴۵۶۷', '\u2066+92 300 1234567\u2069', '\u202a0092-300-1234567\u202c', '923001234567'])(
  'the number %j is read as it was typed or copied',
  async (typed) => {
    const { visit, last } = await asking(typed, 'Amir', 'Sana');
    await visit.token(button(last, /^Send/));
    expect(asked).toEqual([{ donorMsisdn: '923001234567', donorName: 'Amir', requestorName: 'Sana' }]);
  },
);

test.each(['0300 1234567', '12345678', 'my brother'])('%j is nobody’s number', async (typed) => {
  expect(words((await asking(typed)).last)).toContain('does not look like a mobile number');
});

test('names may be words that mean something elsewhere', async () => {
  const { visit, last } = await asking('+92 300 1234567', 'Abdul Salam', 'Home');
  await visit.token(button(last, /^Send/));
  expect(asked).toEqual([{ donorMsisdn: '923001234567', donorName: 'Abdul Salam', requestorName: 'Home' }]);
});

test('a request that the operator refused is not counted, one that may have gone out is', async () => {
  for (const [error, count] of [
    [new TelcoRefused('not-allowed'), 0],
    [new TelcoAmbiguous('no answer'), 1],
    [undefined, 1],
  ] as const) {
    trouble = error;
    const { visit, last } = await asking('+92 300 1234567', 'Amir', 'Sana');
    await visit.token(button(last, /^Send/));
    expect([error, readSession(visit.saved)?.topUps?.length ?? 0]).toEqual([error, count]);
  }
});

test('nobody is asked for a line that has no number to ask for', async () => {
  const cpid = await house.ledger.ensureLine('digi', { type: 'OPET', value: 'encrypted' });
  const { visit, last } = await asking('+92 300 1234567', 'Amir', 'Sana');
  const offered = button(await new Visit(house).say('top up'), /Ask someone/);

  house.known = { line: cpid };
  expect(labels(await new Visit(house).say('top up'))).toEqual(['My balance', 'See offers']);
  const old = words(await new Visit(house).token(offered.split('~')[0] ?? ''));
  expect(old).toContain('scratch card');
  // The line was changed with the last look still open.
  expect(words(await visit.token(button(last, /^Send/)))).not.toContain('Amir');
  expect(asked).toEqual([]);
});
