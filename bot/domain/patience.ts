/** How long a purchase may stand where it stands, in milliseconds. All of it is measured on the database's clock. */

/** A confirmed purchase whose job was lost is given one again. */
export const REDRIVE_AFTER_MS = 10_000;

/** A confirmed purchase that could not be sent by now will not be: the subscriber hears that nothing was charged. */
export const SEND_WITHIN_MS = 120_000;

/** Longer than any order may take: its process died between the marker and the answer. */
export const INTERRUPTED_AFTER_MS = 60_000;

/** A callback that has not come by now may never come (FAULTS.md 19): look at the balance. */
export const CALLBACK_WITHIN_MS = 15 * 60_000;

/** By thirty minutes a person has it; a minute early, so that the sweep that sees to it is never late. */
export const PERSON_AFTER_MS = 29 * 60_000;

/** The first look at what became of an unclear order; each next one comes after twice the time. */
export const FIRST_CHECK_MS = 30_000;

export const LONGEST_CHECK_PAUSE_MS = 30 * 60_000;

/** Where the telco charges an id once, the order is soon sent again. */
export const FIRST_RESEND_MS = 5_000;

/** When a completed purchase’s plan should be on the balance. */
export const ACTIVE_WITHIN_MS = 2 * 60_000;

/** Looks for the plan of a completed purchase before a person is told that it is not there: about half an hour. */
export const ACTIVATION_CHECKS = 7;

/** Looks at a balance that cannot be read before a person is told that nobody can see the plan: about four hours. */
export const UNSEEN_CHECKS = 14;

/**
 * A look-up that does not know the order is believed from this look on, seven minutes in: no process can still be about to send
 * it then.
 */
export const NEVER_SEEN_CHECKS = 5;

/** So long an order is recent: a plan that comes by then came because of it. The look after a missing callback falls in it. */
export const RECENT_MS = 20 * 60_000;

/** An order is sent again, where that is allowed, while its buyer can still be expected to want it. */
export const RESEND_WITHIN_MS = 15 * 60_000;

/** How often it is sent again at most. */
export const MAX_POSTS = 8;
