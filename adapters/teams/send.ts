import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChannelBusy,
  ChannelRefused,
  ChannelSilent,
  ChannelUnreachable,
  type Inbox,
  type Outgoing,
} from '../../bot/channel.js';
import type { MessageRefs } from '../../bot/message-refs.js';
import type { Pauses } from '../../bot/pauses.js';
import { type Address, readAddress } from './address.js';
import type { Connector, Reply } from './connector.js';
import { TeamsAnswered, verdictOf } from './errors.js';
import type { PersonalChats } from './personal.js';
import { type Envelope, render, renderText } from './render.js';

export interface Sender {
  /** @throws ChannelRefused, ChannelBusy, ChannelUnreachable; ChannelSilent when Teams may have taken a new message */
  send(outgoing: Outgoing): Promise<void>;
}

export interface SenderOptions {
  readonly connector: Connector;
  readonly chats: PersonalChats;
  readonly refs: MessageRefs;
  readonly pauses: Pauses;
  /** Where opt-outs, delivery states and alarms go. */
  readonly inbox: () => Pick<Inbox, 'optedOut' | 'delivery' | 'alert'> | undefined;
}

/** A wait this short is sat out; for a longer one the conversation is put back. */
const SLEPT_MS = 1_000;
/** How long to leave a conversation alone when Teams says "busy" but not for how long: the average of its limits is 2 s. */
const BUSY_MS = 2_000;

export function createSender({ connector, chats, refs, pauses, inbox }: SenderOptions): Sender {
  /** Teams limits a conversation and a tenant and does not say which it was: two conversations at once mean the tenant. */
  function pause({ tenantId, conversationId }: Address, ms: number): void {
    const [tenant, suspicion] = [`teams:${tenantId}`, `teams:${tenantId}?`];
    const other = pauses.left(suspicion) > 0 && pauses.left(`teams:${conversationId}`) === 0;
    if (other) pauses.hold(tenant, ms);
    pauses.hold(suspicion, ms);
    pauses.hold(`teams:${conversationId}`, ms);
  }

  async function waitFor({ tenantId, conversationId }: Address): Promise<void> {
    const left = Math.max(pauses.left(`teams:${tenantId}`), pauses.left(`teams:${conversationId}`));
    if (left > SLEPT_MS) throw new ChannelBusy(left);
    if (left > 0) await sleep(left);
  }

  /** Asks once more after a short wait; a longer one, and a second no, is the caller's. */
  async function patiently(to: Address, ask: () => Promise<Reply>): Promise<Reply> {
    const first = await ask();
    if (first.verdict !== 'busy' && first.verdict !== 'down') return first;
    const asked = first.retryAfterMs ?? (first.verdict === 'busy' ? BUSY_MS : undefined);
    // Some of it is chance, so that those who were turned away together do not come back together.
    const ms = asked === undefined ? undefined : asked + Math.random() * 0.2 * asked;
    if (first.verdict === 'busy') pause(to, ms ?? BUSY_MS);
    if (ms === undefined || ms > SLEPT_MS) throw waitOrDown(first, ms);
    await sleep(ms);
    const second = await ask();
    if (second.verdict === 'busy' || second.verdict === 'down') throw waitOrDown(second, second.retryAfterMs);
    return second;
  }

  function silent(error: unknown): never {
    if (error instanceof ChannelSilent) inbox()?.delivery({ channel: 'teams', state: 'sent', code: 'NO_ANSWER' });
    throw error;
  }

  async function refuse(conversationId: string, reply: Pick<Reply, 'verdict' | 'status' | 'reasons'>): Promise<never> {
    const { verdict, status, reasons } = reply;
    const cause = new TeamsAnswered(status, reasons);
    inbox()?.delivery({ channel: 'teams', state: 'failed', code: cause.code });
    if (verdict === 'unauthorized') {
      inbox()?.alert('TEAMS_UNAUTHORIZED', 'Teams does not take the bot’s own token');
      throw new ChannelUnreachable('Teams does not take our token', { cause });
    }
    if (verdict === 'blocked') await inbox()?.optedOut(conversationId, `teams:${cause.code}`);
    else if (verdict !== 'gone') inbox()?.alert('TEAMS_REFUSED', `Teams refused a message: ${cause.code}`);
    throw new ChannelRefused('Teams refused the message', { cause });
  }

  /** Whoever shut the door may have done so before there was a chat: that no chat is opened means the same as a message refused. */
  async function open(conversationId: string, person: Address): Promise<Address> {
    try {
      return await chats.open(person);
    } catch (error) {
      if (error instanceof ChannelRefused && error.cause instanceof TeamsAnswered) {
        const { status, reasons } = error.cause;
        return refuse(conversationId, { verdict: verdictOf(status, reasons), status, reasons });
      }
      throw error;
    }
  }

  /** Replaces the message of the same key; undefined when there is none, or it is no longer there. */
  async function replace(to: Address, { conversationId, key }: Outgoing, json: string): Promise<Reply | undefined> {
    const ref = key === undefined ? undefined : await refs.get(conversationId, key);
    if (ref === undefined) return undefined;
    const reply = await patiently(to, () => connector.put(to, ref, json));
    return reply.verdict === 'gone' ? undefined : reply;
  }

  return {
    async send(outgoing) {
      const { conversationId, message, key } = outgoing;
      const to = await open(conversationId, readAddress(outgoing.address));
      await waitFor(to);
      const envelope = envelopeOf(to);
      const say = async (json: string) =>
        (await replace(to, outgoing, json)) ?? (await patiently(to, () => connector.post(to, json).catch(silent)));
      let reply = await say(render(message, envelope));
      // What the limits promised does not hold here, or the card is not understood: the words alone may pass.
      if (reply.verdict === 'too-big' || reply.status === 400) reply = await say(renderText(message, envelope));
      if (reply.verdict !== 'ok') return refuse(conversationId, reply);
      // Without the reference the next message of this key is a new one: no reason to send this one again.
      if (key !== undefined && reply.id !== '') await refs.set(conversationId, key, reply.id).catch(() => undefined);
      inbox()?.delivery({ channel: 'teams', state: 'sent' });
    },
  };
}

function envelopeOf({ botId, userId, conversationId, tenantId }: Address): Envelope {
  return {
    from: { id: botId, name: '' },
    recipient: { id: userId, name: '' },
    conversation: { id: conversationId, conversationType: 'personal', isGroup: false, tenantId, name: '' },
  };
}

function waitOrDown({ verdict, status, reasons }: Reply, ms: number | undefined): ChannelUnreachable {
  const cause = new TeamsAnswered(status, reasons);
  if (ms !== undefined) return new ChannelBusy(Math.ceil(ms), { cause });
  if (verdict === 'busy') return new ChannelBusy(BUSY_MS, { cause });
  return new ChannelUnreachable('Teams is in trouble', { cause });
}
