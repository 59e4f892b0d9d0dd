import { describe, expect, test } from '@jest/globals';
import { readPurchaseAnswer } from '../../adapters/millom/errors.js';
import { type Again, type Hear, refusalOf, stateAfterErrorType, type Way } from '../../bot/domain/refusal.js';
import { TelcoRefused } from '../../bot/telco.js';
import { ORDER } from './far-end.js';

/*
 * What a subscriber hears and may do next, for every word of Millom's files: written out here once more, by hand, so that a row
 * of the table that slips is seen. In order: the word, what is heard, when to try again, the ways on, and where the purchase stands.
 */

type Row = readonly [word: string, hear: Hear, again: Again, ways: readonly Way[], state: 'failed' | 'unknown'];

/** upsell.yaml, ErrorDocument.cause. */
const CAUSES: readonly Row[] = [
  ['ERROR_CAUSE_UNSPECIFIED', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['INVALID_NUMBER', 'number', 'unsaid', ['link', 'person'], 'failed'],
  ['BAD_REQUEST', 'ours', 'unsaid', ['offers', 'person'], 'failed'],
  ['USER_ROAMING', 'roaming', 'home', ['balance', 'person'], 'failed'],
  ['USER_OPT_OUT', 'opted-out', 'unsaid', ['opt-in', 'person'], 'failed'],
  ['TOO_MANY_REQUESTS', 'busy', 'minutes', ['offers', 'person'], 'failed'],
  ['SERVICE_UNAVAILABLE', 'down', 'later', ['balance', 'person'], 'failed'],
  ['PURCHASE_CONFLICT', 'conflict', 'minutes', ['balance', 'offers'], 'failed'],
  ['INSUFFICIENT_FUNDS', 'funds', 'unsaid', ['loan', 'top-up', 'offers'], 'failed'],
  ['NOT_ALLOWED', 'not-allowed', 'unsaid', ['offers', 'person'], 'failed'],
];

/** purchase-callback.yaml, ErrorType. */
const ERROR_TYPES: readonly Row[] = [
  ['TIMEOUT', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['PARSING_ERROR', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['INTERNAL_ERROR', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['FAILURE_IN_BU', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['UNKNOWN_SUBSCRIBER_ID', 'number', 'unsaid', ['link', 'person'], 'failed'],
  ['INVALID_PRODUCT', 'gone', 'unsaid', ['offers'], 'failed'],
  ['CONNECTION_TROUBLE', 'down', 'later', ['balance', 'person'], 'failed'],
  ['BAD_CPID', 'number', 'unsaid', ['link', 'person'], 'failed'],
  ['BAD_MSISDN', 'number', 'unsaid', ['link', 'person'], 'failed'],
  ['USER_BARRED', 'not-allowed', 'unsaid', ['offers', 'person'], 'failed'],
  ['ROAMING', 'roaming', 'home', ['balance', 'person'], 'failed'],
  ['CONGESTED', 'busy', 'minutes', ['offers', 'person'], 'failed'],
  ['PURCHASE_IN_PROGRESS', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['PURCHASE_ALREADY_EXECUTED', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['DISABLED', 'down', 'later', ['balance', 'person'], 'failed'],
  ['NOT_IMPLEMENTED', 'not-allowed', 'unsaid', ['offers', 'person'], 'failed'],
  ['BE_THROTTLED', 'busy', 'minutes', ['offers', 'person'], 'failed'],
  ['OPERATOR_THROTTLED', 'busy', 'minutes', ['offers', 'person'], 'failed'],
  ['INSUFFICIENT_FUNDS', 'funds', 'unsaid', ['loan', 'top-up', 'offers'], 'failed'],
  ['UNSUPPORTED_OPERATOR', 'not-allowed', 'unsaid', ['offers', 'person'], 'failed'],
  ['BAD_REQUEST', 'ours', 'unsaid', ['offers', 'person'], 'failed'],
  ['CONFLICT', 'conflict', 'minutes', ['balance', 'offers'], 'failed'],
  ['FORBIDDEN', 'not-allowed', 'unsaid', ['offers', 'person'], 'failed'],
  ['KEY_NOT_FOUND', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['NO_CONSENT', 'opted-out', 'unsaid', ['opt-in', 'person'], 'failed'],
  ['PIN_ENTRY_ERROR', 'pin', 'unsaid', ['offers', 'person'], 'failed'],
  ['SHUTTING_DOWN', 'other', 'later', ['offers', 'person'], 'unknown'],
  ['DUPLICATED_CALLBACK', 'other', 'later', ['offers', 'person'], 'unknown'],
];

/** The reason by which a purchase keeps the cause of a refused order. */
function reasonOf(cause: string): string | undefined {
  try {
    readPurchaseAnswer({ status: 400, headers: {}, body: JSON.stringify({ cause }) }, ORDER, false, 0);
  } catch (error) {
    if (error instanceof TelcoRefused) return error.reason;
    throw error;
  }
  return undefined;
}

describe('what is heard, and what may be done next', () => {
  test('is written out for all ten causes and all 28 error types', () => {
    expect(new Set(CAUSES.map(([word]) => word)).size).toBe(10);
    expect(new Set(ERROR_TYPES.map(([word]) => word)).size).toBe(28);
  });

  test.each(CAUSES)('of an order refused with %s: %s, again %s, %j', (cause, hear, again, ways, state) => {
    const outcome = state === 'failed' ? 'definite' : 'unclear';
    expect(refusalOf(reasonOf(cause) ?? '')).toEqual({ outcome, hear, again, ways });
  });

  test.each(ERROR_TYPES)('of a callback with %s: %s, again %s, %j', (errorType, hear, again, ways, state) => {
    const outcome = state === 'failed' ? 'definite' : 'unclear';
    expect(refusalOf(errorType)).toEqual({ outcome, hear, again, ways });
    expect(stateAfterErrorType(errorType)).toBe(state);
  });
});
