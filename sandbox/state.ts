import { addDecimals, compareDecimals } from '../bot/domain/money.js';
import type { NotificationType } from '../bot/domain/notification.js';
import type { SubscriberState } from '../bot/domain/offer.js';
import { type Amount, gaugeLevel, type Unit } from '../bot/domain/quota.js';
import type { SubscriberKey } from '../bot/domain/subscriber.js';
import { CATALOGUE, type CataloguePlan, findPlan } from './catalogue/plans.js';
import type { PlannedPurchase } from './control-schemas.js';
import { type Persona, type PersonaStart, STARTS } from './personas.js';

/** A line as the operator knows it. Changed only by the functions of this file and by a purchase. */
export interface Subscriber {
  readonly id: string;
  readonly persona: Persona;
  readonly msisdn: string;
  /** Prepaid money, decimal. */
  money: string;
  /** Loans to pay back, or the running bill of a postpaid line; decimal. */
  owed: string;
  loanEligible: boolean;
  roaming: boolean;
  optedOut: boolean;
  plans: HeldPlan[];
  /** What the subscriber agreed to be told about, and the key and language they registered with. */
  registered: readonly NotificationType[];
  notifyKey: SubscriberKey | undefined;
  notifyLanguage: string | undefined;
  /** How the next purchase goes; used once. */
  next: PlannedPurchase | undefined;
  /** What came to the phone, newest last: one-time codes, in place of WhatsApp. */
  messages: readonly PhoneMessage[];
  /** Transaction ids of purchases that were accepted and not settled; an id twice when two POSTs carried it. */
  open: readonly string[];
}

/** Something a phone received. */
export interface PhoneMessage {
  readonly text: string;
  readonly at: Date;
}

export interface HeldPlan {
  readonly plan: CataloguePlan;
  readonly gauges: HeldGauge[];
  expiresAt: Date;
  /** Absent for a plan the persona began with. */
  boughtAt?: Date;
}

interface HeldGauge {
  readonly unit: Unit;
  quota: Amount;
  remaining: Amount;
}

export function newSubscriber(id: string, persona: Persona, msisdn: string, now: Date): Subscriber {
  const subscriber: Subscriber = {
    id,
    persona,
    msisdn,
    money: '0.00',
    owed: '0.00',
    loanEligible: false,
    roaming: false,
    optedOut: false,
    plans: [],
    registered: NONE,
    notifyKey: undefined,
    notifyLanguage: undefined,
    next: undefined,
    messages: NONE,
    open: NONE,
  };
  restart(subscriber, now);
  return subscriber;
}

/** Back to where the persona begins; the number stays. */
export function restart(subscriber: Subscriber, now: Date): void {
  const start = STARTS[subscriber.persona.id] ?? NOTHING;
  subscriber.money = start.money;
  subscriber.owed = start.owed;
  subscriber.loanEligible = start.loanEligible ?? false;
  subscriber.roaming = start.roaming ?? false;
  subscriber.optedOut = start.optedOut ?? false;
  subscriber.plans = start.plans.flatMap(({ planId, left, expiresInHours }) => {
    const plan = findPlan(subscriber.persona.country, planId);
    if (plan === undefined) return [];
    const gauges = plan.quotas.map(({ unit, amount }) => ({ unit, quota: amount, remaining: portion(amount, left) }));
    return [{ plan, gauges, expiresAt: new Date(now.getTime() + expiresInHours * 3_600_000) }];
  });
  subscriber.registered = NONE;
  subscriber.notifyKey = undefined;
  subscriber.notifyLanguage = undefined;
  subscriber.next = undefined;
  subscriber.messages = NONE;
  subscriber.open = NONE;
}

/** Shared, because there may be a great many subscribers. */
const NONE: readonly never[] = [];

const NOTHING: PersonaStart = { money: '0.00', owed: '0.00', plans: [] };

/** The plans that still run, after dropping those that ended. */
export function livePlans(subscriber: Subscriber, now: Date): readonly HeldPlan[] {
  if (subscriber.plans.some(({ expiresAt }) => expiresAt <= now)) {
    subscriber.plans = subscriber.plans.filter(({ expiresAt }) => expiresAt > now);
  }
  return subscriber.plans;
}

/** True for gauges that count data, whatever the unit. */
export function countsData(unit: Unit): boolean {
  return unit === 'bytes' || unit === 'data-minutes';
}

/** Bytes left on plans that serve everything: what "out of data" is about. Unlimited when any of them is. */
export function genericData(subscriber: Subscriber, now: Date): { quota: Amount; remaining: Amount } {
  let quota = 0n;
  let remaining = 0n;
  for (const { plan, gauges } of livePlans(subscriber, now)) {
    if (plan.applications.length > 0) continue;
    for (const gauge of gauges) {
      if (gauge.unit !== 'bytes') continue;
      if (gauge.quota === 'unlimited' || gauge.remaining === 'unlimited') {
        return { quota: 'unlimited', remaining: 'unlimited' };
      }
      quota += gauge.quota;
      remaining += gauge.remaining;
    }
  }
  return { quota, remaining };
}

/** Millom's aggregated state (upsell.yaml, OfferInfoResponse.subscriberState). */
export function subscriberState(subscriber: Subscriber, now: Date): Exclude<SubscriberState, 'unknown'> {
  const level = gaugeLevel({ unit: 'bytes', ...genericData(subscriber, now) });
  if (level === 'good' || level === 'unlimited') return 'good-to-go';
  if (principalPlans(subscriber).some((plan) => canPay(subscriber, plan.cost))) return 'need-offers';
  return mayBorrow(subscriber) ? 'need-loans' : 'need-top-up';
}

function principalPlans({ persona }: Subscriber): readonly CataloguePlan[] {
  return CATALOGUE[persona.country].filter(({ planType }) => planType === 'principal');
}

/** Prepaid money must cover the price; a postpaid line pays with its bill. */
export function canPay({ persona, money }: Subscriber, cost: string): boolean {
  return persona.accountType === 'postpaid' || compareDecimals(money, cost) >= 0;
}

/** One loan at a time. */
export function mayBorrow({ loanEligible, owed }: Subscriber): boolean {
  return loanEligible && compareDecimals(owed, '0') === 0;
}

/** Takes the price: from the money, or onto what is owed for a loan and for a postpaid line. */
export function takePrice(subscriber: Subscriber, cost: string, fundSource: 'WALLET' | 'LOAN'): void {
  if (fundSource === 'LOAN' || subscriber.persona.accountType === 'postpaid') {
    subscriber.owed = addDecimals(subscriber.owed, cost);
  } else {
    subscriber.money = addDecimals(subscriber.money, `-${cost}`);
  }
}

/** Adds money; what a prepaid line owes is paid back first. */
export function addMoney(subscriber: Subscriber, amount: string): void {
  const repaid = compareDecimals(subscriber.owed, amount) > 0 ? amount : subscriber.owed;
  subscriber.owed = addDecimals(subscriber.owed, `-${repaid}`);
  if (subscriber.persona.accountType === 'prepaid') {
    subscriber.money = addDecimals(subscriber.money, addDecimals(amount, `-${repaid}`));
  }
}

/** Adds the plan, or, when it still runs, adds to its gauges and starts its time anew. */
export function activate(subscriber: Subscriber, plan: CataloguePlan, now: Date): void {
  const expiresAt = new Date(now.getTime() + plan.validityMs);
  const held = livePlans(subscriber, now).find((candidate) => candidate.plan.id === plan.id);
  if (held === undefined) {
    const gauges = plan.quotas.map(({ unit, amount }) => ({ unit, quota: amount, remaining: amount }));
    subscriber.plans.push({ plan, gauges, expiresAt, boughtAt: now });
    return;
  }
  held.expiresAt = expiresAt;
  held.boughtAt = now;
  for (const gauge of held.gauges) {
    const added = plan.quotas.find(({ unit }) => unit === gauge.unit)?.amount ?? 0n;
    if (gauge.remaining === 'unlimited' || added === 'unlimited') continue;
    gauge.remaining += added;
    gauge.quota = gauge.remaining;
  }
}

/** How much to use up: so many bytes, or a share (0 to 1) of what every data gauge has left. */
export type Consumption = { readonly bytes: bigint } | { readonly share: number };

/** What an amount of use led to: a notification type, and the plan it is about where it is about one. */
export interface Crossing {
  readonly type: NotificationType;
  readonly held?: HeldPlan;
}

/**
 * Uses up data and tells which thresholds were crossed. Bytes come off the plans that serve everything, soonest to expire
 * first, then off the app-specific ones; an unlimited plan takes all of them.
 */
export function consume(subscriber: Subscriber, consumption: Consumption, now: Date): readonly Crossing[] {
  const plans = livePlans(subscriber, now);
  const before = plans.map((held) => dataLevel(held));
  const totalBefore = gaugeLevel({ unit: 'bytes', ...genericData(subscriber, now) });
  if ('share' in consumption) consumeShare(plans, consumption.share);
  else consumeBytes(plans, consumption.bytes);
  const crossings: Crossing[] = plans.flatMap((held, index): readonly Crossing[] => {
    const level = dataLevel(held);
    if (level === before[index]) return [];
    if (level === 'empty') return [{ type: 'pack-consumed', held }];
    return level === 'low' ? [{ type: 'pack-near-consumption', held }] : [];
  });
  const total = gaugeLevel({ unit: 'bytes', ...genericData(subscriber, now) });
  if (total !== totalBefore && total === 'empty') crossings.push({ type: 'out-of-data' });
  if (total !== totalBefore && total === 'low') crossings.push({ type: 'low-data' });
  return crossings;
}

function dataLevel(held: HeldPlan): ReturnType<typeof gaugeLevel> {
  const gauge = held.gauges.find(({ unit }) => countsData(unit));
  return gauge === undefined ? 'good' : gaugeLevel(gauge);
}

function consumeShare(plans: readonly HeldPlan[], share: number): void {
  for (const gauge of plans.flatMap(({ gauges }) => gauges)) {
    if (!countsData(gauge.unit) || gauge.remaining === 'unlimited') continue;
    gauge.remaining -= share >= 1 ? gauge.remaining : (portion(gauge.remaining, share) as bigint);
  }
}

function consumeBytes(plans: readonly HeldPlan[], bytes: bigint): void {
  const byExpiry = [...plans].sort((a, b) => a.expiresAt.getTime() - b.expiresAt.getTime());
  const generic = byExpiry.filter(({ plan }) => plan.applications.length === 0);
  const specific = byExpiry.filter(({ plan }) => plan.applications.length > 0);
  const gauges = [...generic, ...specific].flatMap((held) => held.gauges.filter(({ unit }) => unit === 'bytes'));
  if (gauges.some(({ remaining }) => remaining === 'unlimited')) return;
  let left = bytes;
  for (const gauge of gauges) {
    const available = gauge.remaining as bigint;
    gauge.remaining = available > left ? available - left : 0n;
    left = left > available ? left - available : 0n;
  }
}

const PRECISION = 1_000_000;

function portion(amount: Amount, share: number): Amount {
  if (amount === 'unlimited') return amount;
  return (amount * BigInt(Math.round(share * PRECISION))) / BigInt(PRECISION);
}
