import { createHash } from 'node:crypto';
import type { Profile } from '../channel.js';
import type { Line } from '../domain/subscriber.js';
import type { Identity, Known } from '../identity/identity.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Origin } from './event.js';
import { newSession, readSession, type Session } from './session.js';

/** What is asked about a user before a turn. */
export interface SessionDeps {
  readonly ledger: Pick<Ledger, 'conversation' | 'askedForConsent' | 'saveConversation' | 'promise'>;
  readonly identity: Identity;
  /** What the channel knows of a user we meet for the first time. */
  readonly profileOf?: (from: Origin) => Promise<Profile> | undefined;
  readonly defaults: { readonly locale: string; readonly timezone: string };
}

/**
 * The session as it was saved, or a fresh one, for the line its user is linked to now: a corrected link takes effect with the
 * next turn, and nothing that was going on about another line goes on.
 */
export async function openSession(
  deps: SessionDeps,
  conversationId: string,
  from: Origin,
  saved: string | undefined,
): Promise<{ session: Session; line: Line | undefined; known: Known | undefined }> {
  const before = readSession(saved);
  const known = await deps.identity.resolve(
    from,
    before === undefined && saved !== undefined ? Infinity : before?.identity,
  );
  const session = before ?? (await freshSession(deps, conversationId, from, known));
  if (session.lineId !== known?.line.id) {
    session.lineId = known?.line.id;
    session.stack = [];
    session.choices = [];
  }
  return { session, line: known?.line, known };
}

async function freshSession(
  deps: SessionDeps,
  conversationId: string,
  from: Origin,
  known: Known | undefined,
): Promise<Session> {
  const [saved, asked] = await Promise.all([
    deps.ledger.conversation(conversationId),
    deps.ledger.askedForConsent(conversationId),
  ]);
  const told = saved?.locale ?? known?.locale ?? from.locale;
  const profile = told === undefined ? await deps.profileOf?.(from) : undefined;
  return newSession({
    locale: told ?? profile?.locale ?? deps.defaults.locale,
    timezone: saved?.timezone ?? known?.timezone ?? from.timezone ?? profile?.timezone ?? deps.defaults.timezone,
    ...(known !== undefined && { lineId: known.line.id }),
    ...(asked && { consentAsked: true }),
    // What is owed was remembered in the session that is gone.
    ...(saved !== undefined && { greeted: true, owed: true }),
    ...(known?.madeUp === true && saved === undefined && { madeUp: true }),
  });
}

/** Raised when the ledger is to know more of every conversation than it was told so far. */
const SAVED = 2;

/** Keeps the ledger's idea of where to reach this conversation true; costs nothing while it does not change. */
export async function rememberOrigin(deps: SessionDeps, id: string, from: Origin, session: Session): Promise<void> {
  const { locale, timezone, lineId } = session;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([SAVED, from, lineId, locale]))
    .digest('base64url')
    .slice(0, 16);
  if (session.origin === fingerprint) return;
  await deps.ledger.saveConversation({ id, origin: from, locale, timezone, lineId: lineId ?? null });
  // A consent given before, or for another line, is the telco's to know about this one.
  if (session.origin !== undefined && session.consentAsked === true) await deps.ledger.promise('registration', id, id);
  session.origin = fingerprint;
}
