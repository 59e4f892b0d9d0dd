import { gt, sql } from 'drizzle-orm';
import { type LedgerContext, NOW } from './context.js';
import { telcoPauses } from './schema-money.js';

export interface TelcoPausesLedger {
  /** Has every process leave a telco alone for `ms` milliseconds; a longer pause that is there stays. */
  pauseTelco(telco: string, ms: number): Promise<void>;
  /** The pauses that still run, and how long, in milliseconds. */
  telcoPauses(): Promise<readonly { readonly telco: string; readonly leftMs: number }[]>;
}

const value = sql.placeholder;

export function telcoPauseMethods({ db, clock }: LedgerContext): TelcoPausesLedger {
  const until = sql<Date>`(${NOW} + ${value('ms')}::float8 * interval '1 millisecond')`;
  const pause = db
    .insert(telcoPauses)
    .values({ telco: value('telco'), until })
    .onConflictDoUpdate({
      target: telcoPauses.telco,
      set: { until: sql`greatest(${telcoPauses.until}, excluded.until)` },
    })
    .returning({ telco: telcoPauses.telco })
    .prepare('pause_telco');
  const running = db
    .select({
      telco: telcoPauses.telco,
      leftMs: sql<number>`(extract(epoch from ${telcoPauses.until} - ${NOW}) * 1000)::float8`,
    })
    .from(telcoPauses)
    .where(gt(telcoPauses.until, NOW))
    .prepare('telco_pauses');
  return {
    async pauseTelco(telco, ms) {
      await pause.execute({ telco, ms, stamp: clock.stamp() });
    },
    telcoPauses: () => running.execute({ stamp: clock.stamp() }),
  };
}
