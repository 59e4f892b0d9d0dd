import type { Origin } from '../conversation/event.js';
import type { ChatUser } from '../domain/chat-user.js';
import type { NotificationType } from '../domain/notification.js';
import type { Offer } from '../domain/offer.js';
import type { PurchaseState } from '../domain/purchase.js';
import type { LastingKey, Line, SubscriberKey } from '../domain/subscriber.js';
import type { MultilingualText } from '../domain/text.js';
import type { AbandonedLedger } from './abandoned.js';
import type { AccessLedger } from './access.js';
import type { ChecksLedger } from './checks.js';
import type { DeliveryLedger } from './deliveries.js';
import type { DirectoryLedger } from './directory.js';
import type { IdentityLedger } from './identities.js';
import type { NudgeState, OutboxKind } from './kinds.js';
import type { ProofCodeLedger } from './proof-codes.js';
import type { WaitingLedger } from './waiting.js';
import type { WithdrawalLedger } from './withdrawals.js';
import type { WorkspaceLedger } from './workspaces.js';

export type { NudgeState, OutboxKind } from './kinds.js';
export type {
  MoveDetails,
  NewPurchase,
  OpenResult,
  Purchase,
  PurchaseMove,
} from './purchase-types.js';

import type { MovesLedger } from './purchase-moves.js';
import type { PurchaseSearchLedger } from './purchase-search.js';
import type { NewPurchase, OpenResult, Purchase } from './purchase-types.js';
import type { QuarantineLedger } from './quarantine.js';
import type { RetentionLedger } from './retention.js';
import type { TasksLedger } from './tasks.js';
import type { TelcoPausesLedger } from './telco-pauses.js';

/** A promise to a subscriber, written in the same transaction as its reason, re-driven until it is kept. */
export interface OutboxItem {
  readonly id: string;
  readonly kind: OutboxKind;
  /** Purchase id for a receipt or a "still checking", conversation id for a registration, withdrawal id for a withdrawal. */
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
  /** Offers that came with it, where any did. */
  readonly offers?: readonly Offer[];
}

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

/** Somebody whom conversations know by a name they were asked for. */
export interface NamedUser {
  /** `Origin.user`. */
  readonly user: string;
  /** `Origin.phone`. */
  readonly phone?: string;
  /** Whether `name` is another name of theirs; undefined where none was ever told. */
  isAlso(name: string): boolean | undefined;
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
export interface Ledger
  extends AccessLedger,
    IdentityLedger,
    DirectoryLedger,
    ProofCodeLedger,
    DeliveryLedger,
    WaitingLedger,
    AbandonedLedger,
    WithdrawalLedger,
    WorkspaceLedger,
    MovesLedger,
    PurchaseSearchLedger,
    ChecksLedger,
    TasksLedger,
    QuarantineLedger,
    RetentionLedger,
    TelcoPausesLedger {
  // Conversations and lines
  /**
   * Inserts or updates the conversation. The telco of a line it is not about any more is owed word of that, where alerts about it
   * were agreed to.
   */
  saveConversation(conversation: ConversationUpdate): Promise<void>;
  conversation(id: string): Promise<Conversation | undefined>;
  /** Whose conversations know them by this name, their own or the one beside it (`otherName`); the most recently active first. */
  usersNamed(name: ChatUser): Promise<readonly NamedUser[]>;
  /** Conversations of a line, the most recently active first; not of those who gave it up or had it taken away. */
  conversationsOf(lineId: string): Promise<readonly Conversation[]>;
  /** The line for this key, created on first sight. A line known by a CPID is made by `linkLine`. */
  ensureLine(operator: string, key: LastingKey): Promise<Line>;
  line(id: string): Promise<Line | undefined>;
  findLine(operator: string, key: SubscriberKey): Promise<Line | undefined>;

  // Links
  /**
   * Adds or replaces links, all or none; returns how many were new. Those who asked to be forgotten are passed over, until they
   * link a number themselves. Who proved a line that is listed for somebody else now, or was listed with it and wrote to us, is owed
   * word (outbox `link-notice`), and the new link is young.
   */
  saveLinks(links: readonly Link[], source: string): Promise<number>;
  /** How many of them asked to be forgotten, so that `saveLinks` passes them over. */
  countSuppressed(users: readonly ChatUser[]): Promise<number>;
  /** The line a chat user is linked to. */
  linkedLine(channel: string, workspace: string, user: string): Promise<Line | undefined>;

  // Slack workspaces
  saveSlackInstallation(installation: SlackInstallation): Promise<void>;
  slackInstallation(teamId: string, enterpriseId?: string): Promise<SlackInstallation | undefined>;
  /** Forgets the installation of a workspace that removed the app at `at`. False where it installed the app again since: that one stays. */
  removeSlackInstallation(teamId: string, at: Date): Promise<boolean>;
  /** Forgets an installation whose token is dead; one with another token stays. */
  dropSlackToken(teamId: string, botToken: string): Promise<void>;

  // Purchases
  openPurchase(purchase: NewPurchase): Promise<OpenResult>;
  purchase(id: string): Promise<Purchase | undefined>;
  /** The purchase that a press on this confirmation opened. */
  purchaseByConfirmation(confirmation: string): Promise<Purchase | undefined>;
  /**
   * True when `line`, as it is known now, is known by the key that the purchase was shown and confirmed for, and so was sent and
   * had its balance noted by. A line's CPID is renewed in place, perhaps by a phone whose other SIM is on now: nothing may be
   * sent for that one, and its balance proves nothing.
   */
  isConfirmedFor(purchase: Pick<Purchase, 'id' | 'confirmedForRef'>, line: Pick<Line, 'key'>): Promise<boolean>;
  /**
   * Whether a telco that calls somebody `key` (an MSISDN without `+`) means the buyer of this purchase. Yes: the order was sent
   * with it, the line has or had it, or both are known to be one number. No: both numbers are known and differ, or it is of the
   * type the line is known by and not the line's. Unknown: of another type, and nothing here says which SIM one of the two is.
   */
  namesBuyer(
    purchase: Pick<Purchase, 'id' | 'lineId' | 'confirmedForRef'>,
    key: SubscriberKey,
  ): Promise<'yes' | 'no' | 'unknown'>;
  /** The line's purchase under way, if any. */
  openPurchaseOf(lineId: string): Promise<Purchase | undefined>;
  /** Purchases in `state` since before `before`, oldest first: the sweeper's work list. */
  stalePurchases(state: PurchaseState, before: Date, limit: number): Promise<readonly { readonly id: string }[]>;
  /** Purchases confirmed before `before` and still not sent, oldest first. */
  unsentPurchases(before: Date, limit: number): Promise<readonly { readonly id: string }[]>;
  /** How many purchases are in each open state, zeros included. Settled ones are not counted: there is no end of them. */
  countPurchasesByState(): Promise<Readonly<Partial<Record<PurchaseState, number>>>>;

  // Outbox
  /** Adds a promise; once per kind and subject while one is open. */
  promise(kind: OutboxKind, subject: string, conversationId: string): Promise<OutboxItem>;
  /**
   * Items not done and due by `now`: first those a subscriber waits for, then those that only tell a telco, of each the oldest
   * first. Each is claimed: it comes again `retryAfterMs` after `now`, doubled for every time it was claimed before, nine times at
   * most, and never more than 6 hours after. So two sweepers share the work, and an item that cannot be delivered for days costs
   * little.
   */
  dueOutbox(now: Date, retryAfterMs: number, limit: number): Promise<readonly OutboxItem[]>;
  outboxItem(id: string): Promise<(OutboxItem & { readonly done: boolean }) | undefined>;
  /** The promise of this kind about `subject`: the open one, else the one that was kept last. */
  outboxFor(kind: OutboxKind, subject: string): Promise<OutboxItem | undefined>;
  /** True when this call was the one that finished it. The task that asked a person to see to it is closed with it. */
  finishOutbox(id: string): Promise<boolean>;
  /** Tries no more; the task that asks a person stays open. */
  abandonOutbox(id: string): Promise<void>;

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
  /**
   * Appends to the consent history of a conversation; the newest entry per type counts. What comes more than a minute after `saidAt`
   * is as of then, and that whose contrary was said since is left out: a platform may deliver a yes hours after the no that followed.
   */
  setConsent(
    conversationId: string,
    types: readonly NotificationType[],
    granted: boolean,
    source: string,
    saidAt?: Date,
  ): Promise<void>;
  /** The types agreed to in this conversation. */
  consents(conversationId: string): Promise<ReadonlySet<NotificationType>>;
  /** True when this conversation was ever asked, whatever it answered. */
  askedForConsent(conversationId: string): Promise<boolean>;

  /** Answers in about a round trip, or rejects. */
  ping(): Promise<void>;
  /** How far this machine's clock is ahead of the database's, in milliseconds; half a round trip is taken off. */
  clockAheadMs(): Promise<number>;
  close(): Promise<void>;
}
