/**
 * The life of a purchase (docs/money.md has the picture):
 *
 *     confirmed → submitting → processing → completed | failed | unknown
 *
 * `confirmed` is committed before anything is sent; `submitting` is the marker written right before the POST; `unknown` means
 * the telco may or may not have charged, and silence never ends it: only the telco's own word does, what the balance proves, or
 * a person.
 */
export const PURCHASE_STATES = ['confirmed', 'submitting', 'processing', 'unknown', 'completed', 'failed'] as const;

export type PurchaseState = (typeof PURCHASE_STATES)[number];

/**
 * Who moves a purchase: the worker that sends the order, the sweeper that finds what stands still, the telco's callback, the
 * reconciler that goes and looks, and an operator who knows from elsewhere.
 */
export type Mover = 'worker' | 'sweeper' | 'callback' | 'reconciler' | 'operator';

/** What a subscriber is owed for a move. */
export type Owed = 'receipt' | 'checking';

interface Rule {
  readonly by: Mover;
  readonly from: readonly PurchaseState[];
  readonly to: PurchaseState;
}

const OUT: readonly PurchaseState[] = ['submitting', 'processing', 'unknown'];
/** A callback is the telco's word and counts in any open state: a store that lost its last writes may know less than the telco. */
const OPEN: readonly PurchaseState[] = ['confirmed', ...OUT];

/** Everything that can happen to a purchase, by whom, from where and to where. What is not here cannot happen. */
const RULES = {
  /** The marker: from here on the order may be on its way. */
  submit: { by: 'worker', from: ['confirmed'], to: 'submitting' },
  /** The same order again, under the same id: only where the telco charges an id once. */
  resubmit: { by: 'reconciler', from: ['unknown'], to: 'submitting' },
  /** The order provably never left, or was turned away unread (429): it may be sent later as if for the first time. */
  'put-off': { by: 'worker', from: ['submitting', 'unknown'], to: 'confirmed' },
  /** Nothing was sent for too long, or nothing may be sent any more: better a clear "not charged" than an order nobody expects any more. */
  expired: { by: 'sweeper', from: ['confirmed'], to: 'failed' },
  accepted: { by: 'worker', from: ['submitting', 'unknown'], to: 'processing' },
  completed: { by: 'worker', from: OUT, to: 'completed' },
  refused: { by: 'worker', from: ['submitting', 'unknown'], to: 'failed' },
  ambiguous: { by: 'worker', from: ['submitting'], to: 'unknown' },
  /** The process that had the marker is gone. */
  interrupted: { by: 'sweeper', from: ['submitting'], to: 'unknown' },
  'no-callback': { by: 'reconciler', from: ['processing'], to: 'unknown' },
  'callback-completed': { by: 'callback', from: OPEN, to: 'completed' },
  'callback-failed': { by: 'callback', from: OPEN, to: 'failed' },
  'callback-unclear': { by: 'callback', from: OPEN, to: 'unknown' },
  /** The telco's look-up says so, or, for `found-completed`, the balance proves it. That it is still under way is no news. */
  'found-completed': { by: 'reconciler', from: ['processing', 'unknown'], to: 'completed' },
  'found-failed': { by: 'reconciler', from: ['processing', 'unknown'], to: 'failed' },
  'operator-completed': { by: 'operator', from: ['processing', 'unknown'], to: 'completed' },
  'operator-failed': { by: 'operator', from: ['processing', 'unknown'], to: 'failed' },
} as const satisfies Readonly<Record<string, Rule>>;

export type PurchaseEvent = keyof typeof RULES;

export const PURCHASE_EVENTS = Object.keys(RULES) as readonly PurchaseEvent[];

/** What an event means: its mover, the states it may find (the guard of the compare-and-set) and the one it leads to. */
export function ruleOf(event: PurchaseEvent): Rule {
  return RULES[event];
}

/** The state that `event` leads to from `state`; `undefined` when it changes nothing there. */
export function afterEvent(state: PurchaseState, event: PurchaseEvent): PurchaseState | undefined {
  const { from, to } = ruleOf(event);
  return from.includes(state) ? to : undefined;
}

/** True when nothing can change any more and the subscriber is owed a receipt. */
export function isFinal(state: PurchaseState): boolean {
  return PURCHASE_EVENTS.every((event) => afterEvent(state, event) === undefined);
}

/** States in which a subscriber has a purchase under way; at most one per line. */
export const OPEN_STATES = PURCHASE_STATES.filter((state) => !isFinal(state));

/** What a subscriber is owed when a purchase comes to `state`: a receipt for an end, word that it is checked for `unknown`. */
export function owes(state: PurchaseState): Owed | undefined {
  if (isFinal(state)) return 'receipt';
  return state === 'unknown' ? 'checking' : undefined;
}
