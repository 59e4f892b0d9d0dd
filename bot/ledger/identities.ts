import type { ChatUser } from '../domain/chat-user.js';
import type { BlockReason, Hindrance, LinkStanding, ProofMethod, Signal } from '../domain/link.js';
import type { Line, SubscriberKey } from '../domain/subscriber.js';

/**
 * What is owed because of who somebody is: a code to a phone (subject: the code's id), word to the others of a line
 * (`<link id>:<identity ref>`), word of a proof that ended outside of the chat or of a block (a link id), the rest of an erasure
 * (its id).
 */
export type IdentityPromise = 'code' | 'link-notice' | 'link-news' | 'erasure';

/** A line somebody proved to be theirs. */
export interface LineLink extends LinkStanding {
  readonly id: string;
  readonly line: Line;
  readonly method: ProofMethod;
  readonly source: string;
  /** What its user calls it. */
  readonly label?: string;
  /** When it was proved last. */
  readonly provedAt: Date;
  /** Since when they have it. */
  readonly createdAt: Date;
  /** Given up, and why it has to be proved before it is taken back: something was said of it since. */
  readonly barred?: BlockReason;
}

/** What became of a line that its user wants back. */
export type Restored =
  | { readonly outcome: 'restored'; readonly link: LinkMade }
  /** Something was said of the line since it was proved: it has to be proved again. */
  | { readonly outcome: 'barred'; readonly reason: BlockReason }
  /** It is not one they gave up. */
  | { readonly outcome: 'unknown' };

/** What is known of a chat user. */
export interface LinkedUser {
  /** A keyed fingerprint: safe in logs and jobs. */
  readonly ref: string;
  /** Raised by every change of what this user may see or do. */
  readonly version: number;
  /** The line the chat is about. Absent: none was chosen. */
  readonly lineId?: string;
  /** All but those that were taken away, in the order in which they came. */
  readonly links: readonly LineLink[];
  /** Lines that the user gave up, and whose proof still stands. */
  readonly given: readonly LineLink[];
}

/** A proof that succeeded. */
export interface NewLink {
  readonly operator: string;
  /** A CPID is kept sealed, and renewed in place: it never names a line. */
  readonly key: SubscriberKey;
  readonly method: ProofMethod;
  /** On whose word, for the audit trail: `meta`, `chat`, a file's name. No personal data. */
  readonly source: string;
  /** From then on it has to be proved again before anything is bought. For a CPID: when its ttl ends. */
  readonly expiresAt?: Date;
  readonly label?: string;
  /** How long little may be spent when somebody else has the line already, in milliseconds. 0: no such time; they are told all the same. */
  readonly youngForMs: number;
  /** Nobody else is told: a made-up subscriber, whom everybody in a sandbox may choose. */
  readonly silent?: true;
  /** True: the chat is about this line from now on. */
  readonly choose: boolean;
}

/** A link that was just made, and the promises by which others hear of it: they may be kept at once. */
export interface LinkMade extends LineLink {
  readonly owed: readonly string[];
}

/** A link as another user of the same line may know it. */
export interface OtherLink extends LinkStanding {
  readonly id: string;
  readonly channel: string;
  readonly method: ProofMethod;
  readonly provedAt: Date;
  readonly createdAt: Date;
  readonly mine: boolean;
}

export interface LinkEvent {
  readonly what: LinkEventKind;
  readonly by: string;
  readonly method?: ProofMethod;
  /** Of `blocked`, which may come to a link that is blocked for another reason, and stays so. */
  readonly reason?: string;
  readonly at: Date;
}

export type LinkEventKind =
  | 'linked'
  | 'proved'
  | 'switched'
  | 'labelled'
  | 'unlinked'
  | 'blocked'
  | 'unblocked'
  | 'objected'
  | 'erased'
  /** Asked to be forgotten, and may be listed again: about a chat user, and no link. */
  | 'relisted';

/** Somebody who asked to be forgotten. */
export interface Erasure {
  readonly id: string;
  readonly lineIds: readonly string[];
  readonly conversationIds: readonly string[];
  readonly done: boolean;
}

/** Who a chat user is, and every change of it, with its audit trail in the same transaction. */
export interface IdentityLedger {
  /** What is known of a chat user; `undefined` for one who was never linked. */
  linkedUser(who: ChatUser): Promise<LinkedUser | undefined>;
  /**
   * Links a line, or proves one again. Where others have the line already, the new link is young for a while, and those others
   * are owed a word (outbox `link-notice`, subject `<link id>:<their ref>`).
   */
  linkLine(who: ChatUser, link: NewLink): Promise<LinkMade>;
  /**
   * The same on the platform's own word (`whatsapp`), which is no proof once the number was given to somebody else: whoever had it
   * keeps their account there. By itself (`choose` false) it links no number of which any signal stands. Then nothing is changed
   * or kept, and the answer is what was said.
   */
  vouchLine(who: ChatUser, link: NewLink): Promise<LinkMade | { readonly refused: Signal }>;
  /** Takes back a line its user gave up, on the proof that stood then; it is not proved by that. */
  restoreLine(who: ChatUser, lineId: string, youngForMs: number): Promise<Restored>;
  /** The chat is about this line from now on; false when it is not one of theirs. */
  chooseLine(who: ChatUser, lineId: string): Promise<boolean>;
  /** An empty label takes it away. */
  labelLine(who: ChatUser, lineId: string, label: string): Promise<boolean>;
  /** Takes a line away; `by` is for the audit trail. False when there was no such link. */
  unlinkLine(who: ChatUser, lineId: string, by: string): Promise<boolean>;
  /** Everyone who has this line or had it until it was blocked, oldest first; to be shown to nobody who may not see it. */
  linksOfLine(lineId: string, who: ChatUser): Promise<readonly OtherLink[]>;
  /** The line a link is about, where `who` may see it too. */
  lineOfLink(linkId: string, who: ChatUser): Promise<Line | undefined>;
  /** "That was not me": blocks a younger link of a line that `who` has. False when there is none, or `who` came later. */
  objectToLink(linkId: string, who: ChatUser): Promise<boolean>;
  /**
   * A signal about a line from outside (SIM swapped, number recycled): blocks every link of its SIM until it is proved again, and
   * those of the same chat users that may be its SIM (same-sim.ts). Everyone it concerns is owed word of it (outbox `link-news`).
   * It is kept by the SIM's fingerprint, and counts for links that are made or taken back later. `by` is for the audit trail. `at`
   * is when it happened, now where that is left out: what was proved since then stays as it is.
   */
  blockLine(lineId: string, reason: Signal, by: string, at?: Date): Promise<LinksChanged>;
  /**
   * Takes one signal back: what else was said of a link goes on blocking it; otherwise it is as it was before. Whoever it concerns
   * is owed word of it.
   */
  unblockLine(lineId: string, reason: Signal, by: string): Promise<LinksChanged>;
  /**
   * The same about everything that the chat account of a number ever proved, whichever SIM that is, where chat users go by their
   * number (`LedgerOptions.numbered`): whoever has the number has the account. Blocks for `recycled`, of which nobody is told in
   * that chat, and for `sim-swap`; for `operator` it does nothing.
   */
  blockAccount(msisdn: string, reason: Signal, by: string, at?: Date): Promise<LinksChanged>;
  /** Takes it back, but for what the same was said of by itself. To be called once the number’s own signal is taken back. */
  unblockAccount(msisdn: string, reason: Signal, by: string): Promise<LinksChanged>;
  /** Keeps a signal about a number nobody has here, for whoever links it later. */
  noteSignal(operator: string, msisdn: string, reason: Signal, at?: Date): Promise<void>;
  /** Takes it back. */
  dropSignal(operator: string, msisdn: string, reason: Signal): Promise<void>;
  /** The line of a number, or one known by a token of which the telco said that it is this number's. */
  lineOfNumber(operator: string, msisdn: string): Promise<string | undefined>;
  /**
   * The telco called a line by another key than the one it is kept by: they are one SIM, which is noted without the number. Whoever
   * had it first is owed word of the others. `line` is as it was when the telco was understood: where it has another token by now,
   * what was said is of the former one, and nothing is noted. True when it was news.
   */
  nameSim(line: Pick<Line, 'id' | 'key'>, key: SubscriberKey): Promise<boolean>;
  /** The same about a chat user: everything that `method` proved, or all when it is left out. Returns how many links it blocked. */
  blockUser(who: ChatUser, reason: BlockReason, by: string, method?: ProofMethod): Promise<number>;
  /**
   * What keeps the user behind a conversation from buying for this line now, read afresh. `linkId` is the link by which they are
   * known, which may be another identity's (a list that names a WhatsApp user by their number); when it is gone, that keeps them.
   * Without one nobody is linked, and nothing does.
   */
  hindrance(conversationId: string, lineId: string, linkId?: string): Promise<Hindrance | undefined>;
  /** The audit trail of a link, oldest first. */
  linkEvents(linkId: string): Promise<readonly LinkEvent[]>;
  /**
   * Begins to forget a chat user: links and codes end now, consents are withdrawn, and the rest is owed (outbox `erasure`).
   * `alias`: the same person under a name of theirs that a list may use. Until they link a number themselves, or `allowListing`,
   * no list brings them back. Returns the promise's id.
   */
  beginErasure(who: ChatUser, conversationId: string, alias?: ChatUser): Promise<string>;
  /**
   * Somebody who asked to be forgotten wishes to be known again, and the operator says so: lists may name them, by either of their
   * names. `by` is for the audit trail. False when no list passed them over.
   */
  allowListing(who: ChatUser, by: string): Promise<boolean>;
  erasure(id: string): Promise<Erasure | undefined>;
  /**
   * Removes what is sealed; purchases keep opaque ids. What came since it was asked for stays: whoever writes again is a new
   * acquaintance. The telcos' part is owed (outbox `withdrawal`). False while a purchase is under way: its line keeps its number
   * until then, so this is to be called again.
   */
  finishErasure(id: string): Promise<boolean>;
}

/** What a signal changed: how many links, and where their users are told. */
export interface LinksChanged {
  readonly links: number;
  readonly conversationIds: readonly string[];
}
