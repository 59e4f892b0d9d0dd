import { type SQL, sql } from 'drizzle-orm';
import { conversations } from './schema.js';

/**
 * The conversation `v` of a statement is of this identity: by the id the platform gives its user, or by the number it names beside
 * it. A list may know a WhatsApp user by the one, and the platform by the other.
 */
export function isOf(identity: SQL): SQL {
  return sql`(v.identity_ref = ${identity} or v.alias_ref = ${identity})`;
}

/** Where this identity was heard of last: the id of a conversation, or null; a subquery. */
export function lastPlaceOf(identity: SQL): SQL {
  return sql`(select v.id from ${conversations} v where ${isOf(identity)} order by v.active_at desc limit 1)`;
}
