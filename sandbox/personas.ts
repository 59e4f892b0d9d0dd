import type { AccountType } from '../bot/domain/balance.js';
import type { MarketId } from './catalogue/plans.js';

/** Someone to be when trying Refill: where they live, what they have, and what makes them worth trying. */
export interface Persona {
  readonly id: string;
  readonly name: string;
  /** A few words for a picker, e.g. `prepaid, low on data, has money`. */
  readonly summary: string;
  /** BCP 47. */
  readonly locale: string;
  /** IANA zone. */
  readonly timezone: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly country: MarketId;
  /** Millom's operator code: the `{operator}` of every path. */
  readonly operator: string;
  readonly accountType: AccountType;
  /** E.164 without `+`: the persona's own number. Made up, like those of its clones. */
  readonly msisdn: string;
}

/** How a persona begins, and how it begins again after a reset. */
export interface PersonaStart {
  /** Prepaid money as a decimal string. */
  readonly money: string;
  /** What is owed already: loans of a prepaid line, the running bill of a postpaid one. */
  readonly owed: string;
  readonly loanEligible?: boolean;
  readonly roaming?: boolean;
  readonly optedOut?: boolean;
  readonly plans: readonly StartPlan[];
}

interface StartPlan {
  readonly planId: string;
  /** Share of every gauge that is left, 0 to 1. */
  readonly left: number;
  readonly expiresInHours: number;
}

/** `prefix`: how everybody's number begins in a country; six more digits give it the length of a mobile number there. */
const COUNTRIES: Readonly<Record<MarketId, { zone: string; currency: string; prefix: string }>> = {
  MY: { zone: 'Asia/Kuala_Lumpur', currency: 'MYR', prefix: '601155' },
  PK: { zone: 'Asia/Karachi', currency: 'PKR', prefix: '923555' },
  GT: { zone: 'America/Guatemala', currency: 'GTQ', prefix: '50255' },
  TH: { zone: 'Asia/Bangkok', currency: 'THB', prefix: '66855' },
  NO: { zone: 'Europe/Oslo', currency: 'NOK', prefix: '4795' },
  BD: { zone: 'Asia/Dhaka', currency: 'BDT', prefix: '8801755' },
  BO: { zone: 'America/La_Paz', currency: 'BOB', prefix: '59175' },
};

/** Everybody in the sandbox; the first is who a newcomer is. */
export const PERSONAS: readonly Persona[] = [
  persona(101, 'daniel', 'Daniel', 'prepaid, low on data, has money', 'en', 'MY', 'digi'),
  persona(102, 'amina', 'Amina', 'prepaid, low on data, has money, reads Urdu', 'ur', 'PK', 'tp'),
  persona(103, 'lucia', 'Lucía', 'prepaid, no money, may take a loan', 'es', 'GT', 'tigo-gt'),
  persona(104, 'somchai', 'Somchai', 'prepaid, no data, must top up first', 'th', 'TH', 'dtac'),
  persona(105, 'ingrid', 'Ingrid', 'postpaid, plenty of data left', 'nb', 'NO', 'telenor', 'postpaid'),
  persona(106, 'kavya', 'Kavya', 'unlimited data, a video plan, minutes and SMS', 'en', 'MY', 'celcom'),
  persona(107, 'omar', 'Omar', 'prepaid, roaming: may look, not buy', 'bn', 'BD', 'gp'),
  persona(108, 'sofia', 'Sofía', 'opted out of offers', 'es', 'BO', 'tigo-bo'),
];

/** Where each persona begins, by persona id. */
export const STARTS: Readonly<Record<string, PersonaStart>> = {
  daniel: {
    money: '25.00',
    owed: '0.00',
    plans: [{ planId: 'MY-DATA-7D-5GB', left: 0.04, expiresInHours: 40 }],
  },
  amina: {
    money: '350.00',
    owed: '0.00',
    plans: [
      { planId: 'PK-DATA-30D-12GB', left: 0.06, expiresInHours: 100 },
      { planId: 'PK-SOCIAL-7D-3GB', left: 0.5, expiresInHours: 60 },
    ],
  },
  lucia: {
    money: '0.00',
    owed: '0.00',
    loanEligible: true,
    plans: [{ planId: 'GT-DATA-3D-1GB', left: 0, expiresInHours: 20 }],
  },
  somchai: { money: '3.50', owed: '0.00', plans: [] },
  ingrid: {
    money: '0.00',
    owed: '349.00',
    plans: [{ planId: 'NO-DATA-30D-20GB', left: 0.55, expiresInHours: 400 }],
  },
  kavya: {
    money: '80.50',
    owed: '0.00',
    plans: [
      { planId: 'MY-UNLIMITED-30D', left: 1, expiresInHours: 500 },
      { planId: 'MY-VIDEO-7D-10GB', left: 0.62, expiresInHours: 90 },
      { planId: 'MY-COMBO-7D-8GB', left: 0.4, expiresInHours: 30 },
    ],
  },
  omar: {
    money: '220.00',
    owed: '0.00',
    roaming: true,
    plans: [{ planId: 'BD-DATA-7D-7GB', left: 0.1, expiresInHours: 70 }],
  },
  sofia: {
    money: '40.00',
    owed: '0.00',
    optedOut: true,
    plans: [{ planId: 'BO-DATA-7D-3GB', left: 0.3, expiresInHours: 50 }],
  },
};

/** How many numbers a country has: the six digits after its prefix. */
export const NUMBERS_PER_COUNTRY = 1_000_000;

/** The `n`th number of a country, E.164 without `+`. */
export function numberOf(country: MarketId, n: number): string {
  return COUNTRIES[country].prefix + String(n).padStart(6, '0');
}

function persona(
  line: number,
  id: string,
  name: string,
  summary: string,
  locale: string,
  country: MarketId,
  operator: string,
  accountType: AccountType = 'prepaid',
): Persona {
  const { zone, currency } = COUNTRIES[country];
  return {
    id,
    name,
    summary,
    locale,
    timezone: zone,
    currency,
    country,
    operator,
    accountType,
    msisdn: numberOf(country, line),
  };
}
