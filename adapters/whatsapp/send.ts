import { z } from 'zod';
import { ChannelAwaitsUser, ChannelRefused, ChannelUnreachable, type Outgoing } from '../../bot/channel.js';
import type { Logger } from '../../bot/log.js';
import { type AgainParts, createAgain } from './again.js';
import { CODE_NOTICE, codeContents } from './code-template.js';
import { type ConsequencesParts, createConsequences, holdOf, notKnown } from './consequences.js';
import { GraphRefused, GraphSilent, type Reaction, reactionTo } from './errors.js';
import type { Answer, Graph } from './graph.js';
import { type Content, render, type Words } from './render.js';
import { type Template, type TemplateContent, templatesFor } from './templates.js';
import { WINDOW_MS } from './window.js';

/** Where an answer goes: a number where one is known, else a business-scoped id. */
export type Address = { readonly to: string } | { readonly recipient: string };

const address = z.union([z.strictObject({ to: z.string().min(1) }), z.strictObject({ recipient: z.string().min(1) })]);

export interface SenderParts extends ConsequencesParts, Omit<AgainParts, 'send'> {
  readonly graph: Graph;
  readonly templates: readonly Template[];
  readonly words: (language: string) => Words;
  readonly log: Pick<Logger, 'warn'>;
}

/** What a status says of a message that did not arrive. */
export interface Failure {
  readonly code: number;
  readonly details: string;
  /** WhatsApp's own id of it. */
  readonly messageId: string;
  /** `Outgoing.id`, where it was given along. */
  readonly id?: string | undefined;
}

/** Sends messages, and acts on what the platform says about them, at once or in a `failed` status later. */
export interface Sender {
  /** @throws ChannelRefused, ChannelUnreachable or ChannelBusy */
  send(outgoing: Outgoing): Promise<void>;
  /**
   * Acts on a code that came with a status. True when whoever owes the message may send it again, as a template, to a rested
   * number or simply later; the last reply to a user, which nobody owes, is sent again from here.
   */
  failed(conversationId: string | undefined, failure: Failure): Promise<boolean>;
  /** Forgets what might be sent again. */
  close(): void;
}

/** Free-form while the window is open, a template otherwise; which of the alternatives is being tried. */
type Plan = { readonly kind: 'free'; readonly media: boolean } | { readonly kind: 'template'; readonly choice: number };

/** More alternatives than any message has. */
const MAX_ATTEMPTS = 8;

export function createSender(parts: SenderParts): Sender {
  const { graph, window, now, log } = parts;
  const consequences = createConsequences(parts);

  async function planFor({ conversationId, message }: Outgoing): Promise<Plan> {
    // A code has a template of its own kind, with a button that copies it, whether the window is open or not.
    if (message.notice?.name === CODE_NOTICE) return { kind: 'template', choice: 0 };
    // What can go out as a template is news that comes by itself: worth a look whether Meta has said that the window is closed.
    const last = await window.lastInbound(conversationId, message.notice !== undefined).catch(notKnown);
    const open = last !== undefined && now() - last < WINDOW_MS;
    return open ? { kind: 'free', media: true } : { kind: 'template', choice: 0 };
  }

  /** One attempt. `undefined`: the message is out, or may be. */
  async function attempt(body: object): Promise<Extract<Answer, { ok: false }> | undefined> {
    try {
      const answer = await graph.post(body);
      return answer.ok ? undefined : answer;
    } catch (error) {
      if (!(error instanceof GraphSilent)) throw error;
      // WhatsApp has no idempotency key: a message that may have been taken is not sent (and billed) again (RFC 9110, 9.2.2).
      // No connection, or one that was closed while nothing was on it, took nothing for sure.
      if (error.sent) return void log.warn({ err: error }, 'WhatsApp did not say whether it took a message');
      throw new ChannelUnreachable('WhatsApp could not be reached', { cause: error });
    }
  }

  const sender: Sender = {
    async send(outgoing) {
      const { conversationId } = outgoing;
      const to = addressOf(outgoing.address);
      let plan = await planFor(outgoing);
      for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
        plan = await passingHeld(plan, outgoing, parts);
        const content = contentOf(plan, outgoing, parts, 'to' in to);
        if (content === undefined) return;
        await consequences.mayI(outgoing, plan.kind);
        const sentAt = now();
        const refusal = await attempt({
          messaging_product: 'whatsapp',
          recipient_type: 'individual',
          ...to,
          ...content,
          biz_opaque_callback_data: outgoing.id,
        });
        if (refusal === undefined) {
          again.took(outgoing);
          return consequences.took(conversationId, sentAt);
        }
        const { code, details, status, retryAfterMs } = refusal;
        const reaction = reactionTo(code, details, status);
        await consequences.apply(reaction, { code, conversationId, sentAt, retryAfterMs });
        if (reaction.do === 'other-template' && content.type === 'template') await consequences.rest(content);
        const next = nextPlan(plan, reaction);
        if (next === undefined)
          throw new ChannelRefused('WhatsApp refused the message', { cause: new GraphRefused(code) });
        plan = next;
      }
      throw new ChannelUnreachable('WhatsApp took none of the attempts');
    },

    async failed(conversationId, { code, details, messageId, id }) {
      const reaction = reactionTo(code, details);
      try {
        await consequences.apply(reaction, { code, conversationId });
      } catch (error) {
        // "Later" and "no" are for a message that is at hand; this one is gone.
        if (!(error instanceof ChannelRefused) && !(error instanceof ChannelUnreachable)) throw error;
      }
      if (conversationId !== undefined && id !== undefined && (reaction.do === 'retry' || reaction.do === 'wait'))
        await again.failed(conversationId, id, messageId);
      return MENDED_BY_ANOTHER_TRY.has(reaction.do);
    },

    close: () => again.close(),
  };
  const again = createAgain({ ...parts, send: sender.send });
  return sender;
}

function addressOf(text: string): Address {
  try {
    return address.parse(JSON.parse(text));
  } catch {
    throw new ChannelRefused('the address is not one of WhatsApp');
  }
}

/** Reactions after which a message that is still owed may arrive: later, or as a template. */
const MENDED_BY_ANOTHER_TRY: ReadonlySet<Reaction['do']> = new Set([
  'retry',
  'wait',
  'use-template',
  'other-template',
  'halt',
  'locked-out',
]);

/** Leaves out templates that were refused a while ago: a paused one rests for hours. */
async function passingHeld(plan: Plan, { message }: Outgoing, { templates, holds }: SenderParts): Promise<Plan> {
  if (plan.kind === 'free' || message.notice === undefined) return plan;
  const candidates = templatesFor(templates, message.notice, message.language);
  let { choice } = plan;
  for (; choice < candidates.length; choice++) {
    const candidate = candidates[choice];
    if (candidate !== undefined && !(await holds.held(holdOf(candidate)).catch(notKnown))) break;
  }
  return { kind: 'template', choice };
}

/** `undefined`: there is nothing to say. @throws ChannelAwaitsUser where a template is needed and there is none. */
function contentOf(
  plan: Plan,
  { message }: Outgoing,
  { templates, words }: SenderParts,
  knowsNumber: boolean,
): Content | TemplateContent | undefined {
  if (plan.kind === 'free') return render(message, words(message.language), { media: plan.media, knowsNumber });
  if (message.notice === undefined)
    throw new ChannelAwaitsUser('the 24 hours are over and there is no template for this');
  if (message.notice.name === CODE_NOTICE) {
    const code = codeContents(message.notice.values[0] ?? '', message.language)[plan.choice];
    if (code === undefined) throw new ChannelRefused('no template for a code can be sent');
    return code;
  }
  const content = templatesFor(templates, message.notice, message.language)[plan.choice];
  if (content === undefined) throw new ChannelAwaitsUser('no template for this can be sent');
  return content;
}

/** What to try instead; `undefined` when nothing is left. */
function nextPlan(plan: Plan, reaction: Reaction): Plan | undefined {
  if (reaction.do === 'wait') return plan;
  if (reaction.do === 'use-template' && plan.kind === 'free') return { kind: 'template', choice: 0 };
  if (reaction.do === 'without-media' && plan.kind === 'free' && plan.media) return { kind: 'free', media: false };
  if (reaction.do === 'other-template' && plan.kind === 'template') return { ...plan, choice: plan.choice + 1 };
  return undefined;
}
