/** What a gauge counts. Units a telco invents later are kept as data, not refused. */
export type Unit = 'bytes' | 'data-minutes' | 'voice-minutes' | 'sms' | (string & {});

/** A whole number of units. `bigint`, because byte counts pass 2^53; `unlimited` is 2^63 − 1 in Millom's files. */
export type Amount = bigint | 'unlimited';

/** One measure of a plan: what it started with and what is left, both in `unit`. */
export interface Gauge {
  readonly unit: Unit;
  readonly quota: Amount;
  readonly remaining: Amount;
}

/** What an offer gives, in `unit`. */
export interface Quota {
  readonly unit: Unit;
  readonly amount: Amount;
}

export type GaugeLevel = 'unlimited' | 'good' | 'low' | 'empty';

/** From this share of the quota down, a gauge is called low. */
export const LOW_SHARE = 0.15;

/** The share that is left, 0 to 1; 1 for unlimited, 0 when the quota is 0 and nothing is left. */
export function remainingShare(gauge: Gauge): number {
  if (gauge.quota === 'unlimited' || gauge.remaining === 'unlimited') return 1;
  if (gauge.quota <= 0n) return gauge.remaining > 0n ? 1 : 0;
  const share = Number((gauge.remaining * 10_000n) / gauge.quota) / 10_000;
  return Math.min(1, Math.max(0, share));
}

/** How worried a subscriber should be about this gauge. */
export function gaugeLevel(gauge: Gauge): GaugeLevel {
  if (gauge.quota === 'unlimited' || gauge.remaining === 'unlimited') return 'unlimited';
  if (gauge.remaining <= 0n) return 'empty';
  return remainingShare(gauge) <= LOW_SHARE ? 'low' : 'good';
}
