import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SubscriberKey } from '../bot/domain/subscriber.js';
import { type CallbackManner, type CallbackOrder, sendCallbacks } from './callbacks.js';
import { type CataloguePlan, findPlan } from './catalogue/plans.js';
import type { ChargeLog } from './charges.js';
import { nextPurchaseSchema, type PlannedPurchase } from './control-schemas.js';
import { Refusal } from './errors.js';
import type { EventSink } from './events.js';
import { offerContext } from './reads.js';
import type { RefillLink } from './refill.js';
import { activate, canPay, mayBorrow, type Subscriber, takePrice } from './state.js';
import { type Answer, json } from './wire.js';

/** upsell.yaml, ActivationRequest: `planid` and `offercontext` in lower case here, unlike in an offer. */
export const activationSchema = z.object({
  transid: z.string().regex(/^[A-Za-z0-9.-]{10,128}$/),
  planid: z.string().min(1).max(256),
  offercontext: z.string().max(4096).optional(),
  fundSource: z.enum(['WALLET', 'LOAN']).default('WALLET'),
});

export type Activation = z.output<typeof activationSchema>;

export interface PurchaseOptions {
  /** True: one transaction id charges once. False: every POST charges, as a telco that promises nothing may do. */
  readonly deduplicate: boolean;
  readonly callbackDelayMs: number;
  /** Wait before the first repetition of a callback that was not taken. */
  readonly callbackRetryMs: number;
  /** The same plan again within this time is refused. */
  readonly samePlanSeconds: number;
}

interface Parts {
  readonly options: PurchaseOptions;
  readonly charges: ChargeLog;
  readonly link: RefillLink;
  readonly emit: EventSink;
  readonly now: () => Date;
}

/** A purchase that was accepted. */
interface Order {
  readonly transactionId: string;
  readonly subscriber: Subscriber;
  readonly plan: CataloguePlan;
  readonly fundSource: Activation['fundSource'];
  /** From the charge to the plan showing on the balance. */
  readonly activationDelayMs: number;
  status: 'processing' | 'completed' | 'failed';
  message: string;
  confirmationCode?: string;
}

/** Who asks to buy, and as whom. */
export interface Buyer {
  readonly subscriber: Subscriber;
  /** As the caller named the subscriber: the callback names them so too. */
  readonly key: SubscriberKey;
  readonly serviceProvider: string;
  /** True for a purchase through a link: its result goes to the address of rich notifications. */
  readonly byLink?: boolean;
}

const ORDERS_KEPT = 100_000;

/** POST purchasePlan: checks, charges, activates, calls back. All checks and the charge happen in one synchronous step. */
export class Purchases {
  private readonly orders = new Map<string, Order>();

  constructor(private readonly parts: Parts) {}

  async buy(buyer: Buyer, activation: Activation): Promise<Answer> {
    const { subscriber } = buyer;
    const known = this.orders.get(activation.transid);
    if (known !== undefined && (known.subscriber.id !== subscriber.id || known.plan.id !== activation.planid)) {
      throw new Refusal('PURCHASE_CONFLICT', 'this transaction id was used for another purchase');
    }
    if (known !== undefined && this.parts.options.deduplicate) return answer(known);
    const plan = this.check(subscriber, activation);
    const how = subscriber.next ?? nextPurchaseSchema.parse({});
    subscriber.next = undefined;
    const order = this.open(subscriber, plan, activation, how.activationDelayMs ?? 0);
    if (how.mode === 'completed') {
      this.settle(order, how.errorType);
      return answer(order);
    }
    const accepted = answer(order);
    const delayMs = how.callbackDelayMs ?? this.parts.options.callbackDelayMs;
    if (how.callback === 'early') await this.finish(order, buyer, how, 0);
    else this.parts.link.later(delayMs, () => this.finish(order, buyer, how, delayMs));
    return accepted;
  }

  /** Forgets every order. */
  clear(): void {
    this.orders.clear();
  }

  private check(subscriber: Subscriber, { transid, planid, offercontext, fundSource }: Activation): CataloguePlan {
    if (subscriber.roaming) throw new Refusal('USER_ROAMING', 'not available while roaming');
    if (subscriber.optedOut) throw new Refusal('USER_OPT_OUT', 'the subscriber has not opted in');
    const plan = findPlan(subscriber.persona.country, planid);
    if (plan === undefined) throw new Refusal('NOT_ALLOWED', 'this plan is not on sale here');
    if (plan.context && offercontext === undefined) throw new Refusal('BAD_REQUEST', 'offercontext is missing');
    if (plan.context && offercontext !== offerContext(subscriber, plan)) {
      throw new Refusal('NOT_ALLOWED', 'offercontext is not the one of this offer');
    }
    this.checkTiming(subscriber, plan, transid);
    if (fundSource === 'LOAN' && !(plan.loan && mayBorrow(subscriber))) {
      throw new Refusal('NOT_ALLOWED', 'no loan for this plan or subscriber');
    }
    if (fundSource === 'WALLET' && !canPay(subscriber, plan.cost)) {
      throw new Refusal('INSUFFICIENT_FUNDS', 'not enough money');
    }
    return plan;
  }

  private checkTiming(subscriber: Subscriber, plan: CataloguePlan, transactionId: string): void {
    // A telco that does not deduplicate takes a repeated id for a new purchase and lets it through: that is the danger.
    if (this.orders.has(transactionId)) return;
    if (subscriber.open.length > 0) throw new Refusal('PURCHASE_CONFLICT', 'another purchase is being processed');
    const last = subscriber.plans.find((held) => held.plan.id === plan.id)?.boughtAt;
    const { samePlanSeconds } = this.parts.options;
    if (last !== undefined && this.parts.now().getTime() - last.getTime() < samePlanSeconds * 1000) {
      throw new Refusal('PURCHASE_CONFLICT', 'this plan was bought a moment ago');
    }
  }

  private open(
    subscriber: Subscriber,
    plan: CataloguePlan,
    { transid, fundSource }: Activation,
    activationDelayMs: number,
  ): Order {
    const order: Order = {
      activationDelayMs,
      transactionId: transid,
      subscriber,
      plan,
      fundSource,
      status: 'processing',
      message: 'Your order is being processed',
    };
    subscriber.open = [...subscriber.open, transid];
    this.orders.set(transid, order);
    if (this.orders.size > ORDERS_KEPT) this.orders.delete(this.orders.keys().next().value ?? '');
    return order;
  }

  /** Charges and activates, or fails with `errorType`; returns the errorType it failed with. */
  private settle(order: Order, errorType: string | undefined): string | undefined {
    const { subscriber, plan, fundSource, transactionId } = order;
    const index = subscriber.open.indexOf(transactionId);
    subscriber.open = subscriber.open.filter((_, position) => position !== index);
    const payable = fundSource === 'LOAN' ? mayBorrow(subscriber) : canPay(subscriber, plan.cost);
    const error = errorType ?? (payable ? undefined : 'INSUFFICIENT_FUNDS');
    if (error !== undefined) {
      order.status = 'failed';
      order.message = `Your order failed (${error})`;
      return error;
    }
    this.charge(order);
    order.status = 'completed';
    order.message = 'Your plan is active';
    order.confirmationCode = `C${randomBytes(5).toString('hex').toUpperCase()}`;
    return undefined;
  }

  private charge({ subscriber, plan, fundSource, transactionId, activationDelayMs }: Order): void {
    const at = this.parts.now();
    const { currency } = subscriber.persona;
    takePrice(subscriber, plan.cost, fundSource);
    if (activationDelayMs === 0) activate(subscriber, plan, at);
    else this.parts.link.later(activationDelayMs, async () => activate(subscriber, plan, this.parts.now()));
    const charge = {
      at,
      subscriberId: subscriber.id,
      transactionId,
      planId: plan.id,
      amount: plan.cost,
      currency,
      fundSource,
    };
    this.parts.charges.add(charge);
    this.parts.emit({
      at,
      kind: 'charge',
      title: `${plan.cost} ${currency}, ${plan.id}`,
      subscriberId: subscriber.id,
      ok: true,
    });
  }

  /** Settles and calls back; late means after three times the delay, of which one has passed. */
  private async finish(order: Order, buyer: Buyer, how: PlannedPurchase, delayMs: number): Promise<void> {
    const errorType = this.settle(order, how.errorType);
    const { transactionId, message } = order;
    const { operator } = buyer.subscriber.persona;
    const rich = buyer.byLink === true || how.callbackTo === 'rich-callback';
    const call = { operator, key: buyer.key, transactionId, appId: buyer.serviceProvider, errorType, message, rich };
    if (how.callback === 'late') this.parts.link.later(2 * delayMs, () => this.callBack(order, call, how.callback));
    else await this.callBack(order, call, how.callback);
  }

  private async callBack(order: Order, call: CallbackOrder, how: CallbackManner): Promise<void> {
    const { link, options, emit, now } = this.parts;
    const report = (title: string, ok: boolean, ms: number): void =>
      emit({ at: now(), kind: 'callback', title, subscriberId: order.subscriber.id, ms, ok });
    await sendCallbacks(link, call, how, { retryMs: options.callbackRetryMs, report });
  }
}

function answer({ transactionId, status, fundSource, message, confirmationCode }: Order): Answer {
  return json(status === 'processing' ? 202 : 200, {
    transid: transactionId,
    status,
    fundSource,
    transactionMessage: message,
    ...(confirmationCode === undefined ? {} : { confirmationCode }),
  });
}
