import { LRUCache } from 'lru-cache';
import type { AccessLedger, Client } from '../ledger/access.js';
import { isScope, MILLOM_SCOPES, type Scope } from './scopes.js';
import { hashSecret, matchesAny } from './secrets.js';

/** A client that may act now. */
export interface ActiveClient {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date;
}

export interface NotAuthenticated {
  readonly refused: 'unknown client' | 'wrong secret' | 'disabled or expired';
}

export interface Clients {
  /** The client whose secret this is, if it may act; else why not, which is for the log and for nobody outside. */
  authenticate(id: string, secret: string): Promise<ActiveClient | NotAuthenticated>;
  /** The client, if it may act. What is known may be 15 seconds old. */
  active(id: string): Promise<ActiveClient | undefined>;
}

/** Client ids are names people choose. */
export const CLIENT_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** How long a client that was disabled or removed may go on. */
const KNOWN_FOR_MS = 15_000;
const MAX_KNOWN = 1000;

export interface ClientsOptions {
  readonly ledger: AccessLedger;
  /** The client of the environment. */
  readonly caller: { readonly id: string; readonly secret: string } | undefined;
  readonly now?: () => Date;
}

export function createClients({ ledger, caller, now = () => new Date() }: ClientsOptions): Clients {
  const known = new LRUCache<string, ActiveClient>({ max: MAX_KNOWN, ttl: KNOWN_FOR_MS });
  const environment = caller && { hash: hashSecret(caller.secret), client: { id: caller.id, scopes: MILLOM_SCOPES } };

  const ofEnvironment = (id: string) => (environment?.client.id === id ? environment : undefined);
  const lookUp = (id: string) => (CLIENT_ID.test(id) ? ledger.client(id) : undefined);

  return {
    async authenticate(id, secret) {
      const own = ofEnvironment(id);
      if (own !== undefined) return matchesAny(secret, [own.hash]) ? own.client : { refused: 'wrong secret' };
      const client = await lookUp(id);
      const hashes = client?.secrets.map(({ hash }) => hash) ?? [];
      // Compared in any case, so that an unknown client takes as long as a wrong secret.
      const proved = matchesAny(secret, hashes);
      if (client === undefined) return { refused: 'unknown client' };
      if (!proved) return { refused: 'wrong secret' };
      return activeNow(client, now()) ?? { refused: 'disabled or expired' };
    },
    async active(id) {
      const own = ofEnvironment(id);
      if (own !== undefined) return own.client;
      const cached = known.get(id);
      if (cached !== undefined) return isOver(cached, now()) ? undefined : cached;
      const client = await lookUp(id);
      const active = client && activeNow(client, now());
      if (active !== undefined) known.set(id, active);
      return active;
    },
  };
}

function activeNow(client: Client, now: Date): ActiveClient | undefined {
  if (client.disabledAt !== undefined || isOver(client, now)) return undefined;
  const { id, scopes, expiresAt } = client;
  return { id, scopes: scopes.filter(isScope), ...(expiresAt !== undefined && { expiresAt }) };
}

function isOver({ expiresAt }: { readonly expiresAt?: Date }, now: Date): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}
