/**
 * What became of a message, from least to most that is known. Platforms tell late, twice and out of order, so a state only ever
 * moves to one further down: whatever the order, the outcome is the same. What arrived cannot fail any more.
 */
export const DELIVERY_STATES = ['sent', 'failed', 'delivered', 'read'] as const;

export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Whether `state` tells more than `before`. */
export function isFurther(state: DeliveryState, before: DeliveryState | undefined): boolean {
  return before === undefined || DELIVERY_STATES.indexOf(state) > DELIVERY_STATES.indexOf(before);
}
