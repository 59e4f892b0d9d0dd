import { and, eq, sql } from 'drizzle-orm';
import { strictest } from '../domain/link.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger } from './identities.js';
import { readSignals } from './line-signals.js';
import { othersOf, tellOthers } from './link-notices.js';
import { identityRef, toLink } from './linked-user.js';
import { audit, nowOf, ownLink, touch } from './linking.js';
import { lockIdentities, lockLines } from './locks.js';
import { lines } from './schema.js';
import { lineLinks } from './schema-identity.js';
import { storable } from './text.js';
import { withdraw } from './withdrawals.js';

type Methods = 'chooseLine' | 'labelLine' | 'unlinkLine' | 'restoreLine';

/** What chat users do with lines they proved: talk about one, name it, give it up, and take it back. */
export function ownLineMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  return { ...choosing(context), unlinkLine: unlinking(context), restoreLine: restoring(context) };
}

function choosing(context: LedgerContext): Pick<IdentityLedger, 'chooseLine' | 'labelLine'> {
  const { db, vault } = context;
  return {
    chooseLine: (who, lineId) =>
      db.transaction(async (tx) => {
        const now = nowOf(context);
        const ref = identityRef(vault, who);
        const link = await ownLink(tx, ref, lineId);
        if (link === undefined || link.state === 'unlinked') return false;
        await touch(tx, now, ref, { lineId });
        await audit(tx, now, link, 'switched', 'user');
        return true;
      }),
    labelLine: (who, lineId, label) =>
      db.transaction(async (tx) => {
        const now = nowOf(context);
        const ref = identityRef(vault, who);
        await lockIdentities(tx, [ref]);
        const [link] = await tx
          .update(lineLinks)
          .set({ labelSealed: label === '' ? null : vault.seal(label), changedAt: now })
          .where(and(eq(lineLinks.identityRef, ref), eq(lineLinks.lineId, lineId)))
          .returning();
        if (link === undefined) return false;
        await touch(tx, now, ref);
        await audit(tx, now, link, 'labelled', 'user');
        return true;
      }),
  };
}

function unlinking(context: LedgerContext): IdentityLedger['unlinkLine'] {
  const { db, vault } = context;
  return (who, lineId, by) =>
    db.transaction(async (tx) => {
      const now = nowOf(context);
      const ref = identityRef(vault, who);
      await lockIdentities(tx, [ref]);
      const [link] = await tx
        .update(lineLinks)
        .set({ state: 'unlinked', reason: storable(by), labelSealed: null, changedAt: now })
        .where(and(eq(lineLinks.identityRef, ref), eq(lineLinks.lineId, lineId), sql`${lineLinks.state} <> 'unlinked'`))
        .returning();
      if (link === undefined) return false;
      await touch(tx, now, ref, { without: lineId });
      await withdraw(tx, now, ref, lineId);
      await audit(tx, now, link, 'unlinked', by);
      return true;
    });
}

/** As `linkLine` does it, but for the proof: that one stays as old as it is. */
function restoring(context: LedgerContext): IdentityLedger['restoreLine'] {
  const { db, vault } = context;
  return (who, lineId, youngForMs) =>
    db.transaction(async (tx) => {
      const now = nowOf(context);
      const ref = identityRef(vault, who);
      await lockLines(tx, [lineId]);
      await lockIdentities(tx, [ref]);
      const [line] = await tx.select().from(lines).where(eq(lines.id, lineId));
      const given = await ownLink(tx, ref, lineId);
      if (line === undefined || given?.state !== 'unlinked' || given.reason !== 'user') return { outcome: 'unknown' };
      const reason = strictest([...given.blocks, ...(await readSignals(tx, lineId, given.provedAt))]);
      if (reason !== undefined) return { outcome: 'barred', reason };
      const others = await othersOf(tx, ref, lineId);
      const young = youngForMs > 0 && others.length > 0;
      const [row] = await tx
        .update(lineLinks)
        .set({
          state: 'active',
          reason: null,
          changedAt: now,
          ...(young && { youngUntil: sql`${now} + ${youngForMs}::float8 * interval '1 millisecond'` }),
          // What happened in between is not theirs.
          createdAt: now,
        })
        .where(eq(lineLinks.id, given.id))
        .returning();
      if (row === undefined) throw new RangeError('a link that was locked is not there');
      await touch(tx, now, ref, { lineId });
      await audit(tx, now, row, 'linked', 'user', { method: row.method });
      const owed = await tellOthers(tx, now, row.id, others);
      return { outcome: 'restored', link: { ...toLink(row, line, vault), owed } };
    });
}
