import type { Account, Balance } from '../domain/balance.js';
import type { OfferList } from '../domain/offer.js';
import type { Line } from '../domain/subscriber.js';
import type { Translator } from '../i18n/translator.js';
import type { Ledger } from '../ledger/ledger.js';
import type { TopUpRequest } from '../telco.js';
import type { Session } from './session.js';
import type { TurnIdentity } from './turn-identity.js';

/** The subscriber's telco, with line, language and deadline already chosen. Rejects as `Telco` does. */
export interface TurnTelco {
  balance(): Promise<Balance>;
  offers(): Promise<OfferList>;
  /** Account type, currency and wallets; may be a few minutes old when `fresh` is not set. */
  account(options?: { readonly fresh?: boolean }): Promise<Account>;
  /** Absent where the telco cannot, and for a line that is not known by its number. */
  requestTopUp?(request: TopUpRequest): Promise<void>;
}

/** What a flow may know and do during one turn. */
export interface Turn {
  readonly now: Date;
  /** When the user said it, where the platform tells; else now. */
  readonly saidAt: Date;
  /** What is answered was given up before, which its user was told: it buys nothing. */
  readonly replayed: boolean;
  readonly conversationId: string;
  /** The line this conversation is about; the engine sees to it that flows with `needsLine` have one. */
  readonly line: Line;
  readonly telco: TurnTelco;
  readonly ledger: Ledger;
  /** Who is talking, and what can be proved and changed about that. */
  readonly identity: TurnIdentity;
  /** Words in the subscriber's language; changes with `setLocale`. */
  readonly text: Translator;
  readonly session: Readonly<Session>;
  /** Changes what is remembered of this conversation. */
  remember(change: Partial<Pick<Session, 'consentAsked' | 'greeted' | 'nudged' | 'owed' | 'topUps'>>): void;
  setLocale(locale: string): Promise<void>;
  /** Has the purchases worker submit a confirmed purchase. */
  submitPurchase(id: string): Promise<void>;
  /** Has the outbox worker tell the telco which notifications are welcome. */
  registerConsent(): Promise<void>;
  /** True the first time a turn of this event asks: for what comes before the reply and must not be done again with it. */
  once(): Promise<boolean>;
  /**
   * Runs once the turn's message is with the platform, or there was none to send (`replied`), or the platform refused it: for
   * good, or until the user writes again (`waits`). A rejection repeats the turn.
   */
  afterSend(effect: (outcome: 'replied' | 'refused' | 'waits') => Promise<void>): void;
}
