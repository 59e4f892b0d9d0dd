import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { and, asc, eq, sql } from 'drizzle-orm';
import fc from 'fast-check';
import {
  afterEvent,
  isFinal,
  OPEN_STATES,
  PURCHASE_EVENTS,
  type PurchaseEvent,
  type PurchaseState,
} from '../../../bot/domain/purchase.js';
import type { OutboxKind, Purchase } from '../../../bot/ledger/ledger.js';
import { outbox, purchaseMoves } from '../../../bot/ledger/schema.js';
import { purchasesOf } from '../../support/purchases.js';
import { type Given, newPurchase, purchaseOf, SOON_MS, soon, twenty } from './given.js';

export function openingPurchases({ ledger }: Given): void {
  describe('opening a purchase', () => {
    test('keeps the terms as they were agreed to', async () => {
      const terms = {
        planId: 'p',
        planName: [],
        price: { amount: '0.10', currency: 'KWD' },
        fundSource: 'loan',
      } as const;
      const purchase = newPurchase({ terms });
      const opened = {
        ...purchase,
        state: 'confirmed',
        posts: 0,
        marker: 0,
        createdAt: expect.any(Date),
        stateAt: expect.any(Date),
      };
      expect(await ledger().openPurchase(purchase)).toEqual({ outcome: 'opened', purchase: opened });
      expect(await ledger().purchase(purchase.id)).toEqual(opened);
      expect(await ledger().purchaseByConfirmation(purchase.confirmation)).toEqual(opened);
      expect(await ledger().openPurchaseOf(purchase.lineId)).toEqual(opened);
      expect(await ledger().purchase('no-uuid-at-all')).toBeUndefined();
      expect(await ledger().purchaseByConfirmation('never pressed')).toBeUndefined();
    });

    test('keeps for which key of the line it was confirmed, and shows the key to nobody', async () => {
      const token = (value: string) => ({ key: { type: 'CPID', value } as const });
      const is = (purchase: Purchase, value: string) => ledger().isConfirmedFor(purchase, token(value));
      const buy = async () => purchaseOf(await ledger().openPurchase(newPurchase(token('the-first-sim'))));
      const [one, other] = [await buy(), await buy()];
      for (const purchase of [one, other]) {
        expect(await is(purchase, 'the-first-sim')).toBe(true);
        expect(await is(purchase, 'the-second-sim')).toBe(false);
        expect(await ledger().isConfirmedFor(purchase, { key: { type: 'MSISDN', value: 'the-first-sim' } })).toBe(
          false,
        );
        expect(JSON.stringify(purchase)).not.toContain('the-first-sim');
      }
      // Nor that two purchases were for the same one.
      expect(one.confirmedForRef).not.toBe(other.confirmedForRef);
      expect(await ledger().purchase(one.id)).toEqual(one);
    });

    test('of which nobody kept the key was for the line’s number, and for no token', async () => {
      const purchase = purchaseOf(await ledger().openPurchase(newPurchase()));
      expect(await ledger().isConfirmedFor(purchase, { key: { type: 'MSISDN', value: '60111' } })).toBe(true);
      expect(await ledger().isConfirmedFor(purchase, { key: { type: 'CPID', value: 'any' } })).toBe(false);
    });

    test('with one confirmation twenty times at once opens one, and the others are told of it', async () => {
      const { confirmation, lineId } = newPurchase();
      const results = await twenty(() => ledger().openPurchase(newPurchase({ confirmation, lineId })));
      expect(results.filter(({ outcome }) => outcome === 'opened')).toHaveLength(1);
      expect(results.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(19);
      expect(new Set(results.map((result) => purchaseOf(result).id)).size).toBe(1);
    });

    test('with two confirmations for one line at once opens one, and the other is told it is busy', async () => {
      for (let round = 0; round < 10; round++) {
        const lineId = randomUUID();
        const results = await Promise.all([1, 2].map(() => ledger().openPurchase(newPurchase({ lineId }))));
        expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(['busy', 'opened']);
        expect(purchaseOf(results[0])).toEqual(purchaseOf(results[1]));
      }
    });

    test('is possible again once the last one is settled; its confirmation stays used', async () => {
      const first = newPurchase();
      await ledger().openPurchase(first);
      await ledger().movePurchase(first.id, 'submit');
      await ledger().movePurchase(first.id, 'completed');
      const again = await ledger().openPurchase(
        newPurchase({ lineId: first.lineId, confirmation: first.confirmation }),
      );
      expect(again).toMatchObject({ outcome: 'repeated', purchase: { id: first.id, state: 'completed' } });
      const second = await ledger().openPurchase(newPurchase({ lineId: first.lineId }));
      expect(second.outcome).toBe('opened');
      const history = await purchasesOf(ledger(), first.lineId, 10);
      expect(history.map(({ id }) => id)).toEqual([purchaseOf(second).id, first.id]);
      expect(await purchasesOf(ledger(), first.lineId, 1)).toHaveLength(1);
    });

    test('is refused in every open state', async () => {
      const paths: PurchaseEvent[][] = [[], ['submit'], ['submit', 'accepted'], ['submit', 'ambiguous']];
      for (const path of paths) {
        const first = newPurchase();
        await ledger().openPurchase(first);
        for (const event of path) await ledger().movePurchase(first.id, event);
        const state = path.reduce<PurchaseState>((from, event) => afterEvent(from, event) ?? from, 'confirmed');
        const next = await ledger().openPurchase(newPurchase({ lineId: first.lineId }));
        expect(next).toMatchObject({ outcome: 'busy', purchase: { id: first.id, state } });
      }
    });
  });
}

export function movingPurchases({ ledger, database }: Given): void {
  const trail = async (id: string) =>
    (
      await database()
        .drizzle.select()
        .from(purchaseMoves)
        .where(eq(purchaseMoves.purchaseId, id))
        .orderBy(asc(purchaseMoves.move))
    ).map(({ state }) => state);
  const owed = async (id: string, kind: OutboxKind) =>
    await database()
      .drizzle.select()
      .from(outbox)
      .where(and(eq(outbox.subject, id), eq(outbox.kind, kind)));
  const receipts = (id: string) => owed(id, 'receipt');

  describe('moving a purchase', () => {
    test('by twenty at once has one winner', async () => {
      const purchase = newPurchase();
      await ledger().openPurchase(purchase);
      const moves = await twenty(() => ledger().movePurchase(purchase.id, 'submit'));
      expect(moves.filter((moved) => moved !== undefined)).toHaveLength(1);
      expect(await trail(purchase.id)).toEqual(['confirmed', 'submitting']);
    });

    test('to two ends at once keeps the first, and owes one receipt', async () => {
      for (let round = 0; round < 10; round++) {
        const purchase = newPurchase();
        await ledger().openPurchase(purchase);
        await ledger().movePurchase(purchase.id, 'submit');
        const ends = ['completed', 'callback-failed', 'ambiguous', 'accepted'] as const;
        await twenty((index) => ledger().movePurchase(purchase.id, ends[index % 4] ?? 'refused'));
        const path = await trail(purchase.id);
        expect(path.filter(isFinal)).toHaveLength(1);
        expect(path.at(-1)).toBe((await ledger().purchase(purchase.id))?.state);
        expect(await receipts(purchase.id)).toHaveLength(1);
      }
    });

    test('to unknown owes a "still checking" with the move itself, once in a purchase’s life', async () => {
      const { id, ...purchase } = newPurchase();
      await ledger().openPurchase({ id, ...purchase });
      await ledger().movePurchase(id, 'submit');
      expect(await ledger().outboxFor('checking', id)).toBeUndefined();
      await ledger().movePurchase(id, 'ambiguous');
      const first = await ledger().outboxFor('checking', id);
      expect(first).toMatchObject({ subject: id, conversationId: purchase.conversationId, attempts: 0 });
      expect(await ledger().promise('checking', id, purchase.conversationId)).toEqual(first);
      expect(await receipts(id)).toEqual([]);

      const again = async () => {
        await ledger().movePurchase(id, 'accepted');
        await ledger().movePurchase(id, 'no-callback');
        return ledger().outboxFor('checking', id);
      };
      expect(await again()).toEqual(first);
      await ledger().finishOutbox(first?.id ?? '');
      expect(await again()).toEqual(first);
      expect(await owed(id, 'checking')).toHaveLength(1);
    });

    test('carries the operator’s code and the reason of a failure', async () => {
      const purchase = newPurchase();
      await ledger().openPurchase(purchase);
      await ledger().movePurchase(purchase.id, 'submit');
      await ledger().movePurchase(purchase.id, 'ambiguous', { said: 'timeout' });
      await ledger().movePurchase(purchase.id, 'accepted', { confirmationCode: 'C-1' });
      const failed = await ledger().movePurchase(purchase.id, 'callback-failed', { failure: 'NO_MONEY' });
      expect(failed).toMatchObject({ state: 'failed', confirmationCode: 'C-1', failure: 'NO_MONEY' });
      expect(failed?.stateAt.getTime()).toBeGreaterThanOrEqual(failed?.createdAt.getTime() ?? Infinity);
    });

    test('by the answer to an order that was put off and sent anew does nothing, though as many orders are out', async () => {
      const { id, ...purchase } = newPurchase();
      await ledger().openPurchase({ id, ...purchase });
      const first = await ledger().movePurchase(id, 'submit');
      const ofMarker = first?.marker ?? 0;
      expect(await ledger().movePurchase(id, 'put-off', { ofMarker })).toMatchObject({ state: 'confirmed', posts: 0 });
      const second = await ledger().movePurchase(id, 'submit');
      expect(second).toMatchObject({ state: 'submitting', posts: first?.posts });
      expect(second?.marker).toBeGreaterThan(ofMarker);
      for (const late of ['put-off', 'refused', 'ambiguous', 'accepted'] as const) {
        expect(await ledger().movePurchase(id, late, { ofMarker })).toBeUndefined();
      }
      expect(await ledger().purchase(id)).toEqual(second);
      // Whatever else happens to it: an answer is its own order's until a newer one goes out.
      await ledger().movePurchase(id, 'interrupted');
      const answered = { ofMarker: second?.marker ?? 0 };
      expect(await ledger().movePurchase(id, 'refused', answered)).toMatchObject({ state: 'failed', posts: 1 });
    });

    test('that does not exist moves nothing', async () => {
      const id = randomUUID();
      expect(await ledger().movePurchase(id, 'refused')).toBeUndefined();
      expect(await receipts(id)).toEqual([]);
    });

    test('through any sequence of moves obeys the state machine, and the audit trail is the history', async () => {
      const moves = fc.array(fc.constantFrom(...PURCHASE_EVENTS), { minLength: 1, maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(moves, async (sequence) => {
          const purchase = newPurchase();
          await ledger().openPurchase(purchase);
          const history: PurchaseState[] = ['confirmed'];
          for (const event of sequence) {
            const to = afterEvent(history.at(-1) ?? 'failed', event);
            const moved = await ledger().movePurchase(purchase.id, event);
            expect(moved?.state).toBe(to);
            if (to !== undefined) history.push(to);
          }
          const state = history.at(-1) ?? 'failed';
          expect((await ledger().purchase(purchase.id))?.state).toBe(state);
          expect(await trail(purchase.id)).toEqual(history);
          expect(await receipts(purchase.id)).toHaveLength(isFinal(state) ? 1 : 0);
          // Nobody keeps it here, so one is open however often the purchase comes to be unknown.
          expect(await owed(purchase.id, 'checking')).toHaveLength(history.includes('unknown') ? 1 : 0);
          expect((await ledger().openPurchaseOf(purchase.lineId))?.id).toBe(isFinal(state) ? undefined : purchase.id);
          expect(OPEN_STATES.includes(state)).toBe(!isFinal(state));
        }),
        { numRuns: 60 },
      );
    }, 60_000);

    test('that stands still is listed, the longest first', async () => {
      const old = newPurchase();
      const young = newPurchase();
      for (const purchase of [old, young]) {
        await ledger().openPurchase(purchase);
        await ledger().movePurchase(purchase.id, 'submit');
        await ledger().movePurchase(purchase.id, 'ambiguous');
      }
      const ids = async (before: Date, limit = 100) =>
        (await ledger().stalePurchases('unknown', before, limit)).map(({ id }) => id);
      const listed = (await ids(soon())).filter((id) => id === old.id || id === young.id);
      expect(listed).toEqual([old.id, young.id]);
      expect(await ids(soon(), 1)).toHaveLength(1);
      expect(await ids(new Date(Date.now() - SOON_MS))).toEqual([]);
    });

    test('is counted by state until it is settled', async () => {
      await database().drizzle.execute(sql`update purchases set state = 'failed'`);
      const none = { confirmed: 0, submitting: 0, processing: 0, unknown: 0 };
      expect(await ledger().countPurchasesByState()).toEqual(none);
      const purchase = newPurchase();
      await ledger().openPurchase(purchase);
      await ledger().openPurchase(newPurchase());
      expect(await ledger().countPurchasesByState()).toEqual({ ...none, confirmed: 2 });
      await ledger().movePurchase(purchase.id, 'submit');
      expect(await ledger().countPurchasesByState()).toEqual({ ...none, confirmed: 1, submitting: 1 });
      await ledger().movePurchase(purchase.id, 'completed');
      expect(await ledger().countPurchasesByState()).toEqual({ ...none, confirmed: 1 });
    });
  });
}
