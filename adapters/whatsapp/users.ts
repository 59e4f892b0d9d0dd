import { LRUCache } from 'lru-cache';
import type { Vault } from '../../bot/secrets.js';
import type { ShortLived } from '../../bot/short-lived.js';
import type { Who } from './parse.js';

/** Under which id a conversation began, by the other ids of the same person. */
export interface Aliases {
  get(id: string): Promise<string | undefined>;
  set(id: string, user: string): Promise<void>;
}

/** One person, however they are named today. */
export interface User {
  /** Names their conversation: the id it began with, and it never changes. */
  readonly key: string;
  /** The number, where it is known: what a line is found by. */
  readonly number?: string;
  readonly bsuid?: string;
}

/**
 * Who this is. A number that Meta names is the key of a new conversation, else the business-scoped id is; later webhooks that
 * name only one of the two find the same conversation. Numbers are known for as long as the id is: a user who takes another
 * number gets another id (CHANNELS.md "BSUID").
 */
export async function findUser({ number, bsuid }: Who, aliases: Aliases): Promise<User> {
  if (bsuid === undefined) return userOf((await aliases.get(number ?? '')) ?? number ?? '', number, undefined);
  const known = await aliases.get(bsuid);
  const key = known ?? (number === undefined ? undefined : await aliases.get(number)) ?? number ?? bsuid;
  if (known === undefined) await aliases.set(bsuid, key);
  // Begun without a number: what later comes with the number alone (a failed status) belongs here too.
  if (number !== undefined && key !== number) await aliases.set(number, key);
  return userOf(key, number, bsuid);
}

function userOf(key: string, number: string | undefined, bsuid: string | undefined): User {
  const known = number ?? (/^\d+$/.test(key) ? key : undefined);
  return { key, ...(known !== undefined && { number: known }), ...(bsuid !== undefined && { bsuid }) };
}

/** Long after a silent user's conversation is of use to anyone, in milliseconds; every look-up that reaches the store begins it anew. */
const KEPT_MS = 400 * 86_400_000;
const REMEMBERED = 100_000;

/** Aliases in the store, where neither a number nor an id can be read; the recent ones in memory. */
export function createAliases(shortLived: ShortLived, vault: Pick<Vault, 'seal' | 'open' | 'reference'>): Aliases {
  const recent = new LRUCache<string, { readonly user: string | undefined }>({ max: REMEMBERED });
  const keyOf = (id: string) => `whatsapp:user:${vault.reference('whatsapp-user', id)}`;
  /** Sealed with a key that has since been changed: a person we meet anew. */
  const opened = (sealed: string) => {
    try {
      return vault.open(sealed);
    } catch {
      return undefined;
    }
  };
  return {
    async get(id) {
      const remembered = recent.get(id);
      if (remembered !== undefined) return remembered.user;
      const sealed = await shortLived.touch(keyOf(id), KEPT_MS);
      const user = sealed === undefined ? undefined : opened(sealed);
      recent.set(id, { user });
      return user;
    },
    async set(id, user) {
      if (recent.get(id)?.user === user) return;
      await shortLived.set(keyOf(id), vault.seal(user), KEPT_MS);
      recent.set(id, { user });
    },
  };
}
