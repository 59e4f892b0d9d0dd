import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { backoffStrategy } from './backoff.js';
import { type Burial, burialOf, UNREADABLE } from './dead-letters.js';
import { type InboundEvent, inboundEvent } from './event.js';
import { type Entry, type EntryHandler, PoisonEntry, type WorkOptions } from './mailbox.js';
import { type Keys, keysOf, letterKey } from './mailbox-keys.js';
import type { MailboxRedis } from './mailbox-scripts.js';
import { letterId, MAX_OF_SHARD, writeLetter } from './redis-dead-letters.js';

export interface RunnerOptions {
  /** Waits as long as it takes: what was done must be written down. */
  readonly redis: MailboxRedis;
  readonly prefix: string;
  readonly vault: { seal(text: string): string; open(sealed: string): string };
  readonly now: () => number;
  readonly sessionMs: number;
  readonly leaseMs: number;
  readonly handler: EntryHandler;
  readonly work: WorkOptions;
  /** Has some worker look at a conversation, now or after a while. */
  readonly wake: (conversation: string, delayMs?: number) => Promise<void>;
}

/** An entry that was begun in the very step that took it. */
export interface Begun {
  readonly keys: Keys;
  readonly token: string;
  readonly event: InboundEvent;
  readonly sealed: string;
  /** As it is kept, sealed. */
  readonly session: string | null | undefined;
}

/** Works off conversations in this process, one entry after the other and never two of one conversation at once. */
export interface Runner {
  /** A place for one more conversation, to be given to `start` or back to `release`; `undefined` while there is none. */
  reserve(): string | undefined;
  release(): void;
  /** Nobody knows whether the conversation was begun: if it was, somebody else may begin it, and is woken. */
  abandon(conversation: string, token: string): void;
  /** Runs what was begun in a place that was reserved, and what comes after it. */
  start(begun: Begun): void;
  /** Takes a conversation up: a wake-up. Rejects when its head has to be tried again. */
  take(conversation: string): Promise<void>;
  /** The same in a free place, if there is one, for when no wake-up can be written down. */
  takeNow(conversation: string): void;
  /** Begins nothing new and resolves when what was started is done, and what was taken up: `taken`. Their leases last that long. */
  close(taken: Promise<unknown>): Promise<void>;
}

/** Entries of one conversation that are handled before others have their turn. */
const SLICE = 20;
const MAX_THROWS = 5;
const MAX_STARTS = 25;
/** Conversations of which a process keeps the session it saved last, a few kilobytes each. */
const KEPT_SESSIONS = 2000;

interface Run {
  readonly keys: Keys;
  readonly token: string;
  readonly conversation: string;
}

interface Head {
  readonly sealed: string;
  /** Known where the event never left this process. */
  readonly event?: InboundEvent;
  readonly session: string | undefined;
  readonly starts: number;
}

interface Outcome {
  readonly session: string | undefined;
  /** Given up, and why. */
  readonly dead?: Burial & { readonly event?: InboundEvent };
}

export function createRunner(options: RunnerOptions): Runner {
  const { redis, prefix, vault, now, sessionMs, leaseMs, work, wake } = options;
  const sessions = keptSessions(options);
  const runs = new Set<Run>();
  // Unique among processes, and within this one.
  const name = randomBytes(9).toString('base64url');
  let tokens = 0;
  const newToken = () => `${name}.${(tokens++).toString(36)}`;
  const started = new Set<Promise<void>>();
  let reserved = 0;
  let closing = false;
  // A turn may wait for a slow telco for longer than a lease lasts.
  const renewing = setInterval(() => {
    for (const { keys, token } of runs) redis.mailboxRenew(keys.lease, token, leaseMs).catch(() => undefined);
  }, leaseMs / 3);
  renewing.unref();

  async function drain(run: Run, first: Head): Promise<void> {
    runs.add(run);
    try {
      let head = first;
      for (let done = 1; ; done++) {
        const outcome = await runEntry(options, run, head);
        const [left, next] = await commit(run, head, outcome, done < SLICE && !closing);
        if (next === undefined) {
          // Fenced off, or enough for now: what is left is the next run's business.
          if (left !== 0) await wake(run.conversation);
          return;
        }
        head = { sealed: next, session: outcome.session ?? head.session, starts: 1 };
      }
    } finally {
      runs.delete(run);
    }
  }

  function commit({ keys, token, conversation }: Run, head: Head, { session, dead }: Outcome, goesOn: boolean) {
    const sealed = session === undefined ? '' : vault.seal(session);
    if (session !== undefined) sessions.keep(conversation, { sealed, session });
    const id = letterId(conversation);
    const letter = dead === undefined ? '' : writeLetter(vault, dead, dead.event, head.sealed);
    return redis.mailboxCommit(
      ...[keys.box, keys.open, keys.lease, keys.tries, keys.session, keys.dead, letterKey(prefix, conversation, id)],
      ...[token, leaseMs, conversation, now(), sessionMs],
      ...[sealed, letter, head.sealed, goesOn ? '1' : '0'],
      ...[id, MAX_OF_SHARD, letterKey(prefix, conversation, '')],
    );
  }

  function startNow({ keys, token, event, sealed, session }: Begun): Promise<void> {
    const { conversationId: conversation } = event;
    return drain(
      { keys, token, conversation },
      { sealed, event, session: sessions.opened(conversation, session), starts: 1 },
    );
  }

  async function take(conversation: string, token = newToken()): Promise<void> {
    const keys = keysOf(prefix, conversation);
    const [sealed, session, starts] = await redis.mailboxBegin(
      ...[keys.box, keys.open, keys.lease, keys.tries, keys.session],
      ...[token, leaseMs, conversation],
    );
    if (sealed === undefined) return;
    const head = { sealed, session: sessions.opened(conversation, session), starts: starts ?? 1 };
    await drain({ keys, token, conversation }, head);
  }

  function reserve(): string | undefined {
    if (closing || reserved >= work.concurrency) return undefined;
    reserved += 1;
    return newToken();
  }

  /** Has a reserved place until it ends. */
  function occupy(conversation: string, run: Promise<void>): void {
    const running = run
      // The lease was given back, or expires: should this wake-up be lost as well, the next sweep finds the conversation.
      .catch((error: Error) => wake(conversation, backoffStrategy(1, undefined, error)).catch(() => undefined))
      .finally(() => {
        reserved -= 1;
        started.delete(running);
      });
    started.add(running);
  }

  return {
    reserve,
    release() {
      reserved -= 1;
    },
    abandon(conversation, token) {
      redis
        .mailboxRenew(keysOf(prefix, conversation).lease, token, 0)
        .then(() => wake(conversation))
        .catch(() => undefined); // the next look at what stands still finds it
    },
    start: (begun) => occupy(begun.event.conversationId, startNow(begun)),
    take: (conversation) => take(conversation),
    takeNow(conversation) {
      const token = reserve();
      if (token !== undefined) occupy(conversation, take(conversation, token));
    },
    async close(taken) {
      closing = true;
      await Promise.all([...started, taken]).finally(() => clearInterval(renewing));
    },
  };
}

interface KeptSession {
  readonly sealed: string;
  readonly session: string;
}

function keptSessions({ vault, work }: RunnerOptions) {
  const sessions = new LRUCache<string, KeptSession>({ max: KEPT_SESSIONS });
  return {
    keep: (conversation: string, saved: KeptSession) => void sessions.set(conversation, saved),
    /** What a conversation saved last, without opening again what this process sealed. No session where nobody can read it. */
    opened(conversation: string, sealed: string | null | undefined): string | undefined {
      if (sealed === null || sealed === undefined) return undefined;
      const kept = sessions.get(conversation);
      if (kept?.sealed === sealed) return kept.session;
      try {
        return vault.open(sealed);
      } catch (error) {
        work.onError?.(error);
        return undefined;
      }
    },
  };
}

/** Rejects when the entry has to be tried again. */
async function runEntry(options: RunnerOptions, { keys, token }: Run, head: Head): Promise<Outcome> {
  const entry = openEntry(options, head);
  if (entry === undefined) return { session: undefined, dead: UNREADABLE };
  if (head.starts > MAX_STARTS) {
    return giveUp(options, entry, new PoisonEntry(`begun ${head.starts} times and never finished`));
  }
  try {
    return { session: await options.handler(entry) };
  } catch (error) {
    options.work.onError?.(error);
    const transient = options.work.isTransient(error);
    const throws = await options.redis.mailboxFail(keys.lease, keys.tries, token, transient ? 0 : 1, MAX_THROWS);
    // Without the lease it may be counted already, or be another run's: a wake-up finds out.
    if (throws < 0 || transient || throws < MAX_THROWS) throw error;
    return giveUp(options, entry, error);
  }
}

async function giveUp({ work }: RunnerOptions, entry: Entry, error: unknown): Promise<Outcome> {
  await work.onDeadLetter(entry, error).catch((failure: unknown) => work.onError?.(failure));
  return { session: undefined, dead: { ...burialOf(entry.event, error), event: entry.event } };
}

/** `undefined` for bytes nobody can read any more (a lost key, an entry of a version gone by): dead-lettered as they are. */
function openEntry({ vault, work }: RunnerOptions, { sealed, event, session }: Head): Entry | undefined {
  if (event !== undefined) return { event, session };
  try {
    return { event: inboundEvent.parse(JSON.parse(vault.open(sealed))), session };
  } catch (error) {
    work.onError?.(error);
    return undefined;
  }
}
