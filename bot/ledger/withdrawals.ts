import { asc, eq, type SQL, sql } from 'drizzle-orm';
import type { Line } from '../domain/subscriber.js';
import type { LedgerContext } from './context.js';
import type { Tx } from './locks.js';
import { isOf } from './places.js';
import { consents, conversations, lines, outbox } from './schema.js';
import { withdrawals } from './schema-identity.js';
import { operatorTasks } from './schema-money.js';

/**
 * What a telco has yet to be told about a line somebody gave up, or that was erased (outbox `withdrawal`). It is all that is left
 * of it here: which line of which operator, sealed, and not whose it was.
 */
export interface Withdrawal {
  readonly id: string;
  readonly line: Line;
  readonly since: Date;
}

export interface WithdrawalLedger {
  withdrawal(id: string): Promise<Withdrawal | undefined>;
  /** Those that are still to be told, oldest first. */
  withdrawals(limit: number): Promise<readonly Withdrawal[]>;
  /**
   * The telco knows, from us or from a person: what was kept for it is deleted, the promise is kept and a task about it is closed.
   * False when there is no such withdrawal.
   */
  endWithdrawal(id: string): Promise<boolean>;
}

export function withdrawalMethods({ db, vault, clock }: LedgerContext): WithdrawalLedger {
  const toWithdrawal = (row: typeof withdrawals.$inferSelect): Withdrawal => ({
    id: row.id,
    line: { id: row.lineId, operator: row.operator, key: { type: row.keyType, value: vault.open(row.keySealed) } },
    since: row.createdAt,
  });
  return {
    async withdrawal(id) {
      const [row] = await db.select().from(withdrawals).where(eq(withdrawals.id, id));
      return row && toWithdrawal(row);
    },
    async withdrawals(limit) {
      const rows = await db.select().from(withdrawals).orderBy(asc(withdrawals.createdAt)).limit(limit);
      return rows.map(toWithdrawal);
    },
    async endWithdrawal(id) {
      const now = sql`coalesce(${clock.stamp()}::timestamptz, now())`;
      const { rows } = (await db.execute(sql`
        with ended as (
          delete from ${withdrawals} where id = ${id} returning id
        ), kept as (
          update ${outbox} set done_at = coalesce(done_at, ${now})
          where kind = 'withdrawal' and subject in (select id from ended) returning id
        ), closed as (
          update ${operatorTasks} set resolved_at = ${now}, resolution = 'kept'
          where kind = 'promise' and resolved_at is null and subject in (select id from kept)
        )
        select id from ended`)) as unknown as { readonly rows: readonly unknown[] };
      return rows.length > 0;
    },
  };
}

/** Whom a withdrawal concerns is not written down: its outbox item names no conversation. */
const NOBODY = 'nobody';

/**
 * For a `with`: a withdrawal for each line of `from`, a table with a column `line_id`, and the promise to tell it. The key is copied
 * as it is sealed now; it may be erased in the very next statement.
 */
export function owedWithdrawals(from: SQL, now: SQL): SQL {
  return sql`withdrawn as (${withdrawnLines(from, now)}), promised as (${promisedWithdrawals(now)})`;
}

/** The first half of it, which `promisedWithdrawals` knows as `withdrawn`. */
export function withdrawnLines(from: SQL, now: SQL): SQL {
  return sql`insert into ${withdrawals} (id, line_id, operator, key_type, key_sealed, created_at)
    select gen_random_uuid()::text, l.id, l.operator, l.key_type, l.key_sealed, ${now}
    from ${lines} l where l.id in (select line_id from ${from}) returning id`;
}

export function promisedWithdrawals(now: SQL): SQL {
  return sql`insert into ${outbox} (id, kind, subject, conversation_id, created_at, due_at)
    select gen_random_uuid()::text, 'withdrawal', id, ${NOBODY}, ${now}, ${now} from withdrawn`;
}

/** True where the telco may have been told that alerts about `line` are welcome in a conversation of `identity`. */
export function wasRegistered(identity: SQL, line: SQL): SQL {
  return sql`exists (select 1 from ${conversations} v join ${consents} k on k.conversation_id = v.id
    where ${isOf(identity)} and v.line_id = ${line} and k.granted)`;
}

/** Owes the telco word that `identity` gave up a line, where it may have been told of them. */
export async function withdraw(tx: Tx, now: SQL, identity: string, lineId: string): Promise<void> {
  const given = sql`given as (select ${lineId}::text as line_id
    where ${wasRegistered(sql`${identity}::text`, sql`${lineId}::text`)})`;
  await tx.execute(sql`with ${given}, ${owedWithdrawals(sql`given`, now)} select 1`);
}
