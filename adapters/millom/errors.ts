import type { ZodType, z } from 'zod';
import type { PurchaseAnswer, PurchaseOrder, RefusalReason } from '../../bot/telco.js';
import { TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import type { Answer } from './exchange.js';
import { activationResponse, errorDocument, readJson } from './schema.js';

/** The ten causes of upsell.yaml's ErrorDocument. Others are `unspecified`. */
const REASONS: Readonly<Record<string, RefusalReason>> = {
  ERROR_CAUSE_UNSPECIFIED: 'unspecified',
  INVALID_NUMBER: 'invalid-number',
  BAD_REQUEST: 'bad-request',
  USER_ROAMING: 'roaming',
  USER_OPT_OUT: 'opted-out',
  TOO_MANY_REQUESTS: 'too-many-requests',
  SERVICE_UNAVAILABLE: 'unavailable',
  PURCHASE_CONFLICT: 'conflict',
  INSUFFICIENT_FUNDS: 'insufficient-funds',
  NOT_ALLOWED: 'not-allowed',
};

const REASON_OF_STATUS: Readonly<Record<number, RefusalReason>> = {
  401: 'not-allowed',
  403: 'not-allowed',
  404: 'invalid-number',
  409: 'conflict',
  429: 'too-many-requests',
};

/** Not among the ten, but Millom's callbacks know them; on an order they say that something was, or is being, bought. */
const MAY_BE_BOUGHT = new Set(['PURCHASE_ALREADY_EXECUTED', 'PURCHASE_IN_PROGRESS', 'DUPLICATED_CALLBACK']);

/** Not authenticated, and too many: whatever stands before Millom says so before it looks at the order. */
const TURNED_AWAY = new Set([401, 429]);

/** Causes that put a 5xx down to the server rather than to the subscriber. */
const SERVERS_FAULT = new Set<RefusalReason | undefined>([undefined, 'unspecified', 'unavailable']);

/**
 * What an answer to anything but an order means: its content, or one of the telco errors.
 *
 * 4xx is a refusal. 5xx is `TelcoUnreachable`, since asking again later may help, unless its ErrorDocument names a cause that
 * lies with the subscriber or the request. A 2xx that does not fit `schema` is `TelcoUnreachable` too.
 * @param now epoch milliseconds, for a Retry-After that is a date
 */
export function readAnswer<Schema extends ZodType>(answer: Answer, schema: Schema, now: number): z.output<Schema> {
  const { status } = answer;
  const json = readJson(answer.body);
  const cause = causeOf(json);
  if (status >= 200 && status < 300) {
    if (cause !== undefined) throw refusal(answer, cause, now);
    const content = schema.safeParse(json);
    if (!content.success) throw new TelcoUnreachable('the answer cannot be read');
    return content.data;
  }
  const reason = cause === undefined ? undefined : REASONS[cause];
  const refused = (status >= 400 && status < 500 && status !== 408) || !SERVERS_FAULT.has(reason);
  if (refused) throw refusal(answer, cause, now);
  throw new TelcoUnreachable(`the telco answered ${status}`);
}

/**
 * What an answer to an order means. The body's `status` outranks the HTTP code. Whatever does not clearly say that this order
 * was taken or was not, is ambiguous: 3xx, 408 and 5xx, a body that cannot be read, another order's id, a word nobody knows, and
 * a 4xx without Millom's ErrorDocument (upsell.yaml documents no other): a proxy may have put its own page in place of the answer
 * to an order that was carried out. 401 and 429 count by themselves, for they mean that the request was turned away unread
 * (RFC 9110 section 15.5.2, RFC 6585 section 4), and whoever turns it away need not know Millom's words.
 * @param sentBefore an earlier attempt of the same order reached Millom: then a conflict may be with ourselves
 */
export function readPurchaseAnswer(
  answer: Answer,
  order: PurchaseOrder,
  sentBefore: boolean,
  now: number,
): PurchaseAnswer {
  const { status } = answer;
  const json = readJson(answer.body);
  if (status >= 200 && status < 300) return readActivation(answer, json, order);
  if (status < 400 || status === 408 || status >= 500) throw new TelcoAmbiguous(`the telco answered ${status}`);
  const cause = causeOf(json);
  if (cause !== undefined && MAY_BE_BOUGHT.has(cause)) throw new TelcoAmbiguous('the telco knows this order already');
  if (cause === undefined && !TURNED_AWAY.has(status)) {
    throw new TelcoAmbiguous(`the telco's ${status} to the order cannot be read`);
  }
  const refused = refusal(answer, cause, now);
  if (sentBefore && refused.reason === 'conflict') {
    throw new TelcoAmbiguous('the telco sees a conflict, perhaps with this very order');
  }
  throw refused;
}

function readActivation({ status, body }: Answer, json: unknown, order: PurchaseOrder): PurchaseAnswer {
  if (status === 202 && body?.trim() === '') return { status: 'processing' };
  const parsed = activationResponse.safeParse(json);
  if (!parsed.success) throw new TelcoAmbiguous('the answer to the order cannot be read');
  const { transid, fundSource, confirmationCode } = parsed.data;
  const named = Boolean(transid?.trim());
  if (named && transid?.trim().toLowerCase() !== order.transactionId.toLowerCase()) {
    throw new TelcoAmbiguous('the answer is about another order');
  }
  const outcome = outcomeOf(parsed.data.status, status, named);
  if (outcome !== 'failed' && order.fundSource === 'wallet' && fundSource?.trim().toUpperCase() === 'LOAN') {
    throw new TelcoAmbiguous('the telco took a loan for an order on the wallet');
  }
  return { status: outcome, ...(confirmationCode && { confirmationCode }) };
}

/** upsell.yaml: 200 is completed, 202 is queued. That is enough without a `status` only where the answer names the order. */
function outcomeOf(word: string | null | undefined, status: number, named: boolean): PurchaseAnswer['status'] {
  const said = word?.trim().toLowerCase();
  if (said === 'completed' || said === 'processing' || said === 'failed') return said;
  if (!said && status === 202) return 'processing';
  if (!said && status === 200 && named) return 'completed';
  throw new TelcoAmbiguous('the answer does not say what became of the order');
}

function refusal({ status, headers }: Answer, cause: string | undefined, now: number): TelcoRefused {
  const reason = (cause === undefined ? REASON_OF_STATUS[status] : REASONS[cause]) ?? 'unspecified';
  const retryAfterMs = readRetryAfter(headers['retry-after'], now);
  // A 429 is a 429, whatever else the body calls it.
  return new TelcoRefused(status === 429 ? 'too-many-requests' : reason, {
    status,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function causeOf(json: unknown): string | undefined {
  // Nearly every answer is none; being told so by a schema costs more than reading the answer.
  if (typeof json !== 'object' || json === null || !('cause' in json)) return undefined;
  const document = errorDocument.safeParse(json);
  return document.success ? document.data.cause.trim().toUpperCase() : undefined;
}

/** Retry-After (RFC 9110 section 10.2.3), in ms from `now`: seconds or an HTTP date. */
export function readRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
