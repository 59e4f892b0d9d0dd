import { index, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/*
 * Who may call Refill. A client's secrets are here as SHA-256 only: they are 256 random bits of our own making, so there is
 * nothing to guess and nothing that a slow hash would protect; and they stay valid when the master key changes.
 */

const at = (name: string) => timestamp(name, { withTimezone: true });

/** A public key on P-256 (RFC 7518, section 6.2). */
export interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y: string;
}

/** Systems that fetch tokens with their client credentials. */
export const clients = pgTable('clients', {
  id: text().primaryKey(),
  scopes: text().array().notNull(),
  createdAt: at('created_at').notNull(),
  /** From then on it gets no token and its tokens are refused. */
  expiresAt: at('expires_at'),
  disabledAt: at('disabled_at'),
});

/** Two at most are valid at once: the newest, and the one before it until its grace is over. */
export const clientSecrets = pgTable(
  'client_secrets',
  {
    id: text().primaryKey(),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    /** SHA-256, base64url. */
    hash: text().notNull(),
    createdAt: at('created_at').notNull(),
    expiresAt: at('expires_at'),
  },
  (table) => [index('client_secrets_of_client').on(table.clientId)],
);

/** The keys our tokens are signed with, one row a generation. */
export const signingKeys = pgTable('signing_keys', {
  /** 1, 2, 3 …: two processes that make the next one at once cannot both. */
  generation: integer().primaryKey(),
  kid: text().notNull().unique(),
  publicJwk: jsonb('public_jwk').$type<PublicJwk>().notNull(),
  /** The private JWK. */
  privateSealed: text('private_sealed').notNull(),
  createdAt: at('created_at').notNull(),
  /** Published before it signs, so that whoever keeps a copy of the key set has it by then. */
  signsFrom: at('signs_from').notNull(),
});
