import { describe, expect, test } from '@jest/globals';
import { PoisonEntry } from '../../bot/conversation/mailbox.js';
import { tempVault } from '../support/stores.js';
import { HOUSES, mailboxesOn } from './mailbox-houses.js';
import { Down, deliverAll, numbered, says, type TestMailbox, textOf, until, work } from './mailboxes.js';

describe.each(HOUSES)('on %s', (_name, openHouse) => {
  const open = mailboxesOn(openHouse);

  describe('a turn that throws', () => {
    test('saves nothing and is tried again, before anything that came later', async () => {
      const mailbox = await open();
      const sessions: (string | undefined)[] = [];
      const worker = await work(mailbox, async (entry) => {
        if (textOf(entry) !== 'trying') return 'before';
        sessions.push(entry.session);
        if (sessions.length < 3) throw new Error('not yet');
        return 'after';
      });
      await deliverAll(mailbox, 'anna', ['first', 'trying', 'last']);
      await until(() => worker.handled.includes('last'));
      expect(worker.handled).toEqual(['first', 'trying', 'trying', 'trying', 'last']);
      expect(sessions).toEqual(['before', 'before', 'before']);
      expect(worker.dead).toEqual([]);
      expect(worker.errors).toHaveLength(2);
    });

    test('five times is given up once, with its reason; the next one goes on from the session before it', async () => {
      const mailbox = await open();
      const failure = new Error('never');
      const worker = await work(mailbox, async (entry) => {
        if (textOf(entry) === 'poison') throw failure;
        return `${entry.session ?? ''}${textOf(entry)} `;
      });
      await deliverAll(mailbox, 'anna', ['good', 'poison', 'better', 'best']);
      await mailbox.hurry(() => worker.handled.includes('best'));
      expect(worker.handled).toEqual(['good', ...Array(5).fill('poison'), 'better', 'best']);
      expect(worker.dead).toEqual([{ text: 'poison', error: failure }]);
      await until(async () => (await mailbox.depth()).conversations === 0);
      expect((await mailbox.depth()).deadLetters).toBe(1);
      expect(await mailbox.session('anna')).toBe('good better best ');
    });

    test('is counted alone: an entry after a given-up one has all its attempts', async () => {
      const mailbox = await open();
      const worker = await work(mailbox, async () => {
        throw new Error('never');
      });
      await deliverAll(mailbox, 'anna', ['one', 'two']);
      await mailbox.hurry(() => worker.dead.length === 2);
      expect(worker.handled).toEqual([...Array(5).fill('one'), ...Array(5).fill('two')]);
    });

    test('and whose apology fails as well is given up all the same', async () => {
      const mailbox = await open();
      const worker = await work(
        mailbox,
        async (entry) => {
          if (textOf(entry) === 'poison') throw new Error('never');
          return undefined;
        },
        { onDeadLetter: () => Promise.reject(new Error('no apology either')) },
      );
      await deliverAll(mailbox, 'anna', ['poison', 'next']);
      await mailbox.hurry(() => worker.handled.includes('next'));
      expect((await mailbox.depth()).deadLetters).toBe(1);
    });

    test('because something is down is tried for as long as that takes', async () => {
      const mailbox = await open();
      let down = true;
      const worker = await work(mailbox, async () => {
        if (down) throw new Down('no');
        return undefined;
      });
      await deliverAll(mailbox, 'anna', ['patient', 'next']);
      await mailbox.hurry(() => worker.handled.length >= 40);
      down = false;
      await mailbox.hurry(() => worker.handled.includes('next'));
      expect(worker.dead).toEqual([]);
      expect((await mailbox.depth()).deadLetters).toBe(0);
    });
  });

  describe('an entry that kills its worker', () => {
    test('is given up after 25 starts, and the next one goes on', async () => {
      const mailbox = await open();
      await deliverAll(mailbox, 'anna', ['deadly', 'next']);
      for (let start = 0; start < 25; start++) await mailbox.beginAndDie('anna');
      const worker = await work(mailbox);
      await until(() => worker.handled.includes('next'));
      expect(worker.handled).toEqual(['next']);
      expect(worker.dead).toEqual([{ text: 'deadly', error: expect.any(PoisonEntry) }]);
    });

    test('is tried as long as it may only have been unlucky', async () => {
      const mailbox = await open();
      await deliverAll(mailbox, 'anna', ['unlucky', 'next']);
      for (let start = 0; start < 24; start++) await mailbox.beginAndDie('anna');
      const worker = await work(mailbox);
      await until(() => worker.handled.includes('next'));
      expect(worker.handled).toEqual(['unlucky', 'next']);
      expect(worker.dead).toEqual([]);
    });

    test('is not one that was begun for nobody, however often: it is run', async () => {
      const mailbox = await open();
      await deliverAll(mailbox, 'anna', ['unheard of', 'next']);
      await mailbox.beginUnanswered('anna', 40);
      const worker = await work(mailbox);
      await until(() => worker.handled.includes('next'));
      expect(worker.handled).toEqual(['unheard of', 'next']);
      expect(worker.dead).toEqual([]);
    });

    test('does not pass its count on to the next one', async () => {
      const mailbox = await open();
      await deliverAll(mailbox, 'anna', numbered('message', 3));
      for (let start = 0; start < 24; start++) await mailbox.beginAndDie('anna');
      let failed = false;
      const worker = await work(mailbox, async (entry) => {
        if (textOf(entry) === 'message-2' && !failed) {
          failed = true;
          throw new Down('once');
        }
        return undefined;
      });
      await until(() => worker.handled.includes('message-3'));
      expect(worker.dead).toEqual([]);
    });
  });

  describe('an entry nobody can read', () => {
    test.each([
      ['sealed with a key that is lost', () => tempVault().seal(JSON.stringify(says('anna', 'unreadable')))],
      [
        'of a kind that is not known here',
        (mailbox: TestMailbox) => mailbox.vault.seal('{"kind":"dance","conversationId":"anna"}'),
      ],
      ['that is not even sealed', () => 'hello?'],
    ])('%s, is put aside as it is, and the next one goes on', async (_why, spoil) => {
      const mailbox = await open();
      await deliverAll(mailbox, 'anna', ['first', 'unreadable', 'last']);
      const spoilt = spoil(mailbox);
      await mailbox.spoil('anna', 1, spoilt);
      const worker = await work(mailbox);
      await until(() => worker.handled.includes('last'));
      expect(worker.handled).toEqual(['first', 'last']);
      expect(worker.errors).toHaveLength(1);
      await until(async () => (await mailbox.depth()).conversations === 0);
      expect((await mailbox.depth()).deadLetters).toBe(1);
      expect(await mailbox.dead('anna')).toEqual([spoilt]);
    });
  });
});
