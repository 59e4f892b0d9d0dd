import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { InboundEvent } from '../../bot/conversation/event.js';
import type { Entry, EntryHandler, Mailbox, MailboxWorker, WorkOptions } from '../../bot/conversation/mailbox.js';
import type { PostgresMailboxOptions } from '../../bot/conversation/postgres-mailbox.js';
import type { RedisMailboxOptions } from '../../bot/conversation/redis-mailbox.js';

/** A store or a platform that is down, as `isTransient` is told in these tests. */
export class Down extends Error {}

export type MailboxOptions = Partial<
  Omit<RedisMailboxOptions, 'webhooks' | 'workers'> & Omit<PostgresMailboxOptions, 'sql' | 'publish'>
>;

/** A mailbox on its own, and a look into what it keeps. */
export interface TestMailbox extends Mailbox {
  readonly vault: RedisMailboxOptions['vault'];
  /** What the last turn of a conversation saved. */
  session(conversation: string): Promise<string | undefined>;
  /** As if a turn had saved it. */
  keepSession(conversation: string, session: string): Promise<void>;
  /** How many entries are left and what is saved, both at one moment. */
  look(conversation: string): Promise<{ readonly left: number; readonly session: string | undefined }>;
  /** All names and entries, as they lie in the store. */
  kept(): Promise<string[]>;
  /** Event ids remembered, conversations with a session, and anything else that is left. */
  leftovers(): Promise<{ readonly seen: number; readonly sessions: number; readonly others: readonly string[] }>;
  /** Puts other bytes in the place of an entry. */
  spoil(conversation: string, index: number, bytes: string): Promise<void>;
  dead(conversation: string): Promise<string[]>;
  /** What a producer leaves whose wake-up nobody heard. */
  strand(event: InboundEvent): Promise<void>;
  /** What a worker leaves that is killed by the first entry of a conversation. */
  beginAndDie(conversation: string): Promise<void>;
  /** What is left where a conversation was begun so often for a worker that never had the answer. */
  beginUnanswered(conversation: string, times: number): Promise<void>;
  /** Has waiting retries run now instead of after their back-off, until `done`. */
  hurry(done: () => boolean): Promise<void>;
  /** Lets so much time pass for those who wait. */
  age(ms: number): Promise<void>;
}

/** Stores that mailboxes can be opened on. */
export interface MailboxHouse {
  open(options?: MailboxOptions): Promise<TestMailbox>;
  close(): Promise<void>;
}

export async function deliverAll(mailbox: Mailbox, conversation: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) await mailbox.deliver(says(conversation, text));
}

/** Connected: commands may be sent. */
export async function ready(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
}

/** What someone wrote; its id is its text. */
export function says(conversationId: string, text: string): InboundEvent {
  const from = { channel: 'test', workspace: '', user: 'someone', address: 'here' };
  return { kind: 'text', id: text, at: Date.now(), conversationId, from, text };
}

export function textOf({ event }: Entry): string {
  return event.kind === 'text' ? event.text : event.kind;
}

/** A worker, what it was handed, and what it gave up. */
export interface Working extends MailboxWorker {
  readonly handled: string[];
  readonly dead: { readonly text: string; readonly error: unknown }[];
  readonly errors: unknown[];
}

export async function work(
  mailbox: Mailbox,
  handler: EntryHandler = async () => undefined,
  options: Partial<WorkOptions> = {},
): Promise<Working> {
  const handled: string[] = [];
  const dead: { text: string; error: unknown }[] = [];
  const errors: unknown[] = [];
  const worker = await mailbox.work(
    (entry) => {
      handled.push(textOf(entry));
      return handler(entry);
    },
    {
      concurrency: 10,
      isTransient: (error) => error instanceof Down,
      onDeadLetter: async (entry, error) => void dead.push({ text: textOf(entry), error }),
      onError: (error) => void errors.push(error),
      ...options,
    },
  );
  return { handled, dead, errors, close: () => worker.close() };
}

export async function until(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error('waited in vain');
  }
}

/** How long it took to be refused, in milliseconds, and by what. */
export async function refusal(promise: Promise<unknown>): Promise<{ readonly ms: number; readonly error: unknown }> {
  const started = performance.now();
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { ms: performance.now() - started, error };
}

/** `text-1` … `text-n`. */
export function numbered(text: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${text}-${index + 1}`);
}
