import { LRUCache } from 'lru-cache';
import type { RefusalReason } from '../domain/refusal.js';
import { type Telco, TelcoRefused } from '../telco.js';

const KEPT_NUMBERS = 10_000;
/** How long the telco's word on a number holds, in milliseconds: the code, the answer and the link are about one number. */
const KEPT_MS = { ours: 600_000, nobodys: 60_000 } as const;

/** What a telco says of no subscriber of its own. `not-allowed` is about us: a telco that does not let us ask said nothing. */
const NOBODYS: ReadonlySet<RefusalReason> = new Set(['invalid-number', 'bad-request']);
/** What it says of somebody it knows. */
const SOMEBODYS: ReadonlySet<RefusalReason> = new Set(['roaming', 'opted-out', 'insufficient-funds', 'conflict']);

/**
 * Whose subscriber a number is, by the telco's own word (`account`): its operator, or `undefined` for nobody's here. Rejects with
 * `TelcoRefused` or `TelcoUnreachable` while the telco cannot say: then nothing is sent to the number, and nothing linked.
 */
export function numberOwner(
  telco: Pick<Telco, 'account'>,
  operator: string,
): (number: string) => Promise<string | undefined> {
  const known = new LRUCache<string, { readonly ours: boolean }>({ max: KEPT_NUMBERS });
  return async (number) => {
    const kept = known.get(number) ?? { ours: await isSubscriber(telco, operator, number) };
    known.set(number, kept, { ttl: kept.ours ? KEPT_MS.ours : KEPT_MS.nobodys, noUpdateTTL: true });
    return kept.ours ? operator : undefined;
  };
}

async function isSubscriber(telco: Pick<Telco, 'account'>, operator: string, number: string): Promise<boolean> {
  try {
    await telco.account({ operator, key: { type: 'MSISDN', value: number } });
    return true;
  } catch (error) {
    if (error instanceof TelcoRefused && NOBODYS.has(error.reason)) return false;
    if (error instanceof TelcoRefused && SOMEBODYS.has(error.reason)) return true;
    throw error;
  }
}
