import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { clip } from '../../bot/message/clip.js';
import type { Notice } from '../../bot/message/message.js';
import { packageRoot } from '../../bot/paths.js';
import { TemplateInvalid } from './errors.js';
import { literal, oneLine } from './text.js';

/** The languages with a file in `templates/`, the one that every template is sure to exist in first. */
export const TEMPLATE_LANGUAGES = ['en', 'es', 'ur'] as const;

const button = z.strictObject({
  type: z.literal('QUICK_REPLY'),
  text: z.string(),
  /** What comes back when it is pressed: a flow's intent. It goes along with every message, not with the template. */
  payload: z.string().regex(/^[a-z][a-z.-]{0,49}$/),
});

const template = z.strictObject({
  name: z.string(),
  language: z.enum(TEMPLATE_LANGUAGES),
  category: z.enum(['UTILITY', 'MARKETING']),
  /** After this long an undelivered message is dropped; Meta's 30 days when left out. */
  message_send_ttl_seconds: z.int().min(30).max(43_200).optional(),
  components: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('BODY'),
        text: z.string(),
        example: z.strictObject({ body_text: z.tuple([z.array(z.string())]) }).optional(),
      }),
      z.strictObject({ type: z.literal('FOOTER'), text: z.string() }),
      z.strictObject({ type: z.literal('BUTTONS'), buttons: z.array(button) }),
    ]),
  ),
});

/** A template as its file has it: what the Graph API is given to create it, and the payloads of its buttons. */
export type Template = z.infer<typeof template>;

/** @throws TemplateInvalid naming the file and the field. */
export function readTemplates(folder = join(packageRoot(), 'adapters/whatsapp/templates')): readonly Template[] {
  return TEMPLATE_LANGUAGES.flatMap((language) => {
    const file = `${language}.json`;
    const parsed = z.array(template).safeParse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new TemplateInvalid(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
  });
}

export function bodyOf({ components }: Template): string {
  return components.find((component) => component.type === 'BODY')?.text ?? '';
}

/** `{{1}}`, `{{2}}` … in their order of appearance. */
export function variablesOf(text: string): number[] {
  return [...text.matchAll(/\{\{(\d+)\}\}/g)].map(([, number]) => Number(number));
}

/** The message object of a template message, as the Cloud API takes it. */
export interface TemplateContent {
  readonly type: 'template';
  readonly template: {
    readonly name: string;
    readonly language: { readonly code: string };
    readonly components: readonly object[];
  };
}

/**
 * The template messages that say a notice, best language first: the message's own, then every other, English before the rest.
 * Empty when no template has that name, or the notice has fewer values than the template has variables.
 */
export function templatesFor(all: readonly Template[], notice: Notice, language: string): TemplateContent[] {
  return fitting(all, notice, language).map((candidate) => filled(candidate, notice.values));
}

function fitting(all: readonly Template[], { name, values }: Notice, language: string): Template[] {
  const wanted = language.toLowerCase().split('-')[0];
  const order = [wanted, ...TEMPLATE_LANGUAGES];
  return all
    .filter((candidate) => candidate.name === name && variablesOf(bodyOf(candidate)).length <= values.length)
    .toSorted((a, b) => order.indexOf(a.language) - order.indexOf(b.language));
}

/** A template message as its user sees it. */
export interface ShownTemplate {
  readonly name: string;
  readonly language: string;
  readonly body: string;
  readonly footer?: string;
  readonly buttons: readonly { readonly text: string; readonly payload: string }[];
}

/** What WhatsApp makes of a notice with the template that is tried first; `undefined` when there is none for it. */
export function shownTemplate(all: readonly Template[], notice: Notice, language: string): ShownTemplate | undefined {
  const [template] = fitting(all, notice, language);
  if (template === undefined) return undefined;
  const footer = template.components.find((component) => component.type === 'FOOTER')?.text;
  return {
    name: template.name,
    language: template.language,
    body: bodyOf(template).replace(/\{\{(\d+)\}\}/g, (_hole, number: string) =>
      valueFor(notice.values, Number(number)),
    ),
    ...(footer !== undefined && { footer }),
    buttons: buttonsOf(template).map(({ text, payload }) => ({ text, payload })),
  };
}

/** A body may grow to 1,024 characters with its values; ours are a few words around at most two of them. */
export const LONGEST_VALUE = 200;

function filled(template: Template, values: readonly string[]): TemplateContent {
  const parameters = variablesOf(bodyOf(template)).map((number) => ({
    type: 'text',
    text: valueFor(values, number),
  }));
  return {
    type: 'template',
    template: {
      name: template.name,
      language: { code: template.language },
      components: [
        ...(parameters.length > 0 ? [{ type: 'body', parameters }] : []),
        ...buttonsOf(template).map(({ payload }, index) => ({
          type: 'button',
          sub_type: 'quick_reply',
          index: String(index),
          parameters: [{ type: 'payload', payload }],
        })),
      ],
    },
  };
}

/** What stands for `{{number}}`. Empty values and line breaks are refused. */
function valueFor(values: readonly string[], number: number): string {
  return literal(clip(oneLine(values[number - 1] ?? ''), LONGEST_VALUE)) || '–';
}

function buttonsOf({ components }: Template): z.infer<typeof button>[] {
  return components.flatMap((component) => (component.type === 'BUTTONS' ? component.buttons : []));
}
