import type { ChatUser } from '../domain/chat-user.js';
import { RefillError } from '../errors.js';
import { type Kind, readEntries } from './links-file.js';
import { SeenUsers } from './seen-users.js';
import type { TextFile } from './text-file.js';

/** Something to say about a line. Never holds what the line holds. */
export interface Remark {
  readonly line: number;
  readonly text: string;
}

/** The first few of many remarks, and how many there are in all. */
export interface Remarks {
  readonly first: readonly Remark[];
  readonly count: number;
}

export interface CheckedFile {
  /** Users the file names, each counted once. */
  readonly users: number;
  /** Lines that are wrong. Where there is one, nothing of the file may be imported. */
  readonly problems: Remarks;
  /** Lines that say again what another said. */
  readonly notes: Remarks;
}

/** How far a long piece of work is. */
export type Progress = (done: number) => void;

/** The work stopped halfway: a store failed, or somebody wrote to the file. The message says what is done. */
export class Interrupted extends RefillError {
  readonly code = 'LINKS_INTERRUPTED';
}

/** How many remarks are kept: who has more mistakes has one mistake many times. */
export const MOST_SHOWN = 20;
/** What is remembered of them takes some 300 MB. */
export const MOST_USERS = 5_000_000;
/** Entries of one transaction: short enough for a running Refill that waits for one of its rows. */
export const BATCH = 1000;

/** Reads all of a file and remembers no more of it than fingerprints of its users. */
export async function checkFile<T extends ChatUser>(
  text: AsyncIterable<string>,
  kind: Kind<T>,
  { progress, mostUsers = MOST_USERS }: { readonly progress?: Progress; readonly mostUsers?: number } = {},
): Promise<CheckedFile> {
  const seen = new SeenUsers();
  const [problems, notes] = [remarks(), remarks()];
  let lines = 0;
  for await (const row of readEntries(text, kind)) {
    const { line } = row;
    progress?.(++lines);
    if ('wrong' in row) {
      problems.add(line, row.wrong);
      continue;
    }
    const before = seen.add(row.entry, kind.says(row.entry), line);
    if (before?.same) notes.add(line, `says the same as line ${before.line}`);
    else if (before) problems.add(line, `the same user as line ${before.line} with another number or operator`);
    if (seen.count > mostUsers) {
      problems.add(line, `more than ${mostUsers.toLocaleString('en')} users: split the file`);
      break;
    }
  }
  return { users: seen.count, problems, notes };
}

/** An empty list that keeps the first few. */
export function remarks() {
  const first: Remark[] = [];
  return {
    first,
    count: 0,
    add(line: number, text: string) {
      this.count++;
      if (first.length < MOST_SHOWN) first.push({ line, text });
    },
  };
}

/**
 * Hands the entries of a file that was checked to `save`, a batch at a time: the next is read when the last one is saved. Returns
 * what `save` counted. Throws `Interrupted` when `save` fails or somebody writes to the file meanwhile; beginning anew with the
 * whole file then does the rest, because what is done already stays as it is.
 */
export async function inBatches<T extends ChatUser>(
  file: Pick<TextFile, 'pieces' | 'changed'>,
  kind: Kind<T>,
  save: (entries: readonly T[]) => Promise<number>,
  progress?: Progress,
): Promise<number> {
  let [done, counted] = [0, 0];
  const stopped = (why: string, cause?: unknown) =>
    new Interrupted(`${why}. The first ${done} lines are done and stay; do it again with the whole file`, { cause });
  const unchanged = async () => {
    if (await file.changed()) throw stopped(CHANGED);
  };
  let batch: T[] = [];
  const flush = async () => {
    counted += await save(batch).catch((cause: unknown) => {
      throw cause instanceof RefillError ? stopped(cause.message, cause) : cause;
    });
    done += batch.length;
    batch = [];
    progress?.(done);
  };
  await unchanged();
  for await (const row of readEntries(file.pieces(), kind)) {
    if ('wrong' in row) throw stopped(CHANGED);
    batch.push(row.entry);
    if (batch.length === BATCH) await flush();
  }
  await unchanged();
  if (batch.length > 0) await flush();
  return counted;
}

const CHANGED = 'the file was written to since it was checked';
