import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { eq, sql } from 'drizzle-orm';
import type { SpendLimits } from '../../../bot/domain/spending.js';
import { createLedger } from '../../../bot/ledger/index.js';
import type { Ledger } from '../../../bot/ledger/ledger.js';
import { outbox, purchaseMoves } from '../../../bot/ledger/schema.js';
import { createTelcoEvents } from '../../../bot/telco-events.js';
import { silent, tempVault } from '../../support/stores.js';
import { type Given, newPurchase, purchaseOf } from './given.js';

const KEY = { type: 'MSISDN', value: '60123000111' } as const;

async function complete(ledger: Ledger, id: string): Promise<void> {
  await ledger.movePurchase(id, 'submit');
  await ledger.movePurchase(id, 'completed');
}

export function callbacksAtOnce({ ledger, database }: Given): void {
  test('a hundred callbacks at once for one purchase are one move and one receipt', async () => {
    const line = await ledger().ensureLine('op', KEY);
    const { id } = purchaseOf(await ledger().openPurchase(newPurchase({ lineId: line.id })));
    await ledger().movePurchase(id, 'submit');
    // The queue is somebody else’s part: what is owed is in the ledger.
    const jobs = { add: async () => undefined } as unknown as Parameters<typeof createTelcoEvents>[0]['jobs'];
    const parts = { ledger: ledger(), jobs, lines: { forget: () => undefined }, log: silent, alert: () => undefined };
    const events = createTelcoEvents(parts);
    const result = { operator: 'op', subscriber: KEY, transactionId: id };
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => events.purchaseResult(result)));
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'repeated')).toHaveLength(99);
    const moves = await database().drizzle.select().from(purchaseMoves).where(eq(purchaseMoves.purchaseId, id));
    expect(moves.map(({ state }) => state).toSorted()).toEqual(['completed', 'confirmed', 'submitting']);
    expect(await database().drizzle.select().from(outbox).where(eq(outbox.subject, id))).toHaveLength(1);
    expect((await ledger().openTasks(1_000)).filter(({ subject }) => subject === id)).toEqual([]);
  });
}

export function spending({ database }: Given): void {
  const myr = (amount: string) => ({ amount, currency: 'MYR' });
  let passed = 0;
  const limited = (limits: Partial<SpendLimits>): Ledger =>
    createLedger(database(), tempVault(), {
      limits: { day: [], week: [], ...limits },
      now: () => new Date(Date.now() + passed),
    });
  const order = (lineId: string, amount: string) => {
    const { terms, ...purchase } = newPurchase({ lineId });
    return { ...purchase, terms: { ...terms, price: myr(amount) } };
  };
  const HOUR = 3_600_000;

  describe('a spending limit', () => {
    test('lets through what fits exactly, refuses what does not, and says what is left and when there is room', async () => {
      const ledger = limited({ day: [myr('20')], week: [myr('25.00')] });
      const lineId = randomUUID();
      passed = 0;
      const first = purchaseOf(await ledger.openPurchase(order(lineId, '12.50')));
      await complete(ledger, first.id);
      expect(await ledger.openPurchase(order(lineId, '7.51'))).toEqual({
        outcome: 'over-limit',
        over: {
          period: 'day',
          limit: myr('20'),
          left: myr('7.50'),
          freeAt: new Date(first.createdAt.getTime() + 24 * HOUR),
        },
      });
      passed = HOUR;
      const second = await ledger.openPurchase(order(lineId, '7.50'));
      expect(second.outcome).toBe('opened');
      await complete(ledger, purchaseOf(second).id);
      // The day is over and the week is not: 5 of 25 are left.
      passed = 26 * HOUR;
      expect(await ledger.openPurchase(order(lineId, '6'))).toMatchObject({
        outcome: 'over-limit',
        over: { period: 'week', left: myr('5.00') },
      });
      expect((await ledger.openPurchase(order(lineId, '5'))).outcome).toBe('opened');
      passed = 0;
    });

    test('never has room for a price above it', async () => {
      const ledger = limited({ day: [myr('20')] });
      const refused = await ledger.openPurchase(order(randomUUID(), '20.01'));
      expect(refused).toEqual({ outcome: 'over-limit', over: { period: 'day', limit: myr('20'), left: myr('20') } });
    });

    test('does not count what failed, counts what nobody knows, and leaves other currencies and lines alone', async () => {
      const ledger = limited({ day: [myr('10')] });
      const lineId = randomUUID();
      const failed = purchaseOf(await ledger.openPurchase(order(lineId, '10')));
      await ledger.movePurchase(failed.id, 'submit');
      await ledger.movePurchase(failed.id, 'refused');
      const unknown = purchaseOf(await ledger.openPurchase(order(lineId, '10')));
      await ledger.movePurchase(unknown.id, 'submit');
      await ledger.movePurchase(unknown.id, 'ambiguous');
      // While it is open it is in the way itself, which says more.
      expect((await ledger.openPurchase(order(lineId, '1'))).outcome).toBe('busy');
      await ledger.movePurchase(unknown.id, 'operator-completed');
      expect((await ledger.openPurchase(order(lineId, '1'))).outcome).toBe('over-limit');
      expect((await ledger.openPurchase(order(randomUUID(), '10'))).outcome).toBe('opened');
      const { terms, ...purchase } = newPurchase({ lineId });
      const pkr = { ...terms, price: { amount: '900', currency: 'PKR' } };
      expect((await ledger.openPurchase({ ...purchase, terms: pkr })).outcome).toBe('opened');
    });

    test('does not hide what an earlier press of the same confirmation bought', async () => {
      const ledger = limited({ day: [myr('10')] });
      const pressed = order(randomUUID(), '10');
      const { id } = purchaseOf(await ledger.openPurchase(pressed));
      await complete(ledger, id);
      expect(await ledger.openPurchase({ ...pressed, id: randomUUID() })).toMatchObject({
        outcome: 'repeated',
        purchase: { id, state: 'completed' },
      });
    });

    test('lets two confirmations that fit only one by one not pass together, however fast the first is settled', async () => {
      const ledger = limited({ day: [myr('10')] });
      for (let round = 0; round < 10; round++) {
        const lineId = randomUUID();
        const buy = async () => {
          const opened = await ledger.openPurchase(order(lineId, '6'));
          if (opened.outcome === 'opened') await complete(ledger, opened.purchase.id);
          return opened.outcome;
        };
        await Promise.all(Array.from({ length: 6 }, buy));
        const rows = await database().drizzle.execute(
          sql`select sum(price_amount)::text as spent from purchases where line_id = ${lineId} and state <> 'failed'`,
        );
        expect((rows as unknown as { rows: unknown[] }).rows).toEqual([{ spent: '6' }]);
      }
    });
  });
}

export function tasks({ ledger, database }: Given): void {
  describe('a task for a person', () => {
    const of = async (subject: string) => (await ledger().openTasks(1_000)).filter((task) => task.subject === subject);

    test('is opened once while it is open, and again after it was closed', async () => {
      const subject = randomUUID();
      const opened = await Promise.all([1, 2, 3].map(() => ledger().openTask('contradiction', subject, 'look')));
      expect(opened.filter((isNew) => isNew)).toHaveLength(1);
      const [task] = await of(subject);
      expect(task).toMatchObject({ kind: 'contradiction', subject, about: 'look' });
      expect(await ledger().closeTask(task?.id ?? '', 'the first one was right')).toBe(true);
      expect(await ledger().closeTask(task?.id ?? '', 'again')).toBe(false);
      expect(await of(subject)).toEqual([]);
      expect(await ledger().openTask('contradiction', subject, 'look')).toBe(true);
    });

    test('that a person closed is not opened again where nobody has to be called twice', async () => {
      const subject = randomUUID();
      const open = () => ledger().openTaskUnlessClosed('promise', subject, 'late');
      expect((await Promise.all([open(), open(), open()])).filter((isNew) => isNew)).toHaveLength(1);
      const [task] = await of(subject);
      expect(task).toMatchObject({ kind: 'promise', subject, about: 'late' });
      expect(await ledger().closeTask(task?.id ?? '', 'told by phone')).toBe(true);
      expect(await open()).toBe(false);
      expect(await of(subject)).toEqual([]);
      expect(await ledger().openTaskUnlessClosed('promise', randomUUID(), 'late')).toBe(true);
      expect(await ledger().openTaskUnlessClosed('contradiction', subject, 'look')).toBe(true);
    });

    test('that went by itself is opened again when it is so once more', async () => {
      const { id } = await ledger().promise('receipt', randomUUID(), 'web-1');
      for (let round = 0; round < 2; round++) {
        expect(await ledger().openTaskUnlessClosed('promise', id, 'late')).toBe(true);
        await ledger().finishOutbox(id);
        expect(await of(id)).toEqual([]);
        // Its message got lost on the way.
        await database().drizzle.execute(sql`update outbox set done_at = null where id = ${id}`);
      }
    });

    test('about an unknown purchase cannot be closed by hand, and ends with the purchase', async () => {
      const { id } = purchaseOf(await ledger().openPurchase(newPurchase()));
      await ledger().movePurchase(id, 'submit');
      await ledger().movePurchase(id, 'ambiguous');
      await ledger().openTask('purchase-unknown', id, 'ask');
      const [task] = await of(id);
      expect(await ledger().closeTask(task?.id ?? '', 'no time')).toBe(false);
      expect(await of(id)).toHaveLength(1);
      await ledger().movePurchase(id, 'operator-failed');
      expect(await of(id)).toEqual([]);
    });

    test('about an unknown purchase that ended in the moment in which it was opened is closed by the next round', async () => {
      const { id } = purchaseOf(await ledger().openPurchase(newPurchase()));
      await complete(ledger(), id);
      // What two statements leave behind that did not see each other's work.
      await ledger().openTask('purchase-unknown', id, 'ask');
      const open = purchaseOf(await ledger().openPurchase(newPurchase()));
      await ledger().movePurchase(open.id, 'submit');
      await ledger().openTask('purchase-unknown', open.id, 'ask');
      await ledger().openOverdueTasks(new Date(0));
      expect(await of(id)).toEqual([]);
      expect(await of(open.id)).toHaveLength(1);
    });

    test('is announced once, however many ask at once', async () => {
      const subjects = Array.from({ length: 20 }, (): string => randomUUID());
      for (const subject of subjects) await ledger().openTask('promise', subject, 'late');
      const announced: string[] = [];
      const announce = () => ledger().announceTasks(1_000, ({ subject }) => void announced.push(subject));
      await Promise.all(Array.from({ length: 8 }, announce));
      await announce();
      for (const subject of subjects) expect(announced.filter((one) => one === subject)).toHaveLength(1);
    });

    test('whose caller fails in the middle is called for again', async () => {
      const subjects = Array.from({ length: 3 }, (): string => randomUUID());
      for (const subject of subjects) await ledger().openTask('promise', subject, 'late');
      const heard: string[] = [];
      const halfway = ledger().announceTasks(1_000, ({ subject }) => {
        if (heard.push(subject) === 2) throw new Error('the pager is away');
      });
      await expect(halfway).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      const again: string[] = [];
      await ledger().announceTasks(1_000, ({ subject }) => void again.push(subject));
      expect(again).toEqual(expect.arrayContaining(subjects));
    });
  });
}

export function telcoPauses({ ledger }: Given): void {
  test('a pause for a telco is seen by everybody, and a shorter one does not end it', async () => {
    const telco = `t-${randomUUID()}`;
    const left = async () => (await ledger().telcoPauses()).find((pause) => pause.telco === telco)?.leftMs ?? 0;
    expect(await left()).toBe(0);
    await ledger().pauseTelco(telco, 60_000);
    await ledger().pauseTelco(telco, 1_000);
    expect(await left()).toBeGreaterThan(50_000);
    expect(await left()).toBeLessThanOrEqual(60_000);
  });
}
