import type { types } from '@slack/bolt';
import type { z } from 'zod';
import type { InboundEvent, Origin } from '../../bot/conversation/event.js';
import { readJsonBody } from '../../bot/json.js';
import { HttpProblem } from '../../bot/problem.js';
import { addressOf, HOME, threadPlace, type Who } from './address.js';
import { FORM_ACTION, formView, readCarriedForm, readFormMetadata } from './form.js';
import { placeInBlockId } from './render.js';
import * as schema from './schema.js';
import { decodeText } from './text.js';

/** What a body of Slack's asks for. */
export type Received =
  /** `ts` is Slack's time of what was typed in direct messages. */
  | { readonly kind: 'event'; readonly event: InboundEvent; readonly ts?: string; readonly answer?: ViewAnswer }
  /** Opens a modal, at once: the trigger lives three seconds. */
  | { readonly kind: 'open'; readonly who: Who; readonly triggerId: string; readonly view: types.ModalView }
  | { readonly kind: 'challenge'; readonly challenge: string }
  /** The app was removed from a workspace at `at`, or its token was taken back. */
  | {
      readonly kind: 'removed';
      readonly team: string;
      readonly why: 'app_uninstalled' | 'tokens_revoked';
      readonly at: Date;
    }
  | { readonly kind: 'rate-limited'; readonly team: string }
  | { readonly kind: 'ignored'; readonly what: string };

/** Answered to a submitted modal: closes it. */
export interface ViewAnswer {
  readonly response_action: 'clear';
}

export interface ParseContext {
  readonly conversationIdOf: (origin: Origin, place: string) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Slack would send the same again; the header tells it not to (docs.slack.dev/apis/events-api, "Retries"). */
const REFUSAL = { code: 'SLACK_PAYLOAD', headers: { 'x-slack-no-retry': '1' } };

/** The body as an object: JSON, or a form whose `payload` is JSON (interactivity), or a plain form (slash commands). */
export function readBody(raw: Buffer, contentType: string | undefined): unknown {
  if (contentType?.startsWith('application/x-www-form-urlencoded') !== true) return readJsonBody(raw, REFUSAL);
  const form = new URLSearchParams(raw.toString('utf8'));
  const payload = form.get('payload');
  return payload === null ? Object.fromEntries(form) : readJsonBody(payload, REFUSAL);
}

/**
 * Reads a verified body, from a webhook or from Socket Mode. What Refill does not know is `ignored`.
 *
 * This is a parser of our own rather than Bolt's `App.processEvent`, which wants a token before it looks at an event and
 * answers from listeners: here nothing but durable delivery stands between the signature and the acknowledgement.
 *
 * @throws HttpProblem 400 when it is not what Slack documents.
 */
export function parse(body: unknown, context: ParseContext): Received {
  const { type, command } = check(schema.anyBody, body);
  if (type === undefined && command !== undefined) return readCommand(body, context);
  switch (type) {
    case 'event_callback':
      return readEvent(check(schema.eventCallback, body), context);
    case 'block_actions':
      return readPress(body, context);
    case 'view_submission':
      return readSubmission(body, context);
    case 'url_verification':
      return { kind: 'challenge', challenge: check(schema.challenge, body).challenge };
    case 'app_rate_limited':
      return { kind: 'rate-limited', team: check(schema.rateLimited, body).team_id };
    default:
      // Also Slack's own check of a certificate (`ssl_check=1`).
      if (type === undefined && !isSslCheck(body)) throw malformed('The body says not what it is.');
      return ignored(type ?? 'ssl_check');
  }
}

/** The events the manifest subscribes to, by Slack's names. */
export const HANDLED_EVENTS = [
  'app_home_opened',
  'app_mention',
  'app_uninstalled',
  'message.im',
  'tokens_revoked',
] as const;

function readEvent(envelope: schema.EventCallback, context: ParseContext): Received {
  const { event } = envelope;
  switch (event.type) {
    case 'message':
      return readMessage(envelope, context);
    case 'app_mention':
      return readMention(envelope, context);
    case 'app_home_opened': {
      const { user, tab } = check(schema.homeOpened, event);
      // The messages tab is the direct messages: they speak for themselves.
      if (tab !== 'home') return ignored('app_home_opened');
      return eventOf({ kind: 'press', token: HOME }, envelope.event_id, sourceOf(envelope, user, HOME), context);
    }
    case 'app_uninstalled':
      return removedBy(envelope, 'app_uninstalled', context);
    case 'tokens_revoked': {
      const { tokens } = check(schema.tokensRevoked, event);
      if ((tokens.bot ?? []).length === 0) return ignored('tokens_revoked');
      return removedBy(envelope, 'tokens_revoked', context);
    }
    default:
      return ignored(event.type);
  }
}

/** Slack's time of it is the same whenever it sends it again. */
function removedBy(
  { team_id: team, event_time }: schema.EventCallback,
  why: 'app_uninstalled' | 'tokens_revoked',
  { now }: ParseContext,
): Received {
  return { kind: 'removed', team, why, at: new Date(event_time == null ? now() : event_time * 1000) };
}

/** What people send: not edits, deletions, joins and the like. */
const SPOKEN = new Set<string | null | undefined>([undefined, null, 'file_share', 'thread_broadcast']);

function readMessage(envelope: schema.EventCallback, context: ParseContext): Received {
  const { channel, channel_type, user, bot_id, subtype, text, ts } = check(schema.messageEvent, envelope.event);
  // Where the event does not say what kind of place it is from (Slack's own reference has such examples), the id does.
  const direct = channel_type == null ? isDirect(channel, undefined) : channel_type === 'im';
  if (!direct || !SPOKEN.has(subtype) || !isPerson(user, bot_id, envelope)) return ignored('message');
  // A reply in a thread of the direct messages belongs to the same conversation: "2" means the second of what is on screen.
  const said = { kind: 'text', text: decodeText(text ?? '', botOf(envelope)) } as const;
  const received = eventOf(said, envelope.event_id, sourceOf(envelope, user, '', channel), context);
  return ts == null ? received : { ...received, ts };
}

function readMention(envelope: schema.EventCallback, context: ParseContext): Received {
  const { channel, user, bot_id, text, ts, thread_ts } = check(schema.mentionEvent, envelope.event);
  if (!isPerson(user, bot_id, envelope)) return ignored('app_mention');
  const place = threadPlace(channel, thread_ts ?? ts);
  const words = decodeText(text ?? '', botOf(envelope));
  const said = words === '' ? ({ kind: 'hello' } as const) : ({ kind: 'text', text: words } as const);
  return eventOf(said, envelope.event_id, sourceOf(envelope, user, place), context);
}

function readCommand(body: unknown, context: ParseContext): Received {
  const { team_id, enterprise_id, user_id, channel_id, channel_name, trigger_id, text } = check(schema.command, body);
  const words = text?.trim() ?? '';
  const said = words === '' ? ({ kind: 'hello' } as const) : ({ kind: 'text', text: words } as const);
  const where = isDirect(channel_id, channel_name) ? { place: '', dm: channel_id } : { place: channel_id, dm: '' };
  const who = { team: team_id, user: user_id, ...(enterprise_id != null && { enterprise: enterprise_id }) };
  return eventOf(said, trigger_id, { who, workspace: team_id, ...where }, context);
}

/**
 * A pressed button. The event always belongs to the presser's own conversation in the place the button names, so a press on
 * somebody else's button finds no such choice there: it is refused politely, privately, and shows nothing of theirs.
 */
function readPress(body: unknown, context: ParseContext): Received {
  const { trigger_id, channel, view, actions, ...rest } = check(schema.blockActions, body);
  const [action] = actions;
  const place = action && placeInBlockId(action.block_id);
  // A link's button opens its page by itself.
  if (action?.value == null || place === undefined) return ignored('block_actions');
  const { who, workspace } = interactionWho(rest);
  const channelId = channel?.id ?? '';
  const home = view?.type === 'home';
  if (!home && channelId === '') return ignored('block_actions');
  const here = home ? HOME : place;
  // News of a channel's conversation comes in direct messages: what is pressed there is answered there.
  const dm = !home && (here === '' || isDirect(channelId, channel?.name)) ? channelId : '';
  if (action.action_id === FORM_ACTION) {
    const form = readCarriedForm(action.value);
    if (form === undefined) return ignored('block_actions');
    return { kind: 'open', who, triggerId: trigger_id, view: formView(form, { p: here, c: dm }) };
  }
  return eventOf(
    { kind: 'press', token: action.value.slice(0, 300) },
    trigger_id,
    { who, workspace, place: here, dm },
    context,
  );
}

function readSubmission(body: unknown, context: ParseContext): Received {
  const { view, ...rest } = check(schema.viewSubmission, body);
  const remembered = readFormMetadata(view.private_metadata);
  if (remembered === undefined) return ignored('view_submission');
  const values = Object.fromEntries(
    Object.entries(view.state.values).map(([name, inputs]) => [name, (inputs['value']?.value ?? '').slice(0, 500)]),
  );
  const { who, workspace } = interactionWho(rest);
  const { k: token, p: place, c: dm } = remembered;
  const id = `${view.id}:${view.hash ?? ''}`;
  const received = eventOf({ kind: 'form', token, values }, id, { who, workspace, place, dm }, context);
  return { ...received, answer: { response_action: 'clear' } };
}

type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'press'; readonly token: string }
  | { readonly kind: 'form'; readonly token: string; readonly values: Record<string, string> }
  | { readonly kind: 'hello' };

/** Who said it, in which workspace and place; `dm` is the channel id of their direct messages, where it was said or pressed. */
interface Source {
  readonly who: Who;
  readonly workspace: string;
  readonly place: string;
  readonly dm: string;
}

function eventOf(
  said: Said,
  id: string,
  { who, workspace, place, dm }: Source,
  { conversationIdOf, now }: ParseContext,
): Extract<Received, { kind: 'event' }> {
  const address = JSON.stringify(addressOf(place, who, dm));
  // What is typed in a channel is read by everybody there, whoever the answer is for.
  const shared = place !== '' && place !== HOME && dm === '';
  const from: Origin = { channel: 'slack', workspace, user: who.user, address, ...(shared && { shared }) };
  return { kind: 'event', event: { ...said, id, at: now(), conversationId: conversationIdOf(from, place), from } };
}

/** The installation is the authorization's, where there is one: a shared channel belongs to several workspaces. */
function sourceOf(envelope: schema.EventCallback, user: string, place: string, dm = ''): Source {
  const { team_id: workspace, enterprise_id, authorizations } = envelope;
  const authorization = authorizations?.[0];
  const enterprise = authorization?.enterprise_id ?? enterprise_id;
  const who = { team: authorization?.team_id ?? workspace, user, ...(enterprise != null && { enterprise }) };
  return { who, workspace, place, dm };
}

function interactionWho({ team, enterprise, user }: schema.Interaction): { who: Who; workspace: string } {
  const workspace = team?.id ?? user.team_id ?? enterprise?.id;
  if (workspace === undefined) throw malformed('team: expected a workspace');
  const organisation = enterprise?.id ?? team?.enterprise_id;
  return {
    who: { team: workspace, user: user.id, ...(organisation != null && { enterprise: organisation }) },
    workspace,
  };
}

function botOf({ authorizations }: schema.EventCallback): string | undefined {
  return authorizations?.find(({ is_bot }) => is_bot === true)?.user_id ?? undefined;
}

function isPerson(
  user: string | null | undefined,
  bot: string | null | undefined,
  from: schema.EventCallback,
): user is string {
  return user != null && bot == null && user !== 'USLACKBOT' && user !== botOf(from);
}

function isDirect(channel: string, name: string | null | undefined): boolean {
  return name === 'directmessage' || channel.startsWith('D');
}

function isSslCheck(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'ssl_check' in body;
}

function ignored(what: string): Received {
  return { kind: 'ignored', what };
}

function check<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw malformed(`${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}`);
}

function malformed(detail: string): HttpProblem {
  return new HttpProblem(400, REFUSAL.code, detail, {}, { headers: REFUSAL.headers });
}
