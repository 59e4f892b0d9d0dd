import { randomUUID } from 'node:crypto';
import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { type BlockReason, hindranceOf, type LinkStanding, type Signal, strictest } from '../domain/link.js';
import { saidOfAccount } from './account-signals.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger, LinksChanged } from './identities.js';
import { happened, liftSignal, recordSignal, signalsSince } from './line-signals.js';
import { blocksOf, identityRef, standingOf } from './linked-user.js';
import { audit, nowOf, type Tx, touch } from './linking.js';
import { lockIdentities, lockLines } from './locks.js';
import { lastPlaceOf } from './places.js';
import { freedWith, hasIt, isBlockedBy, linesOfSim, linksOfSim } from './same-sim.js';
import { conversations, outbox } from './schema.js';
import { lineLinks } from './schema-identity.js';
import { storable } from './text.js';
import { oweAgain } from './waiting.js';

type Methods = 'blockLine' | 'unblockLine' | 'blockUser' | 'objectToLink' | 'hindrance';

const value = sql.placeholder;

/** What keeps a link from being used: signals from outside, objections, age. */
export function linkGuardMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  return { ...blocking(context), objectToLink: objecting(context), ...asking(context) };
}

type LinkRow = typeof lineLinks.$inferSelect;

interface Block {
  readonly which: SQL | undefined;
  readonly reason: BlockReason;
  readonly by: string;
  /** When it happened: what was proved after it is left alone. */
  readonly since?: SQL<Date>;
}

/**
 * Says something against the links `which` finds, in the order of their identities; a line that was given up keeps it for when it
 * is wanted back. Every reason is kept, and the strictest counts. Returns those that stand otherwise than before.
 */
export async function block(tx: Tx, context: LedgerContext, { which, reason, by, since }: Block): Promise<LinkRow[]> {
  const earlier = since === undefined ? undefined : sql`${lineLinks.provedAt} <= ${since}`;
  const changed: LinkRow[] = [];
  for (const link of await lockedLinks(tx, and(which, earlier))) {
    const before = blocksOf(link);
    if (before.includes(reason)) continue;
    const said = { blocks: [...before, reason], what: 'blocked', reason, by } as const;
    if (await stands(tx, context, link, said)) changed.push(link);
  }
  return changed;
}

/** The links `which` finds, locked with whose they are. */
async function lockedLinks(tx: Tx, which: SQL | undefined): Promise<LinkRow[]> {
  const whose = await tx.select({ ref: lineLinks.identityRef }).from(lineLinks).where(which);
  const refs = [...new Set(whose.map(({ ref }) => ref))];
  await lockIdentities(tx, refs);
  return tx
    .select()
    .from(lineLinks)
    .where(and(which, inArray(lineLinks.identityRef, refs)))
    .orderBy(asc(lineLinks.identityRef))
    .for('update');
}

interface Said {
  readonly blocks: readonly BlockReason[];
  readonly what: 'blocked' | 'unblocked';
  readonly reason: BlockReason;
  readonly by: string;
}

/** Writes what is said of a link now. True when its user has to know. */
async function stands(
  tx: Tx,
  context: LedgerContext,
  link: LinkRow,
  { blocks, what, by, ...said }: Said,
): Promise<boolean> {
  const now = nowOf(context);
  const reason = strictest(blocks) ?? null;
  const state = reason === null ? ('active' as const) : ('blocked' as const);
  await tx
    .update(lineLinks)
    .set({ blocks: [...blocks], changedAt: now, ...(link.state !== 'unlinked' && { state, reason }) })
    .where(eq(lineLinks.id, link.id));
  await touch(tx, now, link.identityRef);
  await audit(tx, now, link, what, storable(by), { reason: said.reason });
  return link.state !== 'unlinked' && (link.state !== state || link.reason !== reason);
}

function blocking(context: LedgerContext): Pick<IdentityLedger, 'blockLine' | 'unblockLine' | 'blockUser'> {
  const { db, vault, clock } = context;
  return {
    blockLine: (lineId, reason, by, at) =>
      db.transaction(async (tx) => {
        await lockLines(tx, [lineId]);
        const since = happened(clock, at);
        await recordSignal(tx, lineId, reason, since);
        const { own, kin } = await linksOfSim(tx, lineId);
        const which = inArray(lineLinks.id, [...own, ...kin]);
        return oweNews(tx, context, await block(tx, context, { which, reason, by, since }));
      }),
    unblockLine: (lineId, reason, by) =>
      db.transaction(async (tx) => {
        await lockLines(tx, [lineId]);
        await liftSignal(tx, lineId, reason);
        const which = freedWith(lineId, await linksOfSim(tx, lineId), reason);
        return oweNews(tx, context, await unblock(tx, context, { which, reason, by }));
      }),
    blockUser: (who, reason, by, method) =>
      db.transaction(async (tx) => {
        const own = eq(lineLinks.identityRef, identityRef(vault, who));
        const which = method === undefined ? own : and(own, eq(lineLinks.method, method));
        return (await block(tx, context, { which, reason, by })).length;
      }),
  };
}

/** Takes one reason back from the links `which` finds: what else was said of them stays. Returns those that stand otherwise. */
export async function unblock(tx: Tx, context: LedgerContext, { which, reason, by }: Block): Promise<LinkRow[]> {
  const changed: LinkRow[] = [];
  const locked = await lockedLinks(tx, and(which, isBlockedBy(sql`${lineLinks}`, reason)));
  const held = await saidOfAccount(tx, context, locked, reason);
  const found = locked.filter(({ id }) => !held.has(id));
  for (const link of found) {
    const blocks = blocksOf(link).filter((each) => each !== reason);
    if (await stands(tx, context, link, { blocks, what: 'unblocked', reason, by })) changed.push(link);
  }
  await oweAgain(
    tx,
    nowOf(context),
    found.map(({ identityRef: ref }) => ref),
  );
  return changed;
}

/** Owes everyone these links are of a word, where they can be reached. */
export async function oweNews(tx: Tx, context: LedgerContext, links: readonly LinkRow[]): Promise<LinksChanged> {
  const conversationIds: string[] = [];
  for (const { id: subject, identityRef: ref } of links) {
    const conversationId = await conversationOf(tx, ref);
    if (conversationId === undefined) continue;
    conversationIds.push(conversationId);
    const now = nowOf(context);
    const news = { id: randomUUID(), kind: 'link-news' as const, subject, conversationId };
    await tx
      .insert(outbox)
      .values({ ...news, createdAt: now, dueAt: now })
      .onConflictDoNothing();
  }
  return { links: links.length, conversationIds };
}

/** Where this user was heard of last. */
async function conversationOf(tx: Tx, ref: string): Promise<string | undefined> {
  const { rows } = (await tx.execute(sql`select ${lastPlaceOf(sql`${ref}::text`)} as id`)) as unknown as {
    rows: { id: string | null }[];
  };
  return rows[0]?.id ?? undefined;
}

function objecting(context: LedgerContext): IdentityLedger['objectToLink'] {
  const { db, vault } = context;
  return (linkId, who) =>
    db.transaction(async (tx) => {
      const ref = identityRef(vault, who);
      // Who came first may object to who came later, never the other way round; and only while they may see the line.
      const which = and(
        eq(lineLinks.id, linkId),
        sql`exists (select 1 from ${lineLinks} mine where mine.line_id in ${linesOfSim(sql`${lineLinks.lineId}`)}
          and mine.id <> ${linkId} and mine.identity_ref = ${ref} and ${hasIt(sql`mine`)} and mine.created_at <= ${lineLinks.createdAt})`,
      );
      const [blocked] = await block(tx, context, { which, reason: 'objected', by: 'user' });
      if (blocked === undefined) return false;
      await audit(tx, nowOf(context), blocked, 'objected', 'user');
      return true;
    });
}

function asking({ db, clock }: LedgerContext): Pick<IdentityLedger, 'hindrance'> {
  // Every proof is measured by what was said of the SIM, also where that was not written to the link.
  const later = signalsSince(sql`${value('lineId')}`, sql`${lineLinks.provedAt}`);
  const ofConversation = db
    .select({
      link: lineLinks,
      signals: later,
      now: sql<Date>`coalesce(${value('stamp')}::timestamptz, now())`.mapWith(lineLinks.provedAt),
    })
    .from(conversations)
    .innerJoin(lineLinks, eq(lineLinks.identityRef, conversations.identityRef))
    .where(and(eq(conversations.id, value('conversationId')), eq(lineLinks.lineId, value('lineId'))))
    .prepare('hindrance');
  const ofLink = db
    .select({
      link: lineLinks,
      signals: later,
      now: sql<Date>`coalesce(${value('stamp')}::timestamptz, now())`.mapWith(lineLinks.provedAt),
    })
    .from(lineLinks)
    .where(and(eq(lineLinks.id, value('linkId')), eq(lineLinks.lineId, value('lineId'))))
    .prepare('hindrance_of_link');

  return {
    async hindrance(conversationId, lineId, linkId) {
      const stamp = clock.stamp();
      const [row] =
        linkId === undefined
          ? await ofConversation.execute({ conversationId, lineId, stamp })
          : await ofLink.execute({ linkId, lineId, stamp });
      // Erased since it was shown.
      if (row === undefined && linkId !== undefined) return { kind: 'blocked', reason: 'operator' };
      return row && hindranceOf(signalled(row.link, row.signals), row.now);
    },
  };
}

/** How a link stands, with the signals that are later than its proof. */
function signalled(link: LinkRow, signals: readonly Signal[]): LinkStanding {
  const reason = link.state === 'active' ? strictest(signals) : undefined;
  return reason === undefined ? standingOf(link) : { state: 'blocked', reason };
}
