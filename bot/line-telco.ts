import { LRUCache } from 'lru-cache';
import type { TurnTelco } from './conversation/turn.js';
import type { Account } from './domain/balance.js';
import type { Line } from './domain/subscriber.js';
import type { Ledger } from './ledger/ledger.js';
import type { Telco, TopUpRequest } from './telco.js';

/** Telco calls about one line, and the line itself, with what may be kept for a while kept. */
export interface LineTelco {
  /** The line, or `undefined` when it was erased. Kept in memory for a few minutes. */
  line(id: string): Promise<Line | undefined>;
  bind(line: Line, locale: string): TurnTelco;
  /** Forgets what was kept about a line: its money changed. */
  forget(lineId: string): void;
  telcoFor(operator: string): Telco;
}

const KEPT_LINES = 20_000;
const KEPT_MS = 300_000;

/**
 * Account information is kept until the telco's own `validUntil`, for five minutes at most, and only where its one wallet is
 * the main one: the balance call repeats that money fresh, so all that is taken from the copy is the currency and the type.
 */
export function createLineTelco(telcoFor: (operator: string) => Telco, ledger: Ledger, now: () => Date): LineTelco {
  const lines = new LRUCache<string, Line>({ max: KEPT_LINES, ttl: KEPT_MS });
  const accounts = new LRUCache<string, Account>({ max: KEPT_LINES });
  return {
    telcoFor,
    async line(id) {
      const kept = lines.get(id);
      if (kept !== undefined) return kept;
      const found = await ledger.line(id);
      if (found !== undefined) lines.set(id, found);
      return found;
    },
    bind(line, language) {
      const telco = telcoFor(line.operator);
      const { requestTopUp } = telco;
      return {
        ...(requestTopUp && {
          requestTopUp: (request: TopUpRequest) => requestTopUp.call(telco, line, request, { language }),
        }),
        balance: () => telco.balance(line, { language }),
        offers: () => telco.offers(line, { language }),
        async account(options) {
          const kept = options?.fresh === true ? undefined : accounts.get(line.id);
          if (kept !== undefined) return kept;
          const account = await telco.account(line, { language });
          const ttl = keepFor(account, now());
          if (ttl > 0) accounts.set(line.id, account, { ttl });
          return account;
        },
      };
    },
    forget: (lineId) => void accounts.delete(lineId),
  };
}

function keepFor(account: Account, now: Date): number {
  if (account.wallets.some(({ kind }) => kind !== 'main')) return 0;
  const left = account.validUntil === undefined ? KEPT_MS : account.validUntil.getTime() - now.getTime();
  return Math.min(KEPT_MS, left);
}
