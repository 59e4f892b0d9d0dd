import { randomUUID } from 'node:crypto';
import { LosslessNumber, stringify } from 'lossless-json';
import type { NotificationType } from '../bot/domain/notification.js';
import { identify, type PushResult, type RefillLink } from './refill.js';
import { countsData, type HeldPlan, livePlans, type Subscriber } from './state.js';
import { amountOnWire, timestamp } from './wire.js';

/** One thing Millom tells Refill about a subscriber (notify.yaml, NotifyRequest). */
export interface Notification {
  readonly type: NotificationType;
  /** The plan it is about; by default the data plan with the least left. */
  readonly held?: HeldPlan;
  /** What came in (positive) or went, decimal. */
  readonly moneyChange?: string;
  readonly override?: boolean | undefined;
  readonly transactionId?: string | undefined;
}

/** Pushes one notification, registered for or not, and returns Refill's answer. No retry: news like this ages. */
export async function pushNotification(
  link: RefillLink,
  subscriber: Subscriber,
  notification: Notification,
  now: Date,
): Promise<PushResult> {
  const { operator } = subscriber.persona;
  const key = subscriber.notifyKey ?? { type: 'MSISDN', value: subscriber.msisdn };
  const override = notification.override === true ? '&override=true' : '';
  const path = `/millom/notify/${encodeURIComponent(operator)}/v1/single${identify(key)}${override}`;
  return link.push(path, stringify(requestBody(subscriber, notification, now)) ?? '');
}

function requestBody(subscriber: Subscriber, notification: Notification, now: Date): Record<string, unknown> {
  const { type } = notification;
  const held = notification.held ?? leastData(subscriber, now);
  const aboutPlan = type.startsWith('pack-') || type === 'low-data' || type === 'out-of-data';
  const aboutMoney = type === 'pay-as-you-go' || type === 'low-monetary-balance' || type === 'monetary-reload';
  const languages = [...new Set([subscriber.notifyLanguage ?? 'en', 'en'])];
  const details = held === undefined ? undefined : planDetails(held);
  return {
    transactionId: notification.transactionId ?? randomUUID(),
    type,
    messages: languages.map((language) => ({ language, message: MESSAGES[language]?.[type] ?? MESSAGES.en[type] })),
    ...(aboutPlan && details !== undefined ? { planDetails: details } : {}),
    subscriptionType: subscriber.persona.accountType,
    overUsagePolicy: 'blocked',
    ...(aboutMoney ? { monetaryBalance: monetaryBalance(subscriber, notification.moneyChange ?? '0.00') } : {}),
  };
}

function planDetails({ plan, gauges, expiresAt }: HeldPlan): Record<string, unknown> {
  const bytes = gauges.find(({ unit }) => unit === 'bytes');
  return {
    planId: plan.id,
    ...(bytes === undefined ? {} : { balance: amountOnWire(bytes.remaining), quota: amountOnWire(bytes.quota) }),
    // Here a name is `{ language, name }`, in the other calls `{ language, text }`.
    planName: plan.name.map(({ language, text }) => ({ language, name: text })),
    expiry: timestamp(expiresAt),
  };
}

/** The schema defines `currency` and requires `currencyCode`: both are sent. Amounts are bare numbers, digits kept. */
function monetaryBalance({ money, persona }: Subscriber, change: string): Record<string, unknown> {
  return {
    totalBalance: new LosslessNumber(money),
    deltaBalance: new LosslessNumber(change),
    currency: persona.currency,
    currencyCode: persona.currency,
  };
}

function leastData(subscriber: Subscriber, now: Date): HeldPlan | undefined {
  const left = ({ gauges }: HeldPlan): bigint => {
    const gauge = gauges.find(({ unit }) => unit === 'bytes');
    return gauge === undefined ? amountOnWire('unlimited') : amountOnWire(gauge.remaining);
  };
  return livePlans(subscriber, now)
    .filter(({ gauges }) => gauges.some(({ unit }) => countsData(unit)))
    .reduce<HeldPlan | undefined>(
      (least, held) => (least !== undefined && left(least) <= left(held) ? least : held),
      undefined,
    );
}

/** Millom's files swap the meanings of low-data and out-of-data; the words here follow the names. */
const MESSAGES: { readonly en: Messages } & Readonly<Record<string, Messages>> = {
  en: {
    'low-data': 'You are running low on data.',
    'out-of-data': 'You have used all your data.',
    'pay-as-you-go': 'You have no data plan and pay for what you use.',
    'pack-near-consumption': 'One of your plans is almost used up.',
    'pack-consumed': 'One of your plans is used up.',
    'pack-expired': 'One of your plans has expired.',
    'pack-near-expiry': 'One of your plans expires soon.',
    'low-monetary-balance': 'Your balance is low.',
    'monetary-reload': 'Your balance was topped up.',
  },
  es: {
    'low-data': 'Te quedan pocos datos.',
    'out-of-data': 'Has usado todos tus datos.',
    'pay-as-you-go': 'No tienes un plan de datos y pagas lo que usas.',
    'pack-near-consumption': 'Uno de tus planes está por agotarse.',
    'pack-consumed': 'Uno de tus planes se agotó.',
    'pack-expired': 'Uno de tus planes venció.',
    'pack-near-expiry': 'Uno de tus planes vence pronto.',
    'low-monetary-balance': 'Tu saldo es bajo.',
    'monetary-reload': 'Tu saldo fue recargado.',
  },
  ur: {
    'low-data': 'آپ کا ڈیٹا کم رہ گیا ہے۔',
    'out-of-data': 'آپ کا سارا ڈیٹا استعمال ہو چکا ہے۔',
    'pay-as-you-go': 'آپ کے پاس ڈیٹا پلان نہیں، استعمال کے مطابق ادائیگی ہو رہی ہے۔',
    'pack-near-consumption': 'آپ کا ایک پلان ختم ہونے والا ہے۔',
    'pack-consumed': 'آپ کا ایک پلان استعمال ہو چکا ہے۔',
    'pack-expired': 'آپ کے ایک پلان کی میعاد ختم ہو گئی ہے۔',
    'pack-near-expiry': 'آپ کے ایک پلان کی میعاد جلد ختم ہو رہی ہے۔',
    'low-monetary-balance': 'آپ کا بیلنس کم ہے۔',
    'monetary-reload': 'آپ کا بیلنس ریچارج ہو گیا ہے۔',
  },
};

type Messages = Readonly<Record<NotificationType, string>>;
