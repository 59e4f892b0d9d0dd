import { createMillom as create, type MillomOptions } from '../../../adapters/millom/index.js';
import type { Telco } from '../../../bot/telco.js';
import { HASTE } from './haste.js';
import { orders, reached } from './orders.js';

export * from '../../../adapters/millom/index.js';

export function createMillom(options: MillomOptions): Telco {
  const telco = create(options);
  return {
    ...telco,
    deduplicatesPurchases: orders.deduplicates,
    async purchase(subscriber, order, call) {
      const hasty = call?.deadlineMs === undefined ? call : { ...call, deadlineMs: call.deadlineMs / HASTE };
      if (orders.without === 'post-twice') await telco.purchase(subscriber, order, hasty).catch(() => undefined);
      // Some are cut off on the way out, some on the way back.
      if (orders.point?.name === 'during-post') setTimeout(reached, Math.random() * 30, 'during-post');
      try {
        return await telco.purchase(subscriber, order, hasty);
      } finally {
        reached('after-post');
      }
    },
  };
}
