import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { DELIVERY_STATES } from '../../../bot/domain/delivery.js';
import type { Given } from './given.js';

const DAY_MS = 24 * 3_600_000;

export function deliveries({ ledger, database }: Given): void {
  describe('what became of messages', () => {
    const clear = () => database().drizzle.execute(sql`delete from deliveries`);
    const sent = (change: object = {}) => ({
      id: randomUUID(),
      channel: 'whatsapp',
      conversationId: 'c-1',
      state: 'sent' as const,
      ...change,
    });
    const promised = async (kind: 'receipt' | 'checking' | 'registration' | 'link-notice') => {
      const item = await ledger().promise(kind, randomUUID(), 'c-1');
      await ledger().finishOutbox(item.id);
      return item.id;
    };
    const isOpen = async (id: string) => (await ledger().outboxItem(id))?.done === false;

    test('is the furthest state, in whatever order and however often it is heard', async () => {
      const order = fc.array(fc.constantFrom(...DELIVERY_STATES), { minLength: 1, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(order, async (states) => {
          const message = sent();
          for (const state of states) {
            await ledger().recordDeliveries([{ ...message, state, ...(state === 'failed' && { code: '131047' }) }]);
          }
          const furthest = DELIVERY_STATES.findLast((state) => states.includes(state));
          expect(await ledger().delivery(message.id)).toEqual({
            ...message,
            state: furthest,
            ...(furthest === 'failed' && { code: '131047' }),
          });
        }),
        { seed: 42, numRuns: 25 },
      );
    });

    test('may be heard before it is known whose message it was', async () => {
      const message = sent({ about: 'item-1' });
      const { id, channel } = message;
      await ledger().recordDeliveries([{ id, channel, state: 'delivered' }]);
      expect(await ledger().delivery(id)).toEqual({ id, channel, state: 'delivered' });
      await ledger().recordDeliveries([message]);
      expect(await ledger().delivery(id)).toEqual({ ...message, state: 'delivered' });
      expect(await ledger().delivery(randomUUID())).toBeUndefined();
    });

    test('is written for many messages at once, whatever they are called', async () => {
      const many = Array.from({ length: 1_000 }, () => sent());
      const odd = sent({ id: `${randomUUID()} \0 ' "`, code: '\0' });
      await ledger().recordDeliveries([...many, odd]);
      await ledger().recordDeliveries([]);
      expect(await ledger().delivery(many[999]?.id ?? '')).toEqual(many[999]);
      expect(await ledger().delivery(odd.id)).toMatchObject({ conversationId: 'c-1' });
    });

    test.each(['receipt', 'link-notice'] as const)(
      'that is owed (%s) and may arrive with another try is owed again, once for each failure',
      async (kind) => {
        await clear();
        const receipt = await promised(kind);
        const message = sent({ about: receipt });
        // The failure is known before the message is.
        await ledger().recordDeliveries([{ id: message.id, channel: 'whatsapp', state: 'failed', resend: true }]);
        expect(await ledger().resendFailed(0, 10)).toBe(0);
        await ledger().recordDeliveries([message]);
        expect(await ledger().resendFailed(0, 10)).toBe(1);
        expect(await isOpen(receipt)).toBe(true);
        const [due] = (await ledger().dueOutbox(new Date(Date.now() + 1_000), 60_000, 100)).filter(
          ({ id }) => id === receipt,
        );
        // Another try, so another event for the mailbox.
        expect(due?.attempts).toBe(1);
        await ledger().finishOutbox(receipt);
        await ledger().recordDeliveries([{ id: message.id, channel: 'whatsapp', state: 'failed', resend: true }]);
        expect(await ledger().resendFailed(0, 10)).toBe(0);
        expect(await isOpen(receipt)).toBe(false);
      },
    );

    test('waits until its promise is written down as kept, and is owed again then', async () => {
      await clear();
      const receipt = await promised('receipt');
      await database().drizzle.execute(sql`update outbox set done_at = null where id = ${receipt}`);
      await ledger().recordDeliveries([sent({ about: receipt, state: 'failed', resend: true })]);
      expect(await ledger().resendFailed(0, 10)).toBe(0);
      await ledger().finishOutbox(receipt);
      expect(await ledger().resendFailed(0, 10)).toBe(1);
      expect(await isOpen(receipt)).toBe(true);
    });

    test('is not sent again where that would not help, or nothing is owed, or it arrived all the same', async () => {
      await clear();
      const [refused, arrived, registration] = await Promise.all([
        promised('receipt'),
        promised('receipt'),
        promised('registration'),
      ]);
      const late = sent({ about: arrived, state: 'failed', resend: true });
      await ledger().recordDeliveries([
        sent({ about: refused, state: 'failed' }),
        late,
        sent({ about: registration, state: 'failed', resend: true }),
        sent({ about: 'a nudge', state: 'failed', resend: true }),
        sent({ state: 'failed', resend: true }),
      ]);
      await ledger().recordDeliveries([{ ...late, state: 'read', resend: false }]);
      expect(await ledger().resendFailed(0, 10)).toBe(0);
      expect(await Promise.all([refused, arrived, registration].map(isOpen))).toEqual([false, false, false]);
    });

    test('is sent again later and later', async () => {
      await clear();
      const receipt = await promised('receipt');
      await database().drizzle.execute(sql`update outbox set attempts = 3 where id = ${receipt}`);
      await ledger().recordDeliveries([sent({ about: receipt, state: 'failed', resend: true })]);
      await ledger().resendFailed(60_000, 10);
      const dueIn = async (ms: number) =>
        (await ledger().dueOutbox(new Date(Date.now() + ms), 60_000, 500)).some(({ id }) => id === receipt);
      expect(await dueIn(7 * 60_000)).toBe(false);
      expect(await dueIn(9 * 60_000)).toBe(true);
    });

    test('is forgotten after a while, oldest first and not all at once', async () => {
      await clear();
      const old = [sent(), sent(), sent()];
      const recent = sent();
      for (const message of [...old, recent]) await ledger().recordDeliveries([message]);
      await database().drizzle.execute(sql`update deliveries set sent_at = now() - interval '31 days'
        where id <> ${recent.id}`);
      const monthAgo = () => new Date(Date.now() - 30 * DAY_MS);
      expect(await ledger().pruneDeliveries(monthAgo(), 2)).toBe(2);
      expect(await ledger().pruneDeliveries(monthAgo(), 2)).toBe(1);
      expect(await ledger().pruneDeliveries(monthAgo(), 2)).toBe(0);
      expect(await ledger().delivery(recent.id)).toEqual(recent);
    });
  });

  describe('a promise that waits for its user', () => {
    test('is not due for days, and is when they write: under another number, so that it is no repetition', async () => {
      const conversationId = `c-${randomUUID()}`;
      const [receipt, registration] = await Promise.all([
        ledger().promise('receipt', randomUUID(), conversationId),
        ledger().promise('registration', randomUUID(), conversationId),
      ]);
      await ledger().awaitUser(receipt.id);
      const due = await ledger().dueOutbox(new Date(Date.now() + 6 * DAY_MS), 60_000, 1_000);
      expect(due.map(({ id }) => id)).not.toContain(receipt.id);
      expect(await ledger().owedTo(conversationId)).toEqual([receipt.id]);
      expect(await ledger().outboxItem(receipt.id)).toMatchObject({ attempts: 1, done: false });
      expect(await ledger().outboxItem(registration.id)).toMatchObject({ done: false });
      await ledger().finishOutbox(receipt.id);
      await ledger().awaitUser(receipt.id);
      expect(await ledger().owedTo(conversationId)).toEqual([]);
      expect(await ledger().owedTo('somebody else')).toEqual([]);
    });

    test('may be word of a link: who has one’s line now is not news for next week', async () => {
      const conversationId = `c-${randomUUID()}`;
      const notice = await ledger().promise('link-notice', `${randomUUID()}:ref`, conversationId);
      const news = await ledger().promise('link-news', randomUUID(), conversationId);
      for (const { id } of [notice, news]) await ledger().awaitUser(id);
      expect([...(await ledger().owedTo(conversationId))].sort()).toEqual([notice.id, news.id].sort());
    });
  });
}
