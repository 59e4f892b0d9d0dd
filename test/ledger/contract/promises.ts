import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { NewNudge, OutboxKind } from '../../../bot/ledger/ledger.js';
import { type Given, SOON_MS, soon, twenty } from './given.js';

export function theOutbox({ ledger, database }: Given): void {
  describe('the outbox', () => {
    /** What other tests left is not due for days. */
    const empty = () => database().drizzle.execute(sql`update outbox set due_at = now() + interval '9 days'`);

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

    test('brings what a subscriber waits for before a bulk of what only telcos are told, however long that is due', async () => {
      await empty();
      const add = async (kind: OutboxKind) => (await ledger().promise(kind, randomUUID(), 'web-1')).id;
      const bulk = [await add('withdrawal'), await add('registration'), await add('withdrawal')];
      const waitedFor = [await add('receipt'), await add('erasure'), await add('code'), await add('checking')];
      const claimed = async (limit: number) => (await ledger().dueOutbox(soon(), 60_000, limit)).map(({ id }) => id);
      expect(await claimed(3)).toEqual(waitedFor.slice(0, 3));
      expect(await claimed(3)).toEqual([...waitedFor.slice(3), ...bulk.slice(0, 2)]);
      expect(await claimed(3)).toEqual(bulk.slice(2));
    });

    test('brings an item that was not kept after pauses that double, up to six hours', async () => {
      await empty();
      const { id } = await ledger().promise('checking', randomUUID(), 'web-1');
      const MINUTE_MS = 60_000;
      const pauses = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360].map((minutes) => minutes * MINUTE_MS);
      // Statements take a moment: what is due by a little less than a pause later has not come yet.
      let now = Date.now();
      const claimed = async (at: number) =>
        (await ledger().dueOutbox(new Date(at), MINUTE_MS, 10)).some((item) => item.id === id);
      expect(await claimed(now)).toBe(true);
      for (const pause of pauses) {
        expect(await claimed(now + pause - 30_000)).toBe(false);
        now += pause + 5_000;
        expect(await claimed(now)).toBe(true);
      }
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

export function nudges({ ledger, database }: Given): void {
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

    const listed = async (before: Date, limit = 1000) =>
      (await ledger().queuedNudges(before, limit)).map(({ id }) => id);

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
      const finished = await twenty((index) => ledger().finishNudge(id, index % 2 ? 'sent' : 'skipped', 'test'));
      expect(finished.filter(Boolean)).toHaveLength(1);
      expect(await listed(soon())).not.toContain(id);
    });

    test('that wait are listed, the longest first', async () => {
      const first = await ledger().addNudge(make());
      const second = await ledger().addNudge(make());
      expect(await listed(new Date(Date.now() - SOON_MS))).toEqual([]);
      expect((await listed(soon())).slice(-2)).toEqual([first?.id, second?.id]);
    });

    test('that nobody can deliver do not keep the others waiting', async () => {
      await database().drizzle.execute(sql`update nudges set state = 'skipped'`);
      const add = async () => (await ledger().addNudge(make()))?.id ?? '';
      const stuck = [await add(), await add(), await add()];
      const next = await add();
      const now = soon();
      const later = (ms: number) => new Date(now.getTime() + ms);
      expect(await listed(now, 3)).toEqual(stuck);
      expect(await listed(later(1000), 3)).toEqual([next]);
      expect(await listed(later(50_000), 3)).toEqual([]);
      expect(await listed(later(60_500), 3)).toEqual(stuck);
      expect(await listed(later(62_000), 3)).toEqual([next]);
    });

    test('are shared by sweepers: each is listed to one of them', async () => {
      await database().drizzle.execute(sql`update nudges set state = 'skipped'`);
      const made = await twenty(async () => (await ledger().addNudge(make()))?.id ?? '');
      const shares = await Promise.all([1, 2, 3, 4].map(() => listed(soon(), 7)));
      const rest = await listed(soon());
      expect([...shares.flat(), ...rest].toSorted()).toEqual(made.toSorted());
    });
  });
}
