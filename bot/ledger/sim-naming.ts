import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm';
import { SIGNALLED } from '../domain/link.js';
import type { SubscriberKey, Line as SubscriberLine } from '../domain/subscriber.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger } from './identities.js';
import { signalsSince } from './line-signals.js';
import { block, oweNews } from './link-guards.js';
import { tellOthers } from './link-notices.js';
import { nowOf } from './linking.js';
import { lockIdentities, lockLines, type Tx } from './locks.js';
import { lastPlaceOf } from './places.js';
import { hasIt, linesOfSim } from './same-sim.js';
import { lines } from './schema.js';
import { lineLinks, lineTokens } from './schema-identity.js';

type Methods = 'nameSim' | 'lineOfNumber';
type Line = typeof lines.$inferSelect;

/** What telcos tell, by the way, of the SIM behind a token. */
export function simNamingMethods(context: LedgerContext): Pick<IdentityLedger, Methods> {
  const { db, vault } = context;
  return {
    nameSim: naming(context),
    async lineOfNumber(operator, msisdn) {
      const ref = vault.reference('line', operator, 'MSISDN', msisdn);
      const [row] = await db
        .select({ id: lines.id })
        .from(lines)
        .where(or(eq(lines.keyRef, ref), eq(lines.simRef, ref)))
        .orderBy(sql`${lines.keyRef} = ${ref} desc`)
        .limit(1);
      return row?.id;
    },
  };
}

function naming(context: LedgerContext): IdentityLedger['nameSim'] {
  const { db } = context;
  return async (line, key) => {
    const said = await whatWasNamed(context, line, key);
    // Nearly every time it was known before: then nothing is locked.
    if (said === undefined || (said.line.simNamed && said.line.simRef === said.number)) return false;
    return db.transaction(async (tx) => {
      const { rows } = (await tx.execute(sql`select id from ${linesOfSim(said.line.id)} same`)) as unknown as {
        rows: { id: string }[];
      };
      const ids = rows.map(({ id }) => id);
      await lockLines(tx, ids);
      const [now] = await tx.select().from(lines).where(eq(lines.id, said.line.id));
      // Renewed meanwhile: what was said is of the token it had.
      if (now === undefined || context.vault.open(now.keySealed) !== said.token) return false;
      const tokens = and(inArray(lines.id, ids), eq(lines.keyType, 'CPID'));
      await tx.update(lines).set({ simRef: said.number, simNamed: true }).where(tokens);
      await tellWhoWasFirst(tx, nowOf(context), said.line.id, ids);
      await catchUp(tx, context, said.line.id);
      return true;
    });
  };
}

/** A line as it was when the telco was understood. */
type Meant = Pick<SubscriberLine, 'id' | 'key'>;

interface Named {
  /** The line that is known by a token, and that token. */
  readonly line: Line;
  readonly token: string;
  /** `key_ref` of the number. */
  readonly number: string;
}

/** Which token is which number; `undefined` where the two keys do not say. An OPET is no more than another token. */
async function whatWasNamed(context: LedgerContext, meant: Meant, key: SubscriberKey): Promise<Named | undefined> {
  const { db, vault } = context;
  const [asked] = await db.select().from(lines).where(eq(lines.id, meant.id));
  if (asked === undefined || asked.keyType === key.type) return undefined;
  // Renewed, or erased, since somebody looked whose it is.
  if (asked.keyType !== meant.key.type || vault.open(asked.keySealed) !== meant.key.value) return undefined;
  if (asked.keyType === 'CPID' && key.type === 'MSISDN') {
    const number = vault.reference('line', asked.operator, 'MSISDN', key.value.replace(/^\+/, ''));
    return { line: asked, token: meant.key.value, number };
  }
  if (asked.keyType !== 'MSISDN' || key.type !== 'CPID') return undefined;
  const [other] = await db
    .select({ line: lines })
    .from(lineTokens)
    .innerJoin(lines, eq(lines.id, lineTokens.lineId))
    .where(eq(lineTokens.ref, vault.reference('line', asked.operator, 'CPID', key.value)));
  // The token it was given before may have been another SIM's.
  if (other === undefined || vault.open(other.line.keySealed) !== key.value) return undefined;
  return { line: other.line, token: key.value, number: asked.keyRef };
}

interface Pair {
  readonly id: string;
  readonly ref: string;
  readonly conversation_id: string | null;
}

/** As when the second had been found at once: whoever was first hears of it. `joined` are the lines that were known as one before. */
async function tellWhoWasFirst(tx: Tx, now: SQL<Date>, lineId: string, joined: readonly string[]): Promise<void> {
  const among = (column: string) => sql`${sql.raw(column)} = any(${sql.param([...joined])}::text[])`;
  const result = await tx.execute(sql`
    select later.id, earlier.identity_ref as ref, ${lastPlaceOf(sql`earlier.identity_ref`)} as conversation_id
    from ${lineLinks} later join ${lineLinks} earlier on earlier.identity_ref <> later.identity_ref
      and ${hasIt(sql`earlier`)} and earlier.created_at <= later.created_at
    where later.state = 'active' and later.line_id in ${linesOfSim(lineId)} and earlier.line_id in ${linesOfSim(lineId)}
      and (${among('later.line_id')}) <> (${among('earlier.line_id')})
    order by later.created_at desc limit ${MAX_TOLD}`);
  for (const { id, ref, conversation_id } of (result as unknown as { rows: Pair[] }).rows) {
    await tellOthers(tx, now, id, [{ ref, conversationId: conversation_id }]);
  }
}

/** Nobody is told of more: the newest matter. */
const MAX_TOLD = 20;

/** A signal that came since a link of this SIM was proved holds for it too, though it came by another line. */
async function catchUp(tx: Tx, context: LedgerContext, lineId: string): Promise<void> {
  const missed = SIGNALLED.map((reason) => ({
    reason,
    which: sql`${lineLinks.lineId} in ${linesOfSim(lineId)}
      and ${reason} = any (${signalsSince(lineId, sql`${lineLinks.provedAt}`)})`,
  }));
  // All of them at once, whatever the reason: one reason after the other would be no order.
  const whose = await tx
    .selectDistinct({ ref: lineLinks.identityRef })
    .from(lineLinks)
    .where(or(...missed.map(({ which }) => which)));
  const refs = whose.map(({ ref }) => ref);
  await lockIdentities(tx, refs);
  for (const { reason, which } of missed) {
    const locked = and(which, inArray(lineLinks.identityRef, refs));
    await oweNews(tx, context, await block(tx, context, { which: locked, reason, by: 'same-sim' }));
  }
}
