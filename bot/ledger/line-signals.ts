import { and, eq, type SQL, sql } from 'drizzle-orm';
import { SIGNALLED, type Signal } from '../domain/link.js';
import type { LedgerContext } from './context.js';
import type { IdentityLedger } from './identities.js';
import type { Tx } from './locks.js';
import { lines } from './schema.js';
import { lineSignals } from './schema-identity.js';

/*
 * What operators said of SIMs (`line_signals`): kept by the fingerprint of the number, and so apart from who has it. A link goes when
 * it is given up or its user is forgotten; what is recorded here is asked whenever one is made, taken back or used.
 */

type Methods = 'noteSignal' | 'dropSignal';

/** Signals about numbers as such, whether anybody has them here or not. */
export function signalMethods({ db, vault, clock }: LedgerContext): Pick<IdentityLedger, Methods> {
  const refOf = (operator: string, msisdn: string) => vault.reference('line', operator, 'MSISDN', msisdn);
  return {
    async noteSignal(operator, msisdn, reason, at) {
      await recordOf(db, sql`select ${refOf(operator, msisdn)}::text`, reason, happened(clock, at));
    },
    async dropSignal(operator, msisdn, reason) {
      await db
        .delete(lineSignals)
        .where(and(eq(lineSignals.ref, refOf(operator, msisdn)), eq(lineSignals.reason, reason)));
    },
  };
}

/** When a signal happened, in the database's time: `at`, or now where that is left out or yet to come. */
export function happened(clock: LedgerContext['clock'], at: Date | undefined): SQL<Date> {
  const now = sql<Date>`coalesce(${clock.stamp()}::timestamptz, now())`;
  const ahead = at === undefined ? 0 : Math.min(0, clock.ahead(at));
  return sql<Date>`(${now} + ${ahead}::float8 * interval '1 millisecond')`;
}

/** Keeps a signal about the SIM of a line. One that is known already and happened later stays as it is. */
export async function recordSignal(tx: Tx, lineId: string, reason: Signal, since: SQL<Date>): Promise<void> {
  const ref = sql`select coalesce(case when this.key_type = 'MSISDN' then this.key_ref else this.sim_ref end, this.key_ref)
    from ${lines} this where this.id = ${lineId}`;
  await recordOf(tx, ref, reason, since);
}

async function recordOf(db: Pick<Tx, 'execute'>, ref: SQL, reason: Signal, since: SQL<Date>): Promise<void> {
  await db.execute(sql`insert into ${lineSignals} as s (ref, reason, since)
    select said.ref, ${reason}::text, ${since} from (${ref}) as said (ref)
    on conflict (ref, reason) do update set since = greatest(s.since, excluded.since)`);
}

/** Takes a signal about the SIM of a line back. */
export async function liftSignal(tx: Tx, lineId: string, reason: Signal): Promise<void> {
  await tx.execute(sql`delete from ${lineSignals} where reason = ${reason} and ref in ${refsOf(lineId)}`);
}

/** What the SIM of a line may be recorded by: its number, or its token: a subquery. */
function refsOf(lineId: string | SQL): SQL {
  return sql`(select known.ref from ${lines} said cross join lateral (values (said.key_ref), (said.sim_ref)) as known (ref)
    where said.id = ${lineId} and known.ref is not null)`;
}

/**
 * The signals about the SIM of a line that are later than a proof of it, as an array: what stands against that proof. `proved` is
 * null where nothing was proved before; then every signal counts.
 */
export function signalsSince(lineId: string | SQL, proved: SQL): SQL<Signal[]> {
  return sql<Signal[]>`array(select s.reason from ${lineSignals} s
    where s.ref in ${refsOf(lineId)} and (${proved}::timestamptz is null or s.since > ${proved}))`;
}

/** The same, read. */
export async function readSignals(tx: Tx, lineId: string, provedAt: Date | undefined): Promise<readonly Signal[]> {
  const proved = sql`${provedAt?.toISOString() ?? null}::timestamptz`;
  const result = await tx.execute(sql`select ${signalsSince(lineId, proved)} as reasons`);
  const [row] = (result as unknown as { rows: { reasons: string[] }[] }).rows;
  return SIGNALLED.filter((reason) => row?.reasons.includes(reason));
}
