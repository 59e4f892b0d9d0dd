import { z } from 'zod';
import type { Control } from './control.js';
import { Refusal } from './errors.js';
import type { EventSink } from './events.js';
import type { RefillLink } from './refill.js';
import type { Subscribers } from './subscribers.js';
import { type Answer, json } from './wire.js';

export interface TopUpParts {
  readonly subscribers: Subscribers;
  readonly control: Control;
  readonly link: RefillLink;
  readonly emit: EventSink;
  readonly now: () => Date;
  /** From the request to the donor's money. */
  readonly donorDelayMs: number;
}

const person = z.object({
  userNumber: z.object({ msisdn: z.string().regex(/^\+[1-9]\d{7,14}$/) }),
  name: z.string().min(1).max(100),
});

const requestSchema = z.object({ requestor: person, donor: person });

/** What a kind donor sends, by currency: about a week of data. */
const GIFTS: Readonly<Record<string, string>> = {
  MYR: '10.00',
  PKR: '200.00',
  GTQ: '25.00',
  THB: '100.00',
  NOK: '50.00',
  BDT: '150.00',
  BOB: '20.00',
};

/** `POST /v1/{serviceProvider}/topup` (top-up.yaml): the donor is asked, and in this world always pays, a little later. */
export function requestTopUp(
  { subscribers, control, link, emit, now, donorDelayMs }: TopUpParts,
  body: string,
): Answer {
  const { requestor } = requestSchema.parse(JSON.parse(body));
  const subscriber = subscribers.find({ type: 'MSISDN', value: requestor.userNumber.msisdn.slice(1) });
  if (subscriber === undefined) throw new Refusal('INVALID_NUMBER', 'no such subscriber');
  const { id, persona } = subscriber;
  emit({ at: now(), kind: 'call', title: 'topup → 200', subscriberId: id, ok: true });
  link.later(donorDelayMs, async () => void (await control.topUp(id, GIFTS[persona.currency] ?? '10.00')));
  return json(200, {});
}
