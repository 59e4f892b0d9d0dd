import { z } from 'zod';
import { NOTIFICATION_TYPES } from '../bot/domain/notification.js';

/** What the control routes take; the methods of a `Sandbox` take the same. */

/** Consume so many bytes, or a share (0 to 1) of what is left on every data plan. */
export const burnSchema = z
  .strictObject({
    bytes: z
      .string()
      .regex(/^\d{1,19}$/, 'expected a whole number of bytes as a string')
      .optional(),
    share: z.number().min(0).max(1).optional(),
  })
  .refine(({ bytes, share }) => (bytes === undefined) !== (share === undefined), 'expected either bytes or share');

export const topUpSchema = z.strictObject({
  amount: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,2})?$/, 'expected a decimal amount such as "10.00"')
    .refine((amount) => /[1-9]/.test(amount), 'expected more than nothing'),
});

/**
 * How the next purchase of a subscriber goes.
 * - `mode`: `completed` answers 200 at once; `processing` answers 202 and calls back.
 * - `callback`: `once`; `never`; `twice` at the same moment; `late` (after three times the delay); `early` (before the 202);
 *   `contradicting` (success, then failure).
 * - `activationDelayMs`: the money is taken at once, the plan shows on the balance this much later.
 * - `errorType`: the purchase fails, uncharged: status `failed` in mode `completed`, this errorType in the callback otherwise.
 * - `callbackTo`: which of Refill's two addresses is called back (purchase-callback.yaml, rich-notifications.yaml).
 */
export const nextPurchaseSchema = z.strictObject({
  mode: z.enum(['completed', 'processing']).default('processing'),
  callbackDelayMs: z.int().min(0).max(3_600_000).optional(),
  callback: z.enum(['once', 'never', 'twice', 'late', 'early', 'contradicting']).default('once'),
  errorType: z.string().min(1).max(64).optional(),
  callbackTo: z.enum(['callback', 'rich-callback']).optional(),
  activationDelayMs: z.int().min(0).max(3_600_000).optional(),
});

export const notifySchema = z.strictObject({
  type: z.enum(NOTIFICATION_TYPES),
  /** Asks Refill to skip its own frequency caps (notify.yaml, `override`). */
  override: z.boolean().optional(),
  /** A fixed id shows how a repeated notification is treated; otherwise a fresh UUID. */
  transactionId: z.string().min(3).max(128).optional(),
});

/** A fixed `uuid` shows how a rich notification that is sent again is treated. */
export const richNotifySchema = z.strictObject({ uuid: z.uuid().optional() });

export const findSchema = z.strictObject({ cpid: z.string().min(1).max(512) });

/** Whose number it is; with a text, that it is sent to that phone. */
export const phoneSchema = z.strictObject({
  number: z.string().regex(/^\d{5,15}$/, 'expected E.164 without a plus sign'),
  text: z.string().min(1).max(1000).optional(),
});

/** Whose phone this machine is; `null`: one on Wi-Fi. */
export const mobileDataSchema = z.strictObject({ subscriber: z.string().max(60).nullable() });

export const switchSchema = z.strictObject({ on: z.boolean() });

export const ensureSchema = z.strictObject({ id: z.string().max(64) });

export const OPERATIONS = ['token', 'accountInfo', 'balance', 'upsellOffer', 'purchasePlan', 'register'] as const;

/**
 * A fault for the next `times` matching calls.
 * - `latency`: waits `latencyMs`, then answers as usual.
 * - `429` (with `retryAfterSeconds`), `401`, `5xx-before`, `drop-before`: nothing is done, nothing is charged.
 * - `5xx-after`, `drop-after`, `broken-json` (cut in half), `html` (a 200 with a web page), `slow-body` (one byte every
 *   `latencyMs`), `huge-body` (a valid answer inside 2 MB of spaces): the call is done, a purchase is charged, then the
 *   answer is spoiled.
 */
export const faultSchema = z.strictObject({
  kind: z.enum([
    'latency',
    '401',
    '429',
    '5xx-before',
    '5xx-after',
    'drop-before',
    'drop-after',
    'broken-json',
    'html',
    'slow-body',
    'huge-body',
  ]),
  times: z.int().min(1).max(1_000_000).default(1),
  /** Absent: any operation except `token`. */
  operation: z.enum(OPERATIONS).optional(),
  subscriberId: z.string().optional(),
  latencyMs: z.int().min(0).max(3_600_000).optional(),
  retryAfterSeconds: z.int().min(0).max(86_400).optional(),
});

export type Burn = z.input<typeof burnSchema>;
export type NextPurchase = z.input<typeof nextPurchaseSchema>;
/** A `NextPurchase` with its defaults filled in. */
export type PlannedPurchase = z.output<typeof nextPurchaseSchema>;
export type Phone = z.input<typeof phoneSchema>;
export type Notify = z.input<typeof notifySchema>;
export type RichNotify = z.input<typeof richNotifySchema>;
export type FaultOrder = z.input<typeof faultSchema>;
export type Operation = (typeof OPERATIONS)[number];
