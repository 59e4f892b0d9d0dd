import { and, eq, sql } from 'drizzle-orm';
import { origin } from '../conversation/event.js';
import type { BlockReason, Signal } from '../domain/link.js';
import { numberOfWhatsAppId } from '../identity/number.js';
import type { LedgerContext } from './context.js';
import type { Tx } from './locks.js';
import { conversations, lines } from './schema.js';
import { identities, type lineLinks, lineSignals } from './schema-identity.js';

/** What is about a chat account and not only about its SIM: other signals say nothing of who reads the chat. */
export const OF_ACCOUNTS: readonly BlockReason[] = ['recycled', 'sim-swap'] satisfies Signal[];

type LinkRow = typeof lineLinks.$inferSelect;

/** Of these links, by id, those whose account goes by a number of which the same was said since they were proved. */
export async function saidOfAccount(
  tx: Tx,
  context: LedgerContext,
  links: readonly LinkRow[],
  reason: BlockReason,
): Promise<ReadonlySet<string>> {
  const { vault, numbered } = context;
  const said = new Set<string>();
  if (numbered.length === 0 || !OF_ACCOUNTS.includes(reason)) return said;
  for (const link of links) {
    const number = await numberOf(tx, context, link.identityRef);
    const [line] = await tx.select({ operator: lines.operator }).from(lines).where(eq(lines.id, link.lineId));
    if (number === undefined || line === undefined) continue;
    const ref = vault.reference('line', line.operator, 'MSISDN', number);
    const [signal] = await tx
      .select({ ref: lineSignals.ref })
      .from(lineSignals)
      .where(
        and(
          eq(lineSignals.ref, ref),
          eq(lineSignals.reason, reason as Signal),
          sql`${lineSignals.since} >= ${link.provedAt.toISOString()}::timestamptz`,
        ),
      );
    if (signal !== undefined) said.add(link.id);
  }
  return said;
}

/** The number an identity goes by, or that its newest conversation names beside its id. */
async function numberOf(tx: Tx, { vault, numbered }: LedgerContext, ref: string): Promise<string | undefined> {
  const [identity] = await tx.select().from(identities).where(eq(identities.ref, ref));
  if (identity === undefined || !numbered.some(({ channel }) => channel === identity.channel)) return undefined;
  const [, user] = JSON.parse(vault.open(identity.userSealed)) as [workspace: string, user: string];
  const own = numberOfWhatsAppId(user);
  if (own !== undefined) return own;
  const [place] = await tx
    .select({ channel: conversations.channel, originSealed: conversations.originSealed })
    .from(conversations)
    .where(eq(conversations.identityRef, ref))
    .orderBy(sql`${conversations.activeAt} desc`)
    .limit(1);
  if (place === undefined) return undefined;
  const { phone } = origin.parse({ ...JSON.parse(vault.open(place.originSealed)), channel: place.channel });
  return phone === undefined ? undefined : numberOfWhatsAppId(phone);
}
