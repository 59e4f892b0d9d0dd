import type { DeliveryState } from '../../bot/domain/delivery.js';
import { type AccountNews, accountNews } from './account.js';
import type { Change, InboundMessage, InboundStatus, Webhook } from './schema.js';

/** A WhatsApp user as a webhook names them: by number, by business-scoped id, or by both. At least one is there. */
export interface Who {
  /** Digits with the country code, without a plus sign. */
  readonly number?: string;
  /** Scoped to our business portfolio, e.g. `US.13491208655302741918`. */
  readonly bsuid?: string;
}

/** What a person did, in Refill's terms. */
export type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'press'; readonly token: string }
  | { readonly kind: 'hello' };

/** One thing a webhook tells. `at` is epoch milliseconds by the platform's clock. */
export type Update =
  | { readonly kind: 'said'; readonly who: Who; readonly id: string; readonly at: number; readonly said: Said }
  | {
      readonly kind: 'status';
      readonly id: string;
      readonly who: Who | undefined;
      readonly state: DeliveryState;
      /** `Outgoing.id`, as it was given along. */
      readonly outgoing?: string;
      readonly error?: { readonly code: number; readonly details: string };
    }
  | { readonly kind: 'preference'; readonly who: Who; readonly stop: boolean; readonly at: number | undefined }
  /** The person took another number, or was given another id: `from` will not be heard of again. */
  | { readonly kind: 'moved'; readonly from: Who; readonly to: Who }
  | ({ readonly kind: 'account' } & AccountNews)
  /** It lacks what every update of its kind has, or has it in a shape we do not know. */
  | { readonly kind: 'unreadable'; readonly what: 'message' | 'status' | 'preference' | 'id update' }
  | { readonly kind: 'ignored'; readonly why: string };

/** Everything a webhook tells, in its order. Updates of other business numbers are ignored: they are not ours to answer. */
export function updatesOf({ object, entry }: Webhook, phoneNumberId: string): Update[] {
  if (object !== 'whatsapp_business_account') return [ignored('object')];
  return entry.flatMap(({ changes }) => changes.flatMap((change) => changeUpdates(change, phoneNumberId)));
}

function changeUpdates({ field, value }: Change, phoneNumberId: string): Update[] {
  const number = value.metadata?.phone_number_id;
  if (number !== undefined && number !== phoneNumberId) return [ignored('another number')];
  switch (field) {
    case 'messages': {
      const messages = value.messages ?? [];
      // Matched by position where there are as many contacts as messages; Meta sends one of each.
      const contacts = value.contacts ?? [];
      return [
        ...messages.map((message, index) =>
          messageUpdate(message, contacts.length === messages.length ? contacts[index] : undefined),
        ),
        ...(value.statuses ?? []).map(statusUpdate),
      ];
    }
    case 'user_preferences':
      return (value.user_preferences ?? []).map((preference): Update => {
        if (preference === undefined) return unreadable('preference');
        const who = whoIs(preference.wa_id, preference.user_id);
        if (who === undefined) return ignored('nobody');
        const { value: said, timestamp } = preference;
        return {
          kind: 'preference',
          who,
          stop: said === 'stop',
          at: timestamp === undefined ? undefined : msOf(timestamp),
        };
      });
    case 'user_id_update':
      return (value.user_id_update ?? []).map((update): Update => {
        if (update === undefined) return unreadable('id update');
        const { wa_id, user_id } = update;
        const from = whoIs(undefined, user_id.previous);
        const to = whoIs(wa_id, user_id.current);
        return from === undefined || to === undefined ? ignored('nobody') : { kind: 'moved', from, to };
      });
    default:
      return [{ kind: 'account', ...accountNews(field, value) }];
  }
}

function messageUpdate(
  message: InboundMessage | undefined,
  contact: { wa_id?: string | undefined; user_id?: string | undefined } | undefined,
): Update {
  if (message === undefined) return unreadable('message');
  const who = whoIs(message.from || contact?.wa_id, message.from_user_id || contact?.user_id);
  if (who === undefined) return ignored('nobody');
  // What is said in a group is for the group's eyes, and a balance is not.
  if (message.group_id !== undefined) return ignored('group');
  if (message.type === 'system') return movedUpdate(message, who);
  const said = saidIn(message);
  if (said === undefined) return ignored(message.type);
  return { kind: 'said', who, id: message.id, at: msOf(message.timestamp), said };
}

function msOf(seconds: string | number): number {
  return Number(seconds) * 1000;
}

/** What a message says. `undefined` asks for no answer; what we cannot read is an empty text, which gets the choices. */
function saidIn(message: InboundMessage): Said | undefined {
  switch (message.type) {
    case 'text':
      return { kind: 'text', text: message.text?.body ?? '' };
    case 'interactive': {
      const token = message.interactive?.button_reply?.id ?? message.interactive?.list_reply?.id;
      return token === undefined ? { kind: 'text', text: '' } : press(token);
    }
    case 'button': {
      const { payload, text = '' } = message.button ?? {};
      // A template made elsewhere has no payload of ours: Meta repeats the label.
      return payload === undefined || payload === text ? { kind: 'text', text } : press(payload);
    }
    case 'contacts':
      return { kind: 'text', text: message.contacts?.[0]?.phones?.[0]?.phone ?? '' };
    case 'request_welcome':
      return { kind: 'hello' };
    case 'reaction':
    case 'edit':
    case 'revoke':
      return undefined;
    default:
      return { kind: 'text', text: (message.image ?? message.video ?? message.document)?.caption ?? '' };
  }
}

const LONGEST_TOKEN = 300;

function press(token: string): Said {
  return token.length > LONGEST_TOKEN ? { kind: 'text', text: '' } : { kind: 'press', token };
}

function movedUpdate({ system }: InboundMessage, from: Who): Update {
  const to = whoIs(system?.wa_id ?? system?.new_wa_id, system?.user_id);
  const moved = system?.type === 'user_changed_number' || system?.type === 'user_changed_user_id';
  return moved && to !== undefined ? { kind: 'moved', from, to } : ignored('system');
}

const STATES = { sent: 'sent', delivered: 'delivered', read: 'read', played: 'read', failed: 'failed' } as const;

function statusUpdate(told: InboundStatus | undefined): Update {
  if (told === undefined) return unreadable('status');
  const { id, status, recipient_id, recipient_user_id, biz_opaque_callback_data: outgoing, errors } = told;
  const state = Object.hasOwn(STATES, status) ? STATES[status as keyof typeof STATES] : undefined;
  if (state === undefined) return ignored('status');
  const who = whoIs(recipient_id, recipient_user_id);
  const error = errors?.[0];
  return {
    kind: 'status',
    id,
    who,
    state,
    ...(outgoing !== undefined && { outgoing }),
    ...(error !== undefined && { error: { code: error.code, details: error.error_data?.details ?? '' } }),
  };
}

const NUMBER = /^\+?(\d{5,20})$/;
/** `US.1349…`, or `US.ENT.1181…` for a portfolio of portfolios. */
const BSUID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;

/** `undefined` when neither id is one we could answer to. */
export function whoIs(number: string | undefined, bsuid: string | undefined): Who | undefined {
  const digits = NUMBER.exec(number ?? '')?.[1];
  const id = BSUID.test(bsuid ?? '') ? bsuid : undefined;
  if (digits === undefined && id === undefined) return undefined;
  return { ...(digits !== undefined && { number: digits }), ...(id !== undefined && { bsuid: id }) };
}

function ignored(why: string): Update {
  return { kind: 'ignored', why };
}

function unreadable(what: Extract<Update, { kind: 'unreadable' }>['what']): Update {
  return { kind: 'unreadable', what };
}
