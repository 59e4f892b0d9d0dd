import type { Ledger, Purchase } from '../../bot/ledger/ledger.js';

/** All that was ordered on a line, by whomever, newest first. */
export async function purchasesOf(ledger: Ledger, lineId: string, limit: number): Promise<readonly Purchase[]> {
  return (await ledger.searchPurchases({ lineIds: [lineId] }, limit)).purchases;
}
