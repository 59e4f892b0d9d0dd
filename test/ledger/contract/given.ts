import { randomUUID } from 'node:crypto';
import type { Ledger, NewPurchase, OpenResult, Purchase } from '../../../bot/ledger/ledger.js';
import type { Database } from '../../../bot/stores/database.js';

/** What a part of the contract works with, once the tests run. */
export interface Given {
  ledger(): Ledger;
  database(): Database;
}

export const SOON_MS = 60_000;
export const soon = () => new Date(Date.now() + SOON_MS);
export const twenty = <T>(make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 20 }, (_, index) => make(index)));

export function newPurchase(change: Partial<NewPurchase> = {}): NewPurchase {
  return {
    id: randomUUID(),
    confirmation: randomUUID(),
    lineId: `line-${randomUUID()}`,
    conversationId: `web-${randomUUID()}`,
    terms: {
      planId: 'daily-1gb',
      planName: [
        { language: 'en', text: '1 GB for a day' },
        { language: 'ur', text: '1 GB ایک دن کے لیے' },
      ],
      price: { amount: '5.00', currency: 'MYR' },
      fundSource: 'wallet',
      context: 'cookie=1',
    },
    ...change,
  };
}

/** The purchase an attempt to open one led to. */
export function purchaseOf(result: OpenResult | undefined): Purchase {
  if (result === undefined || !('purchase' in result)) throw new Error('no purchase');
  return result.purchase;
}
