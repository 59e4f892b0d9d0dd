import type { Money } from '../domain/money.js';
import type { Amount, Gauge, Quota, Unit } from '../domain/quota.js';
import type { MultilingualText } from '../domain/text.js';
import type { Locale, MessageKey } from './catalogues.js';
import type { Localized } from './localized.js';

export type MessageValues = Readonly<Record<string, string | number | bigint | boolean | Date>>;

/** Words, numbers and dates for one subscriber: their language, their zone. Cheap to ask for; cached per locale and zone. */
export interface Translator {
  /** The supported locale in use, e.g. `ur`. */
  readonly locale: Locale;
  readonly direction: 'ltr' | 'rtl';
  /** IANA zone, e.g. `Asia/Karachi`. */
  readonly timezone: string;
  /** A message of the catalogue, with its ICU arguments filled in. */
  t(key: MessageKey, values?: MessageValues): Localized;
  /** The telco's own words in the best language, controls stripped; `otherwise` when there are none. */
  telcoText(texts: readonly MultilingualText[], otherwise?: Localized): Localized;
  /** Words from outside that are not in a catalogue (a plan id, a confirmation code): controls stripped, shortened. */
  literal(text: string): Localized;
  /** `RM 12.50`: exact, never through a float. */
  money(money: Money): Localized;
  /** `1.5 GB`, `30 min`, `100 SMS`, `Unlimited`. */
  amount(unit: Unit, amount: Amount): Localized;
  /** `100 MB of 1 GB left`. */
  gauge(gauge: Gauge): Localized;
  /** What an offer gives: `10 GB + 100 min`. */
  quotas(quotas: readonly Quota[]): Localized;
  /** `7 days`, `12 hours`. */
  duration(seconds: number): Localized;
  /** `Sun 29 Nov, 14:00` in the subscriber's zone; with its year where that is far from `now`. */
  dateTime(date: Date, now: Date): Localized;
  /** `29 November 2026` in the subscriber's zone. */
  date(date: Date): Localized;
  /** `a, b and c`. */
  list(items: readonly Localized[]): Localized;
}
