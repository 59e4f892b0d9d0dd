import { randomUUID } from 'node:crypto';
import { and, asc, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { LedgerContext } from './context.js';
import { clientSecrets, clients, type PublicJwk, signingKeys } from './schema-access.js';
import { storable } from './text.js';

export type { PublicJwk };

/** A system that may call Refill. */
export interface Client {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly disabledAt?: Date;
  /** Of the secrets that are valid now, newest first. */
  readonly secrets: readonly ClientSecret[];
}

export interface ClientSecret {
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
}

export interface NewClient {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: Date;
}

export interface NewSigningKey {
  /** One more than the newest key's. */
  readonly generation: number;
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  /** JSON of the private JWK; sealed at rest. */
  readonly privateJwk: string;
  /** How long it is only published before it signs, in milliseconds. */
  readonly signsInMs: number;
}

export interface SigningKey extends Omit<NewSigningKey, 'signsInMs'> {
  readonly createdAt: Date;
  readonly signsFrom: Date;
}

/** Clients, their secrets, and the keys our tokens are signed with. */
export interface AccessLedger {
  /** False when there is a client of this id already; then nothing is changed. */
  addClient(client: NewClient, secretHash: string): Promise<boolean>;
  client(id: string): Promise<Client | undefined>;
  /** All, by id. */
  clients(): Promise<readonly Client[]>;
  /** Adds a secret; the newest one so far stays valid for `graceMs`, all older ones end. False: no such client. */
  rotateClientSecret(id: string, secretHash: string, graceMs: number): Promise<boolean>;
  /** False: no such client. */
  setClientDisabled(id: string, disabled: boolean): Promise<boolean>;
  /** False: no such client. */
  removeClient(id: string): Promise<boolean>;

  /** Oldest first. */
  signingKeys(): Promise<readonly SigningKey[]>;
  /** False when another process made this generation first. */
  addSigningKey(key: NewSigningKey): Promise<boolean>;
  /** Removes every key older than `generation`. */
  removeSigningKeysBefore(generation: number): Promise<void>;
}

export function accessMethods(context: LedgerContext): AccessLedger {
  return { ...reading(context), ...changing(context), ...keeping(context) };
}

type Reading = Pick<AccessLedger, 'client' | 'clients'>;
type Changing = Pick<AccessLedger, 'addClient' | 'rotateClientSecret' | 'setClientDisabled' | 'removeClient'>;
type Keeping = Pick<AccessLedger, 'signingKeys' | 'addSigningKey' | 'removeSigningKeysBefore'>;

function reading({ db, clock }: LedgerContext): Reading {
  const find = async (id?: string): Promise<Client[]> => {
    const now = nowOf(clock.stamp());
    const valid = or(isNull(clientSecrets.expiresAt), gt(clientSecrets.expiresAt, now));
    const rows = await db
      .select({ client: clients, secret: clientSecrets })
      .from(clients)
      .leftJoin(clientSecrets, and(eq(clientSecrets.clientId, clients.id), valid))
      .where(id === undefined ? undefined : eq(clients.id, id))
      .orderBy(asc(clients.id), desc(clientSecrets.createdAt), desc(clientSecrets.id));
    const byId = new Map(rows.map(({ client }) => [client.id, client]));
    const secretsOf = (of: string) => rows.flatMap(({ client, secret }) => (client.id === of && secret) || []);
    return [...byId.values()].map((client) => toClient(client, secretsOf(client.id)));
  };
  return {
    client: async (id) => (await find(id))[0],
    clients: () => find(),
  };
}

function toClient(row: typeof clients.$inferSelect, secrets: readonly (typeof clientSecrets.$inferSelect)[]): Client {
  const { id, scopes, createdAt, expiresAt, disabledAt } = row;
  return {
    id,
    scopes,
    createdAt,
    ...(expiresAt !== null && { expiresAt }),
    ...(disabledAt !== null && { disabledAt }),
    secrets: secrets.map(({ hash, createdAt: since, expiresAt: until }) => ({
      hash,
      createdAt: since,
      ...(until !== null && { expiresAt: until }),
    })),
  };
}

function changing({ db, clock }: LedgerContext): Changing {
  return {
    async addClient({ id, scopes, expiresAt }, hash) {
      const createdAt = nowOf(clock.stamp());
      return db.transaction(async (tx) => {
        const row = { id, scopes: scopes.map(storable), createdAt, ...(expiresAt !== undefined && { expiresAt }) };
        const added = await tx.insert(clients).values(row).onConflictDoNothing().returning({ id: clients.id });
        if (added.length === 0) return false;
        await tx.insert(clientSecrets).values({ id: randomUUID(), clientId: id, hash, createdAt });
        return true;
      });
    },
    async rotateClientSecret(id, hash, graceMs) {
      const now = nowOf(clock.stamp());
      return db.transaction(async (tx) => {
        // One rotation of a client at a time.
        const [client] = await tx.select({ id: clients.id }).from(clients).where(eq(clients.id, id)).for('update');
        if (client === undefined) return false;
        const [newest] = await tx
          .select({ id: clientSecrets.id })
          .from(clientSecrets)
          .where(eq(clientSecrets.clientId, id))
          .orderBy(desc(clientSecrets.createdAt), desc(clientSecrets.id))
          .limit(1);
        const ofClient = eq(clientSecrets.clientId, id);
        if (newest !== undefined) {
          await tx.delete(clientSecrets).where(and(ofClient, sql`${clientSecrets.id} <> ${newest.id}`));
          // A grace that is running already is never made longer.
          const until = sql<Date>`least(${clientSecrets.expiresAt}, ${now} + ${graceMs}::float8 * interval '1 millisecond')`;
          await tx.update(clientSecrets).set({ expiresAt: until }).where(ofClient);
        }
        await tx.insert(clientSecrets).values({ id: randomUUID(), clientId: id, hash, createdAt: now });
        return true;
      });
    },
    async setClientDisabled(id, disabled) {
      const disabledAt = disabled ? sql<Date>`coalesce(${clients.disabledAt}, ${nowOf(clock.stamp())})` : null;
      const changed = await db
        .update(clients)
        .set({ disabledAt })
        .where(eq(clients.id, id))
        .returning({ id: clients.id });
      return changed.length > 0;
    },
    async removeClient(id) {
      return (await db.delete(clients).where(eq(clients.id, id)).returning({ id: clients.id })).length > 0;
    },
  };
}

function keeping({ db, vault, clock }: LedgerContext): Keeping {
  return {
    async signingKeys() {
      const rows = await db.select().from(signingKeys).orderBy(asc(signingKeys.generation));
      return rows.map(({ privateSealed, ...row }) => ({ ...row, privateJwk: vault.open(privateSealed) }));
    },
    async addSigningKey({ privateJwk, signsInMs, ...key }) {
      const createdAt = nowOf(clock.stamp());
      const signsFrom = sql<Date>`${createdAt} + ${signsInMs}::float8 * interval '1 millisecond'`;
      const privateSealed = vault.seal(privateJwk);
      const added = await db
        .insert(signingKeys)
        .values({ ...key, privateSealed, createdAt, signsFrom })
        .onConflictDoNothing()
        .returning({ generation: signingKeys.generation });
      return added.length > 0;
    },
    async removeSigningKeysBefore(generation) {
      await db.delete(signingKeys).where(lt(signingKeys.generation, generation));
    },
  };
}

const nowOf = (stamp: string | null) => sql<Date>`coalesce(${stamp}::timestamptz, now())`;
