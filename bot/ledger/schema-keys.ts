import { sql } from 'drizzle-orm';
import { boolean, check, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * The key all references of this database are made with, sealed with a master key: one row. Master keys come and go; what was
 * once looked up by a keyed hash must be found for good, so this one stays.
 */
export const referenceKey = pgTable(
  'reference_key',
  {
    only: boolean().primaryKey().default(true),
    keySealed: text('key_sealed').notNull(),
    since: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [check('reference_key_only', sql`${table.only}`)],
);
