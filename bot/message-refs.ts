import { type Vault, VaultError } from './secrets.js';
import type { ShortLived } from './short-lived.js';

/** Where a message that may be edited later is: the platform's own reference, by conversation and key (`purchase:<id>`). */
export interface MessageRefs {
  get(conversationId: string, key: string): Promise<string | undefined>;
  /** Kept for a week, or for `keptMs`. */
  set(conversationId: string, key: string, ref: string, keptMs?: number): Promise<void>;
}

/** Longer than any purchase stays open; afterwards a new message is sent instead of an edit. */
const KEPT_MS = 7 * 86_400_000;

const SEALED = /^v\d\./;

/** A platform's reference names a person's chat (Slack's `D…`), so it is sealed. */
export function createMessageRefs(shortLived: ShortLived, vault: Pick<Vault, 'seal' | 'open'>): MessageRefs {
  const keyOf = (conversationId: string, key: string) => `ref:{${conversationId}}:${key}`;

  function read(kept: string): string | undefined {
    // Kept in clear by a Refill before sealing, for a week at most.
    if (!SEALED.test(kept)) return kept;
    try {
      return vault.open(kept);
    } catch (error) {
      // Sealed with a key that is gone: a new message is sent instead of an edit.
      if (error instanceof VaultError) return undefined;
      throw error;
    }
  }

  return {
    async get(conversationId, key) {
      const kept = await shortLived.get(keyOf(conversationId, key));
      return kept === undefined ? undefined : read(kept);
    },
    set: (conversationId, key, ref, keptMs = KEPT_MS) =>
      shortLived.set(keyOf(conversationId, key), vault.seal(ref), keptMs),
  };
}
