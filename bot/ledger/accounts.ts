import { and, inArray, isNotNull, sql } from 'drizzle-orm';
import type { BlockReason } from '../domain/link.js';
import { OF_ACCOUNTS } from './account-signals.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger } from './identities.js';
import { happened, signalsSince } from './line-signals.js';
import { block, oweNews, unblock } from './link-guards.js';
import { identityRef } from './linked-user.js';
import type { Tx } from './locks.js';
import { isBlockedBy, mayBeOneSim } from './same-sim.js';
import { conversations, lines } from './schema.js';
import { lineLinks } from './schema-identity.js';

/*
 * Where chat users go by their number (`LedgerContext.numbered`), whoever gets the number gets the chat, and with it every line the
 * chat ever proved, whichever SIM that is. So what is said of the number is said of all of them.
 */

type Methods = 'blockAccount' | 'unblockAccount';

export function accountMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  const { db, clock } = context;
  const none = { links: 0, conversationIds: [] };
  return {
    async blockAccount(msisdn, reason, by, at) {
      if (!OF_ACCOUNTS.includes(reason)) return none;
      return db.transaction(async (tx) => {
        const which = inArray(lineLinks.identityRef, await accountsOf(tx, context, msisdn));
        const changed = await block(tx, context, { which, reason, by, since: happened(clock, at) });
        // Whoever reads that chat after the number was given away is somebody else, and learns of no other number.
        return reason === 'recycled' ? { links: changed.length, conversationIds: [] } : oweNews(tx, context, changed);
      });
    },
    async unblockAccount(msisdn, reason, by) {
      if (!OF_ACCOUNTS.includes(reason)) return none;
      return db.transaction(async (tx) => {
        const which = and(
          inArray(lineLinks.identityRef, await accountsOf(tx, context, msisdn)),
          sql`not ${saidOfItself(reason)}`,
        );
        return oweNews(tx, context, await unblock(tx, context, { which, reason, by }));
      });
    },
  };
}

/** The identities behind a number: those that go by it, and those whose conversations name it beside their id. */
async function accountsOf(tx: Tx, { vault, numbered }: LedgerContext, msisdn: string): Promise<string[]> {
  const named = numbered.map((place) => identityRef(vault, { ...place, user: msisdn }));
  const beside = await tx
    .selectDistinct({ ref: conversations.identityRef })
    .from(conversations)
    .where(and(inArray(conversations.aliasRef, named), isNotNull(conversations.identityRef)));
  return [...named, ...beside.flatMap(({ ref }) => ref ?? [])];
}

/** The same was said of the SIM of this link, or of one that its user has and that may be it: a condition on links. */
function saidOfItself(reason: BlockReason) {
  const since = (link: string) =>
    sql`${reason} = any (${signalsSince(sql.raw(`${link}.line_id`), sql.raw(`${link}.proved_at`))})`;
  return sql`(${since('line_links')} or exists (
    select 1 from ${lineLinks} held_link
      join ${lines} held on held.id = held_link.line_id
      join ${lines} kin on kin.id = ${lineLinks.lineId}
      where held_link.identity_ref = ${lineLinks.identityRef} and ${mayBeOneSim('held', 'kin')}
        and ${isBlockedBy(sql`held_link`, reason)} and ${since('held_link')}))`;
}
