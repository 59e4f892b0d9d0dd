import { createHash } from 'node:crypto';
import type { Line } from '../domain/subscriber.js';
import type { Identity, Known } from '../identity/identity.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Origin } from './event.js';
import { newSession, readSession, type Session } from './session.js';

/** What is asked about a user before a turn. */
export interface SessionDeps {
  readonly ledger: Pick<Ledger, 'conversation' | 'askedForConsent' | 'saveConversation' | 'promise'>;
  readonly identity: Identity;
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
): Promise<{ session: Session; line: Line | undefined }> {
  const known = await deps.identity.resolve(from);
  const session = readSession(saved) ?? (await freshSession(deps, conversationId, from, known));
  if (session.lineId !== known?.line.id) {
    session.lineId = known?.line.id;
    session.stack = [];
    session.choices = [];
  }
  return { session, line: known?.line };
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
  return newSession({
    locale: saved?.locale ?? known?.locale ?? from.locale ?? deps.defaults.locale,
    timezone: saved?.timezone ?? known?.timezone ?? from.timezone ?? deps.defaults.timezone,
    ...(known !== undefined && { lineId: known.line.id }),
    ...(asked && { consentAsked: true }),
    ...(saved !== undefined && { greeted: true }),
    ...(known?.madeUp === true && saved === undefined && { madeUp: true }),
  });
}

/** Keeps the ledger's idea of where to reach this conversation true; costs nothing while it does not change. */
export async function rememberOrigin(deps: SessionDeps, id: string, from: Origin, session: Session): Promise<void> {
  const { locale, timezone, lineId } = session;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([from, lineId, locale]))
    .digest('base64url')
    .slice(0, 16);
  if (session.origin === fingerprint) return;
  await deps.ledger.saveConversation({ id, origin: from, locale, timezone, lineId: lineId ?? null });
  // A consent given before, or for another line, is the telco's to know about this one.
  if (session.origin !== undefined && session.consentAsked === true) await deps.ledger.promise('registration', id, id);
  session.origin = fingerprint;
}
