import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NOTIFICATION_TYPES, type NotificationType } from '../../bot/domain/notification.js';
import type { SubscriberKey } from '../../bot/domain/subscriber.js';
import type { MultilingualText } from '../../bot/domain/text.js';
import { HttpProblem } from '../../bot/problem.js';
import { withoutComma } from './map.js';
import {
  type Authorize,
  badRequest,
  callbackBody,
  failureOf,
  maybeFlag,
  only,
  read,
  readBody,
  token,
} from './request.js';

/** What a purchase callback says (purchase-callback.yaml). */
export interface PurchaseResult {
  readonly operator: string;
  readonly subscriber: SubscriberKey;
  /** The purchase's own transaction id. */
  readonly transactionId: string;
  /** Present exactly when the purchase failed: Millom's errorType, an HTTP status, or `UNSPECIFIED`. */
  readonly failure?: string;
  /** The operator's own words. */
  readonly message?: string;
}

/** What an operator's notification says (notify.yaml). */
export interface Notification {
  readonly operator: string;
  readonly subscriber: SubscriberKey;
  /** Unique per operator: what a repeated notification is recognised by. */
  readonly transactionId: string;
  readonly type: NotificationType;
  readonly planName: readonly MultilingualText[];
  /** The operator asks for notification quotas not to be applied. */
  readonly override: boolean;
}

export interface MillomWebhookOptions {
  readonly authorize: Authorize;
  /** Operator codes we serve; all when absent. */
  readonly operators?: ReadonlySet<string>;
  /** Commits the result before it resolves: the answer promises that it will not get lost. */
  readonly purchaseResult: (result: PurchaseResult) => Promise<'applied' | 'repeated' | 'unknown' | 'mismatch'>;
  /** Takes the notification for good before it resolves. */
  readonly notify: (
    notification: Notification,
  ) => Promise<'queued' | 'duplicate' | 'unknown-subscriber' | 'no-consent'>;
  /** Told of every request that was understood. Must not throw. */
  readonly onEvent?: (event: WebhookEvent) => void;
}

export interface WebhookEvent {
  readonly webhook: 'callback' | 'notify';
  readonly operator: string;
  readonly outcome: string;
}

/**
 * The webhooks Millom calls. Expects `application/json` bodies as raw bytes (`parseAs: 'buffer'`), and throws `HttpProblem`
 * for the app's error handler to answer with. Each route asks for its own scope.
 */
export const millomWebhooks: FastifyPluginAsync<MillomWebhookOptions> = async (http, options) => {
  const callback = (request: FastifyRequest, reply: FastifyReply) => answerCallback(options, request, reply);
  http.post('/millom/callback/v1/:operator', only(options.authorize, 'callback'), callback);
  http.post('/millom/callback/v1/:operator/', only(options.authorize, 'callback'), callback);
  http.post('/millom/notify/:operator/v1/single', only(options.authorize, 'notify'), (request, reply) =>
    answerNotification(options, request, reply),
  );
};

/** 200 applied or a dry run, 400, 404 for an order we do not have, 409 for one that is settled (purchase-callback.yaml). */
async function answerCallback(options: MillomWebhookOptions, request: FastifyRequest, reply: FastifyReply) {
  const operator = operatorOf(request, options);
  const { idType, idValue } = read(callbackQuery, request.query, 'query');
  const { transactionId, errorType, message, dryRun } = read(callbackBody, readBody(request.body), 'body');
  const outcome = dryRun
    ? 'dry-run'
    : await options.purchaseResult({
        operator,
        subscriber: subscriberOf(idType, idValue),
        transactionId,
        ...failureOf(errorType),
        ...(message && { message }),
      });
  options.onEvent?.({ webhook: 'callback', operator, outcome });
  if (outcome === 'repeated') throw new HttpProblem(409, 'already-completed', 'This transaction is settled already.');
  // One answer for both: who asks about someone else's transaction does not learn that it exists.
  if (outcome === 'unknown' || outcome === 'mismatch') {
    throw new HttpProblem(404, 'unknown-transaction', 'There is no such transaction for this subscriber.');
  }
  return reply.code(200).send();
}

/** 202 queued, or queued before; 400; 403 and 404 with the errorType of notify.yaml. */
async function answerNotification(options: MillomWebhookOptions, request: FastifyRequest, reply: FastifyReply) {
  const operator = operatorOf(request, options, { errorType: 'NO_CPID' });
  const { idType, idValue, override } = read(notifyQuery, request.query, 'query');
  const { transactionId, type, planDetails } = read(notifyBody, readBody(request.body), 'body');
  const subscriber = subscriberOf(idType, idValue);
  const planName = planNameOf(planDetails);
  const outcome = await options.notify({ operator, subscriber, transactionId, type, planName, override });
  options.onEvent?.({ webhook: 'notify', operator, outcome });
  if (outcome === 'no-consent') {
    const extra = { errorType: 'NO_CONSENT', description: 'no consent to this notification' };
    throw new HttpProblem(403, 'no-consent', 'The subscriber did not agree to this notification.', extra);
  }
  if (outcome === 'unknown-subscriber') {
    const extra = { errorType: 'NO_CPID', description: 'subscriber not known' };
    throw new HttpProblem(404, 'unknown-subscriber', 'This subscriber is not known here.', extra);
  }
  return reply.code(202).send();
}

const idValue = z.string().min(1).max(512);
const callbackQuery = z.object({ idValue, idType: token.pipe(z.enum(['MSISDN', 'CPID', 'OPET'])) });
const notifyQuery = z.object({ idValue, idType: token.pipe(z.enum(['MSISDN', 'CPID'])), override: maybeFlag });

const notifyBody = z.object({
  transactionId: token.pipe(z.string().min(3).max(128)),
  type: token.pipe(z.enum(NOTIFICATION_TYPES)),
  planDetails: z.unknown().optional(),
});

const planDetailsSchema = z.object({ planName: z.unknown().optional() });
const planNameSchema = z.object({ language: z.string().catch(''), name: z.string().max(500) });

/** The plan's name is a nicety: one that cannot be read is left out rather than costing the subscriber the notification. */
function planNameOf(planDetails: unknown): MultilingualText[] {
  const details = planDetailsSchema.safeParse(planDetails);
  if (!details.success) return [];
  const entries = Array.isArray(details.data.planName) ? details.data.planName : [details.data.planName];
  return entries.slice(0, 20).flatMap((entry) => {
    const result = planNameSchema.safeParse(entry);
    return result.success ? [{ language: withoutComma(result.data.language) || 'und', text: result.data.name }] : [];
  });
}

/** A `+` that was not escaped in the query arrives as a space; no identifier has spaces of its own. */
function subscriberOf(type: SubscriberKey['type'], idValue: string): SubscriberKey {
  if (type !== 'MSISDN') return { type, value: idValue.replaceAll(' ', '+') };
  const value = idValue.trim().replace(/^\+/, '');
  if (!/^\d{5,15}$/.test(value)) throw badRequest('query.idValue', 'expected an E.164 number');
  return { type, value };
}

function operatorOf(request: FastifyRequest, options: MillomWebhookOptions, extra = {}): string {
  const { operator } = request.params as { operator: string };
  if (/^[\w.-]{1,40}$/.test(operator) && (options.operators?.has(operator) ?? true)) return operator;
  throw new HttpProblem(404, 'unknown-operator', 'This operator is not served here.', extra);
}
