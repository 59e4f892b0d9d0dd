import { z } from 'zod';
import { LONGEST_EVENT_ID } from '../../bot/conversation/event.js';
import { readJsonBody } from '../../bot/json.js';
import { HttpProblem } from '../../bot/problem.js';

/**
 * The webhook as Meta documents it, as far as it is used: what is not named here is dropped, and a part in a shape we do not
 * know counts as absent, so that tomorrow's message type is answered kindly instead of refused. An update without what every
 * update needs (an id, a time) is `undefined` in its place, for the other updates of a POST are other people's. Only an envelope
 * that is none is refused: Meta would send it again for a week.
 */
const part = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const each = <T extends z.ZodType>(schema: T) => z.array(part(schema));

const text = z.string();
const caption = part(z.object({ caption: part(text) }));

/** The base64 in a `wamid` holds whom the message went to or came from: a number, or a business-scoped id of 130 letters. */
const id = z.string().min(1).max(LONGEST_EVENT_ID);

/** Seconds since 1970, as text in messages and as a number elsewhere. */
const seconds = z.union([z.string().regex(/^\d{1,12}$/, 'expected seconds since 1970'), z.int().nonnegative()]);

const message = z.object({
  id,
  timestamp: seconds,
  type: z.string().min(1),
  /** The number; missing or empty when the user hides it. */
  from: part(text),
  /** The business-scoped user id. */
  from_user_id: part(text),
  group_id: part(text),
  text: part(z.object({ body: text })),
  button: part(z.object({ payload: part(text), text: part(text) })),
  interactive: part(
    z.object({
      button_reply: part(z.object({ id: text })),
      list_reply: part(z.object({ id: text })),
    }),
  ),
  contacts: part(each(z.object({ phones: part(each(z.object({ phone: part(text) }))) }))),
  image: caption,
  video: caption,
  document: caption,
  system: part(z.object({ type: part(text), wa_id: part(text), new_wa_id: part(text), user_id: part(text) })),
});

const status = z.object({
  id,
  status: z.string().min(1),
  recipient_id: part(text),
  recipient_user_id: part(text),
  biz_opaque_callback_data: part(z.string().regex(/^[\w-]{1,64}$/)),
  errors: part(each(z.object({ code: z.coerce.number().int(), error_data: part(z.object({ details: part(text) })) }))),
});

const preference = z.object({
  wa_id: part(text),
  user_id: part(text),
  category: part(text),
  value: z.string(),
  timestamp: part(seconds),
});

const userIdUpdate = z.object({
  wa_id: part(text),
  user_id: z.object({ previous: text, current: text }),
});

const change = z.object({
  field: z.string(),
  value: z.looseObject({
    metadata: part(z.object({ phone_number_id: part(text) })),
    contacts: part(each(z.object({ wa_id: part(text), user_id: part(text) }))),
    messages: each(message).optional(),
    statuses: each(status).optional(),
    user_preferences: each(preference).optional(),
    user_id_update: z.union([each(userIdUpdate), part(userIdUpdate).transform((one) => [one])]).optional(),
  }),
});

const webhook = z.object({
  object: z.string(),
  entry: z.array(z.object({ changes: z.array(change) })),
});

export type Webhook = z.infer<typeof webhook>;
export type Change = z.infer<typeof change>;
export type InboundMessage = z.infer<typeof message>;
export type InboundStatus = z.infer<typeof status>;

/** @throws HttpProblem 400 naming the field. */
export function readWebhook(raw: Buffer): Webhook {
  const parsed = webhook.safeParse(readJsonBody(raw));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'body';
  throw new HttpProblem(400, 'BAD_REQUEST', `${field}: ${issue?.message ?? 'not valid'}`, { field });
}
