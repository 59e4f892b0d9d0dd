import { createHash } from 'node:crypto';
import { RefillError } from '../errors.js';
import type { Known } from '../identity/identity.js';
import type { LineLink } from '../ledger/identities.js';
import { laneOf } from '../line-telco.js';
import type { InboundEvent, Origin } from './event.js';
import type { Session } from './session.js';
import type { Turn } from './turn.js';
import type { TurnDeps } from './turn-deps.js';
import { turnIdentity } from './turn-identity.js';
import type { Input } from './understanding.js';

type Effect = (outcome: 'replied' | 'refused' | 'waits') => Promise<void>;

interface Opened {
  readonly session: Session;
  readonly known: Known | undefined;
  readonly from: Origin;
}

/** What a flow is given for one turn, and what it asked to be done once the reply is sent. */
export function openTurn(
  deps: TurnDeps,
  event: InboundEvent,
  { session, known, from }: Opened,
  now: Date,
): { turn: Turn; effects: Effect[] } {
  const effects: Effect[] = [];
  const { conversationId } = event;
  let line = known?.line;
  const soon = (id: string) => deps.jobs.add('outbox', id);
  const use = (link: LineLink | undefined) => {
    line = link?.line;
    session.lineId = line?.id;
    // Nothing that was going on about another line goes on.
    session.stack.length = 0;
    session.choices.length = 0;
  };
  const { ledger, linking } = deps;
  const turn: Turn = {
    now,
    saidAt: event.saidAt === undefined ? now : new Date(event.saidAt),
    replayed: event.replayed === true,
    conversationId,
    ledger,
    identity: turnIdentity({
      ...{ ledger, linking, from, conversationId, eventId: event.id, known, session, now, use, soon },
    }),
    session,
    get line() {
      if (line === undefined) throw new RefillLineMissing('this flow needs a line');
      return line;
    },
    get text() {
      return deps.translators.for(session.locale, session.timezone);
    },
    get telco() {
      return deps.telco.bind(turn.line, session.locale, laneOf(event));
    },
    remember: (change) => void Object.assign(session, change),
    async setLocale(locale) {
      session.locale = locale;
    },
    async submitPurchase(id) {
      // The ledger has it: if the queue cannot take it now, the sweeper will find it.
      await deps.jobs.add('purchases', id).catch(() => undefined);
    },
    async registerConsent() {
      const item = await deps.ledger.promise('registration', conversationId, conversationId);
      await deps.jobs.add('outbox', item.id).catch(() => undefined);
    },
    once: () => deps.claim(`turn:${replyId(event)}`),
    afterSend: (effect) => void effects.push(effect),
  };
  return { turn, effects };
}

/** A flow with `needsLine: false` asked for the line all the same. */
class RefillLineMissing extends RefillError {
  readonly code = 'LINE_MISSING';
}

/** What was said or done, as flows hear it. */
export function inputOf(event: InboundEvent): Input {
  switch (event.kind) {
    case 'text':
      return { kind: 'text', text: event.text, at: event.at, ...(event.replayed && { replayed: true }) };
    case 'press':
      return { kind: 'press', token: event.token };
    case 'form':
      return { kind: 'form', token: event.token, values: event.values };
    case 'hello':
      return { kind: 'hello' };
    case 'system':
      return { kind: 'system', name: event.name, ref: event.ref };
  }
}

/** The id of the reply to an event: the same however often the event is run. */
export function replyId({ conversationId, id }: InboundEvent): string {
  return shortHash(`${conversationId}\n${id}`);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
