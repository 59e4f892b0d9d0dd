import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { InboundEvent } from '../../bot/conversation/event.js';
import type { Entry, EntryHandler, Mailbox, MailboxWorker, WorkOptions } from '../../bot/conversation/mailbox.js';
import { type Keys, keysOf } from '../../bot/conversation/mailbox-keys.js';
import { createRedisMailbox, type RedisMailboxOptions } from '../../bot/conversation/redis-mailbox.js';
import { DELIVER } from '../../bot/conversation/scripts.js';
import type { RedisStore } from '../../bot/stores/redis.js';
import { tempVault } from '../support/stores.js';

/** A store or a platform that is down, as `isTransient` is told in these tests. */
export class Down extends Error {}

/** A mailbox with keys of its own; `redis` sees what it keeps. */
export interface TestMailbox extends Mailbox {
  readonly redis: Redis;
  readonly prefix: string;
  readonly vault: RedisMailboxOptions['vault'];
  keys(conversation: string): Keys;
  /** What the last turn of a conversation saved. */
  session(conversation: string): Promise<string | undefined>;
}

export async function openMailbox(store: RedisStore, options: Partial<RedisMailboxOptions> = {}): Promise<TestMailbox> {
  const webhooks = store.forWebhooks();
  await ready(webhooks);
  const prefix = options.prefix ?? `test-${randomBytes(6).toString('hex')}`;
  const vault = options.vault ?? tempVault();
  const mailbox = createRedisMailbox({ ...options, vault, webhooks, workers: store.forWorkers, prefix });
  return {
    ...mailbox,
    redis: webhooks,
    prefix,
    vault,
    keys: (conversation) => keysOf(prefix, conversation),
    async session(conversation) {
      const sealed = await webhooks.get(keysOf(prefix, conversation).session);
      return sealed === null ? undefined : vault.open(sealed);
    },
  };
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

/** What a producer leaves that is killed between its two commands: an entry, and no wake-up. */
export async function strand({ redis, vault, keys }: TestMailbox, event: InboundEvent): Promise<void> {
  const { conversationId: conversation, id } = event;
  const { seen, box, open } = keys(conversation);
  const entry = vault.seal(JSON.stringify(event));
  await redis.eval(DELIVER, 3, seen(id), box, open, 60_000, entry, conversation, Date.now());
}
