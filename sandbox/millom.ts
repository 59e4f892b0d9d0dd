import { z } from 'zod';
import { NOTIFICATION_TYPES } from '../bot/domain/notification.js';
import type { KeyType, SubscriberKey } from '../bot/domain/subscriber.js';
import type { Operation } from './control-schemas.js';
import { Refusal } from './errors.js';
import { activationSchema, type Purchases } from './purchase.js';
import { accountInfo, balance, upsellOffer } from './reads.js';
import type { Subscriber } from './state.js';
import type { Subscribers } from './subscribers.js';
import type { Answer } from './wire.js';

/** One of the five calls of upsell.yaml, taken apart but not yet looked at. */
export interface Call {
  readonly operation: Exclude<Operation, 'token'>;
  readonly serviceProvider: string;
  /** Empty when the caller left it out: the number tells. */
  readonly operator: string;
  readonly key: SubscriberKey;
  readonly query: URLSearchParams;
  /** The Accept-Language header; for `register` the header is called `language`. */
  readonly language: string | undefined;
}

export const METHODS: Readonly<Record<Call['operation'], 'GET' | 'POST'>> = {
  accountInfo: 'GET',
  balance: 'GET',
  upsellOffer: 'GET',
  purchasePlan: 'POST',
  register: 'POST',
};

const NO_QUERY = new URLSearchParams();

/**
 * Takes apart `/std/{serviceProvider}/{operator}/{subscriberId}/{operation}` and `/std/{serviceProvider}/{subscriberId}/register`;
 * `undefined` for any other path. The operator may be left out, as the specification's words (not its path) allow.
 */
export function parseCall(path: string, query: string, header: (name: string) => string | undefined): Call | undefined {
  const segments = path.split('/');
  const operation = segments.at(-1) ?? '';
  if (!isOperation(operation) || segments.length < 5 || segments.length > 6) return undefined;
  if (operation === 'register' && segments.length !== 5) return undefined;
  const parameters = query === '' ? NO_QUERY : new URLSearchParams(query);
  return {
    operation,
    serviceProvider: decode(segments[2]),
    operator: segments.length === 6 ? decode(segments[3]) : '',
    key: { type: keyType(parameters.get('key_type')), value: decode(segments.at(-2)) },
    query: parameters,
    language: header(operation === 'register' ? 'language' : 'accept-language'),
  };
}

function isOperation(name: string): name is Call['operation'] {
  return Object.hasOwn(METHODS, name);
}

function keyType(given: string | null): KeyType {
  if (given === null) return 'MSISDN';
  if (given === 'MSISDN' || given === 'CPID' || given === 'OPET') return given;
  throw new Refusal('BAD_REQUEST', 'key_type: expected MSISDN, CPID or OPET');
}

function decode(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? '');
  } catch (error) {
    throw new Refusal('BAD_REQUEST', 'the path is not well encoded', { cause: error });
  }
}

export interface Millom {
  readonly subscribers: Subscribers;
  readonly purchases: Purchases;
  /** When set, no other service provider is let in. */
  readonly serviceProvider: string | undefined;
  readonly now: () => Date;
}

/** Whom the call is about; throws INVALID_NUMBER when that is nobody, or somebody of another operator. */
export function findSubscriber(millom: Millom, call: Call): Subscriber {
  if (millom.serviceProvider !== undefined && call.serviceProvider !== millom.serviceProvider) {
    throw new Refusal('NOT_ALLOWED', 'unknown service provider');
  }
  const subscriber = millom.subscribers.find(call.key);
  if (subscriber === undefined || (call.operator !== '' && call.operator !== subscriber.persona.operator)) {
    throw new Refusal('INVALID_NUMBER', 'no such subscriber at this operator');
  }
  return subscriber;
}

/** Does the call. `body` is its JSON text. Throws a `Refusal`. */
export function perform(millom: Millom, call: Call, subscriber: Subscriber, body: string): Answer | Promise<Answer> {
  switch (call.operation) {
    case 'accountInfo':
      return accountInfo(subscriber, millom.now());
    case 'balance':
      return balance(subscriber, call.language, millom.now());
    case 'upsellOffer':
      return upsellOffer(subscriber, offerQuery(call), millom.now());
    case 'purchasePlan': {
      const { key, serviceProvider, query } = call;
      clientNameSchema.parse(query.get('clientName'));
      return millom.purchases.buy({ subscriber, key, serviceProvider }, parseBody(activationSchema, body));
    }
    case 'register':
      return register(subscriber, call, body);
  }
}

const planTypeSchema = z.enum(['principal', 'supplementary']).nullable();
const clientNameSchema = z.enum(['CRMS', 'MSA', 'OCS']).nullable();

function offerQuery({ query, language }: Call): Parameters<typeof upsellOffer>[1] {
  clientNameSchema.parse(query.get('clientName'));
  return { planType: planTypeSchema.parse(query.get('planType')) ?? 'principal', languages: language };
}

const registrationSchema = z.object({
  transactionId: z.string().max(128).optional(),
  types: z.array(z.enum(NOTIFICATION_TYPES)).max(100),
});

/** An empty list withdraws. Consent of one who opted out is refused, withdrawal never. */
function register(subscriber: Subscriber, { key, language }: Call, body: string): Answer {
  const { types } = parseBody(registrationSchema, body);
  if (subscriber.optedOut && types.length > 0) throw new Refusal('USER_OPT_OUT', 'the subscriber has not opted in');
  subscriber.registered = [...new Set(types)];
  // notify.yaml knows no OPET: such a subscriber is named by number.
  subscriber.notifyKey = key.type === 'OPET' || types.length === 0 ? undefined : key;
  subscriber.notifyLanguage = language?.slice(0, 2).toLowerCase();
  return { status: 200, body: '' };
}

function parseBody<T extends z.ZodType>(schema: T, body: string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new Refusal('BAD_REQUEST', 'the body is not JSON', { cause: error });
  }
  return schema.parse(value);
}
