import { type SQL, sql } from 'drizzle-orm';
import type { LedgerContext } from './context.js';
import type { IdentityLedger, LinkEventKind } from './identities.js';
import { identityRef } from './linked-user.js';
import type { Tx } from './locks.js';
import { conversations } from './schema.js';
import { erasures, linkEvents, suppressions } from './schema-identity.js';

/*
 * Who asked to be forgotten is not brought back by the next list that names them: their fingerprint is kept, and nothing else, until
 * they link a number themselves, or have the operator lift it.
 */

export async function suppress(tx: Tx, refs: readonly string[], now: SQL<Date>): Promise<void> {
  await tx
    .insert(suppressions)
    .values(refs.map((ref) => ({ ref, since: now })))
    .onConflictDoNothing();
}

/** Who links a number themselves may be listed again: by the platform's id, and by the number it names beside it. */
export async function liftSuppression(tx: Tx, ref: string): Promise<void> {
  await tx.execute(sql`delete from ${suppressions} where ref in (${namesNow(ref)})`);
}

function namesNow(ref: string): SQL {
  return sql`select ${ref}::text union
    select alias_ref from ${conversations} where identity_ref = ${ref} and alias_ref is not null`;
}

const LISTED_AGAIN = 'relisted' satisfies LinkEventKind;

/** The same on the word of the operator. Whoever has not written since is known by both names from when they were forgotten. */
export function suppressionMethods({ db, vault, clock }: LedgerContext): Pick<IdentityLedger, 'allowListing'> {
  return {
    async allowListing(who, by) {
      const ref = identityRef(vault, who);
      const { rows } = (await db.execute(sql`with lifted as (
          delete from ${suppressions} where ref in (${namesNow(ref)}
            union select alias_ref from ${erasures} where identity_ref = ${ref} and alias_ref is not null
            union select identity_ref from ${erasures} where alias_ref = ${ref})
          returning ref
        )
        insert into ${linkEvents} (link_id, identity_ref, line_id, what, by, at)
        select '', ref, '', ${LISTED_AGAIN}::text, ${by}::text, coalesce(${clock.stamp()}::timestamptz, now()) from lifted
        returning id`)) as unknown as { rows: readonly unknown[] };
      return rows.length > 0;
    },
  };
}

/** Which of these are not to be listed again. */
export async function suppressedOf(db: LedgerContext['db'], refs: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ ref: suppressions.ref })
    .from(suppressions)
    .where(sql`${suppressions.ref} = any(${sql.param([...refs])}::text[])`);
  return new Set(rows.map(({ ref }) => ref));
}
