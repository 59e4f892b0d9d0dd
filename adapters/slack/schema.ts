import { z } from 'zod';

/** What Slack sends, as far as it is read (docs.slack.dev/apis/events-api and /reference/interaction-payloads). */

const id = z.string().min(1).max(100);
const words = z.string().max(50_000);
const optionalId = id.nullish();

/** Which kind of body it is; everything else is looked at after that. */
export const anyBody = z.object({ type: z.string().optional(), command: z.string().optional() });

export const challenge = z.object({ challenge: z.string().max(1000) });

export const rateLimited = z.object({ team_id: id });

export const eventCallback = z.object({
  event_id: id,
  team_id: id,
  enterprise_id: optionalId,
  /** Epoch seconds. */
  event_time: z.number().int().min(0).max(100_000_000_000).nullish(),
  authorizations: z
    .array(
      z.object({ team_id: optionalId, enterprise_id: optionalId, user_id: optionalId, is_bot: z.boolean().nullish() }),
    )
    .nullish(),
  event: z.object({ type: id }).loose(),
});

export type EventCallback = z.infer<typeof eventCallback>;

export const messageEvent = z.object({
  channel: id,
  channel_type: z.string().nullish(),
  user: optionalId,
  bot_id: optionalId,
  subtype: z.string().nullish(),
  text: words.nullish(),
  ts: optionalId,
});

export const mentionEvent = z.object({
  channel: id,
  user: optionalId,
  bot_id: optionalId,
  text: words.nullish(),
  ts: id,
  thread_ts: optionalId,
});

export const homeOpened = z.object({ user: id, tab: z.string().nullish() });

export const tokensRevoked = z.object({ tokens: z.object({ bot: z.array(z.string()).nullish() }) });

export const command = z.object({
  team_id: id,
  enterprise_id: optionalId,
  user_id: id,
  channel_id: id,
  channel_name: z.string().nullish(),
  trigger_id: id,
  text: words.nullish(),
});

/** In an app installed for a whole organisation `team` may be null. */
const interaction = {
  team: z.object({ id, enterprise_id: optionalId }).nullish(),
  enterprise: z.object({ id }).nullish(),
  user: z.object({ id, team_id: optionalId }),
};

export const blockActions = z.object({
  ...interaction,
  trigger_id: id,
  channel: z.object({ id, name: z.string().nullish() }).nullish(),
  view: z.object({ type: z.string() }).nullish(),
  actions: z
    .array(
      z.object({
        action_id: z.string().max(255),
        block_id: z.string().max(255),
        value: z.string().max(2000).nullish(),
      }),
    )
    .min(1),
});

export const viewSubmission = z.object({
  ...interaction,
  view: z.object({
    id,
    hash: z.string().max(100).nullish(),
    private_metadata: z.string().max(3000),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().nullish() }))) }),
  }),
});

export type Interaction = Pick<z.infer<typeof blockActions>, 'team' | 'enterprise' | 'user'>;
