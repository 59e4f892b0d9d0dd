import { randomUUID } from 'node:crypto';
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import { NOTIFICATION_TYPES } from '../domain/notification.js';
import { isFinal, OPEN_STATES, PURCHASE_STATES } from '../domain/purchase.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger } from './identities.js';
import { identityRef } from './linked-user.js';
import { audit, nowOf } from './linking.js';
import { lockIdentities, lockLines, lockTokensOf, type Tx } from './locks.js';
import { FORGOTTEN } from './retention.js';
import { consents, conversations, lines, outbox, purchases } from './schema.js';
import { erasures, identities, lineLinks, lineTokens, proofCodes } from './schema-identity.js';
import { suppress } from './suppressions.js';
import { owedWithdrawals } from './withdrawals.js';

type Methods = 'beginErasure' | 'erasure' | 'finishErasure';

/**
 * Being forgotten, in two steps, neither of which waits for a telco: what shows or buys anything ends at once, and a worker removes
 * what is sealed and what was agreed to. What the telco is to be told is owed separately (withdrawals.ts). Purchases stay, with
 * opaque ids only: money has to be accounted for. A list does not bring back who was forgotten.
 */
export function erasureMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  return { beginErasure: beginning(context), finishErasure: finishing(context), erasure: reading(context) };
}

function beginning(context: LedgerContext): IdentityLedger['beginErasure'] {
  const { db, vault } = context;
  return (who, conversationId, alias) =>
    db.transaction(async (tx) => {
      const now = nowOf(context);
      const ref = identityRef(vault, who);
      const aliasRef = alias === undefined ? null : identityRef(vault, alias);
      const refs = [...new Set([ref, aliasRef ?? ref])].sort();
      await lockIdentities(tx, refs);
      await suppress(tx, refs, now);
      const own = await tx.select().from(lineLinks).where(inArray(lineLinks.identityRef, refs)).for('update');
      const places = await tx
        .select({ id: conversations.id, lineId: conversations.lineId })
        .from(conversations)
        .where(inArray(conversations.identityRef, refs));
      const conversationIds = [...new Set([conversationId, ...places.map(({ id }) => id)])];
      // The line a conversation was about is told too: in a sandbox nobody is linked to it.
      const lineIds = [...new Set([...own, ...places].flatMap(({ lineId }) => lineId ?? []))];
      for (const link of own) await audit(tx, now, link, 'erased', 'user');
      await tx.delete(lineLinks).where(inArray(lineLinks.identityRef, refs));
      await tx.delete(proofCodes).where(inArray(proofCodes.identityRef, refs));
      await tx
        .update(identities)
        .set({ lineId: null, version: sql`${identities.version} + 1`, changedAt: now })
        .where(inArray(identities.ref, refs));
      await tx.insert(consents).values(
        conversationIds.flatMap((id) =>
          NOTIFICATION_TYPES.map((type) => ({
            conversationId: id,
            type,
            granted: false,
            source: 'chat:forget',
            at: now,
          })),
        ),
      );
      const [id, promise] = [randomUUID(), randomUUID()];
      await tx.insert(erasures).values({ id, identityRef: ref, aliasRef, lineIds, conversationIds, askedAt: now });
      await tx
        .insert(outbox)
        .values({ id: promise, kind: 'erasure', subject: id, conversationId, createdAt: now, dueAt: now });
      return promise;
    });
}

function reading({ db }: LedgerContext): IdentityLedger['erasure'] {
  return async (id) => {
    const [row] = await db.select().from(erasures).where(eq(erasures.id, id));
    if (row === undefined) return undefined;
    const { lineIds, conversationIds, doneAt } = row;
    return { id, lineIds, conversationIds, done: doneAt !== null };
  };
}

function finishing(context: LedgerContext): IdentityLedger['finishErasure'] {
  const { db, vault } = context;
  const once = (id: string) =>
    db.transaction(async (tx) => {
      const now = nowOf(context);
      const [erasure] = await tx
        .update(erasures)
        .set({ doneAt: now })
        .where(and(eq(erasures.id, id), isNull(erasures.doneAt)))
        .returning();
      if (erasure === undefined) return;
      const { identityRef: ref, aliasRef, conversationIds, lineIds, askedAt } = erasure;
      const refs = [...new Set([ref, aliasRef ?? ref])];
      await lockIdentities(tx, refs);
      // All links went when it was asked for. Who was linked again since is a new acquaintance, and keeps what came since.
      await tx
        .delete(identities)
        .where(
          and(
            inArray(identities.ref, refs),
            sql`not exists (select 1 from ${lineLinks} l where l.identity_ref = ${identities.ref})`,
          ),
        );
      await tx
        .delete(conversations)
        .where(and(inArray(conversations.id, conversationIds), sql`${conversations.activeAt} <= ${askedAt}`));
      await tx
        .delete(consents)
        .where(and(inArray(consents.conversationId, conversationIds), sql`${consents.at} <= ${askedAt}`));
      await withdraw(tx, lineIds, now);
    });
  return async (id) => {
    await once(id);
    return db.transaction(async (tx) => {
      const [erasure] = await tx.select().from(erasures).where(eq(erasures.id, id));
      if (erasure === undefined) return true;
      const freed = await freeLines(tx, erasure.lineIds, vault.seal(''));
      return (await forgetPurchases(tx, erasure)) && freed;
    });
  };
}

/**
 * That what was bought until then was bought in these conversations. Not while it is under way, or is yet to be looked at with what
 * is kept of before: false while there is such a purchase.
 */
async function forgetPurchases(
  tx: Tx,
  { conversationIds, lineIds, askedAt: until }: typeof erasures.$inferSelect,
): Promise<boolean> {
  const theirs = and(
    inArray(purchases.lineId, lineIds),
    inArray(purchases.conversationId, conversationIds),
    sql`${purchases.createdAt} <= ${until}`,
  );
  await tx
    .update(purchases)
    .set({ conversationId: FORGOTTEN, contextSealed: null, snapshotSealed: null })
    .where(and(theirs, inArray(purchases.state, PURCHASE_STATES.filter(isFinal)), isNull(purchases.checkAt)));
  const left = await tx.select({ id: purchases.id }).from(purchases).where(theirs).limit(1);
  return left.length === 0;
}

/** The telcos hear of it in their own time. */
async function withdraw(tx: Tx, lineIds: string[], now: SQL): Promise<void> {
  const left = sql`left_behind as (select unnest(${sql.param(lineIds)}::text[]) as line_id)`;
  await tx.execute(sql`with ${left}, ${owedWithdrawals(sql`left_behind`, now)} select 1`);
}

/** Takes the number out of lines nobody has any more; false while one of them is waited for, because a purchase is under way. */
async function freeLines(tx: Tx, lineIds: readonly string[], nothing: string): Promise<boolean> {
  const refs = await lockTokensOf(tx, lineIds);
  await lockLines(tx, lineIds);
  const open = OPEN_STATES.map((state) => `'${state}'`).join(', ');
  const ids = sql`${lines.id} = any(${sql.param([...lineIds])}::text[])`;
  const nobodys = sql`not exists (select 1 from ${lineLinks} l where l.line_id = ${lines.id} )
    and not exists (select 1 from ${conversations} c where c.line_id = ${lines.id})`;
  const bought = sql`exists (select 1 from ${purchases} p where p.line_id = ${lines.id} and p.state in (${sql.raw(open)}))`;
  // The keyed fingerprint stays: without it a late callback of the telco would find nobody, and money would be lost.
  const freed = await tx
    .update(lines)
    .set({ keySealed: nothing })
    .where(and(ids, nobodys, sql`not ${bought}`))
    .returning({ id: lines.id });
  const freedIds = freed.map(({ id }) => id);
  if (freedIds.length > 0)
    await tx.delete(lineTokens).where(and(inArray(lineTokens.ref, refs), inArray(lineTokens.lineId, freedIds)));
  const waiting = await tx
    .select({ id: lines.id })
    .from(lines)
    .where(and(ids, nobodys, bought))
    .limit(1);
  return waiting.length === 0;
}
