import type { LiveLog, LogFollower } from '../../bot/live-log.js';

/** Encrypts what people say before it is kept anywhere. */
export interface Vault {
  seal(text: string): string;
  /** @throws when it was sealed with another key or damaged. */
  open(sealed: string): string;
}

/** What a conversation's log keeps: `message` from Refill, `mine` from the subscriber. */
export type EntryKind = 'message' | 'mine';

/** What is only of interest now, and never kept. */
export type SignalKind = 'typing' | 'taken';

export interface Entry {
  /** E.g. `1795254258538-0`: what a browser hands back as Last-Event-ID. */
  readonly position: string;
  readonly kind: EntryKind;
  /** JSON. */
  readonly data: string;
}

export interface Signal {
  readonly kind: SignalKind;
  readonly data: string;
}

/** The recent past of each conversation, so that a reload or a second tab shows it. It is a comfort, not a record. */
export interface ConversationLog {
  /** Keeps an entry and tells every process at once. An id already in the log changes nothing. One round trip. */
  append(conversation: string, id: string, kind: EntryKind, data: string): Promise<void>;
  /** Entries after `position`, oldest first; all of them without one. */
  read(conversation: string, position?: string): Promise<Entry[]>;
  /** Tells every process, keeps nothing. */
  signal(conversation: string, kind: SignalKind, data: string): Promise<void>;
  /** Hears what every process tells. `missed`: something may have gone by, in any conversation when none is named. */
  follow(
    heard: (conversation: string, what: Entry | Signal) => void,
    missed: (conversation?: string) => void,
  ): LogFollower;
}

/** The log with everything in it sealed. */
export function createConversationLog(log: LiveLog, vault: Vault): ConversationLog {
  return {
    append: (conversation, id, kind, data) => log.append(conversation, id, kind, vault.seal(data)),

    async read(conversation, position) {
      const entries = await log.read(conversation, position);
      return entries.flatMap(({ position: at, kind, data }) => entryOf(vault, at, kind, data) ?? []);
    },

    signal: (conversation, kind, data) => log.signal(conversation, kind, vault.seal(data)),

    follow: (heard, missed) =>
      log.follow({
        missed,
        heard(conversation, what) {
          const opened =
            'position' in what
              ? entryOf(vault, what.position, what.kind, what.data)
              : signalOf(vault, what.kind, what.data);
          if (opened !== undefined) heard(conversation, opened);
        },
      }),
  };
}

function signalOf(vault: Vault, kind: string, sealed: string): Signal | undefined {
  if (kind !== 'typing' && kind !== 'taken') return undefined;
  const data = tryOpen(vault, sealed);
  return data === undefined ? undefined : { kind, data };
}

function entryOf(vault: Vault, position: string, kind: string, sealed: string): Entry | undefined {
  if (kind !== 'message' && kind !== 'mine') return undefined;
  const data = tryOpen(vault, sealed);
  return data === undefined ? undefined : { position, kind, data };
}

/** An entry sealed with a key that has since been changed is not worth breaking the page for. */
function tryOpen(vault: Vault, sealed: string): string | undefined {
  try {
    return vault.open(sealed);
  } catch {
    return undefined;
  }
}

/** A browser's Last-Event-ID, when it is one of ours. */
export function toPosition(lastEventId: unknown): string | undefined {
  return typeof lastEventId === 'string' && /^\d{1,15}-\d{1,10}$/.test(lastEventId) ? lastEventId : undefined;
}

/** Compares two positions, older first. */
export function comparePositions(a: string, b: string): number {
  const [aTime = 0, aNumber = 0] = a.split('-').map(Number);
  const [bTime = 0, bNumber = 0] = b.split('-').map(Number);
  return aTime - bTime || aNumber - bNumber;
}
