import type { FastifyInstance } from 'fastify';
import type { InboundEvent } from './conversation/event.js';
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
}

/** The platform said no and would say no again: the user blocked us, the message is not allowed. Not tried again. */
export class ChannelRefused extends RefillError {
  readonly code = 'CHANNEL_REFUSED';
}

/** The platform could not be reached or is busy: tried again. */
export class ChannelUnreachable extends RefillError {
  readonly code = 'CHANNEL_UNREACHABLE';
}

/** A chat platform. The adapter does transport only: verify, parse, render, send. */
export interface Channel {
  readonly name: string;
  /** Mounts the webhooks. */
  routes(http: FastifyInstance, deliver: Deliver): void | Promise<void>;
  /** Resolves when the platform took the message. Rejects with `ChannelRefused` or `ChannelUnreachable`. */
  send(outgoing: Outgoing): Promise<void>;
  /** Shows that an answer is being prepared; a failure is of no consequence. */
  typing?(conversationId: string, address: string): Promise<void>;
  /** Shows that an event was dealt with (a read mark); a failure is of no consequence. */
  taken?(conversationId: string, eventId: string): Promise<void>;
  close(): Promise<void>;
}
