import { expect, test } from '@jest/globals';
import { startReconciler } from '../../workers/reconcile.js';
import { newPurchase, openStores, openWorkplace, telcoThat, until } from './workplace.js';

test('a reconciler that is told to stop finishes the looks it began and begins no other', async () => {
  let looks = 0;
  let answer = () => {};
  const slow = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const telco = telcoThat({
    findPurchase: async () => {
      looks += 1;
      await slow;
      return { status: 'completed' };
    },
  });
  const stores = await openStores();
  const place = await openWorkplace(stores, telco);
  try {
    const purchases = [];
    for (let count = 0; count < 60; count++) purchases.push(await newPurchase(place, 'unknown'));
    place.pass(60_000);
    const reconciler = startReconciler({ ...place, everyMs: 2 ** 31 - 1 });
    void reconciler.reconcile();
    await until(async () => looks === 8);
    const closed = reconciler.close();
    answer();
    await closed;
    expect(looks).toBe(8);
    const states = await Promise.all(purchases.map(({ id }) => place.ledger.purchase(id)));
    expect(states.filter((purchase) => purchase?.state === 'completed')).toHaveLength(8);
  } finally {
    await place.close();
    await stores.close();
  }
}, 30_000);
