import { createHash } from 'node:crypto';
import { ChannelRefused, type Outgoing } from '../../bot/channel.js';
import type { MessageRefs } from '../../bot/message-refs.js';
import { type Address, placeOf, readAddress } from './address.js';
import type { ApiAnswer, SlackApi } from './api.js';
import { isTokenGone, refusalKind, SlackRefusal } from './errors.js';
import type { News } from './news.js';
import { LIMITS, type Rendered, render } from './render.js';
import { escapeMrkdwn } from './text.js';
import type { Tokens } from './tokens.js';

/** The few words that are the channel's own. */
export interface SlackWords {
  /** Said for all to see in a thread, where the answer itself is shown to one person: e.g. "I have answered you here, only you can see it." */
  readonly privately: string;
}

export interface SendParts {
  readonly api: SlackApi;
  readonly tokens: Tokens;
  readonly refs: MessageRefs;
  readonly news: News;
  readonly words: (language: string) => SlackWords;
  /** Told about what an operator has to look at; `code` is Slack's own. */
  readonly alert: (code: string, what: string) => void;
}

/**
 * Sends a message to where its conversation is, in shared places for its owner alone; what nobody waits for, to their direct
 * messages.
 *
 * A request that Slack may have taken although no answer came is sent again with the same `client_msg_id`, by which
 * `chat.postMessage` finds the first (its page lists the errors for when it cannot). `chat.postEphemeral` has no such id: then
 * one person may see the same twice, which is better than not at all.
 *
 * A token that is dead may have been replaced since it was read: then the new one is tried, once.
 *
 * @throws ChannelRefused, ChannelBusy, ChannelUnreachable
 */
export async function send(parts: SendParts, outgoing: Outgoing): Promise<void> {
  const to = readAddress(outgoing.address);
  const token = await parts.tokens.for(to.t, to.e);
  const first = await attempt(parts, token, to, outgoing);
  if (first === undefined) return;
  const newer = isTokenGone(first.reason) ? await parts.tokens.refused(to.t, to.e, token) : undefined;
  const refusal = newer === undefined ? first : await attempt(parts, newer, to, outgoing);
  if (refusal !== undefined) throw refused(parts, refusal);
}

/** What Slack refused it for; `undefined` when it was taken. */
async function attempt(
  parts: SendParts,
  token: string,
  to: Address,
  outgoing: Outgoing,
): Promise<SlackRefusal | undefined> {
  try {
    await deliver(parts, (method, body) => parts.api.call(method, to.t, token, body), to, outgoing);
    return undefined;
  } catch (error) {
    if (error instanceof SlackRefusal) return error;
    throw error;
  }
}

type Call = (method: string, body: object) => Promise<ApiAnswer>;

async function deliver(parts: SendParts, call: Call, to: Address, outgoing: Outgoing): Promise<void> {
  if (outgoing.unprompted === true && to.k !== 'dm') return tell(parts, call, to, outgoing);
  return answer(parts, call, to, outgoing);
}

/**
 * What comes by itself goes to the user's direct messages. An ephemeral message reaches only who is active in Slack at that
 * moment and is gone with the next reload (docs of chat.postEphemeral), and App Home is drawn anew whenever it is opened.
 *
 * It is a message of its own, not an edit: an edit is not marked as unread. Where the user takes no direct messages, the place
 * they asked in is better than nothing.
 */
async function tell(parts: SendParts, call: Call, to: Address, outgoing: Outgoing): Promise<void> {
  const { key, ...news } = outgoing;
  try {
    await post(parts, call, to.u, news);
  } catch (error) {
    if (!isRefusal(error, 'place')) throw error;
    return answer(parts, call, to, outgoing);
  }
  // It was told: this only corrects the page, which the next opening does as well.
  if (to.k === 'home' && key !== undefined) await publish(call, to, outgoing).catch(() => undefined);
}

async function answer(parts: SendParts, call: Call, to: Address, outgoing: Outgoing): Promise<void> {
  switch (to.k) {
    case 'home':
      return publish(call, to, outgoing);
    case 'dm':
      return orDirectly(to, (channel) => post(parts, call, channel, outgoing), to.c);
    case 'channel':
    case 'thread':
      if (to.k === 'thread') await openThread(parts, call, to, outgoing);
      try {
        await whisper(call, to, outgoing);
      } catch (error) {
        // Commands work where the app is no member of, and people leave channels: their direct messages are as private.
        if (!isRefusal(error, 'place')) throw error;
        await post(parts, call, to.u, outgoing);
      }
  }
}

/** A command given in a chat between two people names a channel we cannot write to; the user's own always takes it. */
async function orDirectly(to: Address, sendTo: (channel: string) => Promise<void>, channel: string): Promise<void> {
  try {
    await sendTo(channel === '' ? to.u : channel);
  } catch (error) {
    if (channel === '' || !(error instanceof SlackRefusal) || error.reason !== 'channel_not_found') throw error;
    await sendTo(to.u);
  }
}

async function post(parts: SendParts, call: Call, channel: string, outgoing: Outgoing): Promise<void> {
  const { conversationId, key, id } = outgoing;
  const edited = key === undefined ? false : await edit(parts, call, key, outgoing);
  if (edited) return;
  const answer = await shortenedOnce(outgoing, (message) =>
    call('chat.postMessage', { channel, ...message, ...LITERAL, client_msg_id: uuidOf(id) }).catch((error: unknown) => {
      // Slack had it, and it is gone again: someone deleted it. Nothing is owed any more.
      if (error instanceof SlackRefusal && /^duplicate_/.test(error.reason)) return undefined;
      throw error;
    }),
  );
  const place = placeOf(readAddress(outgoing.address));
  // Whoever speaks by themselves in direct messages is who is answered there; a reply of their own conversation is nothing new.
  if (place !== '' || outgoing.unprompted === true)
    await parts.news.told(readAddress(outgoing.address), conversationId, place, answer?.ts ?? '0');
  if (key === undefined || answer?.ts === undefined) return;
  // Without the reference the next message of this key is a new one: no reason to send this one again.
  await parts.refs.set(conversationId, key, `${answer.channel ?? channel} ${answer.ts}`).catch(() => undefined);
}

/** Puts the message in the place of the last one of its key; false when there is none, or it cannot be edited any more. */
async function edit(parts: SendParts, call: Call, key: string, outgoing: Outgoing): Promise<boolean> {
  const ref = await parts.refs.get(outgoing.conversationId, key).catch(() => undefined);
  if (ref === undefined) return false;
  const [channel, ts] = ref.split(' ');
  try {
    await shortenedOnce(outgoing, (message) =>
      call('chat.update', { channel, ts, ...message, parse: 'none', link_names: false }),
    );
    return true;
  } catch (error) {
    if (isRefusal(error, 'not-editable') || isRefusal(error, 'place') || isRefusal(error, 'too-long')) return false;
    throw error;
  }
}

/** Nothing in our words is markup, a mention or a link to be looked at (a preview would fetch it). */
const LITERAL = { mrkdwn: false, parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false } as const;

async function whisper(
  call: Call,
  to: Extract<Address, { k: 'thread' | 'channel' }>,
  outgoing: Outgoing,
): Promise<void> {
  const where = { channel: to.c, user: to.u, ...(to.k === 'thread' && { thread_ts: to.ts }) };
  await shortenedOnce(outgoing, (message) =>
    call('chat.postEphemeral', { ...where, ...message, parse: 'none', link_names: false }),
  );
}

/**
 * An ephemeral message is shown in a thread only when somebody has answered there (docs of chat.postEphemeral), so the first
 * one is preceded by a line for all, which says nothing.
 */
async function openThread(
  { refs, words }: SendParts,
  call: Call,
  to: Extract<Address, { k: 'thread' }>,
  { conversationId, message }: Outgoing,
): Promise<void> {
  if ((await refs.get(conversationId, 'thread').catch(() => undefined)) !== undefined) return;
  const text = escapeMrkdwn(words(message.language).privately);
  const line = {
    channel: to.c,
    thread_ts: to.ts,
    text,
    ...LITERAL,
    client_msg_id: uuidOf(`${conversationId}\nthread`),
  };
  try {
    await call('chat.postMessage', line);
  } catch (error) {
    if (!(error instanceof SlackRefusal) || refusalKind(error.reason) === 'token') throw error;
  }
  await refs.set(conversationId, 'thread', 'open').catch(() => undefined);
}

async function publish(call: Call, to: Extract<Address, { k: 'home' }>, outgoing: Outgoing): Promise<void> {
  await shortenedOnce(
    outgoing,
    ({ blocks }) => call('views.publish', { user_id: to.u, view: { type: 'home', blocks } }),
    LIMITS.homeBlocks,
  );
}

async function shortenedOnce<T>(
  { id, message, address }: Outgoing,
  sendIt: (rendered: Rendered) => Promise<T>,
  maxBlocks: number = LIMITS.messageBlocks,
): Promise<T> {
  const options = { id, place: placeOf(readAddress(address)), maxBlocks };
  try {
    return await sendIt(render(message, options));
  } catch (error) {
    if (!isRefusal(error, 'too-long')) throw error;
    return sendIt(render(message, { ...options, compact: true }));
  }
}

function isRefusal(error: unknown, kind: ReturnType<typeof refusalKind>): boolean {
  return error instanceof SlackRefusal && refusalKind(error.reason) === kind;
}

function refused({ alert }: SendParts, cause: SlackRefusal): ChannelRefused {
  const { reason, method } = cause;
  const kind = refusalKind(reason);
  if (kind === 'token') {
    alert(reason, `Slack does not let the app write in a workspace any more (${method})`);
  } else if (kind !== 'place') {
    alert(reason, `Slack refused a message for an unexpected reason (${method})`);
  }
  return new ChannelRefused(`Slack refused the message: ${reason}`, { cause });
}

/** Slack's own clients number their messages with UUIDs: one made of `id`, the same on every attempt. */
function uuidOf(id: string): string {
  const hex = createHash('sha256').update(id).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
