import { z } from 'zod';
import type { DeliveryReport } from '../../../bot/channel.js';

/** What a person said, and in which chat. */
export interface Said {
  /** WhatsApp's id of the message without the chat's, which is a phone number. */
  readonly id: string;
  /** Where an answer goes: `60123456789@c.us`, or `13491208655302@lid` when WhatsApp hides the number. */
  readonly chat: string;
  readonly text: string;
  /** Epoch milliseconds, by WhatsApp's clock. */
  readonly at: number;
}

/** What of the library's `Message` is looked at. */
const message = z.object({
  id: z.object({ id: z.string().min(1).max(200), fromMe: z.boolean() }),
  from: z.string().max(200),
  type: z.string(),
  body: z.string().catch(''),
  hasMedia: z.boolean().catch(false),
  vCards: z.array(z.string()).catch([]),
  timestamp: z.number().nonnegative(),
  isStatus: z.boolean().catch(false),
  broadcast: z.boolean().optional().catch(false),
});

/** A person, not a group, a broadcast list, a status or a newsletter. */
const PERSON = /^\d{1,30}@(c\.us|lid)$/;
const SAYS_TEXT = new Set(['chat', 'list_response', 'buttons_response', 'template_button_reply']);
const HAS_CAPTION = new Set(['image', 'video', 'document']);
const HAS_CONTACTS = new Set(['vcard', 'multi_vcard']);
/** A person sent it, and we cannot read it. All other types are WhatsApp's own notices. */
const UNREADABLE = new Set(['audio', 'ptt', 'sticker', 'location', 'album', 'order', 'product', 'poll_creation']);

/**
 * What a message of the library says. `undefined` when it asks for no answer: not from a person, or nothing a person wrote.
 * What a person sent and we cannot read is an empty text, which gets the choices.
 */
export function saidIn(raw: unknown): Said | undefined {
  const parsed = message.safeParse(raw);
  if (!parsed.success) return undefined;
  const { id, from, timestamp, isStatus, broadcast } = parsed.data;
  if (id.fromMe || isStatus || broadcast === true || !PERSON.test(from)) return undefined;
  const text = textOf(parsed.data);
  return text === undefined ? undefined : { id: id.id, chat: from, text, at: Math.floor(timestamp * 1000) };
}

function textOf({ type, body, hasMedia, vCards }: z.infer<typeof message>): string | undefined {
  if (SAYS_TEXT.has(type)) return body;
  // Without media the body is a thumbnail in Base 64.
  if (HAS_CAPTION.has(type)) return hasMedia ? body : '';
  if (HAS_CONTACTS.has(type)) return phoneIn(vCards[0] ?? '');
  return UNREADABLE.has(type) ? '' : undefined;
}

/** WhatsApp's cards have a few lines; a picture may come after the number. In characters. */
const LONGEST_VCARD = 4_096;

/** The first number of a vCard (RFC 6350; `waid` is WhatsApp's own parameter). A stranger wrote it: its length is all that costs time. */
function phoneIn(vCard: string): string {
  for (const line of vCard.slice(0, LONGEST_VCARD).split(/[\r\n]+/)) {
    const colon = line.indexOf(':');
    const [name = '', ...parameters] = line.slice(0, Math.max(colon, 0)).toUpperCase().split(';');
    if (name !== 'TEL' && !name.endsWith('.TEL')) continue;
    const id = parameters.find((parameter) => /^WAID=\d{1,20}$/.test(parameter));
    return (id?.slice('WAID='.length) ?? line.slice(colon + 1)).trim().slice(0, 50);
  }
  return '';
}

/** The digits of an address that is a phone number. */
export function numberOf(chat: string): string | undefined {
  return /^(\d{5,20})@c\.us$/.exec(chat)?.[1];
}

/** The library's `MessageAck`; what it does not name is "not yet". */
const ACKS: Readonly<Record<number, DeliveryReport['state']>> = {
  [-1]: 'failed',
  1: 'sent',
  2: 'delivered',
  3: 'read',
  4: 'read',
};

const outbound = z.object({
  id: z.object({ fromMe: z.literal(true), id: z.string().max(200).optional() }),
  to: z.string().regex(PERSON),
});

/** What became of a message we sent to a person, and WhatsApp's id of it. */
export function deliveryOf(
  raw: unknown,
  ack: unknown,
): { readonly state: DeliveryReport['state']; readonly messageId: string | undefined } | undefined {
  const { data } = outbound.safeParse(raw);
  const state = ACKS[Number(ack)];
  return data === undefined || state === undefined ? undefined : { state, messageId: data.id.id };
}

/** WhatsApp's id of a message the library says it sent. */
export function messageIdOf(sent: unknown): string | undefined {
  return z.object({ id: z.object({ id: z.string().max(200) }) }).safeParse(sent).data?.id.id;
}
