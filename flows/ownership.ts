import type { Turn } from '../bot/conversation/turn.js';
import { isGivenToAnother } from '../bot/domain/link.js';
import type { LineLink, LinkEvent } from '../bot/ledger/identities.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { PurchaseQuery } from '../bot/ledger/purchase-search.js';

/*
 * A number may have been somebody else's. Whoever has a line sees what was bought on it since it is theirs, and nothing from
 * before: that begins anew when they gave the line up, or a signal said that somebody else has it, and not when it was only kept
 * from them. Where nobody was proved to have it (the personas of a sandbox) a chat sees what was bought in that very chat.
 */

/** Which purchases of the turn's line may be shown here. */
export async function ownPurchases(turn: Turn): Promise<PurchaseQuery> {
  const { identity, conversationId, line, ledger } = turn;
  if (identity.link === undefined) return { lineIds: [line.id], conversationId };
  return { lineIds: [line.id], from: theirsSince(identity.link, await ledger.linkEvents(identity.link.id)) };
}

/** True when something of this time, in this conversation, is the subscriber's own business and not a former owner's. */
export async function isOwn(
  { identity, conversationId, ledger }: Turn,
  what: { readonly createdAt: Date; readonly conversationId: string },
): Promise<boolean> {
  const { link } = identity;
  if (link === undefined) return what.conversationId === conversationId;
  if (what.createdAt >= link.createdAt) return true;
  return what.createdAt >= theirsSince(link, await ledger.linkEvents(link.id));
}

/** A signal is taken back within this time, or it was right. */
const MISTAKEN_FOR_MS = 30 * 86_400_000;

/**
 * Where the buyer of a purchase is: `here`; `gone`, when the line went to somebody else after it was made, so that whoever is in
 * this chat now did not buy it (on WhatsApp the number is the chat); `unsure` while a signal says so that may be taken back. Giving
 * a line up oneself is not that, nor having it blocked: one still hears what one bought.
 */
export async function buyerOf(
  { identity, ledger, now }: Turn,
  { lineId, createdAt }: Purchase,
): Promise<'here' | 'gone' | 'unsure'> {
  const link = (await identity.user())?.links.find(({ line }) => line.id === lineId);
  if (link === undefined || (link.state === 'active' && link.createdAt <= createdAt)) return 'here';
  let signal: LinkEvent | undefined;
  for (const event of await ledger.linkEvents(link.id)) {
    if (event.at <= createdAt) continue;
    if (event.what === 'linked' && signal !== undefined) return 'gone';
    if (event.what === 'unblocked') signal = undefined;
    if (saysGiven(event)) signal ??= event;
  }
  if (signal === undefined) return 'here';
  return now.getTime() - signal.at.getTime() < MISTAKEN_FOR_MS ? 'unsure' : 'gone';
}

/** Since when a line is theirs: `createdAt`, or earlier where the trail of the link says that it was only kept from them. */
function theirsSince({ createdAt }: Pick<LineLink, 'createdAt'>, events: readonly LinkEvent[]): Date {
  let since = createdAt;
  let over = true;
  let given = false;
  for (const event of events) {
    if (event.what === 'linked') {
      if (over || given) since = event.at < createdAt ? event.at : createdAt;
      over = given = false;
    }
    if (event.what === 'unlinked') over = true;
    if (event.what === 'unblocked') given = false;
    if (saysGiven(event)) given = true;
  }
  return since;
}

/** A block of which it is not known why might be one. */
function saysGiven({ what, reason }: LinkEvent): boolean {
  return what === 'blocked' && (reason === undefined || isGivenToAnother(reason));
}
