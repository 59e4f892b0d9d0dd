/** What a log keeps. `kind` is a word of its owner's; `data` is sealed by its owner. */
export interface LogEntry {
  /** `<number>-<number>`, ever higher within a log, also after it ended and began again. */
  readonly position: string;
  readonly kind: string;
  readonly data: string;
}

/** What is only of interest now, and never kept. */
export type LogSignal = Omit<LogEntry, 'position'>;

export interface LogListener {
  heard(log: string, what: LogEntry | LogSignal): void;
  /** Something may have gone by unheard: in this log, or in any that is followed when none is named. It can be read. */
  missed(log?: string): void;
}

export interface LogFollower {
  /** Resolves once all that comes from now on is heard. */
  follow(log: string): Promise<void>;
  unfollow(log: string): void;
  close(): void;
}

/**
 * The recent past of many things, each a short log that any process may add to, read, and follow as it grows. It is a comfort,
 * not a record: the newest 60 entries, gone an hour after the last one.
 */
export interface LiveLog {
  /** Keeps an entry and tells every process at once. An id already in the log changes nothing. One round trip. */
  append(log: string, id: string, kind: string, data: string): Promise<void>;
  /** Entries after `position`, oldest first; all of them without one. */
  read(log: string, position?: string): Promise<LogEntry[]>;
  /** Tells every process, keeps nothing. */
  signal(log: string, kind: string, data: string): Promise<void>;
  /** One connection for all logs that are followed with it. */
  follow(listener: LogListener): LogFollower;
}

export const MAX_ENTRIES = 60;
/** More than entries, so that an id is still known a while after its entry was trimmed. */
export const MAX_IDS = 200;
export const LOG_TTL_SECONDS = 3600;
