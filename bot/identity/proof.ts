import type { ChatUser } from '../domain/chat-user.js';
import type { ProofMethod } from '../domain/link.js';
import type { SubscriberKey } from '../domain/subscriber.js';

/** Who wants to prove something, and where they are told about it. */
export interface Asker extends ChatUser {
  readonly conversationId: string;
  /** BCP 47: the language of a message to their phone. */
  readonly language: string;
}

/** What a proof proves. */
export interface Proved {
  readonly operator: string;
  readonly key: SubscriberKey;
  /** Where the proof itself ends: a CPID's ttl. */
  readonly expiresAt?: Date;
}

/** How a challenge began. Nothing of it says whether the number is known to anybody. */
export type Begun =
  | { readonly outcome: 'begun'; readonly validForMs: number; readonly tries: number; readonly digits: number }
  /** Asked for too often: by this person, or about this number. */
  | { readonly outcome: 'limited'; readonly retryAfterMs: number };

/** What became of an answer to a challenge. */
export type Answered =
  | { readonly outcome: 'proved'; readonly proved: Proved }
  | { readonly outcome: 'wrong'; readonly triesLeft: number }
  /** Expired, used up, cancelled, or never begun by this person. */
  | { readonly outcome: 'over' };

/**
 * A proof by something that only the owner of a number can know: a code that was sent there, a PIN the operator checks. Every
 * implementation passes `test/identity/answer-proof-contract.ts`: a few tries per challenge and a few challenges an hour, counted
 * where a restart does not reset them; bound to whoever began it; single use; and the same words and the same work for a number
 * that is nobody's.
 */
export interface AnswerProof {
  readonly method: Extract<ProofMethod, 'code' | 'pin'>;
  /** `number` is E.164 without `+`. */
  begin(asker: Asker, number: string): Promise<Begun>;
  /** `event` is what the answer came in: the same answer in the same event again costs no try and has the same outcome. */
  answer(asker: Asker, text: string, event?: string): Promise<Answered>;
  /** Gives the challenge up, if there is one. */
  cancel(asker: Asker): Promise<void>;
}

/** A proof on a page that is opened on the phone itself. Whoever serves the page ends it with `Linking.complete`. */
export interface PageProof {
  readonly method: Extract<ProofMethod, 'cpid'>;
  /** A short-lived, single-use address, for this person only. */
  begin(asker: Asker): Promise<{ readonly url: string; readonly validForMs: number }>;
}
