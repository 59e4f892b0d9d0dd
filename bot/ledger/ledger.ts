import type { Origin } from '../conversation/event.js';
import type { Money } from '../domain/money.js';
import type { NotificationType } from '../domain/notification.js';
import type { FundSource } from '../domain/offer.js';
import type { PurchaseState } from '../domain/purchase.js';
import type { Line, SubscriberKey } from '../domain/subscriber.js';
import type { MultilingualText } from '../domain/text.js';

/** What the subscriber agreed to, kept as shown: the offer may change at the telco, the agreement does not. */
export interface PurchaseTerms {
  readonly planId: string;
  readonly planName: readonly MultilingualText[];
  readonly price: Money;
  readonly fundSource: FundSource;
  /** The offer's cookie for the telco. */
  readonly context?: string;
}

export interface NewPurchase {
  /** UUID; also the transaction id at the telco. */
  readonly id: string;
  /** The single-use token of the confirmation that was pressed; unique over all purchases. */
  readonly confirmation: string;
  readonly lineId: string;
  readonly conversationId: string;
  readonly terms: PurchaseTerms;
}

export interface Purchase extends NewPurchase {
  readonly state: PurchaseState;
  readonly confirmationCode?: string;
  /** Why it failed: a refusal reason or a callback's errorType. */
  readonly failure?: string;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

/** The outcome of trying to open a purchase. */
export type OpenResult =
  | { readonly outcome: 'opened'; readonly purchase: Purchase }
  /** The same confirmation was pressed before: here is what became of it. */
  | { readonly outcome: 'repeated'; readonly purchase: Purchase }
  /** The line has another purchase under way. */
  | { readonly outcome: 'busy'; readonly purchase: Purchase };

export interface MoveDetails {
  /** Why, for the audit trail: `callback`, `answer`, `timeout` … No personal data. */
  readonly why: string;
  readonly confirmationCode?: string;
  readonly failure?: string;
}

export type OutboxKind = 'receipt' | 'checking' | 'registration';

/** A promise to a subscriber, written in the same transaction as its reason, re-driven until it is kept. */
export interface OutboxItem {
  readonly id: string;
  readonly kind: OutboxKind;
  /** Purchase id for a receipt or a "still checking", conversation id for a registration. */
  readonly subject: string;
  readonly conversationId: string;
  readonly attempts: number;
}

export interface NewNudge {
  readonly operator: string;
  /** The operator's own id of the notification; unique per operator. */
  readonly transactionId: string;
  readonly type: NotificationType;
  readonly lineId: string;
  readonly conversationId: string;
  /** Facts of the notification worth telling, without personal data. */
  readonly planName: readonly MultilingualText[];
}

export type NudgeState = 'queued' | 'sent' | 'skipped';

export interface Nudge extends NewNudge {
  readonly id: string;
  readonly state: NudgeState;
  readonly createdAt: Date;
}

export interface Conversation {
  readonly id: string;
  readonly origin: Origin;
  readonly lineId?: string;
  readonly locale?: string;
  readonly timezone?: string;
}

/** What is known now about a conversation. What is not given keeps its stored value; `lineId: null` takes the line away. */
export interface ConversationUpdate extends Omit<Conversation, 'lineId'> {
  readonly lineId?: string | null;
}

/** A chat user whose number the operator vouches for: one line of the directory. */
export interface Link {
  readonly channel: string;
  /** Slack team id, Teams tenant id; empty where a channel has none. */
  readonly workspace: string;
  readonly user: string;
  readonly operator: string;
  readonly key: SubscriberKey;
}

/** A workspace that installed the Slack app. The token is sealed at rest. */
export interface SlackInstallation {
  readonly teamId: string;
  readonly enterpriseId?: string;
  readonly botToken: string;
  readonly botUserId: string;
}

/**
 * PostgreSQL's side of Refill: everything that must not be lost. Phone numbers and channel addresses are sealed at rest and
 * looked up by keyed hash. Every method rejects with `LedgerUnavailable` when the store cannot be reached in time.
 */
export interface Ledger {
  // Conversations and lines
  /** Inserts or updates the conversation. */
  saveConversation(conversation: ConversationUpdate): Promise<void>;
  conversation(id: string): Promise<Conversation | undefined>;
  /** Conversations of a line, the most recently active first. */
  conversationsOf(lineId: string): Promise<readonly Conversation[]>;
  /** The line for this key, created on first sight. */
  ensureLine(operator: string, key: SubscriberKey): Promise<Line>;
  line(id: string): Promise<Line | undefined>;
  findLine(operator: string, key: SubscriberKey): Promise<Line | undefined>;

  // Links
  /** Adds or replaces links, all or none; returns how many were new. */
  saveLinks(links: readonly Link[], source: string): Promise<number>;
  /** The line a chat user is linked to. */
  linkedLine(channel: string, workspace: string, user: string): Promise<Line | undefined>;

  // Slack workspaces
  saveSlackInstallation(installation: SlackInstallation): Promise<void>;
  slackInstallation(teamId: string, enterpriseId?: string): Promise<SlackInstallation | undefined>;
  /** Forgets the token of a workspace that uninstalled the app or revoked it. */
  removeSlackInstallation(teamId: string): Promise<void>;

  // Purchases
  openPurchase(purchase: NewPurchase): Promise<OpenResult>;
  purchase(id: string): Promise<Purchase | undefined>;
  /** The purchase that a press on this confirmation opened. */
  purchaseByConfirmation(confirmation: string): Promise<Purchase | undefined>;
  /** The line's purchase under way, if any. */
  openPurchaseOf(lineId: string): Promise<Purchase | undefined>;
  /** The line's purchases, newest first. */
  purchasesOf(lineId: string, limit: number): Promise<readonly Purchase[]>;
  /**
   * Compare-and-set move to `to` from any state that allows it; appends to the audit trail and writes what is owed for it to
   * the outbox (a `receipt` for a final state, a `checking` for `unknown`), all in one statement: `outboxFor` finds it.
   * `undefined` when the purchase was in no such state (someone else moved it).
   */
  movePurchase(id: string, to: PurchaseState, details: MoveDetails): Promise<Purchase | undefined>;
  /** Purchases in `state` since before `before`, oldest first: the sweeper's work list. */
  stalePurchases(state: PurchaseState, before: Date, limit: number): Promise<readonly Purchase[]>;
  /** How many purchases are in each open state, zeros included. Settled ones are not counted: there is no end of them. */
  countPurchasesByState(): Promise<Readonly<Partial<Record<PurchaseState, number>>>>;

  // Outbox
  /** Adds a promise; once per kind and subject while one is open. */
  promise(kind: OutboxKind, subject: string, conversationId: string): Promise<OutboxItem>;
  /**
   * Items not done and due by `now`, oldest first. Each is claimed: it comes again `retryAfterMs` after `now`, doubled for every
   * time it was claimed before, nine times at most, and never more than 6 hours after. So two sweepers share the work, and an
   * item that cannot be delivered for days costs little.
   */
  dueOutbox(now: Date, retryAfterMs: number, limit: number): Promise<readonly OutboxItem[]>;
  outboxItem(id: string): Promise<(OutboxItem & { readonly done: boolean }) | undefined>;
  /** The promise of this kind about `subject`: the open one, else the one that was kept last. */
  outboxFor(kind: OutboxKind, subject: string): Promise<OutboxItem | undefined>;
  /** True when this call was the one that finished it. */
  finishOutbox(id: string): Promise<boolean>;

  // Nudges
  /** `undefined` when the operator already sent this transaction id. */
  addNudge(nudge: NewNudge): Promise<Nudge | undefined>;
  nudge(id: string): Promise<Nudge | undefined>;
  /** Compare-and-set out of `queued`; false when it was not queued any more. */
  finishNudge(id: string, state: 'sent' | 'skipped', reason: string): Promise<boolean>;
  /**
   * Nudges that wait since before `before`, oldest first. Each is claimed: it is not listed again for a minute and then goes to
   * the end of the queue, so that nudges nobody can deliver do not keep the others waiting.
   */
  queuedNudges(before: Date, limit: number): Promise<readonly Nudge[]>;

  // Consent
  /** Appends to the consent history of a conversation; the newest entry per type counts. */
  setConsent(
    conversationId: string,
    types: readonly NotificationType[],
    granted: boolean,
    source: string,
  ): Promise<void>;
  /** The types agreed to in this conversation. */
  consents(conversationId: string): Promise<ReadonlySet<NotificationType>>;
  /** True when this conversation was ever asked, whatever it answered. */
  askedForConsent(conversationId: string): Promise<boolean>;

  /** Answers in about a round trip, or rejects. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
