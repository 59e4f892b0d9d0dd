import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createMillom } from '../../adapters/millom/index.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import { type PurchaseAnswer, type Telco, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { sendOrder } from '../../workers/order.js';
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

  test('that cannot reach the telco was provably not sent: it stays confirmed and is tried again', async () => {
    const nowhere = millomAt('http://127.0.0.1:9');
    const { subscriber, bought } = await confirmed(nowhere);
    await expect(submit(place, bought.id)).rejects.toMatchObject({ code: 'ORDER_NOT_NOW' });
    await nowhere.close();
    expect(chargesOf(subscriber)).toEqual([]);
    expect(await standing(place, bought.id)).toEqual({ state: 'confirmed', owed: [] });
    expect(await place.ledger.purchase(bought.id)).toMatchObject({ posts: 0 });
    // The telco is back: the same order goes out, once.
    const back = { ...place, lines: { ...place.lines, telcoFor: () => millom } };
    await submit(back, bought.id);
    expect(await place.ledger.purchaseMoves(bought.id)).toMatchObject(
      ['confirmed', 'submit', 'put-off', 'submit', 'accepted'].map((event) => ({ event })),
    );
  });

  test('that is turned away with 429 is put off, and goes out when the pause is over', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.nextPurchase(subscriber, { mode: 'completed' });
    sandbox.addFault({ kind: '429', operation: 'purchasePlan', subscriberId: subscriber, retryAfterSeconds: 0 });
    await expect(submit(place, bought.id)).rejects.toMatchObject({ code: 'ORDER_NOT_NOW' });
    expect(await standing(place, bought.id)).toEqual({ state: 'confirmed', owed: [] });
    await submit(place, bought.id);
    expect(chargesOf(subscriber)).toHaveLength(1);
    expect(await standing(place, bought.id)).toEqual({ state: 'completed', owed: ['receipt'] });
  });

  test('is not sent to a telco that takes none now, and nothing is written down for it', async () => {
    const { subscriber, bought } = await confirmed({ ...millom, restMs: () => 5_000 });
    await expect(submit(place, bought.id)).rejects.toMatchObject({ code: 'ORDER_NOT_NOW' });
    expect(chargesOf(subscriber)).toEqual([]);
    expect(await place.ledger.purchaseMoves(bought.id)).toHaveLength(1);
  });

  test('is not sent when its own look at the balance found the telco away', async () => {
    let rest = 0;
    const telco = {
      ...millom,
      restMs: () => rest,
      balance: () => {
        rest = 5_000;
        return Promise.reject(new TelcoUnreachable('away'));
      },
    };
    const { subscriber, bought } = await confirmed(telco);
    await expect(submit(place, bought.id)).rejects.toMatchObject({ code: 'ORDER_NOT_NOW' });
    expect(chargesOf(subscriber)).toEqual([]);
    expect(await place.ledger.purchaseMoves(bought.id)).toHaveLength(1);
  });

  test('names the subscriber by the token another process was given a moment ago, and nobody who was erased', async () => {
    const asked: string[] = [];
    const telco = telcoThat({
      balance: () => Promise.reject(new Error('not now')),
      purchase: async ({ key }) => {
        asked.push(key.value);
        return { status: 'completed' };
      },
    });
    place = await openWorkplace(stores, telco);
    const who = { channel: 'slack', workspace: 'T1', user: randomUUID() };
    const [before, now] = [`before-${randomUUID()}`, `now-${randomUUID()}`];
    const proof = (value: string) => ({
      ...({ operator: 'op', key: { type: 'CPID', value }, method: 'cpid', source: 'page', youngForMs: 0 } as const),
      ...{ expiresAt: new Date(place.now().getTime() + 3_600_000), choose: true },
    });
    for (const token of [before, now]) {
      const { id: lineId, key } = (await place.ledger.linkLine(who, proof(token))).line;
      await submit(place, (await newPurchase(place, 'confirmed', { lineId, key })).id);
    }
    expect(asked).toEqual([before, now]);

    const number = { type: 'MSISDN', value: '60112345678' } as const;
    const erased = { ...who, user: randomUUID() };
    const numbered = await place.ledger.linkLine(erased, { ...proof(''), key: number, method: 'code' });
    expect((await place.lines.line(numbered.line.id))?.key).toEqual(number);
    const promise = await place.ledger.outboxItem(await place.ledger.beginErasure(erased, 'slack-erased'));
    await place.ledger.finishErasure(promise?.subject ?? '');
    place.lines.forget(numbered.line.id);
    expect(await place.lines.line(numbered.line.id)).toBeUndefined();
  });

  test('that is too old is not sent any more', async () => {
    const { subscriber, bought } = await confirmed();
    place.pass(121_000);
    await submit(place, bought.id);
    expect(chargesOf(subscriber)).toEqual([]);
    expect(await standing(place, bought.id)).toEqual({ state: 'confirmed', owed: [] });
  });

  test('whose marker was held up too long is not sent: others may have made something of it', async () => {
    const { subscriber, bought } = await confirmed();
    const line = await place.lines.line(bought.lineId);
    const purchase = await place.ledger.movePurchase(bought.id, 'submit');
    if (line === undefined || purchase === undefined) throw new Error('no marker');
    const began = performance.now() - 16_000;
    expect(await sendOrder(place, { purchase, line, telco: millom, began })).toBe('put-off');
    expect(chargesOf(subscriber)).toEqual([]);
  });

  test('that was not sent is free again though its marker was taken for a dead worker’s meanwhile', async () => {
    const { subscriber, bought } = await confirmed();
    const line = await place.lines.line(bought.lineId);
    const purchase = await place.ledger.movePurchase(bought.id, 'submit');
    if (line === undefined || purchase === undefined) throw new Error('no marker');
    await place.ledger.movePurchase(bought.id, 'interrupted');
    await sendOrder(place, { purchase, line, telco: millom, began: performance.now() - 70_000 });
    expect((await standing(place, bought.id)).state).toBe('confirmed');
    expect(await place.ledger.purchase(bought.id)).toMatchObject({ posts: 0 });
    sandbox.nextPurchase(subscriber, { mode: 'completed' });
    await submit(place, bought.id);
    expect(chargesOf(subscriber)).toHaveLength(1);
  });

  test('that was not sent, as its worker says, while a callback spoke of it stays unknown', async () => {
    const { bought } = await confirmed();
    const line = await place.lines.line(bought.lineId);
    const purchase = await place.ledger.movePurchase(bought.id, 'submit');
    if (line === undefined || purchase === undefined) throw new Error('no marker');
    const { operator, key: subscriber } = line;
    await place.events.purchaseResult({ operator, subscriber, transactionId: bought.id, failure: 'NETWORK_TIMEOUT' });
    await sendOrder(place, { purchase, line, telco: millom, began: performance.now() - 70_000 });
    expect((await standing(place, bought.id)).state).toBe('unknown');
  });

  test('leaves an audit trail of who, when and what the telco said, without personal data', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.setRoaming(subscriber, true);
    await submit(place, bought.id);
    const trail = await place.ledger.purchaseMoves(bought.id);
    expect(trail).toEqual([
      { state: 'confirmed', event: 'confirmed', by: 'subscriber', at: expect.any(Date) },
      { state: 'submitting', event: 'submit', by: 'worker', at: expect.any(Date) },
      { state: 'failed', event: 'refused', by: 'worker', said: '403 roaming', at: expect.any(Date) },
    ]);
    const line = await place.ledger.line(bought.lineId);
    expect(JSON.stringify(trail)).not.toContain(line?.key.value);
  });

  test('that is out when the process is told to stop is waited for, and its answer is kept', async () => {
    const { subscriber, bought } = await confirmed();
    sandbox.nextPurchase(subscriber, { mode: 'completed' });
    sandbox.addFault({ kind: 'latency', operation: 'purchasePlan', subscriberId: subscriber, latencyMs: 500 });
    const worker = startPurchasesWorker(place);
    await place.jobs.add('purchases', bought.id);
    await until(async () => (await standing(place, bought.id)).state === 'submitting');
    await worker.close();
    expect(await standing(place, bought.id)).toEqual({ state: 'completed', owed: ['receipt'] });
    expect(chargesOf(subscriber)).toHaveLength(1);
  });

  test('for a plan that was bought a moment ago meets Millom’s own timer: refused, and charged once in all', async () => {
    const strict = await startSandbox({ ...CREDENTIALS, deduplicate: false, samePlanSeconds: 30 });
    const telco = createMillom({
      ...CREDENTIALS,
      baseUrl: strict.url,
      tokenUrl: strict.tokenUrl,
      serviceProvider: 'refill',
    });
    place = await openWorkplace(stores, telco);
    const { id: subscriber, operator, msisdn } = strict.ensure('daniel~twice');
    const line = await place.ledger.ensureLine(operator, { type: 'MSISDN', value: msisdn });
    const [offer] = (await telco.offers(line)).offers;
    if (offer?.price === undefined) throw new Error('nothing to buy');
    const { planId, name, price, fundSource, context } = offer;
    const terms = { planId, planName: name, price, fundSource, ...(context !== undefined && { context }) };
    const ends: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      strict.nextPurchase(subscriber, { mode: 'completed' });
      const { id } = await newPurchase(place, 'confirmed', { lineId: line.id, terms });
      await submit(place, id);
      const { state, failure } = (await place.ledger.purchase(id)) ?? {};
      ends.push([state, failure]);
    }
    expect(ends).toEqual([
      ['completed', undefined],
      ['failed', 'conflict'],
    ]);
    expect(strict.charges()).toHaveLength(1);
    await telco.close();
    await strict.close();
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

  test('is not asked for while the line is out of reach: nothing is marked, and the job comes back', async () => {
    const { id } = await newPurchase(place);
    const line = () => Promise.reject(new LedgerUnavailable('the ledger blinks'));
    const options = { ...place, lines: { ...place.lines, line } };
    await expect(submit(options, id)).rejects.toBeInstanceOf(LedgerUnavailable);
    expect(orders).toBe(0);
    expect(await standing(place, id)).toEqual({ state: 'confirmed', owed: [] });
  });

  test('is never asked for when the line was erased: nothing was charged, and that is told', async () => {
    const { id } = await newPurchase(place, 'confirmed', { lineId: 'gone' });
    await submit(place, id);
    expect(orders).toBe(0);
    expect(await standing(place, id)).toEqual({ state: 'failed', owed: ['receipt'] });
  });

  test('that contradicts the end a callback made stays out, and a person gets it', async () => {
    const line = await newLine(place);
    const { id } = await newPurchase(place, 'confirmed', { lineId: line.id });
    purchase = async () => {
      const { operator, key } = line;
      await place.events.purchaseResult({ operator, subscriber: key, transactionId: id, failure: 'ROAMING' });
      return { status: 'completed' };
    };
    await submit(place, id);
    expect((await standing(place, id)).state).toBe('failed');
    expect(await place.ledger.openTasks(10)).toMatchObject([{ kind: 'contradiction', subject: id }]);
  });

  test('that refuses an order which was sent again meanwhile says nothing about the newer one', async () => {
    const { id } = await newPurchase(place);
    purchase = async () => {
      await place.ledger.movePurchase(id, 'interrupted');
      await place.ledger.movePurchase(id, 'resubmit');
      throw new TelcoRefused('roaming', { status: 403 });
    };
    await submit(place, id);
    expect((await standing(place, id)).state).toBe('submitting');
    expect(await place.ledger.purchase(id)).toMatchObject({ posts: 2 });
  });

  test('that a job submits a second time while the first is out is not asked for twice', async () => {
    const { id } = await newPurchase(place);
    purchase = async () => {
      await submit(place, id);
      return { status: 'completed' };
    };
    await submit(place, id);
    expect(orders).toBe(1);
  });
});
