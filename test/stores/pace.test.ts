import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSlackChannel } from '../../adapters/slack/index.js';
import { createTeamsChannel } from '../../adapters/teams/index.js';
import { createWhatsAppChannel } from '../../adapters/whatsapp/index.js';
import { createPace, type Pace } from '../../bot/pace.js';
import { HOUSES, type WorkingHouse } from './working-houses.js';

const RATE = 20;

describe.each(HOUSES)('the pace of what goes out by itself, on %s', (_name, open) => {
  let house: WorkingHouse;
  let at = Date.UTC(2026, 0, 1) + 250;
  const now = () => at;
  let paces: readonly Pace[];
  beforeAll(async () => {
    house = await open();
    // The clock stands still while the store's goes on: what is counted for a second lasts as long as that does here.
    paces = [house.here, house.there].map(({ shortLived }) =>
      createPace({ count: (key, by) => shortLived.count(key, by, 3_600_000) }, now),
    );
  }, 60_000);
  afterAll(() => house?.close());

  test('of a burst in two processes: never more in a second, all in good time, and few questions', async () => {
    const waiting = Array.from({ length: 120 }, (_, index) => ({ due: at, pace: paces[index % 2] as Pace }));
    const began = at;
    const perSecond = new Map<number, number>();
    let asked = 0;
    while (waiting.length > 0) {
      waiting.sort((a, b) => a.due - b.due);
      const next = waiting.shift();
      if (next === undefined) break;
      at = Math.max(at, next.due);
      asked += 1;
      const wait = await next.pace.take('whatsapp:1', RATE);
      if (wait > 0) waiting.push({ ...next, due: at + wait });
      else perSecond.set(Math.floor(at / 1000), (perSecond.get(Math.floor(at / 1000)) ?? 0) + 1);
    }
    for (const taken of perSecond.values()) expect(taken).toBeLessThanOrEqual(RATE);
    expect([...perSecond.values()].reduce((sum, taken) => sum + taken, 0)).toBe(120);
    // Six seconds' worth; two processes do not know each other's queues.
    expect(at - began).toBeLessThan(12_000);
    expect(asked).toBeLessThan(3 * 120);
  });

  test('of one workspace is none of another’s business', async () => {
    at += 60_000;
    for (let index = 0; index < RATE; index++) expect(await paces[0]?.take('slack:T1', RATE)).toBe(0);
    expect(await paces[1]?.take('slack:T1', RATE)).toBeGreaterThan(0);
    expect(await paces[1]?.take('slack:T2', RATE)).toBe(0);
  });

  test('puts nobody back for longer than ten minutes', async () => {
    at += 60_000;
    for (let index = 0; index < 700; index++) expect(await paces[0]?.take('teams:t', 1)).toBeLessThanOrEqual(600_000);
  });
});

test('without its store nobody is held back', async () => {
  const pace = createPace({ count: () => Promise.reject(new Error('away')) });
  for (let index = 0; index < 100; index++) expect(await pace.take('whatsapp:1', 1)).toBe(0);
});

test('the channels declare less than what their platforms take (CHANNELS.md)', async () => {
  const parts = { refs: {} as never, pauses: {} as never, words: (() => ({})) as never, conversationIdOf: () => '' };
  const slack = createSlackChannel({ ...parts, signingSecret: 's', botToken: 'xoxb-1' });
  const teams = createTeamsChannel({ ...parts, unauthenticated: true });
  const keys = { graphVersion: 'v23.0', phoneNumberId: '1', accessToken: 'a', appSecret: 's', verifyToken: 'v' };
  const whatsapp = createWhatsAppChannel({ ...parts, ...keys } as never);
  const rates = [slack, teams, whatsapp].map(({ unaskedPerSecond }) => unaskedPerSecond);
  await Promise.all([slack, teams, whatsapp].map((channel) => channel.close()));
  expect(rates).toEqual([4, 25, 40]);
});
