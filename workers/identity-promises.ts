import { ChannelRefused } from '../bot/channel.js';
import type { Origin } from '../bot/conversation/event.js';
import type { Mailbox } from '../bot/conversation/mailbox.js';
import { ERASED } from '../bot/conversation/run-turn.js';
import type { RefusalReason } from '../bot/domain/refusal.js';
import type { Line } from '../bot/domain/subscriber.js';
import { type CodeWork, sendCode } from '../bot/identity/one-time-code.js';
import type { Ledger, OutboxItem } from '../bot/ledger/ledger.js';
import type { LineTelco } from '../bot/line-telco.js';
import type { Logger } from '../bot/log.js';
import { TelcoRefused } from '../bot/telco.js';

export interface IdentityPromiseOptions {
  readonly ledger: Ledger;
  readonly mailbox: Mailbox;
  readonly lines: LineTelco;
  readonly now: () => Date;
  readonly log: Logger;
  /** Absent where no code can be sent. */
  readonly codes?: CodeWork | undefined;
  /** Takes away what the channel itself keeps of somebody; absent where channels keep nothing. */
  readonly forget?: ((from: Origin) => Promise<void>) | undefined;
}

/** Sends a one-time code. What the platform refuses is not sent later: by then the code is no good. */
export async function keepCode({ ledger, codes, log }: IdentityPromiseOptions, item: OutboxItem): Promise<void> {
  if (codes !== undefined) {
    await sendCode(codes, item.subject).catch((error: unknown) => {
      if (!(error instanceof ChannelRefused)) throw error;
      log.warn({ code: error.platformCode ?? error.code }, 'the platform refused a one-time code');
    });
  }
  await ledger.finishOutbox(item.id);
}

/**
 * Forgets somebody: what is sealed goes, then what their conversations remember. Nothing of it waits for a telco; what one has to be
 * told is a promise of its own. While a purchase is under way its number has to stay, and this is tried again.
 */
export async function keepErasure(
  { ledger, mailbox, lines, now, forget }: IdentityPromiseOptions,
  item: OutboxItem,
): Promise<void> {
  const erasure = await ledger.erasure(item.subject);
  if (erasure !== undefined) {
    // First: by whom they are known there goes with the conversations.
    for (const conversationId of erasure.conversationIds) {
      const conversation = await ledger.conversation(conversationId);
      if (conversation !== undefined) await forget?.(conversation.origin);
    }
    const finished = await ledger.finishErasure(erasure.id);
    for (const lineId of erasure.lineIds) lines.forget(lineId);
    for (const conversationId of erasure.conversationIds) {
      // What they wrote and was given up is sealed there, and goes every time this is tried.
      await mailbox.deadLetters.forget(conversationId);
      // The conversation it was asked in forgot by itself; any may be a new one by now.
      if (conversationId === item.conversationId || (await ledger.conversation(conversationId))) continue;
      const id = `erasure-${item.id}-${item.attempts}`;
      await mailbox.deliver({
        kind: 'system',
        id,
        at: now().getTime(),
        conversationId,
        name: ERASED,
        ref: item.id,
      });
    }
    if (!finished) return;
  }
  await ledger.finishOutbox(item.id);
}

/** Tells a telco what still holds for a line: what its other conversations agree to, as a rule nothing. Rejects with its refusal. */
type TellTelco = (line: Line) => Promise<void>;

/**
 * Has the telco forget a line that somebody gave up. Only that it knows no such subscriber is as good; any other refusal is a
 * person's business at once, and is tried again all the same.
 */
export async function keepWithdrawal(
  { ledger, lines, log }: IdentityPromiseOptions,
  item: OutboxItem,
  tell: TellTelco,
): Promise<void> {
  const withdrawal = await ledger.withdrawal(item.subject);
  if (withdrawal === undefined) return void (await ledger.finishOutbox(item.id));
  // The line may have a newer key; one that was erased has none but this.
  const line = (await lines.line(withdrawal.line.id)) ?? withdrawal.line;
  if (line.key.value !== '') {
    await tell(line).catch(async (error: unknown) => {
      if (!(error instanceof TelcoRefused)) throw error;
      if (NOT_THERE.has(error.reason)) return;
      log.warn({ reason: error.reason }, 'the telco refused to take back a registration');
      if (!PASSING.has(error.reason)) await ledger.openTask('promise', item.id, UNTOLD);
      throw error;
    });
  }
  await ledger.endWithdrawal(withdrawal.id);
}

/** What a person reads about it; the command says which line it is. */
export const UNTOLD = 'a telco could not be told that a line was given up: npm run purchases -- withdrawals';

const NOT_THERE: ReadonlySet<RefusalReason> = new Set(['invalid-number', 'opted-out']);
const PASSING: ReadonlySet<RefusalReason> = new Set(['too-many-requests', 'unavailable']);
