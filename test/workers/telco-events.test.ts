import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { PurchaseState } from '../../bot/domain/purchase.js';
import type { Line, SubscriberKey } from '../../bot/domain/subscriber.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { createTelcoEvents } from '../../bot/telco-events.js';
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
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'contradiction', subject: id }]);
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt'] });
  });

  test('that failed after a success changes nothing and calls a person', async () => {
    const id = await bought('processing');
    await callback(id);
    expect(await callback(id, 'INSUFFICIENT_FUNDS')).toBe('repeated');
    expect(await callback(id, 'FAILURE_IN_BU')).toBe('repeated');
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'contradiction', subject: id }]);
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

  test('that says "carried out" of an unknown one is kept: no later failure is believed, and a person hears of it', async () => {
    const id = await bought('unknown');
    expect(await callback(id, 'PURCHASE_ALREADY_EXECUTED')).toBe('applied');
    expect(await callback(id, 'PURCHASE_ALREADY_EXECUTED')).toBe('applied');
    expect(await callback(id, 'CONGESTED')).toBe('applied');
    const purchase = await place.ledger.purchase(id);
    const late = await place.ledger.movePurchase(id, 'refused', {
      ...{ ofMarker: purchase?.marker ?? 0, failure: 'conflict', unlessSaid: 'any' },
    });
    expect(late).toBeUndefined();
    expect(await standing(place, id)).toEqual({ state: 'unknown', owed: ['checking'] });
    const trail = await place.ledger.purchaseMoves(id);
    expect(trail.map(({ event, said }) => [event, said])).toEqual([
      ...[['confirmed'], ['submit'], ['ambiguous']].map(([event]) => [event, undefined]),
      ['callback-unclear', 'PURCHASE_ALREADY_EXECUTED'],
    ]);
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'contradiction', subject: id }]);
    expect(await callback(id)).toBe('applied');
    expect((await standing(place, id)).state).toBe('completed');
    expect(await place.ledger.purchase(id)).not.toHaveProperty('failure');
  });

  test('that says "carried out" while the answer is still out keeps a later failure from counting', async () => {
    const id = await bought('submitting');
    await callback(id, 'PURCHASE_ALREADY_EXECUTED');
    await place.ledger.movePurchase(id, 'accepted');
    await callback(id, 'CONGESTED');
    expect((await standing(place, id)).state).toBe('processing');
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'contradiction', subject: id }]);
  });

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

  test('that only says that it was said before contradicts nothing', async () => {
    const id = await bought('processing');
    await callback(id);
    expect(await callback(id, 'DUPLICATED_CALLBACK')).toBe('repeated');
    expect(await callback(id, 'PURCHASE_ALREADY_EXECUTED')).toBe('repeated');
    expect(await place.ledger.openTasks(10)).toEqual([]);
  });

  test('counts even before the order is known to have left: the store may have lost that', async () => {
    const id = await bought('confirmed');
    expect(await callback(id)).toBe('applied');
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('that fails an order sent twice does not say which of the two failed', async () => {
    const id = await bought('unknown');
    await place.ledger.movePurchase(id, 'resubmit');
    expect(await callback(id, 'CONFLICT')).toBe('applied');
    expect((await standing(place, id)).state).toBe('unknown');
  });

  test('that fits nothing is kept, sealed and counted: it may be the only trace of a charge', async () => {
    const transactionId = randomUUID();
    await callback(transactionId);
    await callback(transactionId);
    await callback(transactionId, 'ROAMING');
    const { operator, key } = line;
    expect(await place.ledger.countQuarantined()).toBe(2);
    const kept = await place.ledger.quarantined(10);
    const success = kept.find(({ failure }) => failure === undefined);
    expect(success).toMatchObject({ operator, reason: 'unknown', transactionId, subscriber: key, times: 2 });
    const rows = await stores.database.drizzle.execute(sql`select * from quarantined_callbacks`);
    expect(JSON.stringify(rows)).not.toContain(key.value);
    expect(JSON.stringify(rows)).not.toContain(transactionId);

    place.pass(91 * 24 * 3_600_000);
    await place.ledger.pruneQuarantine();
    expect(await place.ledger.countQuarantined()).toBe(0);
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
    expect(await place.ledger.quarantined(10)).toMatchObject([{ reason: 'mismatch' }, { reason: 'mismatch' }]);
    expect((await standing(place, id)).state).toBe('processing');
    const plus = { type: 'MSISDN', value: `+${line.key.value}` } as const;
    expect(await place.events.purchaseResult({ operator, subscriber: plus, transactionId: id })).toBe('applied');
  });

  test('that names the token the order was made with counts when it was renewed since', async () => {
    const who = { channel: 'slack', workspace: 'T1', user: randomUUID() };
    const token = (value: string) => ({
      ...({ operator: line.operator, key: { type: 'CPID', value }, method: 'cpid', source: 'page' } as const),
      ...{ expiresAt: new Date(place.now().getTime() + 3_600_000), youngForMs: 0, choose: true },
    });
    const [first, second] = [`first-${randomUUID()}`, `second-${randomUUID()}`];
    const made = await place.ledger.linkLine(who, token(first));
    const { id } = await newPurchase(place, 'processing', { lineId: made.line.id });
    await place.ledger.linkLine(who, token(second));
    const { operator } = line;
    const of = (value: string) => ({ operator, subscriber: { type: 'CPID', value } as const, transactionId: id });
    expect(await place.events.purchaseResult(of(`third-${randomUUID()}`))).toBe('mismatch');
    expect(await place.events.purchaseResult(of(first))).toBe('applied');
    expect((await standing(place, id)).state).toBe('completed');
  });

  describe('that names its subscriber by another type of id than the order did', () => {
    const prove = async (user: string, value: string) => {
      const expiresAt = new Date(place.now().getTime() + 3_600_000);
      const proof = { method: 'cpid', source: 'page', expiresAt, youngForMs: 0, choose: true } as const;
      const who = { channel: 'slack', workspace: 'T1', user };
      const key = { type: 'CPID', value } as const;
      return (await place.ledger.linkLine(who, { operator: line.operator, key, ...proof })).line;
    };
    const order = async ({ id: lineId, key }: Line) => (await newPurchase(place, 'processing', { lineId, key })).id;
    const about = (transactionId: string, type: SubscriberKey['type'], value: string) =>
      place.events.purchaseResult({ operator: line.operator, subscriber: { type, value }, transactionId });
    /** The telco told before that this line's token is the SIM of that number. */
    const known = (by: Line, number: Line) =>
      stores.database.drizzle.execute(
        sql`update lines set sim_named = true, sim_ref = (select key_ref from lines where id = ${number.id})
          where id = ${by.id}`,
      );

    test('is refused, kept and alerted where both are known, and are two numbers', async () => {
      const [other, somebody] = [await newLine(place), await prove(randomUUID(), `somebody-${randomUUID()}`)];
      await known(somebody, other);
      const byNumber = await order(line);
      expect(await about(byNumber, 'CPID', somebody.key.value)).toBe('mismatch');
      const byToken = await order(somebody);
      expect(await about(byToken, 'MSISDN', line.key.value)).toBe('mismatch');
      expect(await about(byToken, 'MSISDN', `+${line.key.value}`)).toBe('mismatch');
      for (const id of [byNumber, byToken]) expect((await standing(place, id)).state).toBe('processing');
      expect(place.alerts).toEqual(Array(3).fill('CALLBACK_FOR_ANOTHER'));
      expect(await place.ledger.quarantined(10)).toHaveLength(3);
    });

    test('counts where both are known to be one number', async () => {
      const buyer = await prove(randomUUID(), `buyer-${randomUUID()}`);
      await known(buyer, line);
      expect(await about(await order(buyer), 'MSISDN', `+${line.key.value}`)).toBe('applied');
      expect(await about(await order(line), 'CPID', buyer.key.value)).toBe('applied');
      expect(place.alerts).toEqual([]);
    });

    test.each(['CPID', 'OPET'] as const)(
      'counts where nobody here is known by that id (%s): the transaction id is the key',
      async (type) => {
        const id = await order(line);
        expect(await about(id, type, `unheard-of-${randomUUID()}`)).toBe('applied');
        expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
        expect(place.alerts).toEqual([]);
      },
    );

    test('counts where it is not known whose number a token is: it may be the one that is named', async () => {
      const buyer = await prove(randomUUID(), `buyer-${randomUUID()}`);
      expect(await about(await order(buyer), 'MSISDN', line.key.value)).toBe('applied');
    });

    test('is not compared with the number of a SIM that the line has since, and teaches nothing about that one', async () => {
      const user = randomUUID();
      const id = await order(await prove(user, `first-${randomUUID()}`));
      const since = await prove(user, `second-${randomUUID()}`);
      await known(since, line);
      const other = await newLine(place);
      expect(await about(id, 'MSISDN', other.key.value)).toBe('applied');
      const again = await order(since);
      expect(await about(again, 'MSISDN', other.key.value)).toBe('mismatch');
      expect(await about(again, 'MSISDN', line.key.value)).toBe('applied');
    });

    test('counts when it is the token the order was sent with, whoever has that token by now', async () => {
      const [user, token] = [randomUUID(), `first-${randomUUID()}`];
      const id = await order(await prove(user, token));
      await prove(user, `second-${randomUUID()}`);
      await prove(randomUUID(), token);
      expect(await about(id, 'CPID', token)).toBe('applied');
    });
  });

  test('that names a token beginning with a plus finds its line by it', async () => {
    const who = { channel: 'slack', workspace: 'T1', user: randomUUID() };
    const token = (value: string) => ({
      ...({ operator: line.operator, key: { type: 'CPID', value }, method: 'cpid', source: 'page' } as const),
      ...{ expiresAt: new Date(place.now().getTime() + 3_600_000), youngForMs: 0, choose: true },
    });
    const plus = `+${randomUUID()}`;
    const made = await place.ledger.linkLine(who, token(plus));
    const { id } = await newPurchase(place, 'processing', { lineId: made.line.id });
    await place.ledger.linkLine(who, token(`second-${randomUUID()}`));
    const subscriber = { type: 'CPID', value: plus } as const;
    const { operator } = line;
    expect(await place.events.purchaseResult({ operator, subscriber, transactionId: id })).toBe('applied');
  });

  test('that fails an order does not end it while it is being sent again', async () => {
    const id = await bought('unknown');
    const { ledger } = place;
    // Between reading the purchase and moving it, the reconciler marks the order as sent again.
    const racing: Ledger = {
      ...ledger,
      async movePurchase(of, event, details) {
        if (event === 'callback-failed') await ledger.movePurchase(of, 'resubmit');
        return ledger.movePurchase(of, event, details);
      },
    };
    const events = createTelcoEvents({ ...place, ledger: racing });
    const { operator, key } = line;
    const failed = { operator, subscriber: key, transactionId: id, failure: 'CONFLICT' };
    expect(await events.purchaseResult(failed)).toBe('applied');
    expect((await standing(place, id)).state).toBe('unknown');
  });

  test('is taken while the queue is down: the receipt is owed all the same', async () => {
    const id = await bought('processing');
    await place.jobs.close();
    expect(await callback(id)).toBe('applied');
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });
});
