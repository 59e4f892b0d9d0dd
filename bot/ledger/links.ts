import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import type { LedgerContext } from './context.js';
import type { Ledger, Link } from './ledger.js';
import { lines, links } from './schema.js';

type Methods = 'saveLinks' | 'linkedLine';

/** Rows per statement: few round trips, and each is done long before a statement counts as unanswered. */
const CHUNK = 1000;

/** The directory an operator vouches for: which line a chat user has. */
export function linkMethods(context: LedgerContext): Pick<Ledger, Methods> {
  return { saveLinks: saving(context), linkedLine: looking(context) };
}

function looking({ db, vault }: LedgerContext): Ledger['linkedLine'] {
  const byRef = db
    .select({ id: lines.id, operator: lines.operator, keyType: lines.keyType, keySealed: lines.keySealed })
    .from(links)
    .innerJoin(lines, eq(lines.id, links.lineId))
    .where(eq(links.ref, sql.placeholder('ref')))
    .prepare('linked_line');

  return async (channel, workspace, user) => {
    const [row] = await byRef.execute({ ref: vault.reference('link', channel, workspace, user) });
    return row && { id: row.id, operator: row.operator, key: { type: row.keyType, value: vault.open(row.keySealed) } };
  };
}

function saving({ db, vault, clock }: LedgerContext): Ledger['saveLinks'] {
  const toRow = ({ channel, workspace, user, operator, key }: Link): Row => ({
    ref: vault.reference('link', channel, workspace, user),
    keyRef: vault.reference('line', operator, key.type, key.value),
    link: { channel, workspace, user, operator, key },
  });

  return async (given, source) => {
    // One row per user, the last one said; and everyone in the same order, so that two imports at once cannot deadlock.
    const rows = sorted(new Map(given.map(toRow).map((row) => [row.ref, row])), ({ ref }) => ref);
    const stamp = clock.stamp();
    // Outside of the transaction: a line by itself promises nothing, and a running Refill shall not wait for its row.
    for (const chunk of chunks(sorted(new Map(rows.map((row) => [row.keyRef, row])), ({ keyRef }) => keyRef))) {
      await db
        .insert(lines)
        .select(newLines(chunk, vault, stamp))
        .onConflictDoNothing();
    }
    return db.transaction(async (tx) => {
      let added = 0;
      for (const chunk of chunks(rows)) {
        const written = await tx
          .insert(links)
          .select(newLinks(chunk, source, vault, stamp))
          .onConflictDoUpdate({
            target: links.ref,
            set: {
              lineId: sql`excluded.line_id`,
              source: sql`excluded.source`,
              changedAt: sql`excluded.changed_at`,
            },
            // What is known already stays untouched, not even rewritten.
            setWhere: sql`${links.lineId} <> excluded.line_id`,
          })
          // PostgreSQL gives a row it updated the id of the transaction that did it, and a new one 0.
          .returning({ isNew: sql<boolean>`xmax = 0` });
        added += written.filter(({ isNew }) => isNew).length;
      }
      return added;
    });
  };
}

interface Row {
  readonly ref: string;
  readonly keyRef: string;
  readonly link: Link;
}

/** In the order of the table's columns. Columns travel as arrays: a statement of seven parameters, however many rows. */
function newLines(rows: readonly Row[], vault: LedgerContext['vault'], stamp: string | null) {
  return sql`select id, key_ref, operator, key_type, key_sealed, ${at(stamp)} from unnest(
    ${texts(rows.map(() => randomUUID()))}, ${texts(rows.map(({ keyRef }) => keyRef))},
    ${texts(rows.map(({ link }) => link.operator))}, ${texts(rows.map(({ link }) => link.key.type))},
    ${texts(rows.map(({ link }) => vault.seal(link.key.value)))}
  ) as given (id, key_ref, operator, key_type, key_sealed)`;
}

function newLinks(rows: readonly Row[], source: string, vault: LedgerContext['vault'], stamp: string | null) {
  return sql`select ref, channel, user_sealed, ${lines.id}, ${source}::text, ${at(stamp)}, ${at(stamp)} from unnest(
    ${texts(rows.map(({ ref }) => ref))}, ${texts(rows.map(({ link }) => link.channel))},
    ${texts(rows.map(({ link }) => vault.seal(JSON.stringify([link.workspace, link.user]))))},
    ${texts(rows.map(({ keyRef }) => keyRef))}
  ) as given (ref, channel, user_sealed, key_ref) join ${lines} on ${lines.keyRef} = given.key_ref`;
}

const texts = (values: string[]) => sql`${sql.param(values)}::text[]`;
const at = (stamp: string | null) => sql`coalesce(${stamp}::timestamptz, now())`;

function sorted(rows: ReadonlyMap<string, Row>, by: (row: Row) => string): Row[] {
  return [...rows.values()].sort((a, b) => (by(a) < by(b) ? -1 : 1));
}

function* chunks<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < rows.length; start += CHUNK) yield rows.slice(start, start + CHUNK);
}
