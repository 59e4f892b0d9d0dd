import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { InboundEvent, Origin } from './conversation/event.js';
import type { ChatUser } from './domain/chat-user.js';
import type { DeliveryState } from './domain/delivery.js';
import { RefillError } from './errors.js';
import type { Message } from './message/message.js';

/** Takes an inbound event for good: durable, deduplicated, in order per conversation. Rejects when it could not. */
export type Deliver = (event: InboundEvent) => Promise<'accepted' | 'duplicate'>;

export interface Outgoing {
  /** Stable across retries of the same turn: a channel that can, shows one id once. */
  readonly id: string;
  readonly conversationId: string;
  /** What the channel put into `InboundEvent.from.address`. */
  readonly address: string;
  readonly message: Message;
  /** What the message is about (`purchase:<id>`): where a channel can edit, the next message of a key replaces the last. */
  readonly key?: string;
  /** It comes by itself (a receipt, a nudge, an apology after the last try): its user may be away, and has to find it later. */
  readonly unprompted?: true;
}

/** What a channel hands in. */
export interface Inbox {
  readonly deliver: Deliver;
  /** Whether whoever opened a stream may still read it; absent: nobody has to be let in. */
  stillThere?(request: FastifyRequest): Promise<boolean>;
  /**
   * The user told the platform to be left alone (blocked us, uninstalled, opted out): no nudge until they ask for it. `saidAt`, in
   * epoch milliseconds, where it may be old news: what they agreed to since stays.
   */
  optedOut(conversationId: string, how: string, saidAt?: number): Promise<void>;
  /** The same for everybody in a workspace that removed the app. */
  workspaceLeft(channel: string, workspace: string, how: string): Promise<void>;
  /** The user has another number now and is not heard of under this name again: what it proved is void, by either of their names. */
  movedAway?(user: ChatUser & Pick<Origin, 'phone'>): Promise<void>;
  /** What became of a message sent before; late and out of order as platforms are. */
  delivery(report: DeliveryReport): void;
  /** Something an operator has to look at: a token revoked, an account locked, a number restricted. `code` is the platform's. */
  alert(code: string, what: string): void;
}

export interface DeliveryReport {
  readonly channel: string;
  readonly state: DeliveryState;
  /** `Outgoing.id`, where the platform says it back. */
  readonly id?: string;
  /** The platform's error code, when it failed. */
  readonly code?: string;
  /** It failed, and the same message may arrive when it is sent again: later, or in another form. */
  readonly resend?: boolean;
}

/** The platform said no and would say no again: the user blocked us, the message is not allowed. Not tried again. */
export class ChannelRefused extends RefillError {
  readonly code: string = 'CHANNEL_REFUSED';

  /** The platform's own code for it, where it gave one. */
  get platformCode(): string | undefined {
    const { platformCode } = (this.cause ?? {}) as { readonly platformCode?: unknown };
    return platformCode === undefined ? undefined : String(platformCode);
  }
}

/** The platform takes nothing for this user until they write: what is owed to them waits for that. */
export class ChannelAwaitsUser extends ChannelRefused {
  override readonly code = 'CHANNEL_AWAITS_USER';
}

/** The platform could not be reached or is busy: tried again. */
export class ChannelUnreachable extends RefillError {
  readonly code: string = 'CHANNEL_UNREACHABLE';
}

/**
 * The message left and no answer came: the platform may have taken it, and has no way to be asked. What is owed is sent again; a
 * reply is not, for it might be shown twice.
 */
export class ChannelSilent extends ChannelUnreachable {
  override readonly code = 'CHANNEL_SILENT';
}

/** The platform wants us to wait: this conversation's turn is tried again after that long, others go on. */
export class ChannelBusy extends ChannelUnreachable {
  override readonly code = 'CHANNEL_BUSY';

  constructor(
    readonly retryAfterMs: number,
    options?: { cause?: unknown },
  ) {
    super('the platform asked us to wait', options);
  }
}

/** What a platform knows of a user that an event does not say: BCP 47 and IANA. */
export interface Profile {
  readonly locale?: string;
  readonly timezone?: string;
}

/** A chat platform. The adapter does transport only: verify, parse, render, send. */
export interface Channel {
  readonly name: string;
  /**
   * How many messages a second may go out by themselves (nudges) to one workspace, tenant or business number, all processes
   * together: below the platform's limit, which replies need as well. Absent: as many as there are.
   */
  readonly unaskedPerSecond?: number;
  /** Mounts the webhooks. */
  routes(http: FastifyInstance, inbox: Inbox): void | Promise<void>;
  /** Resolves when the platform took the message. Rejects with `ChannelRefused` or `ChannelUnreachable`. */
  send(outgoing: Outgoing): Promise<void>;
  /** Shows that an answer is being prepared; a failure is of no consequence. */
  typing?(conversationId: string, address: string, eventId: string): Promise<void>;
  /** Shows that an event was dealt with (a read mark); a failure is of no consequence. */
  taken?(conversationId: string, eventId: string): Promise<void>;
  /** Asked at the first contact with a user whose language no event told. Never rejects, and answers soon or with nothing. */
  profile?(from: Origin): Promise<Profile>;
  /** Its user asked to be forgotten: what the channel keeps of them goes. May be called again. */
  forget?(from: Origin): Promise<void>;
  close(): Promise<void>;
}
