import { LRUCache } from 'lru-cache';
import type { TurnTelco } from './conversation/turn.js';
import type { Account } from './domain/balance.js';
import type { Line, SubscriberKey } from './domain/subscriber.js';
import type { Ledger } from './ledger/ledger.js';
import type { Lane, Telco, TopUpRequest } from './telco.js';

/** Telco calls about one line, and the line itself, with what may be kept for a while kept. */
export interface LineTelco {
  /** `undefined` when there is none, or it was erased. Kept for a few minutes, but for a CPID: another process renews it. */
  line(id: string): Promise<Line | undefined>;
  /** The telco for one turn; `background` for a turn nobody waits for. */
  bind(line: Line, locale: string, lane?: Lane): TurnTelco;
  /** Forgets what was kept about a line: its money changed, or it was erased. */
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
  const accounts = new LRUCache<string, { readonly key: SubscriberKey; readonly account: Account }>({
    max: KEPT_LINES,
  });
  return {
    telcoFor,
    async line(id) {
      const kept = lines.get(id);
      if (kept !== undefined) return kept;
      const found = await ledger.line(id);
      // Erased: the row stays for what has to be accounted for, and names nobody.
      if (found?.key.value === '') return undefined;
      if (found !== undefined && found.key.type !== 'CPID') lines.set(id, found);
      return found;
    },
    bind(line, language, lane = 'turn') {
      const call = { language, lane };
      const telco = telcoFor(line.operator);
      const { requestTopUp } = telco;
      return {
        ...(requestTopUp !== undefined &&
          line.key.type === 'MSISDN' && {
            requestTopUp: (request: TopUpRequest) => requestTopUp.call(telco, line, request, call),
          }),
        balance: () => telco.balance(line, call),
        offers: () => telco.offers(line, call),
        async account(options) {
          const kept = options?.fresh === true ? undefined : accounts.get(line.id);
          // Another key may be another SIM, and its account another one.
          if (kept !== undefined && kept.key.value === line.key.value) return kept.account;
          const account = await telco.account(line, call);
          const ttl = keepFor(account, now());
          if (ttl > 0) accounts.set(line.id, { key: line.key, account }, { ttl });
          return account;
        },
      };
    },
    forget(lineId) {
      accounts.delete(lineId);
      lines.delete(lineId);
    },
  };
}

/** The lane of a turn's calls: nobody waits for a nudge, and its calls must keep nobody waiting. */
export function laneOf(event: { readonly kind: string; readonly name?: string }): Lane {
  return event.kind === 'system' && event.name === 'nudge' ? 'background' : 'turn';
}

function keepFor(account: Account, now: Date): number {
  if (account.wallets.some(({ kind }) => kind !== 'main')) return 0;
  const left = account.validUntil === undefined ? KEPT_MS : account.validUntil.getTime() - now.getTime();
  return Math.min(KEPT_MS, left);
}
