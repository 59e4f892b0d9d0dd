import { RefillError } from '../errors.js';
import type { DeadLetters } from './dead-letters.js';
import type { InboundEvent } from './event.js';

/** Runs one entry: gets what the last turn saved, returns what to save. A rejection saves nothing and is tried again. */
export type EntryHandler = (entry: Entry) => Promise<string | undefined>;

export interface Entry {
  readonly event: InboundEvent;
  /** The conversation's saved session, or `undefined` for a new or expired one. */
  readonly session: string | undefined;
}

/** What a worker needs to know about its entries; all of it has an effect that can be seen in metrics or logs. */
export interface WorkOptions {
  /** Conversations at once in this process. */
  readonly concurrency: number;
  /** True when trying again later is right however often it fails (a store or a platform is down). */
  isTransient(error: unknown): boolean;
  /** An entry was given up. It is kept in the dead-letter list; a rejection here changes nothing. */
  onDeadLetter(entry: Entry, error: unknown): Promise<void>;
  onError?(error: unknown): void;
}

export interface MailboxWorker {
  /** Takes no new work and resolves when running entries are done. */
  close(): Promise<void>;
}

export interface MailboxDepth {
  /** Conversations with at least one entry waiting or running. */
  readonly conversations: number;
  /** How long the oldest of them has waited, in milliseconds. */
  readonly oldestMs: number;
  readonly deadLetters: number;
}

/**
 * Every inbound event of every conversation, durable and deduplicated, handed out one at a time and in order within a
 * conversation, on any number of workers.
 */
export interface Mailbox {
  /** Resolves once the event cannot be lost any more. Rejects with `MailboxUnavailable` within about a second. */
  deliver(event: InboundEvent): Promise<'accepted' | 'duplicate'>;
  work(handler: EntryHandler, options: WorkOptions): Promise<MailboxWorker>;
  /** Wakes every conversation that has something waiting: at boot, and every 30 s for what a crash stranded. */
  sweep(): Promise<number>;
  depth(): Promise<MailboxDepth>;
  /** What was given up. */
  readonly deadLetters: DeadLetters;
  close(): Promise<void>;
}

/** The mailbox's store could not be reached in time: the webhook answers 503 and the platform redelivers. */
export class MailboxUnavailable extends RefillError {
  readonly code = 'MAILBOX_UNAVAILABLE';
}

/** Why an entry was given up that never threw: it was begun too often and never finished (it kills its worker). */
export class PoisonEntry extends RefillError {
  readonly code = 'POISON_ENTRY';
}
