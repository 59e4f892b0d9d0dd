import { setTimeout as sleep } from 'node:timers/promises';
import type { Vault } from '../secrets.js';
import type { Sql } from '../stores/sql.js';
import { backoffStrategy } from './backoff.js';
import { type Burial, burialOf, MAX_DEAD_LETTERS, UNREADABLE } from './dead-letters.js';
import { inboundEvent } from './event.js';
import { type Entry, type EntryHandler, type MailboxWorker, PoisonEntry, type WorkOptions } from './mailbox.js';

export interface PostgresWorker extends MailboxWorker {
  /** Something may be due. */
  wake(): void;
}

interface State {
  closing: boolean;
}

interface WorkerParts {
  readonly sql: Sql;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly handler: EntryHandler;
  readonly work: WorkOptions;
  readonly lockMs: number;
  readonly pollMs: number;
  readonly sessionMs: number;
}

const SLICE = 20;
const MAX_THROWS = 5;
const MAX_STARTS = 25;
/** Conversations asked for at once; more would hold up those that other processes could take. */
const MAX_CLAIM = 16;
const RETRY_MS = 250;

export const TAKE = 'select * from mailbox_take($1, $2, $3)';
/** Asked twice it counts once. */
export const COUNT_START =
  'update mailboxes set starts = $3 where conversation = $1 and lease = $2 returning conversation';

/** A leased conversation and its oldest entries, as `mailbox_take` gives them. */
interface Claimed {
  readonly conversation: string;
  readonly lease: string;
  /** Which start of the first entry this is. Above 1 it is not written down yet. */
  readonly starts: number;
  readonly throws: number;
  readonly failures: number;
  readonly session_sealed: string | null;
  readonly ids: readonly string[];
  readonly entries: readonly string[];
}

/** Takes due conversations as long as it has room, a slice of their entries each, and tells the database that it is alive. */
export function startPostgresWorker(parts: WorkerParts): PostgresWorker {
  const { sql, work, lockMs } = parts;
  const held = new Map<Claimed, Promise<void>>();
  const state: State = { closing: false };
  let claiming = false;
  /** Something may be due that was not asked for yet. */
  let more = false;

  async function claim(): Promise<void> {
    more = true;
    if (claiming) return;
    claiming = true;
    try {
      while (more && !state.closing && held.size < work.concurrency) {
        more = false;
        const room = Math.min(MAX_CLAIM, work.concurrency - held.size);
        const rows = await sql.query<Claimed>(TAKE, [room, lockMs, SLICE]);
        for (const claimed of rows) held.set(claimed, run(claimed));
        if (rows.length === room) more = true;
      }
    } catch (error) {
      // The next poll asks again.
      work.onError?.(error);
    } finally {
      claiming = false;
    }
  }

  async function run(claimed: Claimed): Promise<void> {
    try {
      if (await drain(parts, state, claimed)) more = true;
    } catch (error) {
      work.onError?.(error);
    }
    held.delete(claimed);
    if (more) void claim();
  }

  const poll = setInterval(() => void claim(), parts.pollMs);
  const alive = setInterval(() => void renew(sql, [...held.keys()], lockMs).catch(work.onError), lockMs / 3);
  void claim();
  return {
    wake: () => void claim(),
    async close() {
      state.closing = true;
      clearInterval(poll);
      // One that is being asked for right now is run as well.
      while (claiming || held.size > 0) await Promise.all([...held.values(), sleep(1)]);
      clearInterval(alive);
    },
  };
}

async function renew(sql: Sql, held: readonly Claimed[], lockMs: number): Promise<void> {
  if (held.length === 0) return;
  await sql.query(
    `update mailboxes as box set due_at = now() + $3 * interval '1 millisecond'
     from unnest($1::text[], $2::bigint[]) as held(conversation, lease)
     where box.conversation = held.conversation and box.lease = held.lease`,
    [held.map(({ conversation }) => conversation), held.map(({ lease }) => lease), lockMs],
  );
}

/** A conversation's slice, in order. True when entries are left that somebody may take now. */
async function drain(parts: WorkerParts, state: State, claimed: Claimed): Promise<boolean> {
  let session = unsealed(parts, claimed.session_sealed);
  let tries: Tries = claimed;
  for (const [index, sealed] of claimed.entries.entries()) {
    const outcome = await runEntry(parts, state, claimed, { sealed, session, tries });
    if (outcome === 'put off') return false;
    const release = state.closing || index === claimed.entries.length - 1;
    const left = await commit(parts, state, claimed, index, outcome, release);
    // Fenced off: what is left is another worker's business.
    if (left < 0 || release) return left > 0;
    session = outcome.session ?? session;
    tries = { starts: 1, throws: 0, failures: 0 };
  }
  return false;
}

const COMMIT = 'select mailbox_commit($1, $2, $3, $4, $5, false, $6, $7) as left';

/** The same for an entry that is given up: it is kept apart, once, and the oldest goes when there are too many. */
const BURY = `
  with entry as materialized (select entry_sealed from mailbox_entries where conversation = $1 and id = $3::bigint),
    done as materialized (select mailbox_commit($1, $2, $3, $4, $5, false, $6, $7) as remaining),
    buried as (
      insert into mailbox_dead (conversation, entry_sealed, kind, reason)
      select $1::text, entry.entry_sealed, $8, $9 from entry, done where done.remaining >= 0),
    gone as (
      delete from mailbox_dead where id <= (select id from mailbox_dead order by id desc offset $10::int - 1 limit 1))
  select remaining as left from done`;

async function commit(
  parts: WorkerParts,
  state: State,
  { conversation, lease, ids }: Claimed,
  index: number,
  { session, dead }: Outcome,
  release: boolean,
): Promise<number> {
  const saved = session === undefined ? null : parts.vault.seal(session);
  const values = [conversation, lease, ids[index], saved, parts.sessionMs, release, parts.lockMs];
  const [asked, about] =
    dead === undefined ? [COMMIT, []] : ([BURY, [dead.kind, dead.reason, MAX_DEAD_LETTERS]] as const);
  return (await untilAnswered<{ left: number }>(parts, state, asked, [...values, ...about]))[0]?.left ?? -1;
}

/** Asks until it is answered: being late is safe, since a lease that is over is refused. Rejects when the worker closes. */
async function untilAnswered<Row>(
  { sql, work }: WorkerParts,
  state: State,
  asked: string,
  values: readonly unknown[],
): Promise<Row[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sql.query<Row>(asked, values);
    } catch (error) {
      if (attempt === 1) work.onError?.(error);
      if (state.closing) throw error;
      await sleep(RETRY_MS);
    }
  }
}

interface Tries {
  readonly starts: number;
  readonly throws: number;
  readonly failures: number;
}

interface Head {
  readonly sealed: string;
  readonly session: string | undefined;
  readonly tries: Tries;
}

interface Outcome {
  readonly session: string | undefined;
  /** Given up, and why. */
  readonly dead?: Burial;
}

async function runEntry(parts: WorkerParts, state: State, claimed: Claimed, head: Head): Promise<Outcome | 'put off'> {
  const { work } = parts;
  const { conversation, lease } = claimed;
  const { starts, throws, failures } = head.tries;
  const entry = openEntry(parts, head);
  if (entry === undefined) return { session: undefined, dead: UNREADABLE };
  if (starts > MAX_STARTS) return giveUp(work, entry, new PoisonEntry(`begun ${starts} times and never finished`));
  if (starts > 1) {
    // Somebody's lease ran out. Only what is known to begin is a start: a lease whose answer was lost began nothing.
    const counted = await untilAnswered(parts, state, COUNT_START, [conversation, lease, starts]);
    if (counted.length === 0) return 'put off';
  }
  try {
    return { session: await parts.handler(entry) };
  } catch (error) {
    work.onError?.(error);
    const counted = work.isTransient(error) ? 0 : 1;
    if (throws + counted >= MAX_THROWS) return giveUp(work, entry, error);
    const delay = backoffStrategy(failures + 1, undefined, error instanceof Error ? error : undefined);
    await untilAnswered(parts, state, 'select mailbox_fail($1, $2, $3, $4)', [conversation, lease, counted, delay]);
    return 'put off';
  }
}

async function giveUp(work: WorkOptions, entry: Entry, error: unknown): Promise<Outcome> {
  await work.onDeadLetter(entry, error).catch((failure: unknown) => work.onError?.(failure));
  return { session: undefined, dead: burialOf(entry.event, error) };
}

/** A session nobody can read any more is no session. */
function unsealed({ vault, work }: WorkerParts, session: string | null): string | undefined {
  if (session === null) return undefined;
  try {
    return vault.open(session);
  } catch (error) {
    work.onError?.(error);
    return undefined;
  }
}

/** `undefined` for bytes nobody can read any more (a lost key, an entry of a version gone by): dead-lettered as they are. */
function openEntry({ vault, work }: WorkerParts, { sealed, session }: Head): Entry | undefined {
  try {
    return { event: inboundEvent.parse(JSON.parse(vault.open(sealed))), session };
  } catch (error) {
    work.onError?.(error);
    return undefined;
  }
}
