import { type Channel, ChannelAwaitsUser, ChannelRefused, ChannelSilent, type Outgoing } from '../channel.js';
import { RefillError } from '../errors.js';
import { respond } from './engine.js';
import type { InboundEvent, Origin } from './event.js';
import type { Screen } from './flow.js';
import type { Entry } from './mailbox.js';
import { openSession, rememberOrigin } from './open-session.js';
import { inputOf, openTurn, replyId } from './open-turn.js';
import { deliverOwed } from './owed.js';
import { joinScreens, toMessage } from './screen.js';
import { readSession, type Session, writeSession } from './session.js';
import type { Turn } from './turn.js';
import type { SentMessage, TurnDeps, TurnStage } from './turn-deps.js';

/** `waits`: refused until the user writes again. */
type Outcome = 'replied' | 'silent' | 'refused' | 'waits';

/** What a turn was, for logs and metrics: no words, no numbers, no names. */
export interface TurnSummary {
  readonly channel: string;
  readonly input: InboundEvent['kind'];
  readonly outcome: Outcome;
}

export interface TurnResult {
  /** To be saved with the removal of the event. */
  readonly session: string | undefined;
  readonly summary: TurnSummary;
}

/** An event of a channel that is not switched on here, e.g. after a configuration change. */
export class UnknownChannel extends RefillError {
  readonly code = 'UNKNOWN_CHANNEL';
}

const CHOICE_SETS_KEPT = 5;

/** What is kept of a conversation that was erased: nothing, in a form that is read as a new one. */
const FORGOTTEN = '{}';

/** The name of the system event that has a conversation forget what it remembers, because its user was erased. */
export const ERASED = 'erasure';

/**
 * One turn: load session → understand → flow → send the reply → the session to save. A rejection means nothing is saved and
 * the event is tried again, so everything before the reply is repeatable and the reply carries an id that stays the same.
 */
export async function runTurn(deps: TurnDeps, { event, session: saved }: Entry): Promise<TurnResult> {
  const from = 'from' in event ? event.from : (await deps.ledger.conversation(event.conversationId))?.origin;
  if (from === undefined) {
    // Owed to a conversation that was erased since: nobody to tell, so nothing is owed any more. An erasure itself still is.
    if (event.kind === 'system' && event.name !== ERASED) await deps.ledger.finishOutbox(event.ref);
    return { session: FORGOTTEN, summary: { channel: 'none', input: event.kind, outcome: 'silent' } };
  }
  // Whoever writes again is a new acquaintance, who has nothing to forget yet.
  if (event.kind === 'system' && event.name === ERASED)
    return { session: saved, summary: { channel: from.channel, input: event.kind, outcome: 'silent' } };
  const channel = deps.channels.get(from.channel);
  if (channel === undefined) {
    // What is owed stays owed, and is tried again ever more rarely; what a user did is not lost silently.
    if (event.kind !== 'system') throw new UnknownChannel(`the ${from.channel} channel is not on`);
    return { session: saved, summary: { channel: from.channel, input: event.kind, outcome: 'silent' } };
  }
  const typing = showTyping(channel, event, from);
  try {
    return await answer(deps, channel, from, event, saved);
  } finally {
    clearTimeout(typing);
  }
}

/** Most answers are faster than this: then nobody is seen typing. */
const TYPING_AFTER_MS = 250;

function showTyping(
  channel: Channel,
  { kind, conversationId, id }: InboundEvent,
  { address }: Origin,
): NodeJS.Timeout | undefined {
  if (kind === 'system' || channel.typing === undefined) return undefined;
  return setTimeout(() => void channel.typing?.(conversationId, address, id).catch(() => undefined), TYPING_AFTER_MS);
}

async function answer(
  deps: TurnDeps,
  channel: Channel,
  from: Origin,
  event: InboundEvent,
  saved: string | undefined,
): Promise<TurnResult> {
  const clock = stopwatch(deps);
  const { conversationId } = event;
  const { session, known } = await openSession(deps, conversationId, from, saved);
  await rememberOrigin(deps, conversationId, from, session);
  clock('load');

  const now = deps.now();
  const { turn, effects } = openTurn(deps, event, { session, known, from }, now);
  const screen = withTrialNote(await respond(deps.engine, turn, session, inputOf(event)), turn, session);
  clock('respond');

  let outcome: Outcome = 'silent';
  if (screen !== undefined) {
    const { message, choices } = toMessage(screen, turn.text, deps.now().getTime());
    session.choices = [...session.choices, choices].slice(-CHOICE_SETS_KEPT);
    const outgoing: Outgoing = {
      id: replyId(event),
      conversationId,
      address: from.address,
      message,
      ...(screen.key !== undefined && { key: screen.key }),
      ...(event.kind === 'system' && { unprompted: true }),
    };
    outcome = await send(deps, channel, outgoing, event);
    clock('send');
  }
  for (const effect of effects) await effect(outcome === 'silent' ? 'replied' : outcome);
  if (event.kind !== 'system') {
    void channel.taken?.(conversationId, event.id).catch(() => undefined);
    await deliverOwed(deps, conversationId, session);
  }
  if (session.forgotten === true)
    return { session: FORGOTTEN, summary: { channel: from.channel, input: event.kind, outcome } };
  // A language chosen just now is remembered for the next nudge, however far away.
  await rememberOrigin(deps, conversationId, from, session);
  return {
    session: writeSession(session, now.getTime()),
    summary: { channel: from.channel, input: event.kind, outcome },
  };
}

/**
 * A platform's no is for good: there is nobody to tell now, and trying again would not help. What it may have taken counts as
 * sent, unless it is owed: the turn is saved, so the buttons of what is shown work, and whoever sees nothing asks again.
 */
async function send(
  deps: TurnDeps,
  channel: Channel,
  outgoing: Outgoing,
  event: InboundEvent,
): Promise<'replied' | 'refused' | 'waits'> {
  const { id, conversationId } = outgoing;
  const about = event.kind === 'system' ? event.ref : undefined;
  const sent: SentMessage = { id, channel: channel.name, conversationId, ...(about !== undefined && { about }) };
  try {
    await channel.send(outgoing);
    deps.onSent?.(sent);
    return 'replied';
  } catch (error) {
    if (error instanceof ChannelSilent && !isOwed(event)) {
      deps.onSent?.(sent);
      return 'replied';
    }
    if (!(error instanceof ChannelRefused)) throw error;
    deps.onRefused?.(sent, error);
    return error instanceof ChannelAwaitsUser ? 'waits' : 'refused';
  }
}

/** What is tried until the platform says that it has it: a receipt, "still checking", other news. Nobody waits for a nudge. */
function isOwed(event: InboundEvent): boolean {
  return event.kind === 'system' && event.name !== 'nudge';
}

/** Tells a user who was given a persona of the sandbox, once. */
function withTrialNote(screen: Screen | undefined, { text }: Turn, session: Session): Screen | undefined {
  if (screen === undefined || session.madeUp !== true) return screen;
  delete session.madeUp;
  const note: Screen = { blocks: [{ type: 'text', text: text.t('sandbox.persona'), tone: 'hint' }], choices: [] };
  return joinScreens([note, screen]);
}

/** The apology for an event that was given up, as far as it can be delivered. */
export async function apologise(deps: TurnDeps, { event, session: saved }: Entry): Promise<void> {
  if (!('from' in event)) return;
  const session = readSession(saved);
  const text = deps.translators.for(session?.locale ?? event.from.locale ?? deps.defaults.locale, session?.timezone);
  const screen = { blocks: [{ type: 'text', text: text.t('engine.apology'), tone: 'warning' }], choices: [] } as const;
  const { message } = toMessage(screen, text, deps.now().getTime());
  const { conversationId, from } = event;
  await deps.channels
    .get(from.channel)
    ?.send({ id: `${replyId(event)}-sorry`, conversationId, address: from.address, message, unprompted: true });
}

function stopwatch({ observe }: TurnDeps): (stage: TurnStage) => void {
  let last = performance.now();
  return (stage) => {
    const now = performance.now();
    observe?.(stage, now - last);
    last = now;
  };
}
