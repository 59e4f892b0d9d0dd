import { z } from 'zod';

/**
 * A message as the Cloud API's reference documents it, with the limits of CHANNELS.md: written from those pages and not from
 * the adapter, so that it disagrees with a mistake in it. Lengths in UTF-16 units.
 */
const visible = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => text.trim() !== '', 'may not be blank')
    .refine((text) => !/\p{Cs}/u.test(text), 'holds half a character');
const line = (max: number) => visible(max).refine((text) => !/[\r\n]/.test(text), 'holds a line break');
const id = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\x20-\x7e]+$/);
const webUrl = z.string().regex(/^https?:\/\/\S+$/);

const header = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: line(60) }),
  z.strictObject({ type: z.literal('image'), image: z.strictObject({ link: webUrl }) }),
]);
const textHeader = z.strictObject({ type: z.literal('text'), text: line(60) });
const footer = z.strictObject({ text: line(60) });
const body = (max: number) => z.strictObject({ text: visible(max) });

const distinct = (values: readonly string[]) => new Set(values).size === values.length;

const button = z.strictObject({
  type: z.literal('button'),
  header: header.optional(),
  body: body(1024),
  footer: footer.optional(),
  action: z.strictObject({
    buttons: z
      .array(z.strictObject({ type: z.literal('reply'), reply: z.strictObject({ id: id(256), title: line(20) }) }))
      .min(1)
      .max(3)
      .refine((buttons) => distinct(buttons.map(({ reply }) => reply.title)), 'titles repeat')
      .refine((buttons) => distinct(buttons.map(({ reply }) => reply.id)), 'ids repeat'),
  }),
});

const section = z.strictObject({
  title: line(24).optional(),
  rows: z.array(z.strictObject({ id: id(200), title: line(24), description: line(72).optional() })).min(1),
});

const list = z.strictObject({
  type: z.literal('list'),
  header: textHeader.optional(),
  body: body(4096),
  footer: footer.optional(),
  action: z.strictObject({
    button: line(20),
    sections: z
      .array(section)
      .min(1)
      .max(10)
      .refine((sections) => sections.length === 1 || sections.every(({ title }) => title !== undefined), 'untitled')
      .refine((sections) => sections.flatMap(({ rows }) => rows).length <= 10, 'more than 10 rows')
      .refine((sections) => distinct(sections.flatMap(({ rows }) => rows.map((row) => row.id))), 'ids repeat'),
  }),
});

const ctaUrl = z.strictObject({
  type: z.literal('cta_url'),
  header: header.optional(),
  body: body(1024),
  footer: footer.optional(),
  action: z.strictObject({
    name: z.literal('cta_url'),
    parameters: z.strictObject({ display_text: line(20), url: webUrl }),
  }),
});

const contactRequest = z.strictObject({
  type: z.literal('request_contact_info'),
  body: body(1024),
  action: z.strictObject({ name: z.literal('request_contact_info') }),
});

/** An authentication template: 15 characters at most, and the same code on the button that copies it. */
const code = z.tuple([z.strictObject({ type: z.literal('text'), text: z.string().regex(/^\d{4,15}$/) })]);
const codeTemplate = z.strictObject({
  name: z.literal('link_code'),
  language: z.strictObject({ code: z.enum(['en', 'es', 'ur']) }),
  components: z
    .tuple([
      z.strictObject({ type: z.literal('body'), parameters: code }),
      z.strictObject({
        type: z.literal('button'),
        sub_type: z.literal('url'),
        index: z.literal('0'),
        parameters: code,
      }),
    ])
    .refine(([text, button]) => text.parameters[0].text === button.parameters[0].text, 'two codes'),
});

const template = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language: z.strictObject({ code: z.enum(['en', 'es', 'ur']) }),
  components: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('body'),
        parameters: z
          .array(z.strictObject({ type: z.literal('text'), text: line(1024).refine((text) => !/\t| {5}/.test(text)) }))
          .min(1),
      }),
      z.strictObject({
        type: z.literal('button'),
        sub_type: z.literal('quick_reply'),
        index: z.string().regex(/^\d$/),
        parameters: z.tuple([z.strictObject({ type: z.literal('payload'), payload: id(128) })]),
      }),
    ]),
  ),
});

const contents = {
  text: z.strictObject({ body: visible(4096), preview_url: z.boolean().optional() }),
  image: z.strictObject({ link: webUrl, caption: visible(1024).optional() }),
  interactive: z.discriminatedUnion('type', [button, list, ctaUrl, contactRequest]),
  template: z.union([codeTemplate, template]),
};

const envelope = {
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.literal('individual'),
  to: z
    .string()
    .regex(/^\d{5,20}$/)
    .optional(),
  recipient: z
    .string()
    .regex(/^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/)
    .optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
};

const kinds = Object.entries(contents).map(([type, schema]) =>
  z.strictObject({ ...envelope, type: z.literal(type), [type]: schema }),
);

const read = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  status: z.literal('read'),
  message_id: z.string().min(1),
  typing_indicator: z.strictObject({ type: z.literal('text') }).optional(),
});

/** What is wrong with a part that says what a message is; empty when nothing is. */
export function contentProblems(content: { readonly type: string }): string[] {
  const schema = kinds.find((kind) => kind.shape.type.value === content.type);
  if (schema === undefined) return [`type: ${content.type}`];
  return problems(schema, {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: '15550001111',
    ...content,
  });
}

/** What is wrong with a whole request body. */
export function requestProblems(request: Record<string, unknown>): string[] {
  if (request['status'] !== undefined) return problems(read, request);
  const schema = kinds.find((kind) => kind.shape.type.value === request['type']);
  if (schema === undefined) return [`type: ${String(request['type'])}`];
  const named = [request['to'], request['recipient']].filter((id) => id !== undefined).length;
  return [...problems(schema, request), ...(named === 1 ? [] : ['to or recipient: exactly one'])];
}

function problems(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}
