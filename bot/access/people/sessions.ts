import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Vault, VaultError } from '../../secrets.js';
import type { ShortLived } from '../../short-lived.js';
import { ROLES, type Role } from '../roles.js';

/** Somebody who logged in. */
export interface Person {
  /** The issuer's id of them, or `admin` for the built-in one. */
  readonly subject: string;
  /** To greet them; may be empty. */
  readonly name: string;
  readonly role: Role;
  readonly method: 'oidc' | 'token' | 'open';
}

/** Login sessions, kept on the server; the browser has a random id and nothing else. */
export interface Sessions {
  /** The new session's id, for the cookie. */
  open(person: Person): Promise<string>;
  /** Whose session it is; its idle time begins anew. */
  use(id: string): Promise<Person | undefined>;
  /** The same, but it does not count as being used. */
  look(id: string): Promise<Person | undefined>;
  end(id: string): Promise<void>;
  /** Ends every session of one person, by the issuer's id of them, or of everybody: all that were opened up to now. */
  endAll(whose: { readonly subject: string } | 'everybody'): Promise<void>;
}

export interface SessionOptions {
  readonly store: ShortLived;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  /** Without a request. */
  readonly idleMs: number;
  /** In any case. */
  readonly longestMs: number;
  readonly now?: () => number;
}

const saved = z.object({
  subject: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  method: z.enum(['oidc', 'token']),
  since: z.number(),
});

export function createSessions({ store, vault, idleMs, longestMs, now = Date.now }: SessionOptions): Sessions {
  /** Who reads the store learns no id. */
  const keyOf = (id: string) => `session:${createHash('sha256').update(id).digest('base64url')}`;

  /** Sessions are found by their ids alone: what ends many is a mark that each is held against, for as long as any could last. */
  const markOf = (subject?: string) =>
    `session-end:${subject === undefined ? 'everybody' : createHash('sha256').update(subject).digest('base64url')}`;

  async function isEnded({ subject, since }: { readonly subject: string; readonly since: number }): Promise<boolean> {
    const marks = await Promise.all([store.get(markOf()), store.get(markOf(subject))]);
    return marks.some((mark) => mark !== undefined && since <= Number(mark));
  }

  async function find(id: string, read: (key: string) => Promise<string | undefined>): Promise<Person | undefined> {
    if (!/^[\w-]{43}$/.test(id)) return undefined;
    const sealed = await read(keyOf(id));
    const session = sealed === undefined ? undefined : open(vault, sealed);
    if (session === undefined) return undefined;
    const { since, ...person } = session;
    if (now() - since < longestMs && !(await isEnded(session))) return person;
    await store.remove(keyOf(id));
    return undefined;
  }
  return {
    async open({ subject, name, role, method }) {
      const id = randomBytes(32).toString('base64url');
      const session = { subject, name: name.slice(0, 200), role, method, since: now() };
      await store.set(keyOf(id), vault.seal(JSON.stringify(session)), Math.min(idleMs, longestMs));
      return id;
    },
    use: (id) => find(id, (key) => store.touch(key, idleMs)),
    look: (id) => find(id, (key) => store.get(key)),
    end: (id) => store.remove(keyOf(id)),
    endAll: (whose) => store.set(markOf(whose === 'everybody' ? undefined : whose.subject), String(now()), longestMs),
  };
}

/** Written by another version, or sealed with a key that is gone: log in again. */
function open(vault: Pick<Vault, 'open'>, sealed: string): z.infer<typeof saved> | undefined {
  try {
    return saved.safeParse(JSON.parse(vault.open(sealed))).data;
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}
