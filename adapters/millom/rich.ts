import { createHash } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Offer } from '../../bot/domain/offer.js';
import { HttpProblem } from '../../bot/problem.js';
import { toOffers } from './map.js';
import { type Authorize, callbackBody, failureOf, only, read, readBody, token } from './request.js';
import { offerInfoResponse } from './schema.js';

/** A notification that brings its offers along (rich-notifications.yaml). */
export interface RichNotification {
  /** Whom it is about. The file names no operator. */
  readonly cpid: string;
  /** What a repetition is recognised by; the file has no id, so it is made from what does not change when it is sent again. */
  readonly transactionId: string;
  /** Those that can be bought through the upsell API. */
  readonly offers: readonly Offer[];
}

/** What became of a purchase, by its transaction alone. */
export interface RichResult {
  readonly transactionId: string;
  /** Present exactly when the purchase failed. */
  readonly failure?: string;
}

export interface MillomRichOptions {
  readonly authorize: Authorize;
  /** Takes the notification for good before it resolves. */
  readonly notify: (
    notification: RichNotification,
  ) => Promise<'queued' | 'duplicate' | 'unknown-subscriber' | 'no-consent'>;
  /** Commits the result before it resolves. */
  readonly purchaseResult: (result: RichResult) => Promise<'applied' | 'repeated' | 'unknown' | 'mismatch'>;
  /** Told of every request that was understood. Must not throw. */
  readonly onEvent?: (event: { readonly webhook: 'callback' | 'notify'; readonly outcome: string }) => void;
  readonly now?: () => Date;
}

/**
 * The two addresses a service provider gives Millom for rich notifications. Bodies arrive as raw bytes; refusals are thrown as
 * `HttpProblem`. The links a notification carries (refresh, ping, shop, purchaseLink, paymentUri) are the subscriber's own: a
 * GET on some of them buys. They are never followed, kept or shown (FAULTS.md 55, 56).
 */
export const millomRichWebhooks: FastifyPluginAsync<MillomRichOptions> = async (http, options) => {
  const notification = (request: FastifyRequest, reply: FastifyReply) => answerNotification(options, request, reply);
  const callback = (request: FastifyRequest, reply: FastifyReply) => answerCallback(options, request, reply);
  for (const slash of ['', '/']) {
    http.post(`/millom/rich-notifications${slash}`, only(options.authorize, 'notify'), notification);
    http.post(`/millom/rich-callback${slash}`, only(options.authorize, 'callback'), callback);
  }
};

/** 200 taken, or taken before; 400; 403 without consent and 404 for a stranger, which the file leaves open. */
async function answerNotification(options: MillomRichOptions, request: FastifyRequest, reply: FastifyReply) {
  const body = read(richBody, readBody(request.body), 'body');
  const { cpid } = body;
  const now = options.now?.() ?? new Date();
  const outcome = await options.notify({ cpid, transactionId: identityOf(body, now), offers: offersOf(body) });
  options.onEvent?.({ webhook: 'notify', outcome });
  if (outcome === 'no-consent') {
    throw new HttpProblem(403, 'no-consent', 'The subscriber did not agree to this notification.');
  }
  if (outcome === 'unknown-subscriber') {
    throw new HttpProblem(404, 'unknown-subscriber', 'This subscriber is not known here.');
  }
  return reply.code(200).send();
}

/** 200 applied or a dry run, 400, 404 for an order we do not have, 409, as in purchase-callback.yaml, for a settled one. */
async function answerCallback(options: MillomRichOptions, request: FastifyRequest, reply: FastifyReply) {
  const { transactionId, errorType, dryRun } = read(callbackBody, readBody(request.body), 'body');
  const outcome = dryRun ? 'dry-run' : await options.purchaseResult({ transactionId, ...failureOf(errorType) });
  options.onEvent?.({ webhook: 'callback', outcome });
  if (outcome === 'repeated') throw new HttpProblem(409, 'already-completed', 'This transaction is settled already.');
  if (outcome === 'unknown' || outcome === 'mismatch') {
    throw new HttpProblem(404, 'unknown-transaction', 'There is no such transaction.');
  }
  return reply.code(200).send();
}

const link = z.string().max(8_192).nullish().catch(undefined);

const richBody = z.object({
  cpid: token.pipe(z.string().min(1).max(512)),
  offers: offerInfoResponse.shape.offers,
  refresh: link,
  ping: link,
  shop: link,
});
type RichBody = z.output<typeof richBody>;

/** More would not be read in a chat. */
const MAX_OFFERS = 20;

/** What `POST purchasePlan` can sell: it knows WALLET and LOAN. An e-wallet is paid for through a link of its own. */
function offersOf({ offers }: RichBody): readonly Offer[] {
  const sellable = offers.filter(({ fundSource }) => fundSource?.trim().toUpperCase() !== 'EWALLET');
  return toOffers({ subscriberState: undefined, offers: sellable.slice(0, MAX_OFFERS) }).offers;
}

/** A notification without any link is the same one for this long. */
const SAME_FOR_MS = 10 * 60_000;

/** All links of one notification carry its `uuid` and its expiry. */
function identityOf({ cpid, offers, ...links }: RichBody, now: Date): string {
  const signed = [links.refresh, links.ping, links.shop].map(signatureOf).find((found) => found !== undefined);
  const unsigned = Math.floor(now.getTime() / SAME_FOR_MS);
  const what = offers.map(({ planId, cost, fundSource }) => [planId, String(cost ?? ''), fundSource ?? '']);
  const all = JSON.stringify([cpid, signed ?? unsigned, what.sort((a, b) => (a.join('\n') < b.join('\n') ? -1 : 1))]);
  return `rich-${createHash('sha256').update(all).digest('base64url').slice(0, 22)}`;
}

function signatureOf(url: string | null | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  const { searchParams } = new URL(url);
  const uuid = searchParams.get('uuid');
  return uuid ? `${uuid} ${searchParams.get('expirySeconds') ?? ''}` : undefined;
}
