import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createMillom } from '../../adapters/millom/index.js';
import { LedgerUnavailable } from '../../bot/ledger/index.js';
import type { Ledger } from '../../bot/ledger/ledger.js';
import type { Telco } from '../../bot/telco.js';
import { type Sandbox, startSandbox } from '../../sandbox/index.js';
import { submit } from '../../workers/purchases.js';
import { newPurchase, openStores, openWorkplace, type Stores, standing, until, type Workplace } from './workplace.js';

/*
 * A worker that writes down its answer, is not told that it did, stands still for longer than its job is its own, and writes it
 * down once more while another worker's order is out.
 */

const CREDENTIALS = { clientId: 'refill', clientSecret: 'secret' };

let stores: Stores;
let place: Workplace;
let sandbox: Sandbox;
let millom: Telco;

beforeAll(async () => {
  stores = await openStores();
});
beforeEach(async () => {
  // Every POST charges: a second one would be seen in the charge log.
  sandbox = await startSandbox({ ...CREDENTIALS, deduplicate: false, samePlanSeconds: 0 });
  const { url: baseUrl, tokenUrl } = sandbox;
  millom = createMillom({ ...CREDENTIALS, baseUrl, tokenUrl, serviceProvider: 'refill' });
  place = await openWorkplace(stores, millom);
});
afterEach(() => Promise.all([place.close(), millom.close(), sandbox.close()]));
afterAll(() => stores.close());

async function confirmed() {
  const { id: subscriber, operator, msisdn } = sandbox.ensure(`daniel~${randomUUID().slice(0, 8)}`);
  const line = await place.ledger.ensureLine(operator, { type: 'MSISDN', value: msisdn });
  const offer = (await millom.offers(line)).offers.find(({ fundSource }) => fundSource === 'wallet');
  if (offer?.price === undefined) throw new Error('nothing to buy');
  const { planId, name, price, fundSource, context } = offer;
  const terms = { planId, planName: name, price, fundSource, ...(context !== undefined && { context }) };
  return { subscriber, id: (await newPurchase(place, 'confirmed', { lineId: line.id, terms })).id };
}

/** The ledger of a worker that is not told that its first `put-off` was written down, and stands still until `resumed`. */
function unheard(resumed: Promise<unknown>): Ledger {
  let held = false;
  return {
    ...place.ledger,
    async movePurchase(id, event, details) {
      const moved = await place.ledger.movePurchase(id, event, details);
      if (event !== 'put-off' || held) return moved;
      held = true;
      await resumed;
      throw new LedgerUnavailable('no answer in time');
    },
  };
}

describe('an answer that is written down again while another worker’s order is out', () => {
  test('leaves that order its marker: one charge, one receipt, nothing is sent again', async () => {
    const { subscriber, id } = await confirmed();
    sandbox.addFault({ kind: '429', operation: 'purchasePlan', subscriberId: subscriber, retryAfterSeconds: 0 });
    let resume: () => void = () => undefined;
    const resumed = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const first = submit({ ...place, ledger: unheard(resumed) }, id).catch((error: unknown) => error);
    await until(async () => (await place.ledger.purchaseMoves(id)).at(-1)?.event === 'put-off');

    sandbox.nextPurchase(subscriber, { mode: 'completed' });
    // Its answer is on the way while the first worker goes on.
    const telco: Telco = {
      ...millom,
      async purchase(...order) {
        const answer = await millom.purchase(...order);
        resume();
        expect(await first).toMatchObject({ code: 'ORDER_NOT_NOW' });
        expect(await place.ledger.purchase(id)).toMatchObject({ state: 'submitting', posts: 1 });
        return answer;
      },
    };
    await submit({ ...place, lines: { ...place.lines, telcoFor: () => telco } }, id);
    expect(await standing(place, id)).toEqual({ state: 'completed', owed: ['receipt'] });

    // Whoever comes next, a job or the sweeper, finds nothing to send.
    await submit(place, id);
    const charges = sandbox.charges().filter(({ subscriberId }) => subscriberId === subscriber);
    expect(charges.map(({ transactionId }) => transactionId)).toEqual([id]);
    const events = (await place.ledger.purchaseMoves(id)).map(({ event }) => event);
    expect(events).toEqual(['confirmed', 'submit', 'put-off', 'submit', 'completed']);
  });
});
