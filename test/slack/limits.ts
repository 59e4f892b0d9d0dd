import { z } from 'zod';

/**
 * Block Kit as Slack checks it: every property known, every length within CHANNELS.md's table. Strict, so that a misspelt
 * property is found here and not in a workspace.
 */
const text = (max: number) => z.string().min(1).max(max);

const plain = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: text(max), emoji: z.boolean().optional() });

const mrkdwn = (max: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: text(max).superRefine(refuseControls),
    verbatim: z.boolean().optional(),
  });

const either = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)]);

/** In mrkdwn every `<` starts a control sequence and every `&` an entity: we never mean one. */
function refuseControls(markup: string, context: z.RefinementCtx): void {
  if (/[<>]|&(?!amp;|lt;|gt;)/.test(markup)) context.addIssue({ code: 'custom', message: 'a control sequence' });
}

const httpUrl = z.url({ protocol: /^https?$/ }).max(3000);

const button = z.strictObject({
  type: z.literal('button'),
  action_id: text(255),
  text: plain(75),
  value: text(2000).optional(),
  url: httpUrl.optional(),
  style: z.enum(['primary', 'danger']).optional(),
});

const blockId = { block_id: text(255).optional() };

const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plain(150), ...blockId }),
  z
    .strictObject({
      type: z.literal('section'),
      text: either(3000).optional(),
      fields: z.array(either(2000)).min(1).max(10).optional(),
      accessory: button.optional(),
      ...blockId,
    })
    .refine((section) => section.text !== undefined || section.fields !== undefined, 'a section without words'),
  z.strictObject({ type: z.literal('context'), elements: z.array(either(2000)).min(1).max(10), ...blockId }),
  z
    .strictObject({ type: z.literal('actions'), elements: z.array(button).min(1).max(25), ...blockId })
    .refine(({ elements }) => isUnique(elements.map((element) => element.action_id)), 'an action_id twice in a block'),
  z.strictObject({ type: z.literal('image'), image_url: httpUrl, alt_text: text(2000), ...blockId }),
]);

const blocks = (max: number) =>
  z
    .array(block)
    .max(max)
    .refine((list) => isUnique(list.flatMap((one) => one.block_id ?? [])), 'a block_id twice in a message');

const input = z.strictObject({
  type: z.literal('input'),
  block_id: text(255),
  label: plain(2000),
  element: z.strictObject({
    type: z.literal('plain_text_input'),
    action_id: text(255),
    max_length: z.int().min(1).max(3000),
  }),
});

const words = { text: z.string().min(1).max(4000).superRefine(refuseControls), blocks: blocks(50).optional() };
const unlinked = { parse: z.literal('none'), link_names: z.literal(false) };
const posted = {
  mrkdwn: z.literal(false),
  ...unlinked,
  unfurl_links: z.literal(false),
  unfurl_media: z.literal(false),
  client_msg_id: z.uuid(),
};

/** What each method takes from us. */
export const METHODS = {
  'chat.postMessage': z.strictObject({ channel: text(50), thread_ts: text(50).optional(), ...words, ...posted }),
  'chat.update': z.strictObject({ channel: text(50), ts: text(50), ...words, ...unlinked }),
  'chat.postEphemeral': z.strictObject({
    channel: text(50),
    user: text(50),
    thread_ts: text(50).optional(),
    ...words,
    ...unlinked,
  }),
  'views.publish': z.strictObject({
    user_id: text(50),
    view: z.strictObject({ type: z.literal('home'), blocks: blocks(100) }),
  }),
  'views.open': z.strictObject({
    trigger_id: text(100),
    view: z.strictObject({
      type: z.literal('modal'),
      callback_id: text(255),
      title: plain(24),
      submit: plain(24),
      private_metadata: text(3000),
      blocks: z.array(input).min(1).max(100),
    }),
  }),
} as const;

export type Method = keyof typeof METHODS;

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
