import { and, asc, eq, ne, sql } from 'drizzle-orm';
import { asListed, type ChatUser } from '../domain/chat-user.js';
import { type BlockReason, type ProofMethod, strictest } from '../domain/link.js';
import type { Line } from '../domain/subscriber.js';
import type { Vault } from '../secrets.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger, LineLink } from './identities.js';
import { hasIt, linesOfSim } from './same-sim.js';
import { lines } from './schema.js';
import { identities, lineLinks, linkEvents } from './schema-identity.js';

type Methods = 'linkedUser' | 'linksOfLine' | 'lineOfLink' | 'linkEvents';

const value = sql.placeholder;

/** What a chat user is looked up by. */
export function identityRef(vault: Pick<Vault, 'reference'>, who: ChatUser): string {
  const { channel, workspace, user } = asListed(who);
  return vault.reference('link', channel, workspace, user);
}

/** Reading who a chat user is. */
export function linkedUserMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  return { ...one(context), ...many(context) };
}

function one({ db, vault }: LedgerContext): Pick<IdentityLedger, 'linkedUser'> {
  const byRef = db
    .select({ identity: identities, link: lineLinks, line: lines })
    .from(identities)
    .leftJoin(lineLinks, eq(lineLinks.identityRef, identities.ref))
    .leftJoin(lines, eq(lines.id, lineLinks.lineId))
    .where(eq(identities.ref, value('ref')))
    .orderBy(asc(lineLinks.createdAt), asc(lineLinks.id))
    .prepare('linked_user');

  return {
    async linkedUser(who) {
      const ref = identityRef(vault, who);
      const rows = await byRef.execute({ ref });
      const [first] = rows;
      if (first === undefined) return undefined;
      const all = rows.flatMap(({ link, line }) => (link === null || line === null ? [] : [toLink(link, line, vault)]));
      const links = all.filter(({ state }) => state !== 'unlinked');
      const { lineId, version } = first.identity;
      return {
        ref,
        version,
        links,
        given: all.filter(({ state, reason }) => state === 'unlinked' && reason === 'user'),
        ...(links.some(({ line }) => line.id === lineId) && lineId !== null && { lineId }),
      };
    },
  };
}

function many({ db, vault }: LedgerContext): Pick<IdentityLedger, 'linksOfLine' | 'lineOfLink' | 'linkEvents'> {
  const ofLine = db
    .select({ link: lineLinks, channel: identities.channel })
    .from(lineLinks)
    .innerJoin(identities, eq(identities.ref, lineLinks.identityRef))
    .where(and(sql`${lineLinks.lineId} in ${linesOfSim(sql`${value('lineId')}`)}`, ne(lineLinks.state, 'unlinked')))
    .orderBy(asc(lineLinks.createdAt), asc(lineLinks.id))
    .limit(MAX_LISTED)
    .prepare('links_of_line');
  const shared = db
    .select({ line: lines })
    .from(lineLinks)
    .innerJoin(lines, eq(lines.id, lineLinks.lineId))
    .where(
      and(
        eq(lineLinks.id, value('linkId')),
        sql`exists (select 1 from ${lineLinks} mine where mine.line_id in ${linesOfSim(sql`${lineLinks.lineId}`)}
          and mine.identity_ref = ${value('ref')} and ${hasIt(sql`mine`)})`,
      ),
    )
    .prepare('line_of_link');
  const events = db
    .select()
    .from(linkEvents)
    .where(eq(linkEvents.linkId, value('linkId')))
    .orderBy(asc(linkEvents.id))
    .prepare('link_events');

  return {
    async linksOfLine(lineId, who) {
      const ref = identityRef(vault, who);
      const rows = await ofLine.execute({ lineId });
      return rows.map(({ link, channel }) => ({
        ...standingOf(link),
        id: link.id,
        channel,
        method: link.method,
        provedAt: link.provedAt,
        createdAt: link.createdAt,
        mine: link.identityRef === ref,
      }));
    },
    async lineOfLink(linkId, who) {
      const [row] = await shared.execute({ linkId, ref: identityRef(vault, who) });
      return row && toLine(row.line, vault);
    },
    async linkEvents(linkId) {
      const rows = await events.execute({ linkId });
      return rows.map(({ what, by, method, reason, at }) => ({
        what: what as Awaited<ReturnType<IdentityLedger['linkEvents']>>[number]['what'],
        by,
        at,
        ...(method !== null && { method: method as ProofMethod }),
        ...(reason !== null && { reason }),
      }));
    },
  };
}

/** Nobody reads further: a line with more users than this is looked at by an operator. */
const MAX_LISTED = 50;

export function toLine(row: typeof lines.$inferSelect, vault: Pick<Vault, 'open'>): Line {
  return { id: row.id, operator: row.operator, key: { type: row.keyType, value: vault.open(row.keySealed) } };
}

type Row = typeof lineLinks.$inferSelect;

export function standingOf({ state, reason, expiresAt, youngUntil }: Row) {
  return {
    state,
    ...(reason !== null && { reason }),
    ...(expiresAt !== null && { expiresAt }),
    ...(youngUntil !== null && { youngUntil }),
  };
}

/** What was said of a link since it was proved last. */
export function blocksOf({ state, blocks, reason }: Row): readonly BlockReason[] {
  if (state === 'active') return [];
  // Blocked by a process from before reasons were counted.
  return blocks.length === 0 && state === 'blocked' ? [strictest([reason ?? '']) ?? 'operator'] : blocks;
}

export function toLink(row: Row, line: typeof lines.$inferSelect, vault: Pick<Vault, 'open'>): LineLink {
  const barred = row.state === 'unlinked' ? strictest(row.blocks) : undefined;
  return {
    ...standingOf(row),
    id: row.id,
    line: toLine(line, vault),
    method: row.method,
    source: row.source,
    provedAt: row.provedAt,
    createdAt: row.createdAt,
    ...(barred !== undefined && { barred }),
    ...(row.labelSealed !== null && { label: vault.open(row.labelSealed) }),
  };
}
