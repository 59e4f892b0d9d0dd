import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createMillom } from '../../adapters/millom/index.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import type { PurchaseAnswer, Telco } from '../../bot/telco.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { startPurchasesWorker, submit } from '../../workers/purchases.js';
import {
  newLine,
  newPurchase,
  openStores,
  openWorkplace,
  type Stores,
  standing,
  telcoThat,
  until,
  type Workplace,
} from './workplace.js';

const CREDENTIALS = { clientId: 'refill', clientSecret: 'secret' };

let stores: Stores;
let place: Workplace;
let purchase: () => Promise<PurchaseAnswer>;

beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

describe('an order at Millom', () => {
  let sandbox: Sandbox;
  let millom: Telco;

  beforeAll(async () => {
    // Every POST charges: what must not be sent twice would be seen in the charge log.
    sandbox = await startSandbox({ ...CREDENTIALS, deduplicate: false, samePlanSeconds: 0 });
    millom = millomAt(sandbox.url);
  });
  afterAll(async () => {
    await millom.close();
    await sandbox.close();
  });
  afterEach(() => place.close());

  const millomAt = (baseUrl: string) =>
    createMillom({ ...CREDENTIALS, baseUrl, tokenUrl: sandbox.tokenUrl, serviceProvider: 'refill' });

  /** A confirmed purchase of a fresh Daniel's, who has money for it. */
  async function confirmed(telco = millom) {
    place = await openWorkplace(stores, telco);
    const { id, operator, msisdn } = sandbox.ensure(`daniel~${randomUUID().slice(0, 8)}`);
    const line = await place.ledger.ensureLine(operator, { type: 'MSISDN', value: msisdn });
    const offer = (await millom.offers(line)).offers.find(({ fundSource }) => fundSource === 'wallet');
    if (offer?.price === undefined) throw new Error('nothing to buy');
    const { planId, name, price, fundSource, context } = offer;
    const terms = { planId, planName: name, price, fundSource, ...(context !== undefined && { context }) };
    return { subscriber: id, bought: await newPurchase(place, 'confirmed', { lineId: line.id, terms }) };
  }
  const chargesOf = (subscriber: string) => sandbox.charges().filter(({ subscriberId }) => subscriberId === subscriber);

  test('is charged once however often it is submitted at the same time', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.nextPurchase(subscriber, { mode: 'completed' });
    const runs = Array.from({ length: 5 }, () => submit(place, bought.id));
    const workers = [startPurchasesWorker(place), startPurchasesWorker(place)];
    await place.jobs.add('purchases', bought.id);
    await Promise.all(runs);
    await until(async () => (await place.jobs.depth()).purchases === 0);
    await Promise.all(workers.map((worker) => worker.close()));
    await submit(place, bought.id);
    expect(chargesOf(subscriber).map(({ transactionId }) => transactionId)).toEqual([bought.id]);
    expect(await standing(place, bought.id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('that is refused fails, uncharged, and a receipt is owed', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.setRoaming(subscriber, true);
    await submit(place, bought.id);
    expect(chargesOf(subscriber)).toEqual([]);
    expect(await standing(place, bought.id)).toEqual({ state: 'failed', owed: ['receipt'] });
    expect(await place.ledger.purchase(bought.id)).toMatchObject({ failure: 'roaming' });
  });

  test('whose answer is lost is unknown, not sent again, and checking it is owed', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.nextPurchase(subscriber, { mode: 'completed' });
    sandbox.addFault({ kind: 'drop-after', operation: 'purchasePlan', subscriberId: subscriber });
    await submit(place, bought.id);
    await submit(place, bought.id);
    expect(chargesOf(subscriber)).toHaveLength(1);
    expect(await standing(place, bought.id)).toEqual({ state: 'unknown', owed: ['checking'] });
  });

  test('that cannot reach the telco fails, uncharged', async () => {
    const nowhere = millomAt('http://127.0.0.1:9');
    const { subscriber, bought } = await confirmed(nowhere);
    await submit(place, bought.id);
    await nowhere.close();
    expect(chargesOf(subscriber)).toEqual([]);
    expect(await standing(place, bought.id)).toEqual({ state: 'failed', owed: ['receipt'] });
    expect(await place.ledger.purchase(bought.id)).toMatchObject({ failure: 'unreachable' });
  });

  test('that is being processed owes nothing yet', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.nextPurchase(subscriber, { mode: 'processing', callback: 'never' });
    await submit(place, bought.id);
    expect(await standing(place, bought.id)).toEqual({ state: 'processing', owed: [] });
  });
});

describe('an answer to an order', () => {
  let orders: number;

  beforeEach(async () => {
    orders = 0;
    purchase = async () => ({ status: 'completed', confirmationCode: 'C-1' });
    const telco = telcoThat({
      purchase() {
        orders += 1;
        return purchase();
      },
    });
    place = await openWorkplace(stores, telco);
  });
  afterEach(() => place.close());

  /** The ledger, out of reach for the calls of `movePurchase` with these numbers (from 1); `after`: they are done all the same. */
  function blinking(calls: readonly number[], after = false): Ledger {
    let call = 0;
    return {
      ...place.ledger,
      async movePurchase(...move) {
        call += 1;
        if (!calls.includes(call)) return place.ledger.movePurchase(...move);
        if (after) await place.ledger.movePurchase(...move);
        throw new LedgerUnavailable('the ledger blinks');
      },
    };
  }

  test.each([[[2]], [[2, 3]]])('is written down though the ledger blinks at moves %j', async (calls) => {
    const { id } = await newPurchase(place);
    await submit({ ...place, ledger: blinking(calls) }, id);
    expect(orders).toBe(1);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
    expect(await place.ledger.purchase(id)).toMatchObject({ confirmationCode: 'C-1' });
  });

  test('is kept when it was written but the ledger did not get to say so', async () => {
    const { id } = await newPurchase(place);
    await submit({ ...place, ledger: blinking([2], true) }, id);
    expect(orders).toBe(1);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('is never asked for when the marker may have been written but nobody knows', async () => {
    const { id } = await newPurchase(place);
    const options = { ...place, ledger: blinking([1], true) };
    await expect(submit(options, id)).rejects.toBeInstanceOf(LedgerUnavailable);
    await submit(options, id);
    expect(orders).toBe(0);
    expect(await standing(place, id)).toEqual({ state: 'submitting', owed: [] });
  });

  test('is asked for once when the ledger blinks before the marker: the job comes back', async () => {
    const { id } = await newPurchase(place);
    startPurchasesWorker({ ...place, ledger: blinking([1]) });
    await place.jobs.add('purchases', id);
    await until(async () => (await standing(place, id)).state === 'completed');
    expect(orders).toBe(1);
  });

  test('changes nothing when the callback was faster, and there is one receipt', async () => {
    const line = await newLine(place);
    const { id } = await newPurchase(place, 'confirmed', { lineId: line.id });
    purchase = async () => {
      const { operator, key } = line;
      await place.events.purchaseResult({ operator, subscriber: key, transactionId: id });
      return { status: 'processing' };
    };
    await submit(place, id);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
    const due = await place.ledger.dueOutbox(place.now(), 60_000, 10);
    expect(due.map(({ kind, subject }) => [kind, subject])).toEqual([['receipt', id]]);
  });

  test('that is a failure loses against a callback that said success', async () => {
    const line = await newLine(place);
    const { id } = await newPurchase(place, 'confirmed', { lineId: line.id });
    purchase = async () => {
      const { operator, key } = line;
      await place.events.purchaseResult({ operator, subscriber: key, transactionId: id });
      throw new Error('the connection broke');
    };
    await submit(place, id);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  // A store that blinks between the marker and the POST leaves the marker behind: the sweeper then calls it unknown.
  test('is not waited for when nothing was sent: an order whose line is out of reach fails', async () => {
    const { id } = await newPurchase(place);
    const line = () => Promise.reject(new LedgerUnavailable('the ledger blinks'));
    await submit({ ...place, lines: { ...place.lines, line } }, id).catch(() => undefined);
    expect(orders).toBe(0);
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt'] });
  });
});
