import { randomInt } from 'node:crypto';
import { CODE } from '../domain/one-time-code.js';
import type { ProofCodeLedger } from '../ledger/proof-codes.js';
import type { AnswerProof } from './proof.js';

/** Six digits from the system's random source, each code as likely as any other. */
export function newCode(): string {
  return String(randomInt(10 ** CODE.digits)).padStart(CODE.digits, '0');
}

/** Takes a code to a phone. Rejects with `ChannelRefused` or `ChannelUnreachable`. */
export type SendCode = (message: CodeMessage) => Promise<void>;

export interface CodeMessage {
  /** Stable across retries. */
  readonly id: string;
  /** E.164 without `+`. */
  readonly number: string;
  readonly code: string;
  /** BCP 47. */
  readonly language: string;
}

/** A code sent to the number, typed in the chat. */
export function codeProof(ledger: ProofCodeLedger, sendSoon: (promiseId: string) => Promise<void>): AnswerProof {
  return {
    method: 'code',
    async begin({ conversationId, language, channel, workspace, user }, number) {
      const asked = await ledger.askForCode({ who: { channel, workspace, user }, conversationId, number, language });
      if (asked.outcome === 'limited') return asked;
      // The ledger has it: if the queue cannot take it now, the sweeper will find it.
      await sendSoon(asked.promise).catch(() => undefined);
      return { outcome: 'begun', validForMs: CODE.validForMs, tries: CODE.tries, digits: CODE.digits };
    },
    async answer(asker, text, event) {
      const checked = await ledger.checkCode(asker, text, event);
      if (checked.outcome !== 'proved') return checked;
      const { operator, number } = checked;
      return { outcome: 'proved', proved: { operator, key: { type: 'MSISDN', value: number } } };
    },
    cancel: (asker) => ledger.cancelCode(asker),
  };
}

export interface CodeWork {
  readonly ledger: ProofCodeLedger;
  /** Whose subscriber a number is; `undefined` for nobody's. */
  readonly operatorOf: (number: string) => Promise<string | undefined>;
  readonly send: SendCode;
}

/**
 * Sends a code that was asked for, in the worker: what is found out about the number there cannot be told from the answer in the
 * chat, nor from how long that took. Each attempt has a code of its own; the newest is the good one. Rejects where it can be
 * tried again.
 */
export async function sendCode({ ledger, operatorOf, send }: CodeWork, id: string): Promise<void> {
  const wanted = await ledger.codeToSend(id);
  if (wanted === undefined) return;
  const { number, language } = wanted;
  const operator = await operatorOf(number);
  if (operator === undefined) return;
  const code = newCode();
  if (await ledger.issueCode(id, operator, code)) await send({ id: `code-${id}`, number, code, language });
}
