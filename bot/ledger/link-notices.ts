import { randomUUID } from 'node:crypto';
import { type SQL, sql } from 'drizzle-orm';
import type { Tx } from './locks.js';
import { lastPlaceOf } from './places.js';
import { hasIt, linesOfSim } from './same-sim.js';
import { conversations, lines, outbox } from './schema.js';
import { lineLinks } from './schema-identity.js';

/** Somebody who has a SIM that another links now. */
interface Other {
  readonly ref: string;
  /** Where they were heard of last; null: they cannot be told. */
  readonly conversationId: string | null;
}

/** Nobody is told of more: who had it first, and the newest. */
const MAX_TOLD = 5;

/**
 * Whom a new link concerns: rows of `link`, `ref`, `conversation_id` (null where they cannot be told) and `itself` (whether they
 * proved the line, rather than a list naming them). Those who can be told go first, of them whoever has had it longest. `given`
 * has a row of `link`, `ref` and `has` for each new link, its user and every line of its SIM; `but` leaves links `l` out.
 */
function concerned(given: SQL, but = sql`false`): SQL {
  return sql`select link, ref, conversation_id, itself from (
      select *, row_number() over (
        partition by link order by conversation_id is null, earliest desc, proved desc, ref) as place from (
        select *, row_number() over (partition by link, conversation_id is null order by since, ref) = 1 as earliest from (
          select given.link, l.identity_ref as ref, ${lastPlaceOf(sql`l.identity_ref`)} as conversation_id,
            bool_or(l.method <> 'directory') as itself, min(l.created_at) as since, max(l.proved_at) as proved
          from ${given} given join ${lineLinks} l on l.line_id = given.has and l.identity_ref <> given.ref
            and ${hasIt(sql`l`)} and not ${but}
          group by given.link, l.identity_ref
        ) found) dated) ranked
    where place <= ${sql.raw(String(MAX_TOLD))} order by link, place`;
}

/** Everyone else who has the SIM, by whatever line, also while a change of it keeps them from buying, and where each was heard of last. */
export async function othersOf(tx: Tx, ref: string, lineId: string): Promise<Other[]> {
  const given = sql`(select 'new' as link, ${ref}::text as ref, same.id as has from ${linesOfSim(lineId)} same)`;
  const { rows } = (await tx.execute(concerned(given))) as unknown as {
    rows: { ref: string; conversation_id: string | null }[];
  };
  return rows.map((row) => ({ ref: row.ref, conversationId: row.conversation_id }));
}

/** Owes the others word that somebody linked their line; returns the promises. */
export async function tellOthers(tx: Tx, now: SQL<Date>, linkId: string, others: readonly Other[]): Promise<string[]> {
  const reachable = others.flatMap(({ ref, conversationId }) =>
    conversationId === null
      ? []
      : [{ id: randomUUID(), kind: 'link-notice' as const, subject: `${linkId}:${ref}`, conversationId }],
  );
  if (reachable.length === 0) return [];
  await tx
    .insert(outbox)
    .values(reachable.map((item) => ({ ...item, createdAt: now, dueAt: now })))
    .onConflictDoNothing();
  return reachable.map(({ id }) => id);
}

/** Links that a list made just now. */
interface ListedNow {
  readonly ids: string[];
  readonly now: SQL;
  /** How long such a link to somebody's line is young, in milliseconds. 0: not at all. */
  readonly youngForMs: number;
}

/**
 * The same for links that a list made, in one statement: who has the line already is owed word, and the new link is young. A list
 * may name one person on two channels, and nothing says that it does: so it is not held against those whom the same list names with
 * them, nor against those whom only lists name and who never wrote.
 */
export function tellOfListed({ ids, now, youngForMs }: ListedNow): SQL {
  const these = sql`any(${sql.param(ids)}::text[])`;
  // Lists name numbers, and a number names its SIM: the other lines of that are those known to be it (same-sim.ts).
  const given = sql`(
    select made.id as link, made.identity_ref as ref, made.line_id as has from made
    union all
    select made.id, made.identity_ref, same.id from made
      join ${lines} this on this.id = made.line_id join ${lines} same on same.sim_ref = this.key_ref
  )`;
  // A WhatsApp user may be listed by the number that stands beside the id they are known by: that is themselves.
  const themselves = sql`exists (
    select 1 from ${conversations} v where v.identity_ref = l.identity_ref and v.alias_ref = given.ref)`;
  return sql`with made as (
      select l.id, l.identity_ref, l.line_id from ${lineLinks} l where l.id = ${these} and ${hasIt(sql`l`)}
    ), others as (
      select * from (${concerned(given, sql`(l.id = ${these} or ${themselves})`)}) whom where itself or conversation_id is not null
    ), owed as (
      insert into ${outbox} (id, kind, subject, conversation_id, created_at, due_at)
      select gen_random_uuid()::text, 'link-notice', link || ':' || ref, conversation_id, ${now}, ${now} from others
      where conversation_id is not null on conflict do nothing
    )
    update ${lineLinks} l set young_until = ${now} + ${youngForMs}::float8 * interval '1 millisecond'
    where l.id in (select link from others) and ${youngForMs}::float8 > 0`;
}
