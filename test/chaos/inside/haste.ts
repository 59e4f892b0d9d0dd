/**
 * Time in a run passes faster for Refill, or nobody could wait for a callback that never comes: what takes seconds in
 * production is five times as fast, what takes a quarter of an hour sixty times.
 */
export const HASTE = 5;
export const HASTE_OF_WAITING = 60;
/** Of what a killed process had in hand, and of the rounds in which it is looked for. */
export const LOCK_MS = 3_000;
export const EVERY_MS = 1_000;
