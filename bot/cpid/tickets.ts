import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Asker } from '../identity/proof.js';
import type { Vault } from '../secrets.js';
import type { ShortLived } from '../short-lived.js';

/** How long a link is good for, in milliseconds. */
export const TICKET_MS = 10 * 60_000;
/** How long a link that was used still says so, rather than "expired". */
const REMEMBERED_MS = 24 * 3_600_000;
/** Proofs that one link may be tried with: a phone on a bad network tries again, a guesser does not go on for long. */
const MAX_TRIES = 10;

/** What a link stands for just now. */
export type Ticket =
  | { readonly state: 'open'; readonly asker: Asker }
  | { readonly state: 'used'; readonly language: string }
  | { readonly state: 'expired' };

/**
 * Links for one person, once, for ten minutes. What is in the link is 256 random bits and nothing else; what it stands for is
 * kept sealed, under a keyed hash of them.
 */
export interface Tickets {
  issue(asker: Asker): Promise<string>;
  look(token: string): Promise<Ticket>;
  /** Counts a try; false when there were too many, and then the link is over. */
  tryOnce(token: string): Promise<boolean>;
  /** The asker, for exactly one of those who take it. */
  take(token: string): Promise<Asker | undefined>;
  /** Gives back what was taken in vain: a store was away. */
  putBack(token: string, asker: Asker): Promise<void>;
}

const asker = z.object({
  channel: z.string(),
  workspace: z.string(),
  user: z.string(),
  conversationId: z.string(),
  language: z.string(),
});

const TOKEN = /^[\w-]{43}$/;

export function createTickets(store: ShortLived, vault: Pick<Vault, 'seal' | 'open' | 'reference'>): Tickets {
  const keyOf = (token: string) => `cpid:${vault.reference('cpid-link', token)}`;
  const usedKeyOf = (token: string) => `${keyOf(token)}:used`;
  const put = (token: string, whose: Asker) =>
    store.set(keyOf(token), vault.seal(JSON.stringify(asker.parse(whose))), TICKET_MS);
  const read = (sealed: string | undefined): Asker | undefined =>
    sealed === undefined ? undefined : asker.parse(JSON.parse(vault.open(sealed)));

  return {
    async issue(whose) {
      const token = randomBytes(32).toString('base64url');
      await put(token, whose);
      return token;
    },
    async look(token) {
      if (!TOKEN.test(token)) return { state: 'expired' };
      const found = read(await store.get(keyOf(token)));
      if (found !== undefined) return { state: 'open', asker: found };
      const language = await store.get(usedKeyOf(token));
      return language === undefined ? { state: 'expired' } : { state: 'used', language };
    },
    async tryOnce(token) {
      const tries = await store.count(`${keyOf(token)}:tries`, 1, TICKET_MS);
      if (tries <= MAX_TRIES) return true;
      await store.remove(keyOf(token));
      return false;
    },
    async take(token) {
      const taken = read(await store.take(keyOf(token)));
      if (taken !== undefined) await store.set(usedKeyOf(token), taken.language, REMEMBERED_MS);
      return taken;
    },
    async putBack(token, whose) {
      await store.remove(usedKeyOf(token));
      await put(token, whose);
    },
  };
}
