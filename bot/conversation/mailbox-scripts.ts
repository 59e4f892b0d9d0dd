import type { Redis } from 'ioredis';
import { BEGIN, COMMIT, DELIVER, FAIL, RENEW } from './scripts.js';

type Argument = string | number;

/** A connection that knows the mailbox's scripts; arguments are keys first, as `scripts.ts` lists them. */
export interface MailboxRedis {
  mailboxDeliver(...args: Argument[]): Promise<[delivered: number, session?: string | null]>;
  mailboxBegin(
    ...args: Argument[]
  ): Promise<[entry: string, session: string | null, starts: number, throws: string | null] | []>;
  mailboxCommit(...args: Argument[]): Promise<[left: number, next?: string]>;
  mailboxFail(...args: Argument[]): Promise<number>;
  mailboxRenew(...args: Argument[]): Promise<number>;
}

/** Teaches a connection the mailbox's scripts. */
export function withScripts(redis: Redis): MailboxRedis {
  redis.defineCommand('mailboxDeliver', { numberOfKeys: 6, lua: DELIVER });
  redis.defineCommand('mailboxBegin', { numberOfKeys: 5, lua: BEGIN });
  redis.defineCommand('mailboxCommit', { numberOfKeys: 7, lua: COMMIT });
  redis.defineCommand('mailboxFail', { numberOfKeys: 2, lua: FAIL });
  redis.defineCommand('mailboxRenew', { numberOfKeys: 1, lua: RENEW });
  return redis as unknown as MailboxRedis;
}
