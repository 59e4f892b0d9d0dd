import { OUTAGE_AIMS, type Outage } from './outages.js';
import type { Purchases } from './purchases.js';
import { layOut, ms, type Row, verdict, whole } from './tables.js';

/** What purchases and outages came to, as text for a terminal; nothing for what was not measured. */
export function moneyTables({
  purchases = [],
  outages = [],
}: {
  readonly purchases?: readonly Purchases[];
  readonly outages?: readonly Outage[];
}): string[] {
  const delay = purchases[0]?.callbackDelayMs;
  return [
    ...(purchases.length > 0
      ? [
          `\nFrom the confirmation to the receipt (the telco calls back ${delay} ms after its 202)`,
          layOut([['', 'measured', 'aim'], ...purchases.flatMap(purchaseRows)]),
        ]
      : []),
    ...(outages.length > 0
      ? ['\nWebhooks while Redis is away, and after', layOut([['', 'measured', 'aim'], ...outages.flatMap(outageRows)])]
      : []),
  ];
}

function purchaseRows({ store, limit, half, refillMsPerPurchase, books }: Purchases): Row[] {
  const { pressed, receipts, charges, failed, lost, double } = books;
  return [
    [`purchases/s, ${store}`, limit.perSecond.toFixed(1)],
    ['  p50 and p99 at the limit', `${ms(limit.p50)} and ${ms(limit.p99)} ms`],
    [`  p50 and p99 at ${half.perSecond.toFixed(1)} a second`, `${ms(half.p50)} and ${ms(half.p99)} ms`],
    ['  processor time of Refill', `${ms(refillMsPerPurchase)} ms a purchase`],
    ['  confirmations, charges, receipts', [pressed, charges, receipts].map(whole).join(', ')],
    ['  lost', whole(lost), verdict('0', lost === 0)],
    ['  paid twice', whole(double), verdict('0', double === 0)],
    ['  failed', whole(failed), verdict('0', failed === 0)],
  ];
}

function outageRows({ channel, perSecond, downSeconds, p50, p99, max, codes, ...after }: Outage): Row[] {
  const answers = Object.entries(codes).map(([code, times]) => `${whole(times)} × ${code === '0' ? 'none' : code}`);
  const { firstTakenSeconds: first, allTakenSeconds: all } = after;
  const only503 = Object.keys(codes).every((code) => code === '503');
  return [
    [
      `${channel}, ${perSecond} a second for ${downSeconds} s`,
      `p50 ${ms(p50)}, p99 ${ms(p99)}, at most ${ms(max)} ms`,
      verdict(`p99 ≤ ${OUTAGE_AIMS.p99} ms`, p99 <= OUTAGE_AIMS.p99),
    ],
    ['  answered', answers.join(', '), verdict('503', only503)],
    [
      '  back: the first taken, then all',
      `${seconds(first)}, ${seconds(all)}`,
      verdict(`≤ ${OUTAGE_AIMS.backSeconds} s`, all !== undefined && all <= OUTAGE_AIMS.backSeconds),
    ],
  ];
}

const seconds = (value: number | undefined) => (value === undefined ? 'never' : `${value.toFixed(1)} s`);
