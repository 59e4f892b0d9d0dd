import { randomUUID } from 'node:crypto';
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { asListed, type ChatUser } from '../domain/chat-user.js';
import { maySee, type ProofMethod, type Signal } from '../domain/link.js';
import { RefillError } from '../errors.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger, LinkEventKind, LinkMade, NewLink } from './identities.js';
import { readSignals } from './line-signals.js';
import { othersOf, tellOthers } from './link-notices.js';
import { blocksOf, identityRef, standingOf, toLink } from './linked-user.js';
import type { Tx } from './locks.js';
import { lines } from './schema.js';
import { identities, lineLinks, linkEvents } from './schema-identity.js';
import { liftSuppression } from './suppressions.js';
import { storable } from './text.js';
import { renewToken } from './token-lines.js';
import { oweAgain } from './waiting.js';

type Methods = 'linkLine' | 'vouchLine';

export type { Tx };

/*
 * Changes of who a chat user is. Each is one transaction with its audit rows. Rows are locked in one order (locks.ts), so that
 * no two changes can wait for each other.
 */
export function nowOf({ clock }: LedgerContext): SQL<Date> {
  return sql<Date>`coalesce(${clock.stamp()}::timestamptz, now())`;
}

export function linkingMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  const { db, vault } = context;
  const known = async (tx: Tx, who: ChatUser, link: NewLink): Promise<Known> => {
    const ref = identityRef(vault, who);
    const line = await lockedLine(tx, context, ref, link);
    const before = await ownLink(tx, ref, line.id);
    return { ref, line, before, signals: await readSignals(tx, line.id, before?.provedAt) };
  };
  const write = async (tx: Tx, who: ChatUser, link: NewLink, { ref, line, signals }: Known): Promise<LinkMade> => {
    const now = nowOf(context);
    await tx
      .insert(identities)
      .values({
        ref,
        channel: who.channel,
        userSealed: sealUser(vault, who),
        lineId: line.id,
        source: storable(link.source),
        createdAt: now,
        changedAt: now,
      })
      .onConflictDoUpdate({
        target: identities.ref,
        set: {
          version: sql`${identities.version} + 1`,
          changedAt: now,
          lineId: link.choose ? line.id : sql`coalesce(${identities.lineId}, ${line.id})`,
        },
      });
    // Whoever chooses a number here themselves wants to be known again.
    if (link.choose && link.method !== 'directory') await liftSuppression(tx, ref);
    const before = await ownLink(tx, ref, line.id);
    const others = await othersOf(tx, ref, line.id);
    // A CPID may be somebody's whom nobody can find: by its number, or by another CPID.
    const shared = others.length > 0 || link.key.type === 'CPID';
    const row = await writeLink(tx, context, {
      ref,
      lineId: line.id,
      link,
      before,
      shared,
      doubted: signals.length > 0,
    });
    const isNew = before?.state !== 'active';
    await audit(tx, now, row, isNew ? 'linked' : 'proved', `${link.method}:${link.source}`, { method: link.method });
    if (before?.state === 'blocked') await oweAgain(tx, now, [ref]);
    const owed = isNew && link.silent !== true ? await tellOthers(tx, now, row.id, others) : [];
    return { ...toLink(row, line, vault), owed };
  };
  return {
    linkLine: (who, link) => db.transaction(async (tx) => write(tx, who, link, await known(tx, who, link))),
    vouchLine: (who, link) =>
      db
        .transaction(async (tx) => {
          const found = await known(tx, who, link);
          const barred = found.signals.find((reason) => !link.choose || reason === 'recycled');
          if (barred !== undefined) throw new Barred(barred);
          return write(tx, who, link, found);
        })
        .catch((error: unknown) => {
          if (error instanceof Barred) return { refused: error.reason };
          throw error;
        }),
  };
}

/** Undoes a transaction: not even the number is kept. */
class Barred extends RefillError {
  readonly code = 'BARRED';

  constructor(readonly reason: Signal) {
    super('the platform’s word is no proof after this signal');
  }
}

/** What is known of a line and its user before it is linked. */
interface Known {
  readonly ref: string;
  readonly line: typeof lines.$inferSelect;
  readonly before: LinkRow | undefined;
  /** What was said of its SIM since they proved it last. */
  readonly signals: readonly Signal[];
}

type LinkRow = typeof lineLinks.$inferSelect;

/** The line, locked. One that is known by a CPID is found by the user, not by the token, which is renewed in place. */
async function lockedLine(tx: Tx, context: LedgerContext, ref: string, { operator, key, expiresAt }: NewLink) {
  const { vault } = context;
  const now = nowOf(context);
  const named = vault.reference('line', operator, key.type, key.value);
  const keyRef = key.type === 'CPID' ? vault.reference('line-of', ref, operator, key.type) : named;
  const sealed = vault.seal(key.value);
  await tx
    .insert(lines)
    .values({
      id: randomUUID(),
      keyRef,
      operator: storable(operator),
      keyType: key.type,
      keySealed: sealed,
      createdAt: now,
    })
    .onConflictDoNothing();
  const found = tx.select().from(lines).where(eq(lines.keyRef, keyRef));
  const [line] = key.type === 'CPID' ? await found : await found.for('no key update');
  if (line === undefined) throw new RangeError('a line that was just written is not there');
  if (key.type === 'CPID')
    return renewToken(tx, vault, line.id, { ref: named, value: key.value, sealed, now, expiresAt: expiresAt ?? now });
  // Erased: the number is what was proved now.
  if (vault.open(line.keySealed) !== key.value)
    await tx.update(lines).set({ keySealed: sealed }).where(eq(lines.id, line.id));
  return { ...line, keySealed: sealed };
}

export async function ownLink(tx: Tx, ref: string, lineId: string) {
  const [row] = await tx
    .select()
    .from(lineLinks)
    .where(and(eq(lineLinks.identityRef, ref), eq(lineLinks.lineId, lineId)));
  return row;
}

interface Writing {
  readonly ref: string;
  readonly lineId: string;
  readonly link: NewLink;
  readonly before: LinkRow | undefined;
  /** Somebody else has the line too, or may have. */
  readonly shared: boolean;
  /** Something was said of the SIM since they proved it last, or ever. */
  readonly doubted: boolean;
}

async function writeLink(tx: Tx, context: LedgerContext, { ref, lineId, link, before, shared, doubted }: Writing) {
  const now = nowOf(context);
  const { method, source, expiresAt, youngForMs, label } = link;
  // Young: what somebody else has already, and what something was said of until now. Proving again what stands changes nothing.
  const blocked = before !== undefined && blocksOf(before).length > 0;
  const young = youngForMs > 0 && (doubted || blocked || (shared && before?.state !== 'active'));
  // Giving it up does not make it older.
  const youngUntil = young
    ? sql<Date>`${now} + ${youngForMs}::float8 * interval '1 millisecond'`
    : (before?.youngUntil ?? null);
  const proof = {
    state: 'active' as const,
    reason: null,
    blocks: [],
    method,
    source: storable(source),
    provedAt: now,
    expiresAt: expiresAt ?? null,
    changedAt: now,
    ...(label !== undefined && { labelSealed: context.vault.seal(label) }),
  };
  const [row] = await tx
    .insert(lineLinks)
    .values({ id: randomUUID(), identityRef: ref, lineId, ...proof, youngUntil, createdAt: now })
    .onConflictDoUpdate({
      target: [lineLinks.identityRef, lineLinks.lineId],
      set: {
        ...proof,
        youngUntil,
        // Given up or taken away, and taken again: what happened in between is not theirs.
        ...(before !== undefined && !maySee(standingOf(before)) ? { createdAt: now } : {}),
      },
    })
    .returning();
  if (row === undefined) throw new RangeError('a link that was just written is not there');
  return row;
}

/** Raises the identity's version. `without`: when the chat was about that line, it is about none now. */
export async function touch(
  tx: Tx,
  now: SQL<Date>,
  ref: string,
  { lineId, without }: { readonly lineId?: string; readonly without?: string } = {},
): Promise<void> {
  await tx
    .update(identities)
    .set({
      version: sql`${identities.version} + 1`,
      changedAt: now,
      ...(lineId !== undefined && { lineId }),
      ...(without !== undefined && { lineId: sql`nullif(${identities.lineId}, ${without})` }),
    })
    .where(eq(identities.ref, ref));
}

/** Adds to the audit trail. */
export async function audit(
  tx: Tx,
  now: SQL<Date>,
  { id, identityRef: ref, lineId }: Pick<typeof lineLinks.$inferSelect, 'id' | 'identityRef' | 'lineId'>,
  what: LinkEventKind,
  by: string,
  { method = null, reason = null }: { readonly method?: ProofMethod | null; readonly reason?: string | null } = {},
): Promise<void> {
  await tx
    .insert(linkEvents)
    .values({ linkId: id, identityRef: ref, lineId, what, by: storable(by), reason, method, at: now });
}

function sealUser(vault: LedgerContext['vault'], who: ChatUser): string {
  const { workspace, user } = asListed(who);
  return vault.seal(JSON.stringify([workspace, user]));
}
