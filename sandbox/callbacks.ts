import type { SubscriberKey } from '../bot/domain/subscriber.js';
import type { PlannedPurchase } from './control-schemas.js';
import { identify, type RefillLink } from './refill.js';

/** The result of a purchase on its way to Refill (purchase-callback.yaml). */
export interface CallbackOrder {
  readonly operator: string;
  readonly key: SubscriberKey;
  readonly transactionId: string;
  /** The service provider. */
  readonly appId: string;
  /** Absent for success. */
  readonly errorType: string | undefined;
  readonly message: string;
  /** To the address of rich notifications, which names neither operator nor subscriber. */
  readonly rich: boolean;
}

export interface CallbackOptions {
  /** Wait before the first repetition, in milliseconds; doubles each time. */
  readonly retryMs: number;
  readonly report: (title: string, ok: boolean, ms: number) => void;
}

export type CallbackManner = PlannedPurchase['callback'];

const ATTEMPTS = 5;

/** Sends the result `how` it was asked for; when it is sent is the caller's business. */
export async function sendCallbacks(
  link: RefillLink,
  order: CallbackOrder,
  how: CallbackManner,
  options: CallbackOptions,
): Promise<void> {
  if (how === 'never') return;
  if (how === 'twice') {
    await Promise.all([sendOne(link, order, options), sendOne(link, order, options)]);
    return;
  }
  await sendOne(link, order, options);
  if (how === 'contradicting') {
    const opposite = order.errorType === undefined ? 'FAILURE_IN_BU' : undefined;
    await sendOne(link, { ...order, errorType: opposite }, options);
  }
}

async function sendOne(link: RefillLink, order: CallbackOrder, { retryMs, report }: CallbackOptions): Promise<void> {
  const { operator, key, transactionId, appId, errorType, message, rich } = order;
  const named = `/millom/callback/v1/${encodeURIComponent(operator)}/${identify(key)}`;
  const path = rich ? '/millom/rich-callback' : named;
  const started = performance.now();
  const body = JSON.stringify({ transactionId, appId, errorType, message });
  const { status } = await link.pushUntilTaken(path, body, ATTEMPTS, retryMs);
  const ok = status !== undefined && status < 300;
  report(`${errorType ?? 'success'} → ${status ?? 'no answer'}`, ok, performance.now() - started);
}
