import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ChannelUnreachable } from '../../bot/channel.js';
import type { TopUpRequest } from '../../bot/telco.js';
import { openTurnHouse, type TurnHouse, Visit } from '../conversation/turns.js';
import { button, words } from './shop.js';

const asked: TopUpRequest[] = [];
let house: TurnHouse;
beforeAll(async () => {
  house = await openTurnHouse([], { does: { requestTopUp: async (_, request) => void asked.push(request) } });
}, 60_000);
afterAll(() => house.close());

test('somebody who is asked for a top-up is asked once, however often the chat could not be told', async () => {
  const visit = new Visit(house);
  await visit.token(button(await visit.say('top up'), /Ask someone/));
  for (const answer of ['+92 300 1234567', 'Amir']) await visit.say(answer);
  const last = await visit.say('Sana');
  const press = { kind: 'press', token: button(last, /^Send/), id: 'the-press' } as const;

  house.platform = 'down';
  for (let turn = 0; turn < 3; turn++) await expect(visit.hear(press)).rejects.toThrow(ChannelUnreachable);
  house.platform = 'up';
  expect(words(await visit.hear(press))).toContain('not sure the request went out');
  expect(asked).toEqual([{ donorMsisdn: '923001234567', donorName: 'Amir', requestorName: 'Sana' }]);
});
