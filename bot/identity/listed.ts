import type { Origin } from '../conversation/event.js';
import { type ChatUser, listedAs } from '../domain/chat-user.js';
import type { IdentityLedger, LineLink, LinkedUser } from '../ledger/identities.js';

export interface Listed {
  /** Whose links they are: the identity that is the number. */
  readonly as: ChatUser;
  readonly user: LinkedUser;
}

/**
 * Whom a list knows by the number beside their id. Only what lists said goes by a number: what was proved in a chat that was known
 * by it is that person's, who may have given the number up, and so is a list's word of somebody who took another number.
 */
export async function listedByNumber(
  ledger: Pick<IdentityLedger, 'linkedUser'>,
  origin: Pick<Origin, 'channel' | 'workspace' | 'user' | 'phone'>,
): Promise<Listed | undefined> {
  const as = listedAs(origin);
  const user = as && (await ledger.linkedUser(as));
  if (as === undefined || user === undefined) return undefined;
  const { lineId, ...known } = user;
  const links = known.links.filter(isListed);
  const given = known.given.filter(isListed);
  if (links.length + given.length === 0) return undefined;
  const current = links.some(({ line }) => line.id === lineId) && lineId !== undefined ? { lineId } : {};
  return { as, user: { ...known, links, given, ...current } };
}

function isListed({ method, state, reason, barred }: LineLink): boolean {
  const moved = (state === 'blocked' ? reason : barred) === 'number-change';
  return method === 'directory' && !moved;
}
