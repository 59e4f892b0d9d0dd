import type { PurchaseState } from '../../bot/domain/purchase.js';
import type { RedisContents } from './redis-contents.js';
import type { Told } from './told.js';

/** What a run left behind, from those who cannot be wrong about it: the telco, PostgreSQL, the subscribers' screens. */
export interface Evidence {
  /** The telco charges a transaction id once, however often it is posted. */
  readonly deduplicates: boolean;
  readonly purchases: readonly PurchaseEvidence[];
  /** Transaction id of every charge. */
  readonly charges: readonly string[];
  /** Transaction id of every order that reached the telco, those it turned away unread (401, 429) left out. */
  readonly posts: readonly string[];
  /** What the subscribers' screens showed. */
  readonly shown: readonly Telling[];
  /** What the channel took for sending. */
  readonly sent: readonly Telling[];
  readonly taps: readonly { readonly conversation: string; readonly at: number; readonly acknowledged: boolean }[];
  /** Purchases about which a person was called and has not answered yet. */
  readonly humans: ReadonlySet<string>;
  /** How long after the order somebody was called, in ms of the run, for each time that it came to that. */
  readonly humansAfterMs: ReadonlyMap<string, number>;
  /** Promises that were not kept: what of, and about which purchase. */
  readonly owed: readonly { readonly kind: string; readonly subject: string }[];
  readonly wipes: readonly Wipe[];
}

/** Redis lost what it had, after this time (epoch ms). What lay on the pages' logs and the events that waited went with it. */
export interface Wipe extends RedisContents {
  readonly at: number;
}

export interface PurchaseEvidence {
  readonly id: string;
  readonly conversation: string;
  readonly state: PurchaseState;
  /** What a receipt calls it. */
  readonly reference: string;
  /** The states it was in, in order. */
  readonly moves: readonly PurchaseState[];
  /** Why it came to where it is. */
  readonly why: string;
}

export interface Telling extends Told {
  readonly conversation: string;
  readonly at: number;
}

/** A promise that was broken, and about which transaction or conversation. */
export interface Breach {
  readonly code: BreachCode;
  readonly about: string;
  readonly detail: string;
}

export type BreachCode =
  | 'DOUBLE_CHARGE'
  | 'BOUGHT_TWICE'
  | 'POSTED_TWICE'
  | 'CHARGED_UNKNOWN'
  | 'CHARGE_DENIED'
  | 'NOT_CHARGED'
  | 'STUCK'
  | 'NO_HUMAN'
  | 'LATE_HUMAN'
  | 'LOST_ORDER'
  | 'LOST_TAP'
  | 'NO_RECEIPT'
  | 'OTHER_REFERENCE'
  | 'FALSE_WORD'
  | 'MOVED_AFTER_END'
  | 'PROMISE_OPEN';

export interface Verdict {
  readonly breaches: readonly Breach[];
  readonly figures: Figures;
}

export interface Figures {
  readonly purchases: number;
  readonly charges: number;
  /** Purchases whose receipt was seen. */
  readonly receipts: number;
  readonly unknown: number;
  /** After which a person was called, at the latest; 0 when nobody had to be. */
  readonly humanAfterMs: number;
  readonly lost: number;
  readonly double: number;
  /** Why purchases are unknown, and how many for each reason. */
  readonly unknownBecause: ReadonlyMap<string, number>;
  /** Receipts that came again unasked, under the same reference. */
  readonly repeated: number;
  /** Told, and then gone with the page's log in a wipe before the page showed it. */
  readonly wipedFromPage: number;
  /** Confirmations that were taken, and gone with the mailbox in a wipe before they were worked off. */
  readonly wipedTaps: number;
}

/**
 * Half an hour is 30 s here (`inside/haste.ts`). Stores that are away keep anybody from being called, and so does a slow machine:
 * what takes four times as long has another reason.
 */
const HUMAN_WITHIN_MS = 120_000;

const FINAL: ReadonlySet<PurchaseState> = new Set(['completed', 'failed']);

/** Holds the evidence against every promise Refill makes about money. Pure. */
export function judge(evidence: Evidence): Verdict {
  const breaches: Breach[] = [];
  const breach = (code: BreachCode, about: string, detail: string) => void breaches.push({ code, about, detail });
  const charged = tally(evidence.charges);
  judgeMoney(evidence, charged, breach);
  for (const purchase of evidence.purchases) judgePurchase(evidence, purchase, charged.get(purchase.id) ?? 0, breach);
  const wipedFromPage = judgeWords(evidence, breach);
  const wipedTaps = judgeTaps(evidence, breach);
  for (const [id, ms] of evidence.humansAfterMs) {
    if (ms > HUMAN_WITHIN_MS) breach('LATE_HUMAN', id, `a person was called after ${Math.round(ms / 1000)} s`);
  }
  for (const { kind, subject } of evidence.owed) breach('PROMISE_OPEN', subject, `a ${kind} is still owed`);
  const count = (...codes: BreachCode[]) => breaches.filter(({ code }) => codes.includes(code)).length;
  return {
    breaches,
    figures: {
      purchases: evidence.purchases.length,
      charges: evidence.charges.length,
      receipts: evidence.purchases.filter((purchase) => isTold(evidence.shown, purchase)).length,
      unknown: evidence.purchases.filter(({ state }) => state === 'unknown').length,
      unknownBecause: tally(evidence.purchases.flatMap(({ state, why }) => (state === 'unknown' ? [why] : []))),
      humanAfterMs: Math.max(0, ...evidence.humansAfterMs.values()),
      lost: count('LOST_ORDER', 'LOST_TAP', 'NO_RECEIPT', 'STUCK'),
      double: count('DOUBLE_CHARGE', 'POSTED_TWICE', 'BOUGHT_TWICE'),
      repeated: repeats(evidence),
      wipedFromPage,
      wipedTaps,
    },
  };
}

type Report = (code: BreachCode, about: string, detail: string) => void;

function judgeMoney({ posts, purchases, deduplicates }: Evidence, charged: Map<string, number>, breach: Report): void {
  const known = new Set(purchases.map(({ id }) => id));
  for (const [id, times] of charged) {
    if (times > 1) breach('DOUBLE_CHARGE', id, `charged ${times} times`);
    if (!known.has(id)) breach('CHARGED_UNKNOWN', id, 'charged, and not in the ledger');
  }
  for (const [id, times] of tally(posts)) {
    if (times > 1 && !deduplicates)
      breach('POSTED_TWICE', id, `posted ${times} times to a telco that charges every post`);
  }
}

function judgePurchase(evidence: Evidence, purchase: PurchaseEvidence, charges: number, breach: Report): void {
  const { id, state, moves } = purchase;
  if (state === 'completed' && charges === 0) breach('NOT_CHARGED', id, 'completed, and the telco took no money');
  if (state === 'failed' && charges > 0) breach('CHARGE_DENIED', id, 'called failed, and the telco took the money');
  if (state === 'unknown' && !evidence.humans.has(id)) breach('NO_HUMAN', id, 'unknown, and no person was asked');
  if (state !== 'unknown' && !FINAL.has(state)) breach('STUCK', id, `still ${state} after everything calmed down`);
  if (moves.slice(0, -1).some((move) => FINAL.has(move))) breach('MOVED_AFTER_END', id, moves.join(' → '));
}

/** Words against facts, conversation by conversation. Returns how many final words a wipe took from the page. */
function judgeWords(evidence: Evidence, breach: Report): number {
  const conversations = groupBy(evidence.purchases, ({ conversation }) => conversation);
  const shown = groupBy(evidence.shown, ({ conversation }) => conversation);
  const sent = groupBy(evidence.sent, ({ conversation }) => conversation);
  let wiped = 0;
  for (const conversation of new Set([...conversations.keys(), ...shown.keys(), ...sent.keys()])) {
    const purchases = conversations.get(conversation) ?? [];
    const seen = shown.get(conversation) ?? [];
    const given = sent.get(conversation) ?? [];
    judgeConversation(conversation, purchases, [...seen, ...given], breach);
    for (const purchase of purchases.filter(({ state }) => FINAL.has(state))) {
      if (isTold(seen, purchase)) continue;
      const words = given.filter((telling) => tells(telling, purchase));
      if (words.some((telling) => wasWiped(evidence, telling))) wiped += 1;
      else if (words.length > 0) {
        const when = nextWipe(evidence, Math.max(...words.map(({ at }) => at)));
        breach('NO_RECEIPT', purchase.id, `${purchase.state}: sent, and never shown; ${when}`);
      } else breach('NO_RECEIPT', purchase.id, `${purchase.state}, and the subscriber was never told`);
    }
  }
  return wiped;
}

/** What was said must be so, and a purchase has one reference. */
function judgeConversation(
  conversation: string,
  purchases: readonly PurchaseEvidence[],
  said: readonly Telling[],
  breach: Report,
): void {
  // Whoever shops presses one priced confirmation, however often, and is somebody else the next time.
  if (purchases.length > 1) breach('BOUGHT_TWICE', conversation, `one confirmation became ${purchases.length} orders`);
  const ordered = new Set(said.filter(({ kind }) => kind === 'ordered').map(({ message }) => message));
  if (ordered.size > purchases.length) {
    breach('LOST_ORDER', conversation, `${ordered.size} orders were confirmed, ${purchases.length} are in the ledger`);
  }
  const references = new Set(said.flatMap(({ reference }) => reference ?? []));
  const completed = new Map(
    purchases.filter(({ state }) => state === 'completed').map(({ reference, id }) => [reference, id]),
  );
  for (const reference of references) {
    if (!completed.has(reference)) {
      const about = purchases.map(({ id }) => id).join(' ') || conversation;
      breach('OTHER_REFERENCE', about, `a receipt says ${reference}, and no completed purchase is called so`);
    }
  }
  const failed = purchases.filter(({ state }) => state === 'failed');
  if (said.some(({ kind }) => kind === 'failed') && failed.length === 0) {
    breach('FALSE_WORD', purchases.map(({ id }) => id).join(' ') || conversation, 'told that it failed, and none did');
  }
}

/** Returns of how many confirmations nothing came because they went with the mailbox. */
function judgeTaps(evidence: Evidence, breach: Report): number {
  const bought = new Set(evidence.purchases.map(({ conversation }) => conversation));
  const answers = groupBy([...evidence.shown, ...evidence.sent], ({ conversation }) => conversation);
  let wiped = 0;
  for (const { conversation, at, acknowledged } of evidence.taps) {
    if (!acknowledged || bought.has(conversation)) continue;
    if ((answers.get(conversation) ?? []).some((telling) => telling.at >= at)) continue;
    if (evidence.wipes.some((wipe) => wipe.at >= at && wipe.waiting.has(conversation))) wiped += 1;
    else breach('LOST_TAP', conversation, `a confirmation was taken and nothing came of it; ${nextWipe(evidence, at)}`);
  }
  return wiped;
}

function isTold(tellings: readonly Telling[], purchase: PurchaseEvidence): boolean {
  return tellings.some((telling) => telling.conversation === purchase.conversation && tells(telling, purchase));
}

/** A receipt names its purchase; bad news does not, but a conversation buys one thing at a time. */
function tells({ kind, reference }: Told, { state, reference: its }: PurchaseEvidence): boolean {
  return state === 'completed' ? kind === 'receipt' && reference === its : kind === 'failed';
}

function wasWiped({ wipes }: Evidence, { conversation, message }: Telling): boolean {
  return wipes.some(({ logged }) => logged.get(conversation)?.has(message));
}

/** What whoever looks for the reason of a loss asks first. */
function nextWipe({ wipes }: Evidence, at: number): string {
  const next = wipes.find((wipe) => wipe.at >= at);
  return next === undefined
    ? 'Redis lost nothing later'
    : `Redis lost its data ${Math.round((next.at - at) / 1000)} s later`;
}

/** More receipts than taps account for. */
function repeats({ sent, purchases, taps }: Evidence): number {
  const receipts = tally(sent.filter(({ kind }) => kind === 'receipt').map(({ conversation }) => conversation));
  const asked = tally(taps.map(({ conversation }) => conversation));
  let repeated = 0;
  for (const { conversation } of purchases) {
    const unasked = (receipts.get(conversation) ?? 0) - (asked.get(conversation) ?? 0);
    if (unasked > 0) repeated += unasked;
  }
  return repeated;
}

function tally(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
