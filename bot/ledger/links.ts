import { randomUUID } from 'node:crypto';
import { and, eq, isNotNull, ne, type SQL, sql } from 'drizzle-orm';
import { asListed } from '../domain/chat-user.js';
import { STRICTEST } from '../domain/link.js';
import type { LedgerContext } from './context.js';
import type { Ledger, Link } from './ledger.js';
import { tellOfListed } from './link-notices.js';
import { identityRef, toLine } from './linked-user.js';
import { isOf } from './places.js';
import { consents, conversations, lines, outbox } from './schema.js';
import { identities, lineLinks, lineSignals, linkEvents, suppressions } from './schema-identity.js';
import { suppressedOf } from './suppressions.js';
import { owedWithdrawals, wasRegistered } from './withdrawals.js';

type Methods = 'saveLinks' | 'countSuppressed' | 'linkedLine';

/** Rows per statement: few round trips, and each is done long before a statement counts as unanswered. */
const CHUNK = 1000;

/** The directory an operator vouches for: which line a chat user has. */
export function linkMethods(context: LedgerContext, youngForMs: number): Pick<Ledger, Methods> {
  const { db, vault } = context;
  return {
    saveLinks: saving(context, youngForMs),
    linkedLine: looking(context),
    async countSuppressed(users) {
      const refs = [...new Set(users.map((who) => identityRef(vault, who)))];
      return (await suppressedOf(db, refs)).size;
    },
  };
}

function looking({ db, vault }: LedgerContext): Ledger['linkedLine'] {
  const byRef = db
    .select({ line: lines })
    .from(identities)
    .innerJoin(lines, eq(lines.id, identities.lineId))
    .innerJoin(lineLinks, and(eq(lineLinks.identityRef, identities.ref), eq(lineLinks.lineId, identities.lineId)))
    .where(
      and(eq(identities.ref, sql.placeholder('ref')), isNotNull(identities.lineId), ne(lineLinks.state, 'unlinked')),
    )
    .prepare('linked_line');

  return async (channel, workspace, user) => {
    const [row] = await byRef.execute({ ref: identityRef(vault, { channel, workspace, user }) });
    return row && toLine(row.line, vault);
  };
}

function saving({ db, vault, clock }: LedgerContext, youngForMs: number): Ledger['saveLinks'] {
  const toRow = (link: Link): Row => ({
    ref: identityRef(vault, link),
    keyRef: vault.reference('line', link.operator, link.key.type, link.key.value),
    link: { ...link, ...asListed(link) },
  });

  return async (given, source) => {
    // One row per user, the last one said; and everyone in the order of locks.ts.
    const known = sorted(new Map(given.map(toRow).map((row) => [row.ref, row])), ({ ref }) => ref);
    const left = await suppressedOf(
      db,
      known.map(({ ref }) => ref),
    );
    const rows = known.filter(({ ref }) => !left.has(ref));
    const stamp = clock.stamp();
    // Outside of the transaction: a line by itself promises nothing, and a running Refill shall not wait for its row.
    for (const chunk of chunks(sorted(new Map(rows.map((row) => [row.keyRef, row])), ({ keyRef }) => keyRef))) {
      const added = (await db.execute(newLines(chunk, vault, stamp))) as unknown as {
        readonly rows: readonly unknown[];
      };
      if (added.rows.length < chunk.length) await restoreErased(db, vault, chunk);
    }
    return db.transaction(async (tx) => {
      let added = 0;
      await tx.execute(lockedLines(rows));
      for (const chunk of chunks(rows)) await tx.execute(lockedIdentities(chunk, source, vault, stamp));
      for (const chunk of chunks(rows)) {
        const { rows: written } = (await tx.execute(newLinks(chunk, source, stamp))) as unknown as Written;
        await tx.execute(settled(chunk, written, source, stamp));
        const ids = written.map(({ id }) => id);
        if (ids.length > 0) await tx.execute(tellOfListed({ ids, now: at(stamp), youngForMs }));
        added += written.filter((row) => row.first).length;
      }
      return added;
    });
  };
}

/** A line whose number was erased with the last who had it keeps its fingerprint only: the directory names the number again. */
async function restoreErased(db: LedgerContext['db'], vault: LedgerContext['vault'], rows: readonly Row[]) {
  const known = await db
    .select({ keyRef: lines.keyRef, keySealed: lines.keySealed })
    .from(lines)
    .where(sql`${lines.keyRef} = any(${texts(rows.map(({ keyRef }) => keyRef))})`);
  const erased = new Set(known.filter(({ keySealed }) => vault.open(keySealed) === '').map(({ keyRef }) => keyRef));
  for (const { keyRef, link } of rows.filter((row) => erased.has(row.keyRef))) {
    await db
      .update(lines)
      .set({ keySealed: vault.seal(link.key.value) })
      .where(eq(lines.keyRef, keyRef));
  }
}

interface Row {
  readonly ref: string;
  readonly keyRef: string;
  readonly link: Link;
}

interface Written {
  /** `first`: this user was not in the directory before. */
  readonly rows: readonly {
    readonly id: string;
    readonly ref: string;
    readonly line: string;
    readonly first: boolean;
  }[];
}

/** Columns travel as arrays: a statement of seven parameters, however many rows. */
function newLines(rows: readonly Row[], vault: LedgerContext['vault'], stamp: string | null) {
  return sql`insert into ${lines} (id, key_ref, operator, key_type, key_sealed, created_at)
    select id, key_ref, operator, key_type, key_sealed, ${at(stamp)} from unnest(
    ${texts(rows.map(() => randomUUID()))}, ${texts(rows.map(({ keyRef }) => keyRef))},
    ${texts(rows.map(({ link }) => link.operator))}, ${texts(rows.map(({ link }) => link.key.type))},
    ${texts(rows.map(({ link }) => vault.seal(link.key.value)))}
  ) as given (id, key_ref, operator, key_type, key_sealed) on conflict do nothing returning 1`;
}

/**
 * The lines that somebody gets a link to now, locked (locks.ts): of two who are linked to one at once, the second sees the first, who
 * is told. A list that is taken in again waits for nobody's line.
 */
function lockedLines(rows: readonly Row[]) {
  return sql`select 1 from ${lines} where id in (
      select line.id from unnest(${texts(rows.map(({ ref }) => ref))}, ${texts(rows.map(({ keyRef }) => keyRef))})
        as given (ref, key_ref) join ${lines} line on line.key_ref = given.key_ref
      where not exists (select 1 from ${lineLinks} l
        where l.identity_ref = given.ref and l.line_id = line.id and (l.state <> 'unlinked' or l.reason = 'user'))
    ) order by id collate "C" for no key update`;
}

/** All of them, new ones and old, locked in their order (locks.ts) until the transaction ends; the old ones are not written. */
function lockedIdentities(rows: readonly Row[], source: string, vault: LedgerContext['vault'], stamp: string | null) {
  return sql`insert into ${identities} (ref, channel, user_sealed, source, created_at, changed_at)
    select ref, channel, user_sealed, ${source}::text, ${at(stamp)}, ${at(stamp)} from unnest(
      ${texts(rows.map(({ ref }) => ref))}, ${texts(rows.map(({ link }) => link.channel))},
      ${texts(rows.map(({ link }) => vault.seal(JSON.stringify([link.workspace, link.user]))))}
    ) as given (ref, channel, user_sealed) order by ref collate "C"
    on conflict (ref) do update set source = excluded.source where false`;
}

/**
 * Links whom the directory lists to whom it lists them with. What is known already stays untouched, not even rewritten; what a
 * user gave up is not brought back by a list. Nor does a list prove anything against a signal: what was blocked when a list took it
 * away is blocked again, and so is a number that is listed for the first time after one. They prove it themselves. Who was forgotten
 * while this transaction waited for them is left out too.
 */
function newLinks(rows: readonly Row[], source: string, stamp: string | null) {
  const standing = (blocks: SQL) => sql`case when cardinality(${blocks}) > 0 then 'blocked' else 'active' end`;
  return sql`insert into ${lineLinks}
      (id, identity_ref, line_id, state, reason, blocks, method, source, proved_at, created_at, changed_at)
    select given.id, given.ref, ${lines.id}, ${standing(sql`said.blocks`)}, ${strictestOf(sql`said.blocks`)}, said.blocks,
      'directory', ${source}::text, ${at(stamp)}, ${at(stamp)}, ${at(stamp)}
    from unnest(
      ${texts(rows.map(() => randomUUID()))}, ${texts(rows.map(({ ref }) => ref))},
      ${texts(rows.map(({ keyRef }) => keyRef))}
    ) as given (id, ref, key_ref) join ${lines} on ${lines.keyRef} = given.key_ref
    cross join lateral (
      select array(select s.reason from ${lineSignals} s where s.ref = given.key_ref)) as said (blocks)
    where not exists (select 1 from ${suppressions} s where s.ref = given.ref) order by given.ref
    on conflict (identity_ref, line_id) do update
      set state = ${standing(sql`line_links.blocks`)}, reason = ${strictestOf(sql`line_links.blocks`)},
        method = 'directory', source = excluded.source,
        proved_at = case when cardinality(line_links.blocks) > 0 then line_links.proved_at else excluded.proved_at end,
        created_at = excluded.created_at, changed_at = excluded.changed_at
      where line_links.state = 'unlinked' and line_links.reason <> 'user'
    returning id, identity_ref as ref, line_id as line, not exists (
      select 1 from ${lineLinks} had where had.identity_ref = line_links.identity_ref
    ) as first`;
}

/** The reason that counts of several, as `strictest` has it. */
function strictestOf(blocks: SQL): SQL {
  return sql`(select reason from unnest(${texts([...STRICTEST])}) with ordinality as by_strictness (reason, place)
    where reason = any (${blocks}) order by place limit 1)`;
}

/** Takes away what the directory said before of those it now lists with another number, and keeps the audit trail. */
function settled(rows: readonly Row[], written: Written['rows'], source: string, stamp: string | null) {
  const by = `directory:${source}`;
  return sql`with given as (
      select ref, ${lines.id} as line from unnest(
        ${texts(rows.map(({ ref }) => ref))}, ${texts(rows.map(({ keyRef }) => keyRef))}
      ) as said (ref, key_ref) join ${lines} on ${lines.keyRef} = said.key_ref
    ), gone as (
      update ${lineLinks} as l set state = 'unlinked', reason = 'directory', changed_at = ${at(stamp)} from given
      where l.identity_ref = given.ref and l.line_id <> given.line and l.method = 'directory' and l.state <> 'unlinked'
      returning l.id, l.identity_ref, l.line_id
    ), come as (
      select * from unnest(
        ${texts(written.map(({ id }) => id))}, ${texts(written.map(({ ref }) => ref))},
        ${texts(written.map(({ line }) => line))}
      ) as t (id, ref, line)
    ), moved as (
      update ${identities} as i set line_id = come.line, version = i.version + 1, changed_at = ${at(stamp)} from come
      where i.ref = come.ref and (i.line_id is null or exists (
        select 1 from gone where gone.identity_ref = i.ref and gone.line_id = i.line_id))
    ), told as (
      insert into ${linkEvents} (link_id, identity_ref, line_id, what, by, method, at)
      select id, identity_ref, line_id, 'unlinked', ${by}::text, 'directory', ${at(stamp)} from gone
    ), left_behind as (
      select line_id from gone where ${wasRegistered(sql`gone.identity_ref`, sql`gone.line_id`)}
    ), ${owedWithdrawals(sql`left_behind`, at(stamp))}, welcome_again as (
      insert into ${outbox} (id, kind, subject, conversation_id, created_at, due_at)
      select gen_random_uuid()::text, 'registration', v.id, v.id, ${at(stamp)}, ${at(stamp)}
      from come join ${conversations} v on v.line_id = come.line and ${isOf(sql`come.ref`)}
      where exists (select 1 from ${consents} k where k.conversation_id = v.id and k.granted)
      on conflict do nothing
    )
    insert into ${linkEvents} (link_id, identity_ref, line_id, what, by, method, at)
    select id, ref, line, 'linked', ${by}::text, 'directory', ${at(stamp)} from come`;
}

const texts = (values: string[]) => sql`${sql.param(values)}::text[]`;
const at = (stamp: string | null) => sql`coalesce(${stamp}::timestamptz, now())`;

function sorted(rows: ReadonlyMap<string, Row>, by: (row: Row) => string): Row[] {
  return [...rows.values()].sort((a, b) => (by(a) < by(b) ? -1 : 1));
}

function* chunks<T>(rows: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < rows.length; start += CHUNK) yield rows.slice(start, start + CHUNK);
}
