import { and, asc, eq, ne, type SQL, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { ChatUser } from '../domain/chat-user.js';
import type { LinkStanding, ProofMethod } from '../domain/link.js';
import type { Line } from '../domain/subscriber.js';
import type { LedgerContext } from './context.js';
import { identityRef, standingOf, toLine } from './linked-user.js';
import { nowOf } from './linking.js';
import { lockIdentities } from './locks.js';
import { lines } from './schema.js';
import { identities, lineLinks, linkEvents } from './schema-identity.js';
import { storable } from './text.js';
import { owedWithdrawals, wasRegistered } from './withdrawals.js';

/** A link, for whoever looks after the directory. */
export interface ListedLink extends LinkStanding, ChatUser {
  /** Where the next page begins. */
  readonly place: string;
  readonly line: Line;
  readonly method: ProofMethod;
  readonly source: string;
  /** When it was proved last. */
  readonly provedAt: Date;
}

/** Which links to list. */
export interface LinksPage {
  readonly channel?: string;
  /** This user's only. */
  readonly who?: ChatUser;
  /** `place` of the last one of the page before. */
  readonly after?: string;
  readonly limit: number;
}

/** The directory a company vouches for, beside `saveLinks`. */
export interface DirectoryLedger {
  /**
   * Takes users out of the directory, all or none: what it vouched for is unlinked, what they proved themselves stays. Returns how
   * many of them had an entry. `source` is for the audit trail: a file's name, `api:<client>`.
   */
  unlinkListed(users: readonly ChatUser[], source: string): Promise<number>;
  /** All links but those that were taken away, in an order that does not change. */
  listLinks(page: LinksPage): Promise<readonly ListedLink[]>;
}

export function directoryMethods(context: LedgerContext): DirectoryLedger {
  return { unlinkListed: unlinking(context), listLinks: listing(context) };
}

function unlinking(context: LedgerContext): DirectoryLedger['unlinkListed'] {
  const { db, vault } = context;
  return async (users, source) => {
    const refs = [...new Set(users.map((who) => identityRef(vault, who)))];
    if (refs.length === 0) return 0;
    return db.transaction(async (tx) => {
      await lockIdentities(tx, refs);
      const result = await tx.execute(unlinked(refs, storable(`directory:${source}`), nowOf(context)));
      return (result as unknown as { rows: readonly unknown[] }).rows.length;
    });
  };
}

/**
 * One statement, whatever the number of users: links, their identities and the audit trail. A row for each user who had an entry.
 */
function unlinked(refs: string[], by: string, now: SQL<Date>): SQL {
  return sql`with gone as (
      update ${lineLinks} as l set state = 'unlinked', reason = 'directory', label_sealed = null, young_until = null,
        changed_at = ${now} where l.identity_ref = any(${sql.param(refs)}::text[])
        and l.method = 'directory' and l.state <> 'unlinked'
      returning l.id, l.identity_ref, l.line_id
    ), told as (
      insert into ${linkEvents} (link_id, identity_ref, line_id, what, by, method, at)
      select id, identity_ref, line_id, 'unlinked', ${by}::text, 'directory', ${now} from gone
    ), given as (
      select line_id from gone where ${wasRegistered(sql`gone.identity_ref`, sql`gone.line_id`)}
    ), ${owedWithdrawals(sql`given`, now)}
    update ${identities} as i set version = i.version + 1, changed_at = ${now}, line_id = case when exists (
        select 1 from gone where gone.identity_ref = i.ref and gone.line_id = i.line_id) then null else i.line_id end
    where i.ref in (select identity_ref from gone) returning i.ref`;
}

const userName = z.tuple([z.string(), z.string()]);

function listing({ db, vault }: LedgerContext): DirectoryLedger['listLinks'] {
  return async ({ channel, who, after, limit }) => {
    const [ref = '', lineId = ''] = after?.split(' ') ?? [];
    const rows = await db
      .select({ link: lineLinks, line: lines, channel: identities.channel, user: identities.userSealed })
      .from(lineLinks)
      .innerJoin(identities, eq(identities.ref, lineLinks.identityRef))
      .innerJoin(lines, eq(lines.id, lineLinks.lineId))
      .where(
        and(
          ne(lineLinks.state, 'unlinked'),
          channel === undefined ? undefined : eq(identities.channel, channel),
          who && eq(lineLinks.identityRef, identityRef(vault, who)),
          after === undefined
            ? undefined
            : // Said of both tables: either may be walked through in this order, and shall not be from its beginning.
              sql`(${lineLinks.identityRef}, ${lineLinks.lineId}) > (${ref}::text, ${lineId}::text)
                and ${identities.ref} >= ${ref}::text`,
        ),
      )
      .orderBy(asc(lineLinks.identityRef), asc(lineLinks.lineId))
      .limit(limit);
    return rows.map(({ link, line, channel: on, user }) => {
      const [workspace, name] = userName.parse(JSON.parse(vault.open(user)));
      return {
        ...standingOf(link),
        place: `${link.identityRef} ${link.lineId}`,
        channel: on,
        workspace,
        user: name,
        line: toLine(line, vault),
        method: link.method,
        source: link.source,
        provedAt: link.provedAt,
      };
    });
  };
}
