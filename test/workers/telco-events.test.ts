import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { PurchaseState } from '../../bot/domain/purchase.js';
import type { Line } from '../../bot/domain/subscriber.js';
import {
  newLine,
  newPurchase,
  openStores,
  openWorkplace,
  type Stores,
  standing,
  telcoThat,
  type Workplace,
} from './workplace.js';

let stores: Stores;
let place: Workplace;
let line: Line;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

beforeEach(async () => {
  place = await openWorkplace(stores, telcoThat({}));
  line = await newLine(place);
});
afterEach(() => place.close());

const bought = async (state: PurchaseState) => (await newPurchase(place, state, { lineId: line.id })).id;

/** The telco calls back: success, unless it names a failure. */
function callback(transactionId: string, failure?: string) {
  const { operator, key } = line;
  const result = { operator, subscriber: key, transactionId };
  return place.events.purchaseResult(failure === undefined ? result : { ...result, failure });
}

describe('a callback', () => {
  test('that contradicts the first one changes nothing and calls a person', async () => {
    const id = await bought('processing');
    expect(await callback(id, 'INSUFFICIENT_FUNDS')).toBe('applied');
    expect(await callback(id)).toBe('repeated');
    expect(place.alerts).toEqual(['CONTRADICTING_CALLBACK']);
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt'] });
  });

  test('that failed after a success changes nothing and calls a person', async () => {
    const id = await bought('processing');
    await callback(id);
    expect(await callback(id, 'INSUFFICIENT_FUNDS')).toBe('repeated');
    expect(place.alerts).toEqual(['CONTRADICTING_CALLBACK']);
    expect((await standing(place, id)).state).toBe('completed');
  });

  test('that comes twice at once is applied once, without an alarm, and owes one receipt', async () => {
    const id = await bought('processing');
    expect((await Promise.all([callback(id), callback(id)])).sort()).toEqual(['applied', 'repeated']);
    expect(place.alerts).toEqual([]);
    expect((await place.ledger.dueOutbox(place.now(), 60_000, 10)).map(({ kind }) => kind)).toEqual(['receipt']);
  });

  test.each(['NETWORK_TIMEOUT', 'NO_SUCH_WORD'])(
    'that says neither yes nor no (%s) leaves it unknown',
    async (failure) => {
      const id = await bought('processing');
      expect(await callback(id, failure)).toBe('applied');
      expect(await standing(place, id)).toEqual({ state: 'unknown', owed: ['checking'] });
      const before = await place.ledger.purchase(id);
      place.pass(1_000);
      expect(await callback(id, failure)).toBe('applied');
      expect(await place.ledger.purchase(id)).toEqual(before);
      expect(place.alerts).toEqual([]);
    },
  );

  test('settles a purchase that was unknown', async () => {
    const id = await bought('unknown');
    expect(await callback(id)).toBe('applied');
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt', 'checking'] });
  });

  test('finds its purchase in upper case, too', async () => {
    const id = await bought('processing');
    expect(await callback(id.toUpperCase())).toBe('applied');
    expect((await standing(place, id)).state).toBe('completed');
  });

  test.each([randomUUID(), 'not-a-uuid', ''])('for a transaction nobody knows (%j) says so', async (transactionId) => {
    expect(await callback(transactionId)).toBe('unknown');
  });

  test('that names another subscriber than the buyer settles nothing', async () => {
    const id = await bought('processing');
    const subscriber = { type: 'MSISDN', value: '60119999999999' } as const;
    const { operator } = line;
    expect(await place.events.purchaseResult({ operator, subscriber, transactionId: id })).toBe('mismatch');
    const elsewhere = { operator: 'other', subscriber: line.key, transactionId: id };
    expect(await place.events.purchaseResult(elsewhere)).toBe('mismatch');
    expect(place.alerts).toEqual(['CALLBACK_FOR_ANOTHER', 'CALLBACK_FOR_ANOTHER']);
    expect((await standing(place, id)).state).toBe('processing');
    const plus = { type: 'MSISDN', value: `+${line.key.value}` } as const;
    expect(await place.events.purchaseResult({ operator, subscriber: plus, transactionId: id })).toBe('applied');
  });

  test('is taken while the queue is down: the receipt is owed all the same', async () => {
    const id = await bought('processing');
    await place.jobs.close();
    expect(await callback(id)).toBe('applied');
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });
});
