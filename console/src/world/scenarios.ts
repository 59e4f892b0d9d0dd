import type { Key } from '../i18n/index.js';
import type { Fault, NextPurchase, World } from './types.js';

/** One way the next purchase can go: an instruction to the simulated operator, or a fault on its answer. */
export interface Scenario {
  readonly id: string;
  readonly label: Key;
  readonly next?: NextPurchase;
  readonly fault?: { readonly kind: string; readonly latencyMs?: number; readonly retryAfterSeconds?: number };
}

export interface ScenarioGroup {
  readonly label: Key;
  readonly scenarios: readonly Scenario[];
}

/** Longer than Refill waits for a purchase. */
const TOO_LONG_MS = 60_000;

export const SCENARIOS: readonly ScenarioGroup[] = [
  {
    label: 'world.next-well',
    scenarios: [
      { id: 'later', label: 'world.next-later', next: { mode: 'processing', callback: 'once' } },
      { id: 'at-once', label: 'world.next-at-once', next: { mode: 'completed' } },
    ],
  },
  {
    label: 'world.next-callback',
    scenarios: [
      { id: 'never', label: 'world.next-never', next: { mode: 'processing', callback: 'never' } },
      { id: 'twice', label: 'world.next-twice', next: { mode: 'processing', callback: 'twice' } },
      { id: 'late', label: 'world.next-late', next: { mode: 'processing', callback: 'late' } },
      { id: 'early', label: 'world.next-early', next: { mode: 'processing', callback: 'early' } },
      {
        id: 'contradicting',
        label: 'world.next-contradicting',
        next: { mode: 'processing', callback: 'contradicting' },
      },
    ],
  },
  {
    label: 'world.next-refused',
    scenarios: [
      refused('funds', 'world.next-funds', 'INSUFFICIENT_FUNDS'),
      refused('barred', 'world.next-barred', 'USER_BARRED'),
      refused('product', 'world.next-product', 'INVALID_PRODUCT'),
    ],
  },
  {
    label: 'world.next-trouble',
    scenarios: [
      { id: '5xx-after', label: 'world.next-5xx-after', fault: { kind: '5xx-after' } },
      { id: 'drop-after', label: 'world.next-drop-after', fault: { kind: 'drop-after' } },
      { id: 'latency', label: 'world.next-timeout', fault: { kind: 'latency', latencyMs: TOO_LONG_MS } },
      { id: 'broken-json', label: 'world.next-broken-json', fault: { kind: 'broken-json' } },
    ],
  },
  {
    label: 'world.next-before',
    scenarios: [
      { id: '5xx-before', label: 'world.next-5xx-before', fault: { kind: '5xx-before' } },
      { id: '429', label: 'world.next-429', fault: { kind: '429', retryAfterSeconds: 5 } },
    ],
  },
];

function refused(id: string, label: Key, errorType: string): Scenario {
  return { id, label, next: { mode: 'processing', callback: 'once', errorType } };
}

/** The scenario the operator is set to, by what it says itself; `undefined` when nothing was asked of it. */
export function armed(world: World | undefined, faults: readonly Fault[]): string | undefined {
  const fault = faults.find(
    ({ operation, subscriberId }) => operation === 'purchasePlan' && subscriberId === world?.id,
  );
  if (fault) return fault.kind;
  const next = world?.nextPurchase;
  if (!next) return undefined;
  const all = SCENARIOS.flatMap(({ scenarios }) => scenarios);
  return all.find((scenario) => scenario.next && sameManner(scenario.next, next))?.id;
}

function sameManner(a: NextPurchase, b: NextPurchase): boolean {
  if (a.mode !== b.mode || a.errorType !== b.errorType) return false;
  return a.mode === 'completed' || (a.callback ?? 'once') === (b.callback ?? 'once');
}

/**
 * The share (0 to 1) of what is left that has to be used so that no data gauge has more than a low level left.
 * 0 when all are low already.
 */
export function shareUntilLow(world: World): number {
  const shares = world.plans.flatMap(({ gauges }) => gauges.map(shareOf));
  return Math.max(0, ...shares);
}

/** A little under `LOW_SHARE` of bot/domain/quota.ts. */
const LOW = 0.12;

function shareOf({ unit, quota, remaining }: World['plans'][number]['gauges'][number]): number {
  const [total, left] = [Number(quota), Number(remaining)];
  if (unit !== 'bytes' || !(total > 0) || !(left > 0)) return 0;
  return Math.max(0, 1 - (LOW * total) / left);
}
