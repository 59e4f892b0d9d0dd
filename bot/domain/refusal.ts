/** Why a telco said no to a request, in telco-neutral words. */
export type RefusalReason =
  | 'unspecified'
  | 'invalid-number'
  | 'bad-request'
  | 'roaming'
  | 'opted-out'
  | 'too-many-requests'
  | 'unavailable'
  | 'conflict'
  | 'insufficient-funds'
  | 'not-allowed';

/** What a subscriber should hear about a purchase that failed: the catalogue's `failure.…`. */
export type Hear =
  | 'funds'
  | 'roaming'
  | 'opted-out'
  | 'conflict'
  | 'busy'
  | 'down'
  | 'gone'
  | 'number'
  | 'not-allowed'
  | 'pin'
  | 'other-sim'
  | 'ours'
  | 'other';

/** What may be done next, the best first. `loan` only where the telco offers one. */
export type Way = 'offers' | 'loan' | 'top-up' | 'balance' | 'opt-in' | 'link' | 'person';

/** When the same order is worth another try; `unsaid` where that does not depend on time. */
export type Again = 'minutes' | 'later' | 'home' | 'unsaid';

export interface Refusal {
  /** `definite`: nothing was charged. `unclear`: it may have been, so the purchase is checked and never called failed. */
  readonly outcome: 'definite' | 'unclear';
  readonly hear: Hear;
  readonly again: Again;
  readonly ways: readonly Way[];
}

/** The words of Millom's callbacks (purchase-callback.yaml, ErrorType). */
const ERROR_TYPES = [
  'TIMEOUT',
  'PARSING_ERROR',
  'INTERNAL_ERROR',
  'FAILURE_IN_BU',
  'UNKNOWN_SUBSCRIBER_ID',
  'INVALID_PRODUCT',
  'CONNECTION_TROUBLE',
  'BAD_CPID',
  'BAD_MSISDN',
  'USER_BARRED',
  'ROAMING',
  'CONGESTED',
  'PURCHASE_IN_PROGRESS',
  'PURCHASE_ALREADY_EXECUTED',
  'DISABLED',
  'NOT_IMPLEMENTED',
  'BE_THROTTLED',
  'OPERATOR_THROTTLED',
  'INSUFFICIENT_FUNDS',
  'UNSUPPORTED_OPERATOR',
  'BAD_REQUEST',
  'CONFLICT',
  'FORBIDDEN',
  'KEY_NOT_FOUND',
  'NO_CONSENT',
  'PIN_ENTRY_ERROR',
  'SHUTTING_DOWN',
  'DUPLICATED_CALLBACK',
] as const;

type ErrorType = (typeof ERROR_TYPES)[number];

const definite = (hear: Hear, again: Again, ...ways: readonly Way[]): Refusal => ({
  outcome: 'definite',
  hear,
  again,
  ways,
});
/** Heard only once somebody found out that nothing was charged after all. */
const UNCLEAR: Refusal = { outcome: 'unclear', hear: 'other', again: 'later', ways: ['offers', 'person'] };

const FUNDS = definite('funds', 'unsaid', 'loan', 'top-up', 'offers');
const ROAMING = definite('roaming', 'home', 'balance', 'person');
const OPTED_OUT = definite('opted-out', 'unsaid', 'opt-in', 'person');
const CONFLICT = definite('conflict', 'minutes', 'balance', 'offers');
const BUSY = definite('busy', 'minutes', 'offers', 'person');
const DOWN = definite('down', 'later', 'balance', 'person');
const NUMBER = definite('number', 'unsaid', 'link', 'person');
const NOT_ALLOWED = definite('not-allowed', 'unsaid', 'offers', 'person');
const OURS = definite('ours', 'unsaid', 'offers', 'person');

/**
 * Every way an order can fail, one row each: the ten causes of the upsell API as `RefusalReason` names them, the order that
 * never left (`unreachable`, `other-sim`), and the error types of the purchase callback. An order that may have been carried out is
 * unclear: whatever timed out or broke behind Millom, whatever says that it was bought before, and what says nothing.
 */
export const REFUSALS: Readonly<Record<RefusalReason | ErrorType | 'unreachable' | 'other-sim', Refusal>> = {
  unspecified: UNCLEAR,
  'invalid-number': NUMBER,
  'bad-request': OURS,
  roaming: ROAMING,
  'opted-out': OPTED_OUT,
  'too-many-requests': BUSY,
  unavailable: DOWN,
  conflict: CONFLICT,
  'insufficient-funds': FUNDS,
  'not-allowed': NOT_ALLOWED,
  unreachable: definite('down', 'minutes', 'offers', 'balance'),
  // The line was known by another key when it was confirmed (workers/purchases.ts).
  'other-sim': definite('other-sim', 'unsaid', 'offers', 'person'),

  TIMEOUT: UNCLEAR,
  PARSING_ERROR: UNCLEAR,
  INTERNAL_ERROR: UNCLEAR,
  FAILURE_IN_BU: UNCLEAR,
  UNKNOWN_SUBSCRIBER_ID: NUMBER,
  INVALID_PRODUCT: definite('gone', 'unsaid', 'offers'),
  CONNECTION_TROUBLE: DOWN,
  BAD_CPID: NUMBER,
  BAD_MSISDN: NUMBER,
  USER_BARRED: NOT_ALLOWED,
  ROAMING,
  CONGESTED: BUSY,
  PURCHASE_IN_PROGRESS: UNCLEAR,
  PURCHASE_ALREADY_EXECUTED: UNCLEAR,
  DISABLED: DOWN,
  NOT_IMPLEMENTED: NOT_ALLOWED,
  BE_THROTTLED: BUSY,
  OPERATOR_THROTTLED: BUSY,
  INSUFFICIENT_FUNDS: FUNDS,
  UNSUPPORTED_OPERATOR: NOT_ALLOWED,
  BAD_REQUEST: OURS,
  CONFLICT,
  FORBIDDEN: NOT_ALLOWED,
  // Keys "such as in cache": the order may have gone on before its trace was lost.
  KEY_NOT_FOUND: UNCLEAR,
  NO_CONSENT: OPTED_OUT,
  PIN_ENTRY_ERROR: definite('pin', 'unsaid', 'offers', 'person'),
  SHUTTING_DOWN: UNCLEAR,
  DUPLICATED_CALLBACK: UNCLEAR,
};

/** What to tell about a failure as a telco named it; a word nobody knows is told like one that says nothing. */
export function refusalOf(failure: string): Refusal {
  return Object.hasOwn(REFUSALS, failure) ? REFUSALS[failure as keyof typeof REFUSALS] : UNCLEAR;
}

/** Where an order stands that was refused in the answer to it. */
export function stateAfterRefusal(reason: RefusalReason): 'failed' | 'unknown' {
  return stateAfter(REFUSALS[reason]);
}

/** Where an order stands after a callback with this errorType. Words nobody knows, and HTTP statuses, are unclear. */
export function stateAfterErrorType(errorType: string): 'failed' | 'unknown' {
  const known = ERROR_TYPES.find((type) => type === errorType);
  return known === undefined ? 'unknown' : stateAfter(REFUSALS[known]);
}

function stateAfter({ outcome }: Refusal): 'failed' | 'unknown' {
  return outcome === 'definite' ? 'failed' : 'unknown';
}
