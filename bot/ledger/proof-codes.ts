import { randomUUID, timingSafeEqual } from 'node:crypto';
import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm';
import type { ChatUser } from '../domain/chat-user.js';
import { CODE } from '../domain/one-time-code.js';
import { type LedgerContext, NOW } from './context.js';
import { identityRef } from './linked-user.js';
import { nowOf, type Tx } from './linking.js';
import { outbox } from './schema.js';
import { proofCodes, proofLimits } from './schema-identity.js';
import { storable } from './text.js';

export interface CodeRequest {
  readonly who: ChatUser;
  readonly conversationId: string;
  /** E.164 without `+`. Kept sealed, and only as long as the code. */
  readonly number: string;
  /** BCP 47. */
  readonly language: string;
}

export type CodeAsked =
  /** `promise`: the outbox item by which it is sent. */
  | { readonly outcome: 'asked'; readonly id: string; readonly promise: string }
  | { readonly outcome: 'limited'; readonly retryAfterMs: number };

export type CodeChecked =
  | { readonly outcome: 'proved'; readonly operator: string; readonly number: string }
  | { readonly outcome: 'wrong'; readonly triesLeft: number }
  | { readonly outcome: 'over' };

export interface CodeToSend {
  readonly number: string;
  readonly language: string;
  /** How long it is good for from now, in milliseconds. */
  readonly validForMs: number;
}

/**
 * One-time codes and everything that limits them, in PostgreSQL so that neither a restart nor another process begins anew. Nothing
 * here depends on whether a number is known to anybody: that is found out by the worker that sends the code, after the answer.
 */
export interface ProofCodeLedger {
  /** Asks for a code: the one asked for before ends, and its sending is owed (outbox `code`). */
  askForCode(request: CodeRequest): Promise<CodeAsked>;
  /** What is to be sent; `undefined` when nobody waits for it any more. */
  codeToSend(id: string): Promise<CodeToSend | undefined>;
  /** Sets the code that is about to be sent, as a keyed hash; a code set before is good no more. False when it is too late. */
  issueCode(id: string, operator: string, code: string): Promise<boolean>;
  /**
   * Counts a try, then compares. Of many answers at once no more than the tries there are left get that far. `event` is the id of
   * what the code was typed in: the same code in the same event again, because its turn is run again, costs nothing and has the same
   * outcome while the code lasts. Another code is another answer, whatever its event calls itself.
   */
  checkCode(who: ChatUser, code: string, event?: string): Promise<CodeChecked>;
  /** Gives up the code that was asked for. */
  cancelCode(who: ChatUser): Promise<void>;
}

export function proofCodeMethods(context: LedgerContext): ProofCodeLedger {
  return { askForCode: asking(context), ...sending(context), ...answering(context) };
}

/** Thrown to roll back: the requester's own count is not raised where the number's refuses. */
class Limited {
  constructor(readonly retryAfterMs: number) {}
}

function asking(context: LedgerContext): ProofCodeLedger['askForCode'] {
  const { db, vault } = context;
  return async ({ who, conversationId, number, language }) => {
    const ref = identityRef(vault, who);
    try {
      return await db.transaction(async (tx) => {
        const now = nowOf(context);
        await count(tx, now, vault.reference('codes-by', ref));
        await count(tx, now, vault.reference('codes-to', number));
        await tx.delete(proofCodes).where(sql`${proofCodes.createdAt} < ${now} - interval '1 day'`);
        await tx
          .update(proofCodes)
          .set({ endedAt: now })
          .where(and(eq(proofCodes.identityRef, ref), isNull(proofCodes.usedAt), isNull(proofCodes.endedAt)));
        const [id, promise] = [randomUUID(), randomUUID()];
        await tx.insert(proofCodes).values({
          id,
          identityRef: ref,
          conversationId,
          numberSealed: vault.seal(number),
          language: storable(language),
          createdAt: now,
          expiresAt: sql`${now} + ${CODE.validForMs}::float8 * interval '1 millisecond'`,
        });
        await tx
          .insert(outbox)
          .values({ id: promise, kind: 'code', subject: id, conversationId, createdAt: now, dueAt: now });
        return { outcome: 'asked', id, promise };
      });
    } catch (error) {
      if (error instanceof Limited) return { outcome: 'limited', retryAfterMs: error.retryAfterMs };
      throw error;
    }
  };
}

/** Counts one more of what happened within the last hour and day, in one statement. Throws `Limited`. */
async function count(tx: Tx, now: SQL<Date>, ref: string): Promise<void> {
  const within = (span: SQL) => sql`(select count(*) from unnest(proof_limits.times) t where t > ${now} - ${span})`;
  const [counted] = await tx
    .insert(proofLimits)
    .values({ ref, times: sql`array[${now}]` })
    .onConflictDoUpdate({
      target: proofLimits.ref,
      set: { times: sql`array(select t from unnest(proof_limits.times) t where t > ${now} - ${DAY}) || ${now}` },
      setWhere: sql`${within(HOUR)} < ${CODE.perHour} and ${within(DAY)} < ${CODE.perDay}`,
    })
    .returning({ ref: proofLimits.ref });
  if (counted !== undefined) return;
  const { rows } = (await tx.execute(sql`
    select extract(epoch from greatest(
      (select t + ${HOUR} from unnest(times) t where t > ${now} - ${HOUR} order by t desc offset ${CODE.perHour - 1} limit 1),
      (select t + ${DAY} from unnest(times) t where t > ${now} - ${DAY} order by t desc offset ${CODE.perDay - 1} limit 1)
    ) - ${now}) * 1000 as ms from ${proofLimits} where ref = ${ref}`)) as unknown as { rows: { ms: unknown }[] };
  throw new Limited(Math.max(0, Math.ceil(Number(rows[0]?.ms ?? 0))));
}

const value = sql.placeholder;
const HOUR = sql`interval '1 hour'`;
const DAY = sql`interval '1 day'`;

/** Codes that may still be answered. */
const open = (now: SQL<Date>) =>
  and(isNull(proofCodes.usedAt), isNull(proofCodes.endedAt), sql`${proofCodes.expiresAt} > ${now}`);

function sending(context: LedgerContext): Pick<ProofCodeLedger, 'codeToSend' | 'issueCode'> {
  const { db, vault } = context;
  return {
    async codeToSend(id) {
      const now = nowOf(context);
      const [row] = await db
        .select({
          numberSealed: proofCodes.numberSealed,
          language: proofCodes.language,
          left: sql<number>`extract(epoch from ${proofCodes.expiresAt} - ${now})::float8 * 1000`,
        })
        .from(proofCodes)
        .where(and(eq(proofCodes.id, id), open(now)));
      return row && { number: vault.open(row.numberSealed), language: row.language, validForMs: Number(row.left) };
    },
    async issueCode(id, operator, code) {
      const issued = await db
        .update(proofCodes)
        .set({ operator: storable(operator), codeRef: vault.reference('code', id, code) })
        .where(and(eq(proofCodes.id, id), open(nowOf(context))))
        .returning({ id: proofCodes.id });
      return issued.length > 0;
    },
  };
}

function answering(context: LedgerContext): Pick<ProofCodeLedger, 'checkCode' | 'cancelCode'> {
  const { db, vault, clock } = context;
  const newest = db
    .select({ id: proofCodes.id })
    .from(proofCodes)
    // The one that was not replaced.
    .where(and(eq(proofCodes.identityRef, value('ref')), isNull(proofCodes.usedAt), isNull(proofCodes.endedAt)))
    .orderBy(desc(proofCodes.createdAt))
    .limit(1);
  const spendTry = db
    .update(proofCodes)
    .set({
      tries: sql`${proofCodes.tries} + 1`,
      answers: sql`array_append(${proofCodes.answers}, ${value('answer')}::text)`,
    })
    .where(and(sql`${proofCodes.id} = (${newest})`, open(NOW), sql`${proofCodes.tries} < ${CODE.tries}`))
    .returning()
    .prepare('spend_code_try');
  const answered = db
    .select()
    .from(proofCodes)
    .where(
      and(
        eq(proofCodes.identityRef, value('ref')),
        sql`${value('answer')}::text = any(${proofCodes.answers})`,
        isNull(proofCodes.endedAt),
        sql`${proofCodes.expiresAt} > ${NOW}`,
      ),
    )
    .limit(1)
    .prepare('code_answered');
  const use = db
    .update(proofCodes)
    .set({ usedAt: NOW })
    .where(and(eq(proofCodes.id, value('id')), isNull(proofCodes.usedAt), isNull(proofCodes.endedAt)))
    .returning({ id: proofCodes.id })
    .prepare('use_code');
  return {
    async checkCode(who, code, event = randomUUID()) {
      const stamp = clock.stamp();
      const ref = identityRef(vault, who);
      const answer = vault.reference('code-answer', ref, event, code);
      const [before] = await answered.execute({ ref, answer, stamp });
      // The try is spent before anything is compared: however many answers come at once, five are looked at.
      const [row] = before === undefined ? await spendTry.execute({ ref, answer, stamp }) : [before];
      // A number that is nobody's has no code; the same is worked out and compared all the same.
      const given = Buffer.from(vault.reference('code', row?.id ?? '', code));
      const kept = Buffer.from(row?.codeRef ?? vault.reference('code', row?.id ?? '', 'none'));
      const right = timingSafeEqual(given, kept);
      if (row === undefined) return { outcome: 'over' };
      if (!right || row.operator === null) return wrong(row.answers.indexOf(answer) + 1);
      // Used already by this very answer, whose turn did not get to its end.
      const used = row.usedAt !== null || (await use.execute({ id: row.id, stamp })).length > 0;
      if (!used) return { outcome: 'over' };
      return { outcome: 'proved', operator: row.operator, number: vault.open(row.numberSealed) };
    },
    async cancelCode(who) {
      const now = nowOf(context);
      await db
        .update(proofCodes)
        .set({ endedAt: now })
        .where(and(eq(proofCodes.identityRef, identityRef(vault, who)), open(now)));
    },
  };
}

function wrong(tries: number): CodeChecked {
  const triesLeft = CODE.tries - tries;
  return triesLeft > 0 ? { outcome: 'wrong', triesLeft } : { outcome: 'over' };
}
