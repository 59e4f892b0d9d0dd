import { isDeepStrictEqual } from 'node:util';
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { render as renderSlack } from '../adapters/slack/render.js';
import { render as renderTeams } from '../adapters/teams/render.js';
import { LIMITS } from '../adapters/web/render.js';
import { render as renderWhatsApp } from '../adapters/whatsapp/render.js';
import { readTemplates, type ShownTemplate, shownTemplate, type Template } from '../adapters/whatsapp/templates.js';
import { shownBefore, type Translators } from './i18n/index.js';
import { readJsonBody } from './json.js';
import type { Message } from './message/message.js';
import { toText } from './message/text.js';
import { HttpProblem } from './problem.js';

/** A message as each channel would send it. */
export interface Previews {
  /** What `chat.postMessage` takes: `text` and `blocks`. */
  readonly slack: unknown;
  /** A Bot Framework activity, with an Adaptive Card or plain text. */
  readonly teams: unknown;
  /** The part of a Cloud API message that says what it is; `null` when there is nothing to say. */
  readonly whatsapp: unknown;
  /** The same for whoever hides their number and is asked for it; `null` where that makes no difference. */
  readonly hidden: unknown;
  /** What WhatsApp shows when the user last wrote more than 24 hours ago; `null` when nothing can be sent then. */
  readonly notice: ShownTemplate | null;
  /** For a channel that has nothing but text. */
  readonly text: string;
}

/**
 * `POST /console/preview`: a message the trial page holds, drawn by the channels' own render functions, so that what is
 * reviewed on the page is what would be sent. Nothing is stored and nothing is sent. Mounted with the console only, behind
 * its guard.
 */
export const previewRoutes: FastifyPluginAsync<{ readonly translators: Translators }> = async (
  http,
  { translators },
) => {
  const templates = readTemplates();
  http.post('/console/preview', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return previewsOf(messageIn(request.body), translators, templates);
  });
};

function previewsOf(message: Message, translators: Translators, templates: readonly Template[]): Previews {
  const { t } = translators.for(message.language, undefined);
  const words = { choose: t('channel.choose'), offers: t('channel.offers'), more: t('channel.more') };
  const whatsapp = renderWhatsApp(message, words) ?? null;
  const hidden = renderWhatsApp(message, words, { knowsNumber: false }) ?? null;
  return {
    slack: renderSlack(message, { id: 'preview', place: '' }),
    teams: JSON.parse(renderTeams(message, {})),
    whatsapp,
    hidden: isDeepStrictEqual(hidden, whatsapp) ? null : hidden,
    notice: (message.notice && shownTemplate(templates, message.notice, message.language)) ?? null,
    text: toText(message),
  };
}

/** The page shows what it was sent: any text is words for it. */
const words = z.string().transform(shownBefore);
const name = z.string().max(200);
const facts = z.array(z.object({ label: words, value: words })).max(LIMITS.facts);

const offer = z.object({
  title: words,
  price: words,
  description: words.exactOptional(),
  facts,
  badge: words.exactOptional(),
  action: z.int().exactOptional(),
});

const block = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heading'), text: words }),
  z.object({
    type: z.literal('text'),
    text: words,
    tone: z.enum(['hint', 'warning', 'success']).exactOptional(),
  }),
  z.object({ type: z.literal('facts'), facts }),
  z.object({
    type: z.literal('gauge'),
    label: words,
    share: z.number(),
    level: z.enum(['unlimited', 'good', 'low', 'empty']),
    caption: words,
  }),
  z.object({ type: z.literal('offers'), offers: z.array(offer).max(LIMITS.offers) }),
  z.object({ type: z.literal('image'), url: z.string(), alt: words }),
  z.object({ type: z.literal('link'), url: z.string(), label: words }),
]);

const form = z.object({
  token: name,
  title: words,
  open: words,
  submit: words,
  fields: z.array(z.object({ name, kind: z.enum(['text', 'phone']), label: words })).max(LIMITS.facts),
});

/** As large as the web channel makes a message, and no larger: what does not fit is shortened step by step. */
const body = z.object({
  message: z.object({
    language: z.string().max(35),
    direction: z.enum(['ltr', 'rtl']),
    blocks: z.array(block).max(LIMITS.blocks),
    actions: z
      .array(z.object({ token: name, label: words, style: z.enum(['default', 'primary', 'danger']) }))
      .max(LIMITS.actions),
    form: form.exactOptional(),
    asksNumber: z.literal(true).exactOptional(),
    notice: z.object({ name, values: z.array(words).max(LIMITS.facts) }).exactOptional(),
  }),
});

/** @throws HttpProblem 400 naming the field. */
function messageIn(bytes: unknown): Message {
  const parsed = body.safeParse(readJsonBody(bytes));
  if (parsed.success) return parsed.data.message;
  const field = parsed.error.issues[0]?.path.join('.') || 'body';
  throw new HttpProblem(400, 'BAD_REQUEST', `This is not a message: ${field}.`, { field });
}
