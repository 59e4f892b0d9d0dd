import type { Mailbox } from '../conversation/mailbox.js';
import type { Jobs } from '../jobs.js';
import type { LiveLog } from '../live-log.js';
import type { Vault } from '../secrets.js';
import type { ShortLived } from '../short-lived.js';

/**
 * Where what is under way is kept, as opposed to what is owed (the ledger): mailboxes with their sessions, queues, and what is
 * remembered for a while. In Redis, or in the same PostgreSQL as the ledger. The same promises either way; one contract suite
 * checks both.
 */
export interface WorkingStores {
  readonly kind: 'redis' | 'postgres';
  /** For logs: where it is, without credentials. */
  readonly description: string;
  readonly shortLived: ShortLived;
  readonly liveLog: LiveLog;
  /** To be closed by the caller, as `jobs` is. */
  mailbox(vault: Pick<Vault, 'seal' | 'open'>): Mailbox;
  jobs(): Jobs;
  /** Resolves when the store answers; rejects within about a second otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** First part of every name in a store that others may use as well. */
export const PREFIX = 'refill';
