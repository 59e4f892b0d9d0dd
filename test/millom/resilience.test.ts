import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { MillomOptions } from '../../adapters/millom/index.js';
import { createPauses, type Pauses } from '../../bot/pauses.js';
import { createSharedPauses } from '../../bot/shared-pauses.js';
import { type Telco, TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { type Circuit, type GuardOptions, guardTelco } from '../../bot/telco-guard.js';
import { silent } from '../support/stores.js';
import { ALICE, type Answering, type FarEnd, failureOf, json, ORDER, Stage, sleep } from './far-end.js';

const stage = new Stage();
let millom: FarEnd;
let circuits: [Circuit, boolean][];

beforeEach(async () => {
  millom = await stage.farEnd();
  circuits = [];
});
afterEach(() => stage.clear());

const answer =
  (status: number, body: unknown = {}, headers = {}): Answering =>
  (_, response) =>
    json(response, status, body, headers);
const reset: Answering = (_, response) => void response.socket?.resetAndDestroy();
const completed = answer(200, { transid: ORDER.transactionId, status: 'completed' });
const balance = answer(200, { activePlans: [] });

/** A guarded client whose circuits rest for 150 ms. */
function guarded(options: Partial<GuardOptions> = {}, client: Partial<MillomOptions> = {}): Telco {
  const pauses = options.pauses ?? createPauses(() => performance.now());
  return guardTelco(stage.client(millom, { pauses, ...client }), {
    pauses,
    restMs: 150,
    onCircuit: (circuit, open) => void circuits.push([circuit, open]),
    ...options,
  });
}

const fiveTimes = async (work: () => Promise<unknown>) => {
  for (let n = 0; n < 5; n++) await failureOf(work());
};
const order = (telco: Telco) => telco.purchase(ALICE, ORDER);

describe('a telco that takes orders and never answers them', () => {
  test('is sent no more after five: the rest fail at once, provably unsent', async () => {
    millom.onCall = reset;
    const telco = guarded();
    for (let n = 0; n < 5; n++) expect(await failureOf(order(telco))).toBeInstanceOf(TelcoAmbiguous);
    expect(telco.restMs?.()).toBeGreaterThan(0);
    for (let n = 0; n < 20; n++) expect(await failureOf(order(telco))).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(5);
    expect(circuits).toEqual([['orders', true]]);
  });

  test('is tried with one order when the rest is over, and gets all again when that went well', async () => {
    millom.onCall = reset;
    const telco = guarded();
    await fiveTimes(() => order(telco));
    await sleep(200);
    expect(telco.restMs?.()).toBe(0);
    let let_go: () => void = () => undefined;
    millom.onCall = (seen, response, nth) => {
      let_go = () => completed(seen, response, nth);
    };
    const trying = order(telco);
    // Whoever comes meanwhile is not kept waiting for it.
    expect(await failureOf(order(telco))).toBeInstanceOf(TelcoUnreachable);
    while (millom.calls.length < 6) await sleep(5);
    let_go();
    await expect(trying).resolves.toEqual({ status: 'completed' });
    millom.onCall = completed;
    await order(telco);
    expect(millom.calls).toHaveLength(7);
    expect(circuits).toEqual([
      ['orders', true],
      ['orders', false],
    ]);
    expect(telco.restMs?.()).toBe(0);
  });

  test('rests again when the one that tried went no better', async () => {
    millom.onCall = reset;
    const telco = guarded();
    await fiveTimes(() => order(telco));
    await sleep(200);
    expect(await failureOf(order(telco))).toBeInstanceOf(TelcoAmbiguous);
    expect(await failureOf(order(telco))).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(6);
  });

  test('is still asked for balances', async () => {
    millom.onCall = (seen, ...rest) => (seen.method === 'POST' ? reset : balance)(seen, ...rest);
    const telco = guarded();
    await fiveTimes(() => order(telco));
    await expect(telco.balance(ALICE)).resolves.toEqual({ plans: [] });
  });
});

describe('a telco that cannot be reached', () => {
  test('gets no orders either: each would be one more that nobody knows of', async () => {
    millom.onCall = reset;
    const telco = guarded();
    await fiveTimes(() => telco.balance(ALICE));
    expect(circuits).toEqual([['reads', true]]);
    expect(telco.restMs?.()).toBeGreaterThan(0);
  });

  test('because its token endpoint is down opens the circuit, and is well when that is', async () => {
    millom.onToken = answer(500);
    millom.onCall = balance;
    const telco = guarded();
    await fiveTimes(() => telco.balance(ALICE));
    const asked = millom.tokenRequests.length;
    for (let n = 0; n < 50; n++) expect(await failureOf(telco.balance(ALICE))).toBeInstanceOf(TelcoUnreachable);
    expect(millom.tokenRequests).toHaveLength(asked);
    expect(millom.calls).toEqual([]);
    millom.onToken = answer(200, { access_token: 'x' });
    // The token's own rest after a failure is a second.
    await sleep(1_100);
    await expect(telco.balance(ALICE)).resolves.toEqual({ plans: [] });
    expect(circuits.at(-1)).toEqual(['reads', false]);
  });

  test('because most of many calls fail is left alone too', async () => {
    millom.onCall = (seen, response, nth) => (nth % 3 === 0 ? balance : answer(500))(seen, response, nth);
    const telco = guarded();
    for (let n = 0; n < 60; n++) await telco.balance(ALICE).catch(() => undefined);
    expect(circuits[0]).toEqual(['reads', true]);
    expect(millom.calls.length).toBeLessThan(60);
  });

  test('is not what an order in a hurry makes of a slow one', async () => {
    millom.onCall = (seen, response, nth) => void setTimeout(() => balance(seen, response, nth), 150);
    const telco = guarded();
    for (let n = 0; n < 8; n++) {
      const hasty = telco.balance(ALICE, { lane: 'order', deadlineMs: 20 });
      expect(await failureOf(hasty)).toBeInstanceOf(TelcoUnreachable);
    }
    await expect(telco.balance(ALICE)).resolves.toEqual({ plans: [] });
    expect(circuits).toEqual([]);
  });

  test('is tried again by an order too, so that orders are not sent without a look at the balance for ever', async () => {
    millom.onCall = answer(500);
    const telco = guarded({ restMs: 100 });
    await fiveTimes(() => telco.balance(ALICE));
    millom.onCall = balance;
    expect(await failureOf(telco.balance(ALICE, { lane: 'order' }))).toBeInstanceOf(TelcoUnreachable);
    while ((telco.restMs?.() ?? 0) > 0) await sleep(20);
    await expect(telco.balance(ALICE, { lane: 'order' })).resolves.toEqual({ plans: [] });
    expect(circuits.at(-1)).toEqual(['reads', false]);
  });

  test('is found by a slow answer to an order, however much in a hurry its look at the balance is', async () => {
    millom.onCall = answer(500);
    const telco = guarded({ restMs: 100 });
    await fiveTimes(() => telco.balance(ALICE));
    millom.onCall = (seen, response, nth) => void setTimeout(() => balance(seen, response, nth), 300);
    while ((telco.restMs?.() ?? 0) > 0) await sleep(20);
    await expect(telco.balance(ALICE, { lane: 'order', deadlineMs: 50 })).resolves.toEqual({ plans: [] });
  });

  test('is not mistaken for one that refuses: a refusal is an answer', async () => {
    millom.onCall = answer(403, { cause: 'USER_ROAMING' });
    const telco = guarded();
    for (let n = 0; n < 20; n++) expect(await failureOf(telco.balance(ALICE))).toBeInstanceOf(TelcoRefused);
    for (let n = 0; n < 20; n++) expect(await failureOf(order(telco))).toBeInstanceOf(TelcoRefused);
    expect(millom.calls).toHaveLength(40);
    expect(circuits).toEqual([]);
  });
});

describe('a telco that fails at what nobody waits for', () => {
  const topUp = { donorName: 'Dana', donorMsisdn: '60198765432', requestorName: 'Alice' };
  const work: readonly [Circuit, (telco: Telco) => Promise<unknown> | undefined, RegExp][] = [
    ['registrations', (telco) => telco.register?.(ALICE, [], { lane: 'background' }), /register/],
    ['background', (telco) => telco.balance(ALICE, { lane: 'background' }), /balance/],
    ['background', (telco) => telco.offers(ALICE, { lane: 'background' }), /upsellOffer/],
    ['top-ups', (telco) => telco.requestTopUp?.(ALICE, topUp), /topup/],
  ];

  test.each(work)('(%s) is left alone with it, and takes orders all the same', async (circuit, ask, path) => {
    millom.onCall = (seen, ...rest) => (path.test(seen.url) ? answer(500) : balance)(seen, ...rest);
    const telco = guarded({ restMs: 60_000 }, { topUpUrl: millom.url });
    const failing = async () => failureOf(ask(telco) ?? Promise.resolve());
    for (let n = 0; n < 5; n++) expect(await failing()).toBeInstanceOf(TelcoUnreachable);
    const { length } = millom.calls;
    expect(await failing()).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(length);
    expect(circuits).toEqual([[circuit, true]]);

    // What a purchase needs: that orders are taken at all, the offer once more, a look at the balance, the order.
    expect(telco.restMs?.()).toBe(0);
    millom.onCall = (seen, ...rest) => (seen.method === 'POST' ? completed : balance)(seen, ...rest);
    await expect(telco.offers(ALICE)).resolves.toMatchObject({ offers: [] });
    await expect(telco.balance(ALICE, { lane: 'order' })).resolves.toEqual({ plans: [] });
    await expect(order(telco)).resolves.toEqual({ status: 'completed' });
  });

  test('can still be asked what became of an order while registrations fail', async () => {
    millom.onCall = (seen, ...rest) => (/register/.test(seen.url) ? answer(500) : balance)(seen, ...rest);
    const telco = guarded({ restMs: 60_000 });
    await fiveTimes(async () => telco.register?.(ALICE, [], { lane: 'background' }));
    await expect(telco.balance(ALICE, { lane: 'background' })).resolves.toEqual({ plans: [] });
  });
});

describe('lanes', () => {
  /** Answers nobody until told to. */
  function holding() {
    const held: (() => void)[] = [];
    millom.onCall = (seen, response, nth) => void held.push(() => balance(seen, response, nth));
    return { release: () => held.splice(0).forEach((go) => void go()) };
  }

  test('nudges that wait for the telco keep neither a turn nor an order waiting', async () => {
    const { release } = holding();
    const telco = guarded({ lanes: { background: 4 } }, { deadlineMs: 5_000 });
    const nudges = Array.from({ length: 60 }, () => telco.balance(ALICE, { lane: 'background' }));
    const settled = Promise.allSettled(nudges);
    while (millom.calls.length < 4) await sleep(5);
    await sleep(50);
    expect(millom.calls).toHaveLength(4);

    millom.onCall = (seen, ...rest) => (seen.method === 'POST' ? completed : balance)(seen, ...rest);
    await expect(telco.balance(ALICE)).resolves.toEqual({ plans: [] });
    await expect(telco.balance(ALICE, { lane: 'order' })).resolves.toEqual({ plans: [] });
    await expect(order(telco)).resolves.toEqual({ status: 'completed' });
    release();
    const outcomes = (await settled).map(({ status }) => status);
    // Four at once and sixteen behind them; the rest was told at once, and the sweeper brings it back.
    expect(outcomes.filter((status) => status === 'fulfilled')).toHaveLength(20);
    // What was not called says nothing about the telco.
    expect(circuits).toEqual([]);
  });

  test('waiting in a lane counts towards the deadline of the call', async () => {
    const { release } = holding();
    const telco = guarded({ lanes: { background: 1 } });
    const first = failureOf(telco.balance(ALICE, { lane: 'background', deadlineMs: 300 }));
    const second = failureOf(telco.balance(ALICE, { lane: 'background', deadlineMs: 200 }));
    expect(await first).toBeInstanceOf(TelcoUnreachable);
    expect(await second).toBeInstanceOf(TelcoUnreachable);
    expect(millom.calls).toHaveLength(1);
    release();
  });
});

describe('a Retry-After', () => {
  /** A ledger's pauses, as two processes see them. */
  function pausesOfTwo(): [Pauses & { refresh(): Promise<void> }, Pauses & { refresh(): Promise<void> }] {
    const until = new Map<string, number>();
    const ledger = {
      async pauseTelco(telco: string, ms: number) {
        until.set(telco, performance.now() + ms);
      },
      async telcoPauses() {
        return [...until].map(([telco, at]) => ({ telco, leftMs: at - performance.now() }));
      },
    };
    const open = () => {
      const shared = createSharedPauses({ ledger, log: silent, everyMs: 2 ** 31 - 1 });
      closing.push(() => shared.close());
      return shared;
    };
    return [open(), open()];
  }
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => void (await Promise.all(closing.splice(0).map((close) => close()))));

  test('that one process was told holds the orders of the others', async () => {
    const [ours, theirs] = pausesOfTwo();
    millom.onCall = answer(429, {}, { 'retry-after': '1' });
    const [one, other] = [guarded({ pauses: ours }), guarded({ pauses: theirs })];
    expect(await failureOf(one.balance(ALICE))).toMatchObject({ reason: 'too-many-requests' });
    await theirs.refresh();
    expect(other.restMs?.()).toBeGreaterThan(500);
    expect(await failureOf(order(other))).toMatchObject({ reason: 'too-many-requests' });
    expect(millom.calls).toHaveLength(1);

    await sleep(1_050);
    millom.onCall = completed;
    expect(other.restMs?.()).toBe(0);
    await expect(order(other)).resolves.toEqual({ status: 'completed' });
  });

  test('is kept by the process that was told while the ledger is away', async () => {
    const away = () => Promise.reject(new Error('away'));
    const pauses = createSharedPauses({ ledger: { pauseTelco: away, telcoPauses: away }, log: silent });
    closing.push(() => pauses.close());
    millom.onCall = answer(429, {}, { 'retry-after': '30' });
    const telco = guarded({ pauses });
    await failureOf(telco.balance(ALICE));
    await pauses.refresh();
    await failureOf(telco.balance(ALICE));
    expect(millom.calls).toHaveLength(1);
    expect(telco.restMs?.()).toBeGreaterThan(20_000);
  });
});

describe('where Millom charges a transid once', () => {
  test('it says so, and an order that is repeated takes a conflict for its own echo', async () => {
    const telco = stage.client(millom, { deduplicates: true });
    expect(telco.deduplicatesPurchases).toBe(true);
    expect(stage.client(millom).deduplicatesPurchases).toBe(false);
    millom.onCall = answer(409, { cause: 'PURCHASE_CONFLICT' });
    expect(await failureOf(telco.purchase(ALICE, ORDER))).toBeInstanceOf(TelcoRefused);
    expect(await failureOf(telco.purchase(ALICE, { ...ORDER, repeated: true }))).toBeInstanceOf(TelcoAmbiguous);
  });
});
