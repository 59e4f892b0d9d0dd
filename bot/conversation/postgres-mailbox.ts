import { createHash, randomBytes } from 'node:crypto';
import type { Vault } from '../secrets.js';
import type { Publish, Sql } from '../stores/sql.js';
import { type Mailbox, type MailboxDepth, MailboxUnavailable } from './mailbox.js';
import { createPostgresDeadLetters } from './postgres-dead-letters.js';
import { type PostgresWorker, startPostgresWorker } from './postgres-mailbox-worker.js';

export interface PostgresMailboxOptions {
  readonly sql: Sql;
  readonly publish: Publish;
  /** What is kept is sealed: people type phone numbers. */
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  /** How long an event id is remembered. WhatsApp redelivers for 7 days (CHANNELS.md 1). */
  readonly seenMs?: number;
  /** How long a silent conversation keeps its session. */
  readonly sessionMs?: number;
  /** How long a worker may be silent before it counts as gone; what it had is taken up again then. */
  readonly lockMs?: number;
  /** How often workers look for what nobody woke them for: a try that is due, a worker that is gone, a lost wake-up. */
  readonly pollMs?: number;
}

const DAY_MS = 86_400_000;
/** What a platform is answered within, be the database's connections all taken or its disk asleep. */
const ANSWER_WITHIN_MS = 1000;
/** Told to workers of all processes: something was delivered. The payload names the process that told. */
const CHANNEL = 'refill_mailbox';

/**
 * Mailboxes as rows of PostgreSQL. An entry, its wake-up and the memory of its id are one commit, so nothing can be stranded. A
 * worker leases a conversation by database time under a number nobody had before, and saving asks for that number: a worker
 * that stood still beyond its lease is fenced off.
 */
export function createPostgresMailbox(options: PostgresMailboxOptions): Mailbox {
  const { sql, publish, vault } = options;
  const self = randomBytes(6).toString('base64url');
  const workers = new Set<PostgresWorker>();
  let listening: Promise<() => Promise<void>> | undefined;

  const wakeHere = () => {
    for (const worker of workers) worker.wake();
  };
  const wakeAll = () => {
    wakeHere();
    publish(CHANNEL, self);
  };

  return {
    async deliver(event) {
      const entry = vault.seal(JSON.stringify(event));
      const ref = refOf(event.conversationId, event.id);
      const values = [event.conversationId, ref, entry, options.seenMs ?? 8 * DAY_MS];
      try {
        const [row] = await answered(
          sql.query<{ taken: boolean }>('select mailbox_deliver($1, $2, $3, $4) as taken', values),
        );
        if (row?.taken !== true) return 'duplicate';
      } catch (cause) {
        throw new MailboxUnavailable('the mailbox cannot take an event now', { cause });
      }
      wakeAll();
      return 'accepted';
    },

    async work(handler, work) {
      listening ??= sql.listen(CHANNEL, { heard: (who) => who !== self && wakeHere(), missed: wakeHere });
      await listening;
      const worker = startPostgresWorker({
        sql,
        vault,
        handler,
        work,
        lockMs: options.lockMs ?? 10_000,
        pollMs: options.pollMs ?? 500,
        sessionMs: options.sessionMs ?? DAY_MS,
      });
      workers.add(worker);
      return { close: () => worker.close().finally(() => workers.delete(worker)) };
    },

    async sweep() {
      wakeAll();
      return (await depthOf(sql)).conversations;
    },

    depth: () => depthOf(sql),

    deadLetters: createPostgresDeadLetters(sql, vault),

    async close() {
      await Promise.all([...workers].map((worker) => worker.close()));
      await (await listening)?.();
    },
  };
}

async function depthOf(sql: Sql): Promise<MailboxDepth> {
  const [depth] = await sql.query<MailboxDepth>(`
    select count(*)::int as conversations,
      coalesce(extract(epoch from now() - min(waiting_since)) * 1000, 0)::float8 as "oldestMs",
      (select count(*) from mailbox_dead)::int as "deadLetters"
    from mailboxes where due_at is not null`);
  return depth ?? { conversations: 0, oldestMs: 0, deadLetters: 0 };
}

/** An event id is the platform's: hashed, it can neither be long nor hold a phone number. */
function refOf(conversation: string, eventId: string): string {
  return createHash('sha256').update(`${conversation}\n${eventId}`).digest('base64url').slice(0, 22);
}

/** Not answered in time is not answered: whether it was taken shows when it is sent again. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new MailboxUnavailable('the database did not answer in time')), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
