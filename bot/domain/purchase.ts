/**
 * The life of a purchase (DESIGN.md, Money):
 *
 *     confirmed → submitting → processing → completed | failed | unknown
 *
 * `confirmed` is committed before anything is sent; `submitting` is the marker written right before the POST; `unknown` means
 * the telco may or may not have charged, and only the telco's own word moves it on.
 */
export const PURCHASE_STATES = ['confirmed', 'submitting', 'processing', 'unknown', 'completed', 'failed'] as const;

export type PurchaseState = (typeof PURCHASE_STATES)[number];

const MOVES: Readonly<Record<PurchaseState, readonly PurchaseState[]>> = {
  // A callback may overtake our own bookkeeping, so the telco’s word is taken in every state after it was sent to.
  confirmed: ['submitting', 'failed'],
  submitting: ['processing', 'unknown', 'completed', 'failed'],
  processing: ['completed', 'failed', 'unknown'],
  unknown: ['completed', 'failed', 'processing'],
  completed: [],
  failed: [],
};

/** States in which a subscriber has a purchase under way; at most one per line. */
export const OPEN_STATES = PURCHASE_STATES.filter((state) => MOVES[state].length > 0);

/** The states from which `to` may be reached: the guard of every compare-and-set. */
export function statesBefore(to: PurchaseState): readonly PurchaseState[] {
  return PURCHASE_STATES.filter((from) => MOVES[from].includes(to));
}

/** True when nothing can change any more and the subscriber is owed a receipt. */
export function isFinal(state: PurchaseState): boolean {
  return MOVES[state].length === 0;
}
