import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { NewNudge } from '../../../bot/ledger/ledger.js';
import { type Given, SOON_MS, soon, twenty } from './given.js';

export function theOutbox({ ledger, database }: Given): void {
  describe('the outbox', () => {
    /** What other tests left is not due for a day. */
    const empty = () => database().drizzle.execute(sql`update outbox set due_at = now() + interval '1 day'`);

    test('holds a promise once while it is open, however often it is made', async () => {
      const subject = randomUUID();
      const made = await twenty(() => ledger().promise('registration', subject, 'web-1'));
      expect(new Set(made.map(({ id }) => id)).size).toBe(1);
      const item = { id: made[0]?.id, kind: 'registration', subject, conversationId: 'web-1', attempts: 0 };
      expect(made[0]).toEqual(item);
      expect(await ledger().outboxFor('registration', subject)).toEqual(item);
      expect(await ledger().outboxItem(made[0]?.id ?? '')).toEqual({ ...item, done: false });
      expect(await ledger().outboxItem('unknown')).toBeUndefined();
      expect(await ledger().outboxFor('receipt', subject)).toBeUndefined();
    });

    test('takes a registration again after it was kept, but a receipt never', async () => {
      const subject = randomUUID();
      for (const kind of ['registration', 'receipt'] as const) {
        const first = await ledger().promise(kind, subject, 'web-1');
        await ledger().finishOutbox(first.id);
        const second = await ledger().promise(kind, subject, 'web-1');
        expect(second.id === first.id).toBe(kind === 'receipt');
      }
    });

    test('is finished by one of twenty', async () => {
      const { id } = await ledger().promise('registration', randomUUID(), 'web-1');
      const finished = await twenty(() => ledger().finishOutbox(id));
      expect(finished.filter(Boolean)).toHaveLength(1);
      expect(await ledger().outboxItem(id)).toMatchObject({ done: true });
    });

    test('is shared by sweepers: each item goes to one of them, and comes again when its time is over', async () => {
      await empty();
      const made: string[] = [];
      for (let index = 0; index < 40; index++)
        made.push((await ledger().promise('checking', randomUUID(), 'web-1')).id);
      const sweep = () => ledger().dueOutbox(new Date(), 30_000, 15);
      const shares = await Promise.all([sweep(), sweep(), sweep(), sweep()]);
      const claimed = [...shares.flat(), ...(await sweep()), ...(await sweep())];
      expect(claimed.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
      expect(claimed.every(({ attempts }) => attempts === 1)).toBe(true);
      for (const share of shares) expect(share.length).toBeLessThanOrEqual(15);

      expect(await ledger().dueOutbox(new Date(Date.now() + 20_000), 30_000, 100)).toEqual([]);
      const again = await ledger().dueOutbox(new Date(Date.now() + 31_000), 30_000, 100);
      expect(again.map(({ id }) => id)).toEqual(made);
      expect(again.every(({ attempts }) => attempts === 2)).toBe(true);
    });

    test('shows no item that was finished, or that is not due yet', async () => {
      await empty();
      const { id } = await ledger().promise('checking', randomUUID(), 'web-1');
      expect(await ledger().dueOutbox(new Date(Date.now() - SOON_MS), 0, 10)).toEqual([]);
      await ledger().finishOutbox(id);
      expect(await ledger().dueOutbox(soon(), 0, 10)).toEqual([]);
    });
  });
}

export function nudges({ ledger }: Given): void {
  describe('nudges', () => {
    const make = (change: Partial<NewNudge> = {}): NewNudge => ({
      operator: 'op',
      transactionId: randomUUID(),
      type: 'low-data',
      lineId: randomUUID(),
      conversationId: 'web-1',
      planName: [{ language: 'en', text: 'Daily' }],
      ...change,
    });

    test('are taken once per operator and transaction', async () => {
      const nudge = make();
      const added = (await twenty(() => ledger().addNudge(nudge))).filter((each) => each !== undefined);
      expect(added).toEqual([{ ...nudge, id: expect.any(String), state: 'queued', createdAt: expect.any(Date) }]);
      expect(await ledger().nudge(added[0]?.id ?? '')).toEqual(added[0]);
      expect(await ledger().nudge('unknown')).toBeUndefined();
      expect(await ledger().addNudge({ ...nudge, operator: 'other' })).toBeDefined();
    });

    test('leave the queue once', async () => {
      const id = (await ledger().addNudge(make()))?.id ?? '';
      const listed = async () => (await ledger().queuedNudges(soon(), 1000)).some((nudge) => nudge.id === id);
      expect(await listed()).toBe(true);
      const finished = await twenty((index) => ledger().finishNudge(id, index % 2 ? 'sent' : 'skipped', 'test'));
      expect(finished.filter(Boolean)).toHaveLength(1);
      expect(await listed()).toBe(false);
    });

    test('that wait are listed, the longest first', async () => {
      const first = await ledger().addNudge(make());
      const second = await ledger().addNudge(make());
      const listed = (await ledger().queuedNudges(soon(), 1000)).map(({ id }) => id);
      expect(listed.slice(-2)).toEqual([first?.id, second?.id]);
      expect(await ledger().queuedNudges(new Date(Date.now() - SOON_MS), 10)).toEqual([]);
    });
  });
}
