import type { Origin } from '../conversation/event.js';
import { maySee, type ProofMethod } from '../domain/link.js';
import type { IdentityLedger, LineLink, LinkedUser } from '../ledger/identities.js';
import { TelcoRefused, TelcoUnreachable } from '../telco.js';
import type { Identity } from './identity.js';
import { listedByNumber } from './listed.js';
import { numberOfWhatsAppId } from './number.js';

export interface LinkedOptions {
  readonly ledger: Pick<IdentityLedger, 'linkedUser' | 'vouchLine'>;
  /** The ways of proving that are on. */
  readonly methods: ReadonlySet<ProofMethod>;
  /** Whose subscriber a number is; `undefined` for nobody's. */
  readonly operatorOf: (number: string) => Promise<string | undefined>;
  /** How long a second link to a line is young, in milliseconds. */
  readonly youngForMs: number;
}

/**
 * Who was proved to have a line: by the number the platform itself vouches for, by the directory, or by whatever they did in the
 * chat. With several lines and none chosen, nobody: they are asked which.
 */
export function linkedIdentity(options: LinkedOptions): Identity {
  const { ledger, methods } = options;
  return {
    async resolve(origin) {
      const user = (await ledger.linkedUser(origin)) ?? (await listedByNumber(ledger, origin))?.user;
      const vouched = methods.has('whatsapp') ? await vouch(options, origin, user) : undefined;
      const now = vouched === undefined ? user : await ledger.linkedUser(origin);
      const link = now && currentLink(now);
      return link && now && { line: link.line, link, version: now.version };
    },
  };
}

/**
 * The line a chat is about. Where the one it was about may not be seen any more it is about none: its user is told, and says which
 * of the others it is to be.
 */
export function currentLink(user: Pick<LinkedUser, 'lineId' | 'links'>): LineLink | undefined {
  const { lineId, links } = user;
  if (lostLink(user) !== undefined) return undefined;
  const seen = links.filter(maySee);
  return seen.find(({ line }) => line.id === lineId) ?? (seen.length === 1 ? seen[0] : undefined);
}

/** The line a chat was about and that is blocked now, with all there is to see of it. */
export function lostLink({ lineId, links }: Pick<LinkedUser, 'lineId' | 'links'>): LineLink | undefined {
  return links.find((link) => link.line.id === lineId && !maySee(link));
}

/**
 * Links the number the platform names, once: whoever gave it up, whose link is blocked, or of whose SIM something was said, proves
 * it themselves.
 */
async function vouch(
  { ledger, operatorOf, youngForMs }: LinkedOptions,
  origin: Origin,
  user: LinkedUser | undefined,
): Promise<LineLink | undefined> {
  const number = ownNumber(origin);
  if (number === undefined) return undefined;
  const known = [...(user?.links ?? []), ...(user?.given ?? [])];
  if (known.some(({ line }) => line.key.type === 'MSISDN' && line.key.value === number)) return undefined;
  // Somebody with a line already chose it, or the company did: the number is offered to them, not put in its place.
  if (known.length > 0) return undefined;
  const operator = await operatorOf(number).catch((error: unknown) => {
    // The telco cannot say now: they are told how to link a number, and theirs is offered to them.
    if (error instanceof TelcoRefused || error instanceof TelcoUnreachable) return undefined;
    throw error;
  });
  if (operator === undefined) return undefined;
  const key = { type: 'MSISDN', value: number } as const;
  const link = { operator, key, method: 'whatsapp', source: 'meta', youngForMs, choose: false } as const;
  const made = await ledger.vouchLine(origin, link);
  return 'refused' in made ? undefined : made;
}

/** The number the platform vouches for, E.164 without `+`. Users known by a business-scoped id have none. */
export function ownNumber({ channel, user, phone }: Pick<Origin, 'channel' | 'user' | 'phone'>): string | undefined {
  if (channel !== 'whatsapp') return undefined;
  for (const id of [phone, user]) {
    const number = id === undefined ? undefined : numberOfWhatsAppId(id);
    if (number !== undefined) return number;
  }
  return undefined;
}
