import { describe, expect, test } from '@jest/globals';
import type { InboundEvent } from '../../bot/conversation/event.js';
import type { WorkOptions } from '../../bot/conversation/mailbox.js';
import { HOUSES, mailboxesOn } from './mailbox-houses.js';
import { deliverAll, says, type TestMailbox, textOf, until } from './mailboxes.js';

/** As one of Refill's own: its message may say anything. */
class Broken extends Error {
  readonly code = 'BROKEN_FLOW';
}

describe.each(HOUSES)('what is given up, on %s', (_name, house) => {
  const open = mailboxesOn(house);

  /** A worker that cannot handle what begins with "bad", until it is mended. */
  async function workerOf(mailbox: TestMailbox, options: Partial<WorkOptions> = {}) {
    const handled: string[] = [];
    const events: InboundEvent[] = [];
    const state = { mended: false, given: 0 };
    const worker = await mailbox.work(
      async (entry) => {
        if (!state.mended && textOf(entry).startsWith('bad')) throw new Broken(`no: ${textOf(entry)}`);
        handled.push(textOf(entry));
        events.push(entry.event);
        return 'saved';
      },
      { concurrency: 4, isTransient: () => false, onDeadLetter: async () => void state.given++, ...options },
    );
    return { handled, events, state, close: () => worker.close() };
  }

  async function withGivenUp(...conversations: string[]) {
    const mailbox = await open();
    const worker = await workerOf(mailbox);
    for (const conversation of conversations) await deliverAll(mailbox, conversation, ['bad words', 'good words']);
    await mailbox.hurry(() => worker.state.given === conversations.length);
    await until(async () => (await mailbox.deadLetters.count()) === conversations.length);
    return { mailbox, worker };
  }

  test('is listed with what kind it was, why and when, and nothing that was written', async () => {
    const before = Date.now() - 5_000;
    const { mailbox } = await withGivenUp('anna', 'ben');
    const letters = await mailbox.deadLetters.list(10);
    expect(letters.map(({ conversation }) => conversation).toSorted()).toEqual(['anna', 'ben']);
    for (const letter of letters) {
      expect(letter).toMatchObject({ kind: 'text', reason: 'BROKEN_FLOW' });
      expect(letter.at.getTime()).toBeGreaterThan(before);
    }
    expect(JSON.stringify(letters)).not.toContain('words');
    expect(await mailbox.deadLetters.list(1)).toHaveLength(1);
    expect((await mailbox.depth()).deadLetters).toBe(2);
  });

  test('is replayed once, after what came since, with all its tries, and is gone from the list', async () => {
    const { mailbox, worker } = await withGivenUp('anna');
    const [letter] = await mailbox.deadLetters.list(10);
    worker.state.mended = true;
    const replays = await Promise.all([1, 2, 3].map(() => mailbox.deadLetters.replay(letter?.id ?? '')));
    expect(replays.filter(Boolean)).toHaveLength(1);
    await mailbox.sweep();
    await until(() => worker.handled.length === 2);
    expect(worker.handled).toEqual(['good words', 'bad words']);
    // What it may mean depends on both: that it is replayed, and when it was said.
    const [good, bad] = worker.events;
    expect([good?.replayed, bad?.replayed]).toEqual([undefined, true]);
    expect(bad?.at).toBeLessThanOrEqual(good?.at ?? 0);
    expect(await mailbox.deadLetters.count()).toBe(0);
    expect(await mailbox.deadLetters.replay(letter?.id ?? '')).toBe(false);
    // The platform sends it once more: it was seen.
    expect(await mailbox.deliver(says('anna', 'bad words'))).toBe('duplicate');
  });

  test('that fails again is given up again', async () => {
    const { mailbox, worker } = await withGivenUp('anna');
    const [letter] = await mailbox.deadLetters.list(10);
    await mailbox.deadLetters.replay(letter?.id ?? '');
    await mailbox.sweep();
    await mailbox.hurry(() => worker.state.given === 2);
    await until(async () => (await mailbox.deadLetters.count()) === 1);
    expect((await mailbox.deadLetters.list(10))[0]?.id).not.toBe(letter?.id);
  });

  test('is dropped one by one, and with its conversation when that is forgotten', async () => {
    const { mailbox } = await withGivenUp('anna', 'ben', 'anna2');
    const of = async (conversation: string) =>
      (await mailbox.deadLetters.list(10)).filter((letter) => letter.conversation === conversation);
    const [bens] = await of('ben');
    expect(await mailbox.deadLetters.drop(bens?.id ?? '')).toBe(true);
    expect(await mailbox.deadLetters.drop(bens?.id ?? '')).toBe(false);
    expect(await mailbox.deadLetters.forget('anna')).toBe(1);
    expect(await of('anna')).toEqual([]);
    expect(await of('anna2')).toHaveLength(1);
    expect(await mailbox.dead('anna')).toEqual([]);
    expect(await mailbox.deadLetters.count()).toBe(1);
  });

  test('that nobody can read any more is kept as it is, and says so', async () => {
    const mailbox = await open();
    await mailbox.strand(says('anna', 'lost'));
    const spoilt = 'v1.bytes-of-a-lost-key';
    await mailbox.spoil('anna', 0, spoilt);
    const worker = await workerOf(mailbox);
    await mailbox.sweep();
    await until(async () => (await mailbox.deadLetters.count()) === 1);
    expect(await mailbox.deadLetters.list(10)).toMatchObject([{ kind: 'unreadable', reason: 'UNREADABLE' }]);
    expect(await mailbox.dead('anna')).toEqual([spoilt]);
    // There is nothing in it that could be marked, and it would only be given up again.
    const [letter] = await mailbox.deadLetters.list(10);
    expect(await mailbox.deadLetters.replay(letter?.id ?? '')).toBe(false);
    expect(await mailbox.deadLetters.count()).toBe(1);
    await worker.close();
  });

  test('goes after its time, so many at once', async () => {
    const { mailbox } = await withGivenUp('anna', 'ben');
    expect(await mailbox.deadLetters.prune(1, 100)).toBe(0);
    expect(await mailbox.deadLetters.prune(-1, 1)).toBe(1);
    expect(await mailbox.deadLetters.prune(-1, 100)).toBe(1);
    expect(await mailbox.deadLetters.list(10)).toEqual([]);
  });

  test.each(['', 'x', 'anna/none', '999999999', "1'; drop table mailbox_dead"])('has none called %p', async (id) => {
    const mailbox = await open();
    expect(await mailbox.deadLetters.replay(id)).toBe(false);
    expect(await mailbox.deadLetters.drop(id)).toBe(false);
  });
});
