import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { render as renderSlack } from '../adapters/slack/render.js';
import { render as renderTeams } from '../adapters/teams/render.js';
import { LIMITS } from '../adapters/web/render.js';
import { render as renderWhatsApp } from '../adapters/whatsapp/render.js';
import { shownBefore, type Translators } from './i18n/index.js';
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
  /** For a channel that has nothing but text. */
  readonly text: string;
}

/**
 * `POST /console/preview`: a message the trial page holds, drawn by the channels' own render functions, so that what is
 * reviewed on the page is what would be sent. Nothing is stored and nothing is sent. Mounted with the console only.
 */
export const previewRoutes: FastifyPluginAsync<{ readonly translators: Translators }> = async (
  http,
  { translators },
) => {
  http.post('/console/preview', async (request, reply) => {
    mustBeOurPage(request);
    reply.header('cache-control', 'no-store');
    return previewsOf(messageIn(request.body), translators);
  });
};

function previewsOf(message: Message, translators: Translators): Previews {
  const { t } = translators.for(message.language, undefined);
  const words = { choose: t('channel.choose'), offers: t('channel.offers'), more: t('channel.more') };
  return {
    slack: renderSlack(message, { id: 'preview', place: '' }),
    teams: JSON.parse(renderTeams(message, {})),
    whatsapp: renderWhatsApp(message, words) ?? null,
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
    notice: z.object({ name, values: z.array(words).max(LIMITS.facts) }).exactOptional(),
  }),
});

/** @throws HttpProblem 400 naming the field. */
function messageIn(bytes: unknown): Message {
  const parsed = body.safeParse(readJson(bytes));
  if (parsed.success) return parsed.data.message;
  const field = parsed.error.issues[0]?.path.join('.') || 'body';
  throw new HttpProblem(400, 'BAD_REQUEST', `This is not a message: ${field}.`, { field });
}

function readJson(bytes: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(bytes) ? bytes.toString('utf8') : '');
  } catch (cause) {
    throw new HttpProblem(400, 'BAD_JSON', 'The body is not JSON.', {}, { cause });
  }
}

/**
 * Only JSON, which another site's page cannot send without asking, and only from our own page, as far as the browser says
 * where a request comes from (Fetch Metadata, else `Origin`).
 */
function mustBeOurPage({ headers }: FastifyRequest): void {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? ''))
    throw new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send application/json.');
  const { origin, host, 'sec-fetch-site': site } = headers;
  const ours =
    site !== undefined ? site === 'same-origin' : origin === undefined || origin.replace(/^https?:\/\//, '') === host;
  if (!ours) throw new HttpProblem(403, 'OTHER_ORIGIN', 'Only the console asks for previews.');
}
