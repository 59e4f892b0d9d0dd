import type { NotificationType } from '../bot/domain/notification.js';
import type { SubscriberState } from '../bot/domain/offer.js';
import type { KeyType } from '../bot/domain/subscriber.js';
import { pickText } from '../bot/domain/text.js';
import type { PlannedPurchase } from './control-schemas.js';
import type { Persona } from './personas.js';
import { livePlans, type Subscriber, subscriberState } from './state.js';
import { keysOf } from './subscribers.js';

/** A subscriber as the controls show them: plain JSON, amounts as decimal strings or `unlimited`. */
export interface SubscriberView {
  readonly id: string;
  readonly persona: Persona;
  readonly operator: string;
  /** E.164 without `+`. */
  readonly msisdn: string;
  readonly keys: Readonly<Record<Lowercase<KeyType>, string>>;
  readonly money: string;
  readonly owed: string;
  readonly currency: string;
  readonly state: SubscriberState;
  readonly plans: readonly PlanView[];
  readonly registered: readonly NotificationType[];
  readonly roaming: boolean;
  readonly optedOut: boolean;
  /** What came to the phone, newest last. */
  readonly messages: readonly { readonly text: string; readonly at: string }[];
  /** Transaction ids being processed. */
  readonly openPurchases: readonly string[];
  readonly nextPurchase?: PlannedPurchase;
}

export interface PlanView {
  readonly planId: string;
  /** In the persona's language. */
  readonly name: string;
  readonly expiresAt: string;
  readonly applications: readonly string[];
  readonly gauges: readonly { readonly unit: string; readonly quota: string; readonly remaining: string }[];
}

export function viewOf(subscriber: Subscriber, now: Date): SubscriberView {
  const { id, persona, msisdn, money, owed, registered, roaming, optedOut, open, next, messages } = subscriber;
  return {
    id,
    persona,
    operator: persona.operator,
    msisdn,
    keys: keysOf(subscriber),
    money,
    owed,
    currency: persona.currency,
    state: subscriberState(subscriber, now),
    plans: livePlans(subscriber, now).map(({ plan, gauges, expiresAt }) => ({
      planId: plan.id,
      name: pickText(plan.name, persona.locale) ?? plan.id,
      expiresAt: expiresAt.toISOString(),
      applications: plan.applications,
      gauges: gauges.map(({ unit, quota, remaining }) => ({
        unit,
        quota: String(quota),
        remaining: String(remaining),
      })),
    })),
    registered,
    roaming,
    optedOut,
    messages: messages.map(({ text, at }) => ({ text, at: at.toISOString() })),
    openPurchases: [...new Set(open)],
    ...(next === undefined ? {} : { nextPurchase: next }),
  };
}
