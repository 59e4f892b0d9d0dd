import { createHash } from 'node:crypto';
import { compareDecimals } from '../bot/domain/money.js';
import { CATALOGUE, type CataloguePlan } from './catalogue/plans.js';
import { Refusal } from './errors.js';
import { genericData, type HeldPlan, livePlans, type Subscriber, subscriberState } from './state.js';
import { type Answer, amountOnWire, json, textsFor, timestamp } from './wire.js';

/** How long an answer may be trusted. */
const VALID_MS = 60_000;

/** GET accountInfo (upsell.yaml, AccountInfoResponse). A postpaid line has a bill, `owed`, and no `main` money. */
export function accountInfo(subscriber: Subscriber, now: Date): Answer {
  const { persona, money, owed } = subscriber;
  const balances = [];
  if (persona.accountType === 'prepaid') {
    balances.push({ balanceType: 'main', balance: money, expiry: timestamp(daysFrom(now, 90)) });
  }
  if (persona.accountType === 'postpaid' || compareDecimals(owed, '0') > 0) {
    balances.push({ balanceType: 'owed', balance: owed });
  }
  return json(200, {
    accountType: persona.accountType.toUpperCase(),
    currency: persona.currency,
    balances,
    validUntil: timestamp(new Date(now.getTime() + VALID_MS)),
  });
}

/** GET balance (upsell.yaml, BalanceResponse), personal data that nobody needs included. */
export function balance(subscriber: Subscriber, languages: string | undefined, now: Date): Answer {
  const { persona, money } = subscriber;
  const prepaid = persona.accountType === 'prepaid';
  const { remaining } = genericData(subscriber, now);
  return json(200, {
    activePlans: livePlans(subscriber, now).map((held) => activePlan(held, languages)),
    validUntil: timestamp(new Date(now.getTime() + VALID_MS)),
    operator: persona.operator,
    expiry: '2099-12-31T23:59:59Z',
    accountType: persona.accountType.toUpperCase(),
    accountId: `A-${subscriber.id}`,
    accountStatus: 'ACTIVE',
    ratePlanId: `${persona.country}-${persona.accountType.toUpperCase()}`,
    // Millom's own example of these expiries has no zone, unlike its RFC 3339 timestamps.
    ...(prepaid ? { monetaryBalance: { expiry: '2099-12-31T23:59:59', balance: money } } : {}),
    ...(remaining === 'unlimited'
      ? {}
      : { dataBalance: { expiry: '2099-12-31T23:59:59', balance: String(remaining) } }),
    tenure: 730,
    dateOfBirth: '1990-12-31T00:00:00Z',
  });
}

function activePlan({ plan, gauges, expiresAt }: HeldPlan, languages: string | undefined): Record<string, unknown> {
  return {
    planId: plan.id,
    planName: textsFor(plan.name, languages),
    planDescription: textsFor(plan.description, languages),
    expiry: timestamp(expiresAt),
    gauge: gauges.map(({ unit, quota, remaining }) => ({
      unit,
      quota: amountOnWire(quota),
      remaining: amountOnWire(remaining),
    })),
    applications: plan.applications.length > 0 ? plan.applications : ['generic'],
  };
}

/** What a call for offers may ask. */
export interface OfferQuery {
  readonly planType: CataloguePlan['planType'];
  readonly languages: string | undefined;
}

/** GET upsellOffer (upsell.yaml, OfferInfoResponse). Millom has no field that says loan: NEED_LOANS says it for all. */
export function upsellOffer(subscriber: Subscriber, query: OfferQuery, now: Date): Answer {
  if (subscriber.optedOut) throw new Refusal('USER_OPT_OUT', 'the subscriber has not opted in');
  const { state, offers } = offerList(subscriber, query, now);
  return json(200, { subscriberState: STATES[state], offers });
}

/** The offers of a subscriber as they go over the wire, and why these. */
export function offerList(subscriber: Subscriber, query: OfferQuery, now: Date) {
  const offers = offersOf(subscriber, now).filter(({ planType }) => planType === query.planType);
  return {
    state: subscriberState(subscriber, now),
    offers: offers.map((plan) => ({
      planId: plan.id,
      cost: plan.cost,
      costCurrency: subscriber.persona.currency,
      type: plan.type,
      planName: textsFor(plan.name, query.languages),
      planDescription: textsFor(plan.description, query.languages),
      quota: plan.quotas.map(({ unit, amount }) => ({ unit, quota: amountOnWire(amount) })),
      ...(plan.context ? { offerContext: offerContext(subscriber, plan) } : {}),
    })),
  };
}

const STATES = {
  'good-to-go': 'GOOD_TO_GO',
  'need-offers': 'NEED_OFFERS',
  'need-loans': 'NEED_LOANS',
  'need-top-up': 'NEED_TOPUP',
} as const;

/** What may be bought: everything on sale, only loans for one who must borrow, nothing for one who must top up. */
function offersOf(subscriber: Subscriber, now: Date): readonly CataloguePlan[] {
  const all = CATALOGUE[subscriber.persona.country];
  const state = subscriberState(subscriber, now);
  if (state === 'need-top-up') return [];
  return state === 'need-loans' ? all.filter(({ loan }) => loan) : all;
}

/** The cookie of an offer, with letters that a careless hand would change on the way back. */
export function offerContext(subscriber: Subscriber, plan: CataloguePlan): string {
  const digest = createHash('sha256').update(`${subscriber.id} ${plan.id} ${plan.cost}`).digest('base64');
  return `v1;+/&"é" ${digest}`;
}

function daysFrom(now: Date, days: number): Date {
  return new Date(now.getTime() + days * 86_400_000);
}
