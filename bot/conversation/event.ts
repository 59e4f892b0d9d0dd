import { z } from 'zod';

/** Who is talking, and where an answer goes. One conversation is one user in one place. */
export const origin = z.object({
  channel: z.string().min(1).max(20),
  /** Slack team, Teams tenant, WhatsApp business number; empty where a channel has none. */
  workspace: z.string().max(200),
  /** The channel's own id of the user. */
  user: z.string().min(1).max(200),
  /** E.164 without `+`: the number the platform itself vouches for, in what it signed. */
  phone: z.string().max(20).optional(),
  /** The platform's own id of somebody whose `user` is another name of theirs: WhatsApp's business-scoped id beside a number. */
  alias: z.string().max(200).optional(),
  /** What the channel needs to answer here; opaque to everyone else. */
  address: z.string().max(2000),
  /** Others read what is written here; answers are for this user's eyes only all the same. */
  shared: z.boolean().optional(),
  /** BCP 47 and IANA hints, where the channel has them. */
  locale: z.string().max(35).optional(),
  timezone: z.string().max(64).optional(),
});

/** WhatsApp's ids are the longest: they hold its user's id once more, in base64. */
export const LONGEST_EVENT_ID = 500;

const head = {
  /** The channel's own event id, unique within the conversation: what redeliveries are recognised by. */
  id: z.string().min(1).max(LONGEST_EVENT_ID),
  /** Epoch milliseconds at which it was received. */
  at: z.number().int().nonnegative(),
  /** Epoch milliseconds at which it was said or done, where the platform tells: it may be redelivered hours later. */
  saidAt: z.number().int().nonnegative().optional(),
  /** `conversationIdOf(from)`. */
  conversationId: z.string().min(1).max(100),
  /** Was given up, which its user was told, and is tried again because an operator said so: it buys nothing any more. */
  replayed: z.literal(true).optional(),
};

/** One entry of a mailbox: something a person did, or something owed to them. */
export const inboundEvent = z.discriminatedUnion('kind', [
  z.object({ ...head, kind: z.literal('text'), from: origin, text: z.string() }),
  z.object({ ...head, kind: z.literal('press'), from: origin, token: z.string().max(300) }),
  /** A filled-in form: what was typed, by field name. */
  z.object({
    ...head,
    kind: z.literal('form'),
    from: origin,
    token: z.string().max(300),
    values: z.record(z.string().max(50), z.string().max(500)),
  }),
  /** The user opened the conversation without a word. */
  z.object({ ...head, kind: z.literal('hello'), from: origin }),
  /** Something Refill owes this conversation: `name` is a flow's intent, `ref` a ledger id. */
  z.object({ ...head, kind: z.literal('system'), name: z.string().max(50), ref: z.string().max(100) }),
]);

export type Origin = z.infer<typeof origin>;
export type InboundEvent = z.infer<typeof inboundEvent>;
