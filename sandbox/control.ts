import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { NotificationType } from '../bot/domain/notification.js';
import type { Charge } from './charges.js';
import {
  type Burn,
  burnSchema,
  ensureSchema,
  type FaultOrder,
  faultSchema,
  findSchema,
  mobileDataSchema,
  type NextPurchase,
  type Notify,
  nextPurchaseSchema,
  notifySchema,
  type Phone,
  phoneSchema,
  type RichNotify,
  richNotifySchema,
  switchSchema,
  topUpSchema,
} from './control-schemas.js';
import { SandboxMisuse } from './errors.js';
import type { Fault } from './faults.js';
import type { Persona } from './personas.js';
import type { PushResult } from './refill.js';
import type { SubscriberView } from './view.js';
import { type Answer, json } from './wire.js';

/** A notification that was pushed to Refill, and Refill's HTTP status when it answered. */
export interface Pushed {
  readonly type: NotificationType;
  readonly status?: number;
}

/**
 * Everything that can be done to the simulated world. Subscribers are named by id: a persona's, or `persona~suffix` for a
 * clone. All methods throw `SandboxMisuse` for a subscriber that does not exist.
 */
export interface Control {
  /** Who there is; the first is the default. */
  readonly personas: readonly Persona[];
  /** The subscriber, made when new; throws `SandboxMisuse` for an id of no persona. */
  ensure(id: string): SubscriberView;
  /** The subscriber, or `undefined`. */
  subscriber(id: string): SubscriberView | undefined;
  /** Uses up data. Crossing a threshold pushes the notifications the subscriber is registered for, and waits for Refill. */
  burn(id: string, burn: Burn): Promise<readonly Pushed[]>;
  /** Adds money (decimal string) and pushes `monetary-reload` when registered. */
  topUp(id: string, amount: string): Promise<readonly Pushed[]>;
  /** How the subscriber's next purchase goes. */
  nextPurchase(id: string, next: NextPurchase): void;
  /** Pushes a notification, registered for or not. */
  notify(id: string, notify: Notify): Promise<Pushed>;
  /** Pushes a rich notification, with what the subscriber may buy; what Refill answered. */
  richNotify(id: string, rich?: RichNotify): Promise<PushResult>;
  /** Whose number it is, or `undefined`; with a text, what came to that phone. */
  phone(phone: Phone): SubscriberView | undefined;
  /** Who is behind a CPID, or `undefined`. */
  find(cpid: string): SubscriberView | undefined;
  /** Whose phone asks for its CPID from now on; `null` for one on Wi-Fi. */
  mobileData(id: string | null): void;
  setRoaming(id: string, on: boolean): void;
  setOptOut(id: string, on: boolean): void;
  addFault(fault: FaultOrder): void;
  /** Faults that are not used up. */
  faults(): readonly (Fault & { readonly left: number })[];
  clearFaults(): void;
  /** Every charge, oldest first. */
  charges(): readonly Charge[];
  /** The world as it began: subscribers (their numbers stay), charges, faults; what waited to be sent is dropped. */
  reset(): void;
}

type Handler = (control: Control, id: string, body: unknown) => unknown;

/** The control routes, below `/_sandbox/`. Those of a subscriber end in an operation; `{}` stands for the id. */
const ROUTES: Readonly<Record<string, Handler>> = {
  'GET personas': (control) => control.personas,
  'POST subscribers': (control, _, body) => control.ensure(ensureSchema.parse(body).id),
  'GET subscribers/{}': (control, id) => found(control.subscriber(id)),
  'POST subscribers/{}/burn': async (control, id, body) => ({ pushed: await control.burn(id, burnSchema.parse(body)) }),
  'POST subscribers/{}/top-up': async (control, id, body) => ({
    pushed: await control.topUp(id, topUpSchema.parse(body).amount),
  }),
  'POST subscribers/{}/next-purchase': (control, id, body) => control.nextPurchase(id, nextPurchaseSchema.parse(body)),
  'POST subscribers/{}/notify': (control, id, body) => control.notify(id, notifySchema.parse(body)),
  'POST subscribers/{}/rich-notify': (control, id, body) => control.richNotify(id, richNotifySchema.parse(body)),
  'POST phones': (control, _, body) => found(control.phone(phoneSchema.parse(body))),
  'POST find': (control, _, body) => found(control.find(findSchema.parse(body).cpid)),
  'POST mobile-data': (control, _, body) => control.mobileData(mobileDataSchema.parse(body).subscriber),
  'POST subscribers/{}/roaming': (control, id, body) => control.setRoaming(id, switchSchema.parse(body).on),
  'POST subscribers/{}/opt-out': (control, id, body) => control.setOptOut(id, switchSchema.parse(body).on),
  'GET faults': (control) => control.faults(),
  'POST faults': (control, _, body) => control.addFault(faultSchema.parse(body)),
  'DELETE faults': (control) => control.clearFaults(),
  'GET charges': (control) => control.charges(),
  'POST reset': (control) => control.reset(),
};

/** Answers a control request: 200 with what the operation returned, 204 when it returned nothing, else `{ error }`. */
export async function control(on: Control, req: IncomingMessage, path: string, body: string): Promise<Answer> {
  const [, , first = '', id, operation] = path.split('/');
  const shape = [first, ...(id === undefined ? [] : ['{}']), ...(operation === undefined ? [] : [operation])].join('/');
  const handler = ROUTES[`${req.method} ${shape}`];
  if (handler === undefined) return json(404, { error: `no such control: ${req.method} ${shape}` });
  try {
    const result = await handler(on, decodeURIComponent(id ?? ''), parse(req, body));
    return result === undefined ? { status: 204, body: '' } : json(200, result);
  } catch (error) {
    return refused(error);
  }
}

/** True when the caller is on this machine and says so: a web page elsewhere must not reach the controls through a browser. */
export function isLoopback(req: IncomingMessage): boolean {
  const address = req.socket.remoteAddress ?? '';
  const host = (req.headers.host ?? '').replace(/:\d+$/, '');
  return /^(::1$|(::ffff:)?127\.)/.test(address) && /^(localhost|127(\.\d+){3}|\[::1\])$/i.test(host);
}

function found(subscriber: SubscriberView | undefined): SubscriberView {
  if (subscriber === undefined) throw new SandboxMisuse(404, 'no such subscriber');
  return subscriber;
}

function parse(req: IncomingMessage, body: string): unknown {
  if (req.method !== 'POST' || body === '') return {};
  // Only scripts can send this type across origins, and only after asking: the browser's guard against other pages.
  if (req.headers['content-type']?.split(';')[0] !== 'application/json') {
    throw new SandboxMisuse(400, 'expected content-type application/json');
  }
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new SandboxMisuse(400, 'the body is not JSON', { cause: error });
  }
}

function refused(error: unknown): Answer {
  if (error instanceof SandboxMisuse) return json(error.status, { error: error.message });
  if (error instanceof z.ZodError) return json(400, { error: z.prettifyError(error) });
  if (error instanceof URIError) return json(400, { error: 'the path is not well encoded' });
  return json(500, { error: 'the sandbox failed' });
}
