import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Message } from '../../console/src/api/types.js';
import { byDay, type Chat, type ChatEvent, EMPTY_CHAT, reduce } from '../../console/src/chat/store.js';
import { about, EMPTY_LOG, type LogAction, reduceLog } from '../../console/src/log/store.js';
import { inPlace } from '../../console/src/preview/in-place.js';
import type { DrawnEntry } from '../../console/src/preview/types.js';
import { armed, SCENARIOS, shareUntilLow } from '../../console/src/world/scenarios.js';
import type { World } from '../../console/src/world/types.js';

const said = (id: string): Message => ({ id, at: 1, language: 'en', direction: 'ltr', blocks: [], actions: [] });
const say = (id: string): ChatEvent => ({ type: 'say', submission: { id, text: id }, text: id, at: 1 });
const chatOf = (...events: ChatEvent[]): Chat => events.reduce(reduce, EMPTY_CHAT);
const ticks = ({ entries }: Chat) =>
  entries.map((entry) => (entry.who === 'me' ? `${entry.id} ${entry.state}` : entry.id));

describe('the chat', () => {
  test('a message goes from sending to sent to taken', () => {
    expect(ticks(chatOf(say('a')))).toEqual(['a sending']);
    expect(ticks(chatOf(say('a'), { type: 'sent', id: 'a' }))).toEqual(['a sent']);
    expect(ticks(chatOf(say('a'), { type: 'sent', id: 'a' }, { type: 'taken', id: 'a' }))).toEqual(['a taken']);
  });

  test('the echo of one’s own message is neither a second message nor a proof that it was taken', () => {
    const echo: ChatEvent = { type: 'mine', id: 'a', at: 2, text: 'a' };
    expect(ticks(chatOf(say('a'), echo))).toEqual(['a sending']);
    expect(ticks(chatOf(say('a'), echo, { type: 'failed', id: 'a' }, echo))).toEqual(['a failed']);
  });

  test('an answer ticks off what was sent before it, not what is still being sent', () => {
    const chat = chatOf(say('a'), { type: 'sent', id: 'a' }, say('b'), { type: 'message', message: said('r') });
    expect(ticks(chat)).toEqual(['a taken', 'b sending', 'r']);
  });

  test('an answer ends the typing', () => {
    expect(chatOf({ type: 'typing', on: true }, { type: 'message', message: said('r') }).typing).toBe(false);
  });

  test('what failed can be tried again', () => {
    const failed = [say('a'), { type: 'failed', id: 'a' }] as const;
    expect(ticks(chatOf(...failed))).toEqual(['a failed']);
    expect(ticks(chatOf(...failed, { type: 'retry', id: 'a' }, { type: 'sent', id: 'a' }))).toEqual(['a sent']);
  });

  test('ticks never go back, and nothing appears twice, in whatever order things arrive', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const event: fc.Arbitrary<ChatEvent> = fc.oneof(
      id.map(say),
      id.map((id) => ({ type: 'mine' as const, id, at: 1, text: id })),
      id.map((id) => ({ type: 'sent' as const, id })),
      id.map((id) => ({ type: 'taken' as const, id })),
      id.map((id) => ({ type: 'message' as const, message: said(id) })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const order = ['sending', 'sent', 'taken'];
        let chat = EMPTY_CHAT;
        for (const next of events) {
          const before = chat;
          chat = reduce(chat, next);
          for (const entry of before.entries) {
            const now = chat.entries.find(({ who, id }) => who === entry.who && id === entry.id);
            if (entry.who === 'me' && now?.who === 'me')
              expect(order.indexOf(now.state)).toBeGreaterThanOrEqual(order.indexOf(entry.state));
          }
          const keys = chat.entries.map(({ who, id }) => `${who} ${id}`);
          expect(new Set(keys).size).toBe(keys.length);
        }
      }),
    );
  });

  test('days begin at midnight where the subscriber lives', () => {
    const chat = chatOf(
      { type: 'mine', id: 'a', at: Date.UTC(2026, 10, 21, 15, 59), text: '' },
      { type: 'mine', id: 'b', at: Date.UTC(2026, 10, 21, 16, 1), text: '' },
    );
    expect(byDay(chat.entries, 'Asia/Kuala_Lumpur').map(({ entries }) => entries.length)).toEqual([1, 1]);
    expect(byDay(chat.entries, 'Europe/London').map(({ entries }) => entries.length)).toEqual([2]);
  });
});

describe('a channel that edits', () => {
  const drawn = (id: string, at: number, key?: string): DrawnEntry => {
    const message = { ...said(`${id} says`), ...(key !== undefined && { key }) };
    return { who: 'refill', id, at, message, preview: undefined };
  };
  const rows = (entries: readonly DrawnEntry[]) =>
    entries.map((entry) => [entry.id, entry.at, entry.who === 'refill' ? entry.message.id : entry.text]);

  test('shows the newest of a key in the place of the first, under its time; others stay as they are', () => {
    const mine: DrawnEntry = { who: 'me', id: 'm', at: 2, text: 'thanks', state: 'taken' };
    const said = [drawn('a', 1, 'purchase:1'), mine, drawn('b', 3), drawn('c', 4, 'purchase:2')];
    expect(inPlace(said)).toEqual(said);
    expect(rows(inPlace([...said, drawn('d', 5, 'purchase:1'), drawn('e', 6, 'purchase:1'), drawn('f', 7)]))).toEqual([
      ['a', 1, 'e says'],
      ['m', 2, 'thanks'],
      ['b', 3, 'b says'],
      ['c', 4, 'c says'],
      ['f', 7, 'f says'],
    ]);
  });
});

describe('the live log', () => {
  const event = (title: string, conversation?: string): LogAction => ({
    type: 'event',
    event: { at: 1, stage: 'turn', title, ok: true, ...(conversation && { conversation }) },
  });
  const titles = (rows: readonly { readonly title: string }[]) => rows.map(({ title }) => title);

  test('keeps the last two hundred', () => {
    const log = Array.from({ length: 250 }, (_, index) => event(`${index}`)).reduce(reduceLog, EMPTY_LOG);
    expect(titles(log.rows)).toEqual(Array.from({ length: 200 }, (_, index) => `${index + 50}`));
  });

  test('holds back while paused, and loses nothing', () => {
    const paused = [event('a'), { type: 'pause' } as const, event('b')].reduce(reduceLog, EMPTY_LOG);
    expect(titles(paused.rows)).toEqual(['a']);
    const resumed = reduceLog(paused, { type: 'resume' });
    expect(titles(resumed.rows)).toEqual(['a', 'b']);
    expect(resumed.rows.map(({ number }) => number)).toEqual([1, 2]);
  });

  test('shows one conversation with what belongs to none', () => {
    const { rows } = [event('mine', 'me'), event('theirs', 'other'), event('all')].reduce(reduceLog, EMPTY_LOG);
    expect(titles(about(rows, 'me'))).toEqual(['mine', 'all']);
    expect(titles(about(rows, undefined))).toEqual(['mine', 'theirs', 'all']);
  });
});

describe('the world', () => {
  const world = (...gauges: { unit: string; quota: string; remaining: string }[]): World => ({
    id: 'me',
    money: '1',
    owed: '0',
    currency: 'MYR',
    state: 'good-to-go',
    persona: { accountType: 'prepaid' },
    plans: [{ planId: 'p', name: 'p', expiresAt: '2026-11-22T00:00:00Z', gauges }],
    roaming: false,
    optedOut: false,
    msisdn: '60123456789',
    messages: [],
  });

  test('using data until it is low leaves every gauge low and none empty', () => {
    const gauge = (remaining: string) => ({ unit: 'bytes', quota: '1000', remaining });
    expect(shareUntilLow(world(gauge('1000')))).toBeCloseTo(0.88);
    expect(shareUntilLow(world(gauge('100')))).toBe(0);
    expect(shareUntilLow(world(gauge('0')))).toBe(0);
    expect(shareUntilLow(world({ unit: 'bytes', quota: 'unlimited', remaining: 'unlimited' }))).toBe(0);
    expect(shareUntilLow(world({ unit: 'sms', quota: '100', remaining: '100' }))).toBe(0);
  });

  test.each(SCENARIOS.flatMap(({ scenarios }) => scenarios).map((scenario) => [scenario.id, scenario] as const))(
    'recognises %s when the operator is set to it',
    (id, { next, fault }) => {
      // The sandbox fills in what was left out.
      const set = { callback: 'once' as const, callbackDelayMs: 3000, ...next, mode: next?.mode ?? 'processing' };
      const faults = fault ? [{ kind: fault.kind, operation: 'purchasePlan', subscriberId: 'me' }] : [];
      expect(armed({ ...world(), nextPurchase: set }, faults)).toBe(id);
      expect(
        armed(
          world(),
          faults.map((one) => ({ ...one, subscriberId: 'somebody else' })),
        ),
      ).toBeUndefined();
    },
  );
});
