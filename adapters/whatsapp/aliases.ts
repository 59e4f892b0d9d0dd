import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { NamedUser } from '../../bot/ledger/ledger.js';
import type { Vault } from '../../bot/secrets.js';
import type { ShortLived } from '../../bot/short-lived.js';

/** Under which id a conversation began, by the other ids of the same person. */
export interface Aliases {
  get(id: string): Promise<string | undefined>;
  set(id: string, user: string): Promise<void>;
  /** Whom the ledger knows by this id, the newest first: what is left when the short-lived values were lost. */
  recorded(id: string): Promise<readonly NamedUser[]>;
  /** Takes away every id that leads to this user; `ids` are those the caller knows of. Again does nothing. */
  forget(user: string, ids: readonly string[]): Promise<void>;
}

export interface AliasesOptions {
  readonly shortLived: ShortLived;
  readonly vault: Pick<Vault, 'seal' | 'open' | 'reference'>;
  readonly recorded: Aliases['recorded'];
}

/** Long after a silent user's conversation is of use to anyone, in milliseconds; every look-up that reaches the store begins it anew. */
const KEPT_MS = 400 * 86_400_000;
const REMEMBERED = 100_000;
/** So long after "forget me" a process may still know whose id it was; in milliseconds. */
const REMEMBERED_MS = 600_000;

const ids = z.array(z.string());

/** Aliases in the store, where neither a number nor an id can be read; the recent ones in memory. */
export function createAliases({ shortLived, vault, recorded }: AliasesOptions): Aliases {
  const recent = new LRUCache<string, { readonly user: string | undefined }>({
    max: REMEMBERED,
    ttl: REMEMBERED_MS,
    ttlResolution: 1000,
  });
  const keyOf = (id: string) => `whatsapp:user:${vault.reference('whatsapp-user', id)}`;
  /** Which ids lead to a user: what there is to take away. */
  const idsKeyOf = (user: string) => `whatsapp:ids:${vault.reference('whatsapp-user', user)}`;
  /** Sealed with a key that has since been changed: a person we meet anew. */
  const opened = (sealed: string | undefined) => {
    try {
      return sealed === undefined ? undefined : vault.open(sealed);
    } catch {
      return undefined;
    }
  };
  const idsOf = async (user: string) => ids.parse(JSON.parse(opened(await shortLived.get(idsKeyOf(user))) ?? '[]'));
  return {
    recorded,
    async get(id) {
      const remembered = recent.get(id);
      if (remembered !== undefined) return remembered.user;
      const user = opened(await shortLived.touch(keyOf(id), KEPT_MS));
      if (user !== undefined) await shortLived.touch(idsKeyOf(user), KEPT_MS);
      recent.set(id, { user });
      return user;
    },
    async set(id, user) {
      if (recent.get(id)?.user === user) return;
      const known = await idsOf(user);
      if (!known.includes(id))
        await shortLived.set(idsKeyOf(user), vault.seal(JSON.stringify([...known, id])), KEPT_MS);
      await shortLived.set(keyOf(id), vault.seal(user), KEPT_MS);
      recent.set(id, { user });
    },
    async forget(user, given) {
      for (const id of new Set([...(await idsOf(user)), ...given, user])) {
        // A number may be somebody else's by now.
        if ((opened(await shortLived.get(keyOf(id))) ?? user) === user) await shortLived.remove(keyOf(id));
        recent.delete(id);
      }
      await shortLived.remove(idsKeyOf(user));
    },
  };
}
