import type { Vault } from '../secrets.js';
import { type InboundEvent, inboundEvent } from './event.js';

/** An entry that was given up, as an operator may know it: whose it was only by the opaque id of the conversation. */
export interface DeadLetter {
  readonly id: string;
  readonly conversation: string;
  /** The kind of its event (`text`, `press` …), or `unreadable`. */
  readonly kind: InboundEvent['kind'] | 'unreadable' | 'unknown';
  /** Why: the code or the class of the error that ended it, never its message. */
  readonly reason: string;
  readonly at: Date;
}

/** What is known of an entry as it is given up. */
export type Burial = Pick<DeadLetter, 'kind' | 'reason'>;

/** Bytes nobody can read any more: a lost key, an entry of a version gone by. */
export const UNREADABLE: Burial = { kind: 'unreadable', reason: 'UNREADABLE' };

/** More are not kept, or one defect would fill the store: the oldest go first. In Redis each of 64 shards has its share. */
export const MAX_DEAD_LETTERS = 10_000;

/**
 * Entries that were given up. They hold what somebody wrote, sealed, so they are kept for a while (`REFILL_RETENTION`,
 * `dead-letters`), go with whoever asks to be forgotten, and are either replayed or dropped by an operator.
 */
export interface DeadLetters {
  count(): Promise<number>;
  /** The oldest first. */
  list(limit: number): Promise<readonly DeadLetter[]>;
  /**
   * Puts one at the end of its conversation's mailbox, with all its tries, and takes it from here, in one step; a running Refill
   * works it off within seconds. It is marked as `replayed`. False when there is none of this id (any more), or nobody can read it.
   */
  replay(id: string): Promise<boolean>;
  drop(id: string): Promise<boolean>;
  /** Drops all of a conversation; returns how many. */
  forget(conversation: string): Promise<number>;
  /** Drops up to `limit` that were given up more than `days` days ago; returns how many. */
  prune(days: number, limit: number): Promise<number>;
}

/** An entry as it goes back to its mailbox: marked, and sealed anew. `undefined` for bytes nobody can read. */
export function replayOf(vault: Pick<Vault, 'seal' | 'open'>, sealed: string): string | undefined {
  try {
    return markedReplay(vault, JSON.parse(vault.open(sealed)));
  } catch {
    return undefined;
  }
}

/** The same for what is open already. */
export function markedReplay(vault: Pick<Vault, 'seal'>, event: unknown): string | undefined {
  const { data } = inboundEvent.safeParse(event);
  return data && vault.seal(JSON.stringify({ ...data, replayed: true } satisfies InboundEvent));
}

/** Why an entry was given up, in a word that may stand in a log. */
export function burialOf({ kind }: InboundEvent, error: unknown): Burial {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const word = [code, name].find((text) => typeof text === 'string' && /^\w{1,60}$/.test(text));
  return { kind, reason: typeof word === 'string' ? word : 'UNKNOWN' };
}
