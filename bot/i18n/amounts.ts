import type { Amount, Gauge, Quota, Unit } from '../domain/quota.js';
import type { Say } from './compile.js';
import type { Numbers } from './numbers.js';

export interface Amounts {
  amount(unit: Unit, amount: Amount): string;
  gauge(gauge: Gauge): string;
  quotas(quotas: readonly Quota[]): string;
  duration(seconds: number): string;
}

/** How amounts of things are said. `literal` cleans a unit that the telco invented; `isolate` guards the reading direction. */
export function amountsFor(
  say: Say,
  numbers: Numbers,
  literal: (text: string) => string,
  isolate: (text: string) => string,
): Amounts {
  function amount(unit: Unit, value: Amount): string {
    if (value === 'unlimited') return say('unit.unlimited');
    return isolate(finite(unit, value));
  }

  function finite(unit: Unit, value: bigint): string {
    switch (unit) {
      case 'bytes':
        return bytes(value, say, numbers);
      case 'voice-minutes':
        return say('unit.call-minutes', { number: numbers.whole(value) });
      case 'data-minutes':
        return clock(value, say, numbers);
      case 'sms':
        return counted('unit.sms', value);
      default:
        return say('unit.other', { number: numbers.whole(value), unit: literal(unit) });
    }
  }

  function counted(
    key: 'unit.sms' | 'unit.days' | 'unit.hours' | 'unit.minutes' | 'unit.seconds',
    value: bigint,
  ): string {
    return say(key, { count: value, number: numbers.whole(value) });
  }

  function gauge({ unit, quota, remaining }: Gauge): string {
    if (remaining === 'unlimited' || quota === 'unlimited') return say('unit.unlimited');
    const left = amount(unit, remaining < 0n ? 0n : remaining);
    // A bonus can lift what is left above the quota, and a telco may not know the quota: "2 GB of 1 GB" would be nonsense.
    if (quota <= 0n || remaining > quota) return say('quota.left', { remaining: left });
    return say('quota.left-of', { remaining: left, quota: amount(unit, quota) });
  }

  function quotaText({ unit, amount: value }: Quota): string {
    if (value !== 'unlimited') {
      return unit === 'data-minutes' ? say('quota.data-time', { time: amount(unit, value) }) : amount(unit, value);
    }
    if (unit === 'bytes' || unit === 'data-minutes') return say('quota.unlimited-data');
    if (unit === 'voice-minutes') return say('quota.unlimited-calls');
    if (unit === 'sms') return say('quota.unlimited-sms');
    return say('quota.unlimited-other', { unit: isolate(literal(unit)) });
  }

  function duration(seconds: number): string {
    const total = Number.isFinite(seconds) ? BigInt(Math.max(0, Math.floor(seconds))) : 0n;
    if (total < MINUTE) return counted('unit.seconds', total);
    if (total < HOUR) return counted('unit.minutes', total / MINUTE);
    if (total % DAY === 0n) return counted('unit.days', total / DAY);
    const hours = total / HOUR;
    if (hours < 3n && total % HOUR >= MINUTE) {
      const minutes = counted('unit.minutes', (total % HOUR) / MINUTE);
      return say('unit.hours-minutes', { hours: counted('unit.hours', hours), minutes });
    }
    if (hours < 72n) return counted('unit.hours', hours);
    const days = counted('unit.days', total / DAY);
    return hours % 24n === 0n ? days : say('unit.days-hours', { days, hours: counted('unit.hours', hours % 24n) });
  }

  return { amount, gauge, quotas: (quotas) => quotas.map(quotaText).join(' + '), duration };
}

const MINUTE = 60n;
const HOUR = 3_600n;
const DAY = 86_400n;

const SIZES = [
  ['unit.terabytes', 1n << 40n],
  ['unit.gigabytes', 1n << 30n],
  ['unit.megabytes', 1n << 20n],
  ['unit.kilobytes', 1n << 10n],
] as const;

/**
 * Bytes in the unit people would use, in binary multiples as telcos sell them (1 GB = 1,073,741,824; Millom upsell.yaml),
 * rounded down so that it never promises more than there is: one decimal below 10, none above.
 */
function bytes(value: bigint, say: Say, numbers: Numbers): string {
  const size = value < 0n ? -value : value;
  if (size === 0n) return say('unit.megabytes', { number: numbers.whole(0) });
  const sign = value < 0n ? '-' : '';
  for (const [key, unit] of SIZES) {
    if (size < unit) continue;
    const tenths = (size * 10n) / unit;
    const number = sign + (tenths < 100n ? numbers.tenths(tenths) : numbers.whole(tenths / 10n));
    return say(key, { number });
  }
  return say('unit.bytes', { count: value, number: numbers.whole(value) });
}

/** Minutes of surfing as a clock would say them: `45 min`, `2 h`, `1 h 30 min`. */
function clock(value: bigint, say: Say, numbers: Numbers): string {
  if (value < 60n) return say('unit.clock-minutes', { minutes: numbers.whole(value) });
  const count = value / 60n;
  const hours = numbers.whole(count);
  if (value % 60n === 0n) return say('unit.clock-hours', { count, hours });
  return say('unit.clock-hours-minutes', { count, hours, minutes: numbers.whole(value % 60n) });
}
