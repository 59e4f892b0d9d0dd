import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { HOUSES, mailboxesOn } from './mailbox-houses.js';
import { deliverAll, numbered, says, textOf, until, work } from './mailboxes.js';

describe.each(HOUSES)('a mailbox on %s', (_name, openHouse) => {
  const open = mailboxesOn(openHouse);

  describe('an event', () => {
    test('is handed out once, whole, however often the platform sends it', async () => {
      const mailbox = await open();
      const event = says('anna', 'hello');
      const answers = await Promise.all([1, 2, 3].map(() => mailbox.deliver(event)));
      expect(answers.toSorted()).toEqual(['accepted', 'duplicate', 'duplicate']);
      const seen: unknown[] = [];
      const worker = await work(mailbox, async (entry) => void seen.push(entry.event));
      await until(() => worker.handled.length > 0);
      expect(await mailbox.deliver(event)).toBe('duplicate');
      await deliverAll(mailbox, 'anna', ['last']);
      await until(() => worker.handled.includes('last'));
      expect(worker.handled).toEqual(['hello', 'last']);
      expect(seen[0]).toEqual(event);
    });

    test('is known by its id within its conversation only', async () => {
      const mailbox = await open();
      expect(await mailbox.deliver(says('anna', '1'))).toBe('accepted');
      expect(await mailbox.deliver(says('ben', '1'))).toBe('accepted');
    });

    test('is forgotten as a duplicate after the time a platform may redeliver it', async () => {
      const mailbox = await open({ seenMs: 50 });
      await mailbox.deliver(says('anna', '1'));
      await sleep(80);
      expect(await mailbox.deliver(says('anna', '1'))).toBe('accepted');
    });

    test('is kept sealed: neither its words nor its id can be read in the store', async () => {
      const mailbox = await open();
      await mailbox.deliver(says('anna', 'my number is 60123456789'));
      const kept = await mailbox.kept();
      expect(kept.length).toBeGreaterThan(1);
      expect(kept.filter((text) => text.includes('60123456789'))).toEqual([]);
    });
  });

  describe('a conversation', () => {
    test('is handled in order and never twice at once, on any number of workers, many conversations at a time', async () => {
      const mailbox = await open();
      const people = numbered('person', 12);
      const running = new Set<string>();
      let together = 0;
      let most = 0;
      const order = new Map<string, string[]>(people.map((person) => [person, []]));
      const handler = async ({ event }: { event: { conversationId: string; id: string } }) => {
        const { conversationId, id } = event;
        if (running.has(conversationId)) together += 1;
        running.add(conversationId);
        most = Math.max(most, running.size);
        order.get(conversationId)?.push(id);
        await sleep(Math.random() * 4);
        running.delete(conversationId);
        return undefined;
      };
      await Promise.all([1, 2, 3].map(() => work(mailbox, handler, { concurrency: 5 })));
      const texts = numbered('message', 40);
      await Promise.all(people.map((person) => deliverAll(mailbox, person, texts)));
      await until(async () => (await mailbox.depth()).conversations === 0);
      expect(together).toBe(0);
      expect(most).toBeGreaterThan(4);
      for (const person of people) expect(order.get(person)).toEqual(texts);
    });

    test('with a hundred messages lets others in between', async () => {
      const mailbox = await open();
      await deliverAll(mailbox, 'chatterbox', numbered('word', 100));
      await mailbox.deliver(says('anna', 'me too'));
      const worker = await work(mailbox, async () => undefined, { concurrency: 1 });
      await until(() => worker.handled.length === 101);
      expect(worker.handled.indexOf('me too')).toBeLessThanOrEqual(20);
    });

    test('that fails does not hold up the others', async () => {
      const mailbox = await open();
      const worker = await work(mailbox, async (entry) => {
        if (entry.event.conversationId === 'broken') throw new Error('again');
        return undefined;
      });
      await deliverAll(mailbox, 'broken', ['bad']);
      await deliverAll(mailbox, 'anna', ['good']);
      await until(() => worker.handled.includes('good'), 1000);
    });

    test('is counted, with how long it waits, until its last entry is done', async () => {
      const mailbox = await open();
      expect(await mailbox.depth()).toEqual({ conversations: 0, oldestMs: 0, deadLetters: 0 });
      await deliverAll(mailbox, 'anna', ['1', '2']);
      await mailbox.age(3_600_000);
      await deliverAll(mailbox, 'ben', ['1']);
      const { oldestMs, ...rest } = await mailbox.depth();
      expect(rest).toEqual({ conversations: 2, deadLetters: 0 });
      expect(Math.floor(oldestMs / 3_600_000)).toBe(1);
      const worker = await work(mailbox);
      await until(async () => worker.handled.length === 3 && (await mailbox.depth()).conversations === 0);
    });

    test('leaves nothing behind but its session and the ids it has seen', async () => {
      const mailbox = await open();
      const worker = await work(mailbox, async () => 'saved');
      await deliverAll(mailbox, 'anna', numbered('message', 45));
      await until(async () => worker.handled.length === 45 && (await mailbox.depth()).conversations === 0);
      await worker.close();
      expect(await mailbox.leftovers()).toEqual({ seen: 45, sessions: 1, others: [] });
    });
  });

  describe('a session', () => {
    test('is what the last turn of this conversation returned, in the same job and the next', async () => {
      const mailbox = await open();
      const sessions: (string | undefined)[] = [];
      const worker = await work(mailbox, async ({ session, ...entry }) => {
        sessions.push(session);
        return textOf({ session, ...entry });
      });
      await deliverAll(mailbox, 'anna', ['1', '2']);
      await until(async () => (await mailbox.depth()).conversations === 0);
      await deliverAll(mailbox, 'anna', ['3']);
      await deliverAll(mailbox, 'ben', ['b']);
      await until(() => worker.handled.length === 4);
      expect(sessions.slice(0, 2)).toEqual([undefined, '1']);
      expect(sessions.slice(2).toSorted()).toEqual(['2', undefined]);
    });

    test('is kept by a turn that returns none, and forgotten after a silence', async () => {
      const mailbox = await open({ sessionMs: 300 });
      const sessions: (string | undefined)[] = [];
      await work(mailbox, async (entry) => {
        sessions.push(entry.session);
        return textOf(entry) === 'save' ? 'saved' : undefined;
      });
      await deliverAll(mailbox, 'anna', ['save', 'nothing', 'look']);
      await until(() => sessions.length === 3);
      await sleep(400);
      await deliverAll(mailbox, 'anna', ['later']);
      await until(() => sessions.length === 4);
      expect(sessions).toEqual([undefined, 'saved', 'saved', undefined]);
    });

    test('is saved in the same step that removes the entry', async () => {
      const mailbox = await open();
      await deliverAll(mailbox, 'anna', numbered('message', 60));
      await mailbox.keepSession('anna', '0');
      const look = () => mailbox.look('anna');
      const worker = await work(mailbox, async (entry) => {
        await sleep(1);
        return String(Number(entry.session) + 1);
      });
      const sums = new Set<number>();
      const steps = new Set<number>();
      while (worker.handled.length < 60 || (await look()).left > 0) {
        const { left, session } = await look();
        steps.add(left);
        sums.add(left + Number(session));
      }
      expect([...sums]).toEqual([60]);
      expect(steps.size).toBeGreaterThan(5);
    });
  });

  describe('an entry whose wake-up nobody heard', () => {
    test('is found by a sweep', async () => {
      const mailbox = await open({ pollMs: 60_000 });
      const worker = await work(mailbox);
      await mailbox.strand(says('anna', 'stranded'));
      await sleep(300);
      expect(worker.handled).toEqual([]);
      expect(await mailbox.sweep()).toBe(1);
      await until(() => worker.handled.length === 1);
      expect(worker.handled).toEqual(['stranded']);
      await until(async () => (await mailbox.sweep()) === 0);
    });

    test('is found without being asked, after a while', async () => {
      const mailbox = await open({ sweepEveryMs: 100, pollMs: 100 });
      await mailbox.strand(says('anna', 'stranded'));
      const worker = await work(mailbox);
      await until(() => worker.handled.length === 1, 2000);
    });

    test('comes in its place when another follows it', async () => {
      const mailbox = await open();
      await mailbox.strand(says('anna', 'stranded'));
      await mailbox.deliver(says('anna', 'next'));
      const worker = await work(mailbox);
      await until(() => worker.handled.length === 2);
      expect(worker.handled).toEqual(['stranded', 'next']);
    });
  });
});
