import { eq, inArray, type SQL } from 'drizzle-orm';
import type { LedgerContext } from './context.js';
import { lockLines, type Tx } from './locks.js';
import { lines } from './schema.js';
import { lineTokens } from './schema-identity.js';

type Line = typeof lines.$inferSelect;

/** A token as it was proved just now. */
export interface ProvedToken {
  /** Fingerprint of operator, key type and value. */
  readonly ref: string;
  readonly value: string;
  readonly sealed: string;
  readonly now: SQL<Date>;
  readonly expiresAt: Date | SQL<Date>;
}

/**
 * Renews in place the token by which a line is known, and notes what it tells of the SIM: a line that has the same token now is the
 * same SIM, and a new token tells nothing any more of what the old one was. Returns the line, locked.
 */
export async function renewToken(
  tx: Tx,
  vault: Pick<LedgerContext['vault'], 'open'>,
  lineId: string,
  token: ProvedToken,
): Promise<Line> {
  const other = await claimToken(tx, lineId, token);
  const ids = other === undefined ? [lineId] : [lineId, other];
  await lockLines(tx, ids);
  const found = await tx.select().from(lines).where(inArray(lines.id, ids));
  const line = found.find(({ id }) => id === lineId);
  if (line === undefined) throw new RangeError('a line that was just written is not there');
  const same = found.filter(({ keySealed }) => vault.open(keySealed) === token.value);
  const shared = same.some(({ id }) => id !== lineId);
  const known = same.find(({ simNamed }) => simNamed) ?? same.find(({ simRef }) => simRef !== null);
  const sim = { simRef: known?.simRef ?? (shared ? token.ref : null), simNamed: known?.simNamed ?? false };
  for (const { id } of same.filter((each) => each.id !== lineId && each.simRef !== sim.simRef)) {
    await tx.update(lines).set(sim).where(eq(lines.id, id));
  }
  const renewed = { keySealed: token.sealed, ...sim };
  await tx.update(lines).set(renewed).where(eq(lines.id, lineId));
  return { ...line, ...renewed };
}

/**
 * Notes that a line was given this token, and returns another line that was given it before. Before any line is locked: of two
 * chats that bring one token at once the second waits here.
 */
async function claimToken(tx: Tx, lineId: string, token: ProvedToken): Promise<string | undefined> {
  const { ref, now: obtainedAt, expiresAt } = token;
  const is = eq(lineTokens.ref, ref);
  for (;;) {
    const [claimed] = await tx
      .insert(lineTokens)
      .values({ ref, lineId, obtainedAt, expiresAt })
      .onConflictDoNothing()
      .returning({ ref: lineTokens.ref });
    if (claimed !== undefined) return undefined;
    const [before] = await tx.select({ lineId: lineTokens.lineId }).from(lineTokens).where(is).for('update');
    // It went with its line while we waited for it (erasures.ts).
    if (before === undefined) continue;
    await tx.update(lineTokens).set({ lineId, obtainedAt, expiresAt }).where(is);
    return before.lineId === lineId ? undefined : before.lineId;
  }
}
