import type { PurchaseEvent } from '../../../bot/domain/purchase.js';
import { createLedger as create } from '../../../bot/ledger/index.js';
import type { Ledger } from '../../../bot/ledger/ledger.js';
import { HASTE_OF_WAITING } from './haste.js';
import { orders, type Point, reached } from './orders.js';
import { withoutMarker } from './without-marker.js';

export * from '../../../bot/ledger/index.js';

export function createLedger(...args: Parameters<typeof create>): Ledger {
  const ledger = orders.without === 'skip-marker' ? withoutMarker(create(...args)) : create(...args);
  return {
    ...ledger,
    async openPurchase(purchase) {
      reached('before-intent');
      const opened = await ledger.openPurchase(purchase);
      reached('after-intent');
      return opened;
    },
    async movePurchase(id, event, details) {
      const [before, after] = pointsOf(event);
      if (before !== undefined) reached(before);
      const moved = await ledger.movePurchase(id, event, details);
      reached(after);
      return moved;
    },
    async finishOutbox(id) {
      const finished = await ledger.finishOutbox(id);
      reached('after-told');
      return finished;
    },
    dueOutbox: (now, retryAfterMs, limit) => ledger.dueOutbox(now, retryAfterMs / HASTE_OF_WAITING, limit),
  };
}

/** Which points a move passes: the worker's marker, its outcome, a callback, or a sweep that gives up waiting. */
function pointsOf(event: PurchaseEvent): readonly [Point | undefined, Point] {
  if (event === 'submit' || event === 'resubmit') return ['before-marker', 'after-marker'];
  if (event.startsWith('callback-')) return ['before-callback', 'after-callback'];
  if (event === 'interrupted' || event === 'no-callback') return ['before-unknown', 'after-unknown'];
  // What comes before it is `after-post`.
  return [undefined, 'after-outcome'];
}
