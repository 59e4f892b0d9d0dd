import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { stringify } from 'lossless-json';
import { findPlan } from './catalogue/plans.js';
import { Refusal } from './errors.js';
import { activationSchema, type Purchases } from './purchase.js';
import { type OfferQuery, offerContext, offerList } from './reads.js';
import type { PushResult, RefillLink } from './refill.js';
import type { Subscriber } from './state.js';
import { keysOf, type Subscribers } from './subscribers.js';
import { type Answer, json } from './wire.js';

/** Signs the links of rich notifications; new with every start. */
const SIGNING_KEY = randomBytes(32);

const PRINCIPAL: OfferQuery = { planType: 'principal', languages: undefined };

const LINK_LIVES_MS = 24 * 3_600_000;

/** How a rich notification goes out. */
export interface RichOrder {
  /** Where the subscriber's own links lead: this sandbox. */
  readonly baseUrl: string;
  readonly serviceProvider: string;
  /** A fixed one shows how a notification that is sent again is treated. */
  readonly uuid?: string | undefined;
}

/** Pushes the subscriber's offers to Refill (rich-notifications.yaml) and returns its answer. No retry: news like this ages. */
export async function pushRichNotification(
  link: RefillLink,
  subscriber: Subscriber,
  order: RichOrder,
  now: Date,
): Promise<PushResult> {
  return link.push('/millom/rich-notifications', stringify(requestBody(subscriber, order, now)) ?? '');
}

function requestBody(subscriber: Subscriber, order: RichOrder, now: Date): Record<string, unknown> {
  const uuid = order.uuid ?? randomUUID();
  const expirySeconds = Math.floor((now.getTime() + LINK_LIVES_MS) / 1000);
  const signed = (resource: string, parameters: Record<string, string> = {}) =>
    linkTo(subscriber, order, resource, { ...parameters, uuid, expirySeconds: String(expirySeconds) });
  const { state, offers } = offerList(subscriber, PRINCIPAL, now);
  const fundSource = state === 'need-loans' ? 'LOAN' : 'WALLET';
  return {
    cpid: keysOf(subscriber).cpid,
    offers: offers.map((offer) => {
      const purchase = { fundSource, planId: offer.planId, transactionId: randomUUID() };
      return { ...offer, fundSource, purchaseLink: signed('purchasePlan', purchase) };
    }),
    refresh: signed('offers'),
    ping: signed('ping'),
  };
}

function linkTo(
  subscriber: Subscriber,
  { baseUrl, serviceProvider }: RichOrder,
  resource: string,
  parameters: Record<string, string>,
): string {
  const { persona } = subscriber;
  const segments = [serviceProvider, persona.operator, keysOf(subscriber).cpid, resource].map(encodeURIComponent);
  const path = `/rnf/${segments.join('/')}`;
  const query = new URLSearchParams(parameters);
  query.set('signature', signatureOf(path, query));
  return `${baseUrl}${path}?${query}`;
}

function signatureOf(path: string, query: URLSearchParams): string {
  const sorted = [...query].filter(([name]) => name !== 'signature').sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', SIGNING_KEY)
    .update(JSON.stringify([path, sorted]))
    .digest('base64');
}

export interface RichParts {
  readonly subscribers: Subscribers;
  readonly purchases: Purchases;
  readonly now: () => Date;
}

/**
 * What the subscriber's own device gets when it follows a link: `GET /rnf/{serviceProvider}/{operator}/{cpid}/{resource}`. The
 * signature is the only credential, and `purchasePlan` buys: a server or a preview that fetched it would spend the
 * subscriber's money.
 */
export async function followLink(
  { subscribers, purchases, now }: RichParts,
  path: string,
  query: string,
): Promise<Answer> {
  const [, , serviceProvider = '', , cpid = '', resource = ''] = path.split('/').map(decode);
  const parameters = new URLSearchParams(query);
  checkSignature(path, parameters, now());
  const subscriber = subscribers.find({ type: 'CPID', value: cpid });
  if (subscriber === undefined) throw new Refusal('INVALID_NUMBER', 'no such subscriber');
  switch (resource) {
    case 'ping':
      return { status: 200, body: '' };
    case 'offers':
      return json(200, { offers: offerList(subscriber, PRINCIPAL, now()).offers });
    case 'purchasePlan': {
      const buyer = { subscriber, key: { type: 'CPID', value: cpid }, serviceProvider, byLink: true } as const;
      const plan = findPlan(subscriber.persona.country, parameters.get('planId') ?? '');
      const activation = {
        transid: parameters.get('transactionId'),
        planid: parameters.get('planId'),
        fundSource: parameters.get('fundSource') ?? undefined,
        ...(plan?.context && { offercontext: offerContext(subscriber, plan) }),
      };
      await purchases.buy(buyer, activationSchema.parse(activation));
      return { status: 200, body: '' };
    }
    default:
      throw new Refusal('BAD_REQUEST', 'no such path', { status: 404 });
  }
}

function checkSignature(path: string, query: URLSearchParams, now: Date): void {
  const given = Buffer.from(query.get('signature') ?? '');
  const expected = Buffer.from(signatureOf(path, query));
  const expired = !(Number(query.get('expirySeconds')) * 1000 > now.getTime());
  if (expired || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Refusal('NOT_ALLOWED', 'the link is not valid', { status: 401 });
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw new Refusal('BAD_REQUEST', 'the path is not well encoded', { cause: error });
  }
}
