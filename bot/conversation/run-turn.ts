import { createHash } from 'node:crypto';
import { type Channel, ChannelRefused, type Outgoing } from '../channel.js';
import type { Line } from '../domain/subscriber.js';
import { RefillError } from '../errors.js';
import type { Translators } from '../i18n/index.js';
import type { Jobs } from '../jobs.js';
import type { Ledger } from '../ledger/ledger.js';
import type { LineTelco } from '../line-telco.js';
import { type EngineOptions, respond } from './engine.js';
import type { InboundEvent, Origin } from './event.js';
import type { Screen } from './flow.js';
import type { Entry } from './mailbox.js';
import { openSession, rememberOrigin, type SessionDeps } from './open-session.js';
import { joinScreens, toMessage } from './screen.js';
import { readSession, type Session, writeSession } from './session.js';
import type { Turn } from './turn.js';
import type { Input } from './understanding.js';

export interface TurnDeps extends SessionDeps {
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly engine: EngineOptions;
  readonly translators: Translators;
  readonly telco: LineTelco;
  readonly now: () => Date;
  /** Told how long each stage took, in milliseconds. */
  readonly observe?: (stage: TurnStage, ms: number) => void;
  /** Told of every message a platform took. */
  readonly onSent?: (channel: string, conversationId: string) => void;
  /** Told of every message a platform refused for good. */
  readonly onRefused?: (channel: string, conversationId: string, error: ChannelRefused) => void;
}

export type TurnStage = 'load' | 'respond' | 'send';

/** What a turn was, for logs and metrics: no words, no numbers, no names. */
export interface TurnSummary {
  readonly channel: string;
  readonly input: InboundEvent['kind'];
  readonly outcome: 'replied' | 'silent' | 'refused';
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

/**
 * One turn: load session → understand → flow → send the reply → the session to save. A rejection means nothing is saved and
 * the event is tried again, so everything before the reply is repeatable and the reply carries an id that stays the same.
 */
export async function runTurn(deps: TurnDeps, { event, session: saved }: Entry): Promise<TurnResult> {
  const from = 'from' in event ? event.from : (await deps.ledger.conversation(event.conversationId))?.origin;
  // Owed to a conversation that was erased since: nobody to tell.
  if (from === undefined)
    return { session: undefined, summary: { channel: 'none', input: event.kind, outcome: 'silent' } };
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
  const { session, line } = await openSession(deps, conversationId, from, saved);
  await rememberOrigin(deps, conversationId, from, session);
  clock('load');

  const now = deps.now();
  const { turn, effects } = openTurn(deps, event, session, line, now);
  const screen = withTrialNote(await respond(deps.engine, turn, session, inputOf(event)), turn, session);
  clock('respond');

  let outcome: TurnSummary['outcome'] = 'silent';
  if (screen !== undefined) {
    const { message, choices } = toMessage(screen, turn.text, now.getTime());
    session.choices = [...session.choices, choices].slice(-CHOICE_SETS_KEPT);
    outcome = await send(deps, channel, {
      id: replyId(event),
      conversationId,
      address: from.address,
      message,
      ...(screen.key !== undefined && { key: screen.key }),
    });
    clock('send');
  }
  for (const effect of effects) await effect(outcome !== 'refused');
  if (event.kind !== 'system') void channel.taken?.(conversationId, event.id).catch(() => undefined);
  // A language chosen just now is remembered for the next nudge, however far away.
  await rememberOrigin(deps, conversationId, from, session);
  return {
    session: writeSession(session, now.getTime()),
    summary: { channel: from.channel, input: event.kind, outcome },
  };
}

/** `refused`: the platform said no for good. There is nobody to tell now, and trying again would not help. */
async function send(deps: TurnDeps, channel: Channel, outgoing: Outgoing): Promise<'replied' | 'refused'> {
  try {
    await channel.send(outgoing);
    deps.onSent?.(channel.name, outgoing.conversationId);
    return 'replied';
  } catch (error) {
    if (!(error instanceof ChannelRefused)) throw error;
    deps.onRefused?.(channel.name, outgoing.conversationId, error);
    return 'refused';
  }
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
    ?.send({ id: `${replyId(event)}-sorry`, conversationId, address: from.address, message });
}

type Effect = (told: boolean) => Promise<void>;

function openTurn(
  deps: TurnDeps,
  event: InboundEvent,
  session: Session,
  line: Line | undefined,
  now: Date,
): { turn: Turn; effects: Effect[] } {
  const effects: Effect[] = [];
  const { conversationId } = event;
  const turn: Turn = {
    now,
    conversationId,
    ledger: deps.ledger,
    session,
    get line() {
      if (line === undefined) throw new RefillLineMissing('this flow needs a line');
      return line;
    },
    get text() {
      return deps.translators.for(session.locale, session.timezone);
    },
    get telco() {
      return deps.telco.bind(turn.line, session.locale);
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
    afterSend: (effect) => void effects.push(effect),
  };
  return { turn, effects };
}

/** A flow with `needsLine: false` asked for the line all the same. */
class RefillLineMissing extends RefillError {
  readonly code = 'LINE_MISSING';
}

function inputOf(event: InboundEvent): Input {
  switch (event.kind) {
    case 'text':
      return { kind: 'text', text: event.text };
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

function replyId({ conversationId, id }: InboundEvent): string {
  return shortHash(`${conversationId}\n${id}`);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function stopwatch({ observe }: TurnDeps): (stage: TurnStage) => void {
  let last = performance.now();
  return (stage) => {
    const now = performance.now();
    observe?.(stage, now - last);
    last = now;
  };
}
