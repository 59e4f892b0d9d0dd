import { ruleOf } from '../../../bot/domain/purchase.js';
import type { Ledger } from '../../../bot/ledger/ledger.js';

/** A guard taken out: the worker writes the marker together with the outcome instead of before the order. */
export function withoutMarker(ledger: Ledger): Ledger {
  return {
    ...ledger,
    async movePurchase(id, event, details) {
      if (event === 'submit') {
        const purchase = await ledger.purchase(id);
        return purchase?.state === 'confirmed' ? { ...purchase, state: 'submitting', posts: 1 } : undefined;
      }
      // Nobody else writes it down afterwards: a sweeper that finds the purchase unsent believes it.
      if (ruleOf(event).by === 'worker') await ledger.movePurchase(id, 'submit');
      return ledger.movePurchase(id, event, details);
    },
  };
}
