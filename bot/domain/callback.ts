import type { PurchaseEvent, PurchaseState } from './purchase.js';
import { stateAfterErrorType } from './refusal.js';

/** What a callback may mean for a purchase. */
export type CallbackEvent = Extract<PurchaseEvent, `callback-${string}`>;

/** Says that the order was carried out, without being a success. */
export const BOUGHT = 'PURCHASE_ALREADY_EXECUTED';
/** Says nothing but that the telco said it before. */
const SAID_BEFORE = 'DUPLICATED_CALLBACK';

/**
 * What a callback means. `failure` is its error type; success is its absence and nothing else.
 * @param repeated the order was sent more than once: then a failure may be the second one's, while the first was charged
 * @param before what an earlier one said that did not end it: once that was "carried out", no failure is believed
 */
export function readCallback(failure: string | undefined, repeated: boolean, before?: string): CallbackEvent {
  if (failure === undefined) return 'callback-completed';
  const believed = !repeated && before !== BOUGHT;
  return believed && stateAfterErrorType(failure) === 'failed' ? 'callback-failed' : 'callback-unclear';
}

/**
 * True when a callback says something else than what a purchase has ended with, or, while it is open, than an earlier one
 * (`before`): a person's business, for the first one counts.
 */
export function contradicts(state: PurchaseState, failure: string | undefined, before?: string): boolean {
  if (state === 'completed' || before === BOUGHT)
    return failure !== undefined && failure !== BOUGHT && failure !== SAID_BEFORE;
  return state === 'failed' && (failure === undefined || failure === BOUGHT);
}
