import type { ChargeLog } from './charges.js';
import type { Control, Pushed } from './control.js';
import {
  burnSchema,
  faultSchema,
  nextPurchaseSchema,
  notifySchema,
  richNotifySchema,
  topUpSchema,
} from './control-schemas.js';
import type { MobileData } from './cpid.js';
import type { EventSink } from './events.js';
import type { Faults } from './faults.js';
import { type Notification, pushNotification } from './notifications.js';
import { PERSONAS } from './personas.js';
import type { Purchases } from './purchase.js';
import type { PushResult, RefillLink } from './refill.js';
import { pushRichNotification } from './rich-notifications.js';
import { addMoney, consume, type Subscriber } from './state.js';
import type { Subscribers } from './subscribers.js';
import { viewOf } from './view.js';

export interface ControlParts {
  readonly subscribers: Subscribers;
  readonly purchases: Purchases;
  readonly charges: ChargeLog;
  readonly faults: Faults;
  readonly link: RefillLink;
  readonly mobileData: MobileData;
  readonly emit: EventSink;
  readonly now: () => Date;
  readonly serviceProvider: string;
  /** Where this sandbox listens, once it does. */
  readonly baseUrl: () => string;
}

/** As many as anyone scrolls back to. */
const MESSAGES_KEPT = 10;

/** The control operations, as methods; the control routes call the same ones. */
export function createControl(parts: ControlParts): Control {
  const { subscribers, faults, charges, now } = parts;
  const change = (id: string, title: string, apply: (subscriber: Subscriber) => void): void => {
    apply(subscribers.require(id));
    parts.emit({ at: now(), kind: 'control', title, subscriberId: id, ok: true });
  };
  return {
    personas: PERSONAS,
    ensure: (id) => viewOf(subscribers.ensure(id), now()),
    subscriber: (id) => {
      const found = subscribers.get(id);
      return found === undefined ? undefined : viewOf(found, now());
    },
    burn: (id, burn) => {
      const { bytes, share = 0 } = burnSchema.parse(burn);
      const consumption = bytes === undefined ? { share } : { bytes: BigInt(bytes) };
      let crossings: readonly Notification[] = [];
      change(id, 'burn data', (subscriber) => {
        crossings = consume(subscriber, consumption, now());
      });
      return pushRegistered(parts, id, crossings);
    },
    topUp: (id, amount) => {
      const wanted = topUpSchema.parse({ amount });
      change(id, `top up ${wanted.amount}`, (subscriber) => addMoney(subscriber, wanted.amount));
      return pushRegistered(parts, id, [{ type: 'monetary-reload', moneyChange: wanted.amount }]);
    },
    nextPurchase: (id, next) => {
      const how = nextPurchaseSchema.parse(next);
      change(id, `next purchase: ${how.mode}, callback ${how.callback}`, (subscriber) => {
        subscriber.next = how;
      });
    },
    richNotify: (id, rich = {}) => pushRich(parts, subscribers.require(id), richNotifySchema.parse(rich).uuid),
    find: (cpid) => {
      const found = subscribers.find({ type: 'CPID', value: cpid });
      return found === undefined ? undefined : viewOf(found, now());
    },
    notify: (id, notify) => push(parts, subscribers.require(id), notifySchema.parse(notify)),
    phone: ({ number, text }) => {
      const found = subscribers.find({ type: 'MSISDN', value: number });
      if (found === undefined) return undefined;
      if (text !== undefined) {
        change(found.id, 'message to the phone', (subscriber) => {
          subscriber.messages = [...subscriber.messages, { text, at: now() }].slice(-MESSAGES_KEPT);
        });
      }
      return viewOf(found, now());
    },
    mobileData: (id) => parts.mobileData.use(id),
    setRoaming: (id, on) =>
      change(id, `roaming ${on ? 'on' : 'off'}`, (subscriber) => {
        subscriber.roaming = on;
      }),
    setOptOut: (id, on) =>
      change(id, `opted ${on ? 'out' : 'in'}`, (subscriber) => {
        subscriber.optedOut = on;
      }),
    addFault: (fault) => faults.add(faultSchema.parse(fault)),
    faults: () => faults.list(),
    clearFaults: () => faults.clear(),
    charges: () => charges.all(),
    reset: () => resetWorld(parts),
  };
}

function resetWorld({ link, purchases, charges, faults, subscribers }: ControlParts): void {
  link.abandon();
  purchases.clear();
  charges.clear();
  faults.clear();
  subscribers.restartAll();
}

/** Pushes, side by side, those of `notifications` that the subscriber agreed to. */
async function pushRegistered(
  parts: ControlParts,
  id: string,
  notifications: readonly Notification[],
): Promise<readonly Pushed[]> {
  const subscriber = parts.subscribers.require(id);
  const wanted = notifications.filter(({ type }) => subscriber.registered.includes(type));
  return Promise.all(wanted.map((notification) => push(parts, subscriber, notification)));
}

async function push(
  { link, emit, now }: ControlParts,
  subscriber: Subscriber,
  notification: Notification,
): Promise<Pushed> {
  const started = performance.now();
  const { type } = notification;
  const { status } = await pushNotification(link, subscriber, notification, now());
  emit({
    at: now(),
    kind: 'notification',
    title: `${type} → ${status ?? 'no answer'}`,
    subscriberId: subscriber.id,
    ms: performance.now() - started,
    ok: status !== undefined && status < 300,
  });
  return status === undefined ? { type } : { type, status };
}

async function pushRich(
  { link, emit, now, baseUrl, serviceProvider }: ControlParts,
  subscriber: Subscriber,
  uuid: string | undefined,
): Promise<PushResult> {
  const started = performance.now();
  const order = { baseUrl: baseUrl(), serviceProvider, uuid };
  const result = await pushRichNotification(link, subscriber, order, now());
  emit({
    at: now(),
    kind: 'notification',
    title: `rich → ${result.status ?? 'no answer'}`,
    subscriberId: subscriber.id,
    ms: performance.now() - started,
    ok: result.status !== undefined && result.status < 300,
  });
  return result;
}
