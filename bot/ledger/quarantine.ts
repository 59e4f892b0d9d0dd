import { count, lt, sql } from 'drizzle-orm';
import type { SubscriberKey } from '../domain/subscriber.js';
import { type LedgerContext, NOW } from './context.js';
import { quarantinedCallbacks } from './schema-money.js';

/** A callback that fits no purchase of ours. */
export interface StrayCallback {
  readonly operator: string;
  /** `unknown`: no such transaction; `mismatch`: another subscriber's. */
  readonly reason: 'unknown' | 'mismatch';
  readonly transactionId: string;
  readonly subscriber: SubscriberKey;
  /** Its error type; absent for success. */
  readonly failure?: string;
}

export interface QuarantineLedger {
  /** Keeps a stray callback, sealed; one that comes again is counted. */
  quarantine(callback: StrayCallback): Promise<void>;
  /** How many different ones are kept. */
  countQuarantined(): Promise<number>;
  /** The newest ones. */
  quarantined(limit: number): Promise<readonly (StrayCallback & { times: number; lastAt: Date })[]>;
  /** Forgets those older than 90 days, and the oldest of more than ten thousand. */
  pruneQuarantine(): Promise<void>;
}

const value = sql.placeholder;
const KEPT_FOR = sql.raw(`interval '90 days'`);
const KEPT = 10_000;

export function quarantineMethods({ db, vault, clock }: LedgerContext): QuarantineLedger {
  const keep = db
    .insert(quarantinedCallbacks)
    .values({
      ref: value('ref'),
      operator: value('operator'),
      reason: value('reason'),
      callbackSealed: value('callbackSealed'),
      times: 1,
      firstAt: NOW,
      lastAt: NOW,
    })
    .onConflictDoUpdate({
      target: quarantinedCallbacks.ref,
      set: { times: sql`${quarantinedCallbacks.times} + 1`, lastAt: NOW },
    })
    .returning({ ref: quarantinedCallbacks.ref })
    .prepare('quarantine');
  const counted = db.select({ count: count() }).from(quarantinedCallbacks).prepare('count_quarantined');
  const listed = db
    .select()
    .from(quarantinedCallbacks)
    .orderBy(sql`${quarantinedCallbacks.lastAt} desc`)
    .limit(value('limit'))
    .prepare('quarantined');
  const tooOld = db
    .delete(quarantinedCallbacks)
    .where(lt(quarantinedCallbacks.lastAt, sql`${NOW} - ${KEPT_FOR}`))
    .prepare('prune_quarantine_by_age');
  const tooMany = db
    .delete(quarantinedCallbacks)
    .where(
      sql`${quarantinedCallbacks.ref} in (select ref from ${quarantinedCallbacks}
        order by last_at desc offset ${sql.raw(`${KEPT}`)})`,
    )
    .prepare('prune_quarantine_by_number');

  return {
    async quarantine({ operator, reason, ...callback }) {
      const { transactionId, subscriber, failure = '' } = callback;
      const ref = vault.reference(['callback', operator, transactionId, subscriber.value, failure].join('\n'));
      const callbackSealed = vault.seal(JSON.stringify(callback));
      await keep.execute({ ref, operator, reason, callbackSealed, stamp: clock.stamp() });
    },
    async countQuarantined() {
      return (await counted.execute())[0]?.count ?? 0;
    },
    async quarantined(limit) {
      const rows = await listed.execute({ limit });
      return rows.map(({ operator, reason, callbackSealed, times, lastAt }) => {
        const callback = JSON.parse(vault.open(callbackSealed)) as Omit<StrayCallback, 'operator' | 'reason'>;
        return { operator, reason, ...callback, times, lastAt };
      });
    },
    async pruneQuarantine() {
      await tooOld.execute({ stamp: clock.stamp() });
      await tooMany.execute();
    },
  };
}
