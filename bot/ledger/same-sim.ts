import { type Placeholder, type SQL, sql } from 'drizzle-orm';
import type { BlockReason } from '../domain/link.js';
import { OPEN_STATES } from '../domain/purchase.js';
import type { LedgerContext } from './context.js';
import { conversations, lines, purchases } from './schema.js';
import { lineLinks } from './schema-identity.js';

/*
 * Which lines are one SIM. A number names its SIM. A CPID names none: it is opaque by design, and Millom's answers about it hold no
 * number (cpid.yaml, upsell.yaml). Two things make it known all the same, and `lines.sim_ref` keeps them: the same token was given
 * to another chat user, or a purchase callback named the subscriber by number (purchase-callback.yaml, `idType`). Where nothing
 * does, a CPID's line may be any line of its user at the same operator, and is treated as if it were each of them.
 */

type Alias = 'this' | 'other' | 'kin' | 'held';

/** Fingerprint of the SIM of a line; null where nothing is known of it. `alias` is the table `lines` in the statement. */
function simOf(alias: Alias): SQL {
  return sql.raw(`case when "${alias}".key_type = 'MSISDN' then "${alias}".key_ref else "${alias}".sim_ref end`);
}

/** True when the number of both is known, so that they are one SIM or are not. */
function bothNamed(a: Alias, b: Alias): SQL {
  const named = (alias: Alias) => `("${alias}".key_type = 'MSISDN' or "${alias}".sim_named)`;
  return sql.raw(`(${named(a)} and ${named(b)})`);
}

/** Two lines of one chat user that may be one SIM, as far as anybody can tell. */
export function mayBeOneSim(a: Alias, b: Alias): SQL {
  return sql`(${sql.raw(`"${a}".operator = "${b}".operator and "${a}".id <> "${b}".id`)} and not ${bothNamed(a, b)})`;
}

/** The ids of all lines that are known to be the SIM of this one, itself included: a subquery. */
export function linesOfSim(lineId: string | SQL | Placeholder): SQL {
  const sim = sql`(select ${simOf('this')} from ${lines} this where this.id = ${lineId})`;
  return sql`(select same.id from ${lines} same where same.id = ${lineId}
    or (same.key_ref = ${sim} and same.key_type = 'MSISDN') or same.sim_ref = ${sim})`;
}

/** What else counts with a purchase for a line, because it is the same SIM or may be. */
export interface KinLines {
  /** Lines of which every purchase counts: known to be the same, or the buyer's own to look at. */
  readonly whole: readonly string[];
  /** Lines that the buyer gave up, lost or was made to forget: of these, what they ordered themselves counts. */
  readonly own: readonly string[];
}

/** Who buys, and over which link they are known. */
export interface Buyer {
  readonly lineId: string;
  readonly conversationId: string;
  readonly linkId: string | undefined;
}

/** The chat users behind a purchase: whose conversation it is, and whose link it goes by. */
function buyers({ conversationId, linkId }: Buyer): SQL {
  return sql`(select identity_ref from ${conversations} where id = ${conversationId} and identity_ref is not null
    union select identity_ref from ${lineLinks} where id = ${linkId ?? null})`;
}

/** All conversations of the chat users behind a purchase. */
function places(buyer: Buyer): SQL {
  return sql`(select ${buyer.conversationId}::text union
    select id from ${conversations} where identity_ref in ${buyers(buyer)})`;
}

const OPEN = sql.raw(OPEN_STATES.map((state) => `'${state}'`).join(', '));

/** Reads which other lines count with this one for its buyer. `now` is the ledger's. */
export async function kinLines(db: Pick<LedgerContext['db'], 'execute'>, buyer: Buyer, now: SQL): Promise<KinLines> {
  const { lineId } = buyer;
  const result = await db.execute(sql`
    select id, bool_or(whole) as whole from (
      select same.id, true as whole from ${linesOfSim(lineId)} same
      union all
      select other.id, true from ${lineLinks} l join ${lines} other on other.id = l.line_id
        join ${lines} this on this.id = ${lineId}
        where l.identity_ref in ${buyers(buyer)} and ${mayBeOneSim('this', 'other')}
          and ${hasIt(sql`l`)}
      union all
      select other.id, false from ${purchases} p join ${lines} other on other.id = p.line_id
        join ${lines} this on this.id = ${lineId}
        where p.conversation_id in ${places(buyer)} and ${mayBeOneSim('this', 'other')}
          and (p.created_at > ${now} - interval '7 days' or p.state in (${OPEN}))
    ) kin where id <> ${lineId} group by id order by id collate "C"`);
  const { rows } = result as unknown as { rows: { id: string; whole: boolean }[] };
  const ids = (whole: boolean) => rows.filter((row) => row.whole === whole).map(({ id }) => id);
  return { whole: ids(true), own: ids(false) };
}

/** The purchases that count with one for this line, by this buyer: a condition on `purchases`. */
export function countsWith(buyer: Buyer, { whole, own }: KinLines): SQL {
  const among = (ids: readonly string[]) => sql`${purchases.lineId} = any(${sql.param([...ids])}::text[])`;
  const all = among([buyer.lineId, ...whole]);
  return own.length === 0 ? all : sql`(${all} or (${among(own)} and ${purchases.conversationId} in ${places(buyer)}))`;
}

/** Links a signal about a line is about: the SIM's own, and others of the same users that may be its. */
export interface SimLinks {
  readonly own: readonly string[];
  readonly kin: readonly string[];
}

/** Reads them by the lines and then by their users: two conditions on links, one or the other, would read all links there are. */
export async function linksOfSim(db: Pick<LedgerContext['db'], 'execute'>, lineId: string): Promise<SimLinks> {
  const { rows } = (await db.execute(linksOfSimQuery(lineId))) as unknown as { rows: { id: string; own: boolean }[] };
  const ids = (own: boolean) => rows.filter((row) => row.own === own).map(({ id }) => id);
  return { own: ids(true), kin: ids(false) };
}

/** `id`, and `own`: whether it is a link to the SIM itself. */
export function linksOfSimQuery(lineId: string): SQL {
  return sql`select id, bool_or(own) as own from (
      select l.id, true as own from ${lineLinks} l where l.line_id in ${linesOfSim(lineId)}
      union all
      select l.id, false from ${lineLinks} held_link
        join ${lines} held on held.id = held_link.line_id
        join ${lineLinks} l on l.identity_ref = held_link.identity_ref
        join ${lines} kin on kin.id = l.line_id
        where held_link.line_id in ${linesOfSim(lineId)} and ${mayBeOneSim('held', 'kin')}
    ) found group by id`;
}

/** The links that go back to what they were with a signal that is taken back: a condition on links. */
export function freedWith(lineId: string, { own, kin }: SimLinks, reason: BlockReason): SQL {
  const among = (ids: readonly string[]) => sql`${lineLinks.id} = any(${sql.param([...ids])}::text[])`;
  return sql`${among([...own, ...kin])} and ${isBlockedBy(sql`${lineLinks}`, reason)}
    and (${among(own)} or not ${kinBlockedBeside(lineId, reason)})`;
}

/** Another line of this link's user, of another SIM, is blocked for this reason, and may be the line of this one: a condition on links. */
function kinBlockedBeside(lineId: string, reason: BlockReason): SQL {
  return sql`exists (
    select 1 from ${lineLinks} held_link
      join ${lines} held on held.id = held_link.line_id
      join ${lines} kin on kin.id = ${lineLinks.lineId}
      where held_link.identity_ref = ${lineLinks.identityRef} and held_link.line_id not in ${linesOfSim(lineId)}
        and ${isBlockedBy(sql`held_link`, reason)} and ${mayBeOneSim('held', 'kin')})`;
}

/** This was said of a link since it was proved last; `link` is the table `line_links` in the statement. */
export function isBlockedBy(link: SQL, reason: BlockReason): SQL {
  return sql`(${link}.state <> 'active' and (${reason} = any (${link}.blocks)
    or (${link}.state = 'blocked' and ${link}.reason = ${reason})))`;
}

/** Whoever has this link has the line: they may see it (`maySee`), though a change of SIM may keep them from buying. */
export function hasIt(link: SQL): SQL {
  return sql`(${link}.state = 'active' or (${link}.state = 'blocked' and ${link}.reason = 'sim-swap'))`;
}
