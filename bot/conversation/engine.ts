import { TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../telco.js';
import type { AnyFlow, EntryKind, Next, Screen, Step } from './flow.js';
import type { FlowRegistry } from './registry.js';
import { filterChoices, joinScreens } from './screen.js';
import type { Intent, Session } from './session.js';
import type { Turn } from './turn.js';
import { type Input, understand } from './understanding.js';

/** The few screens the engine itself needs; everything else is said by flows. */
export interface EngineScreens {
  /** Not understood: before the choices are offered again. */
  unknown(turn: Turn): Screen;
  /** "Back to what we were doing", before an interrupted question is asked again. */
  resume(turn: Turn): Screen;
  /** What was going on cannot be continued (a new version, an old button). */
  expired(turn: Turn, next: Intent): Screen;
  cancelled(turn: Turn): Screen;
  /** The telco said no or could not be reached while a flow was reading. */
  telcoTrouble(turn: Turn, error: TelcoError): Screen;
}

export interface EngineOptions {
  readonly registry: FlowRegistry;
  readonly screens: EngineScreens;
}

/** More hand-overs than any dialog needs: a loop between flows ends here instead of hanging a conversation. */
const MAX_HOPS = 6;
/** Interruptions within interruptions; the oldest are forgotten. */
const MAX_DEPTH = 3;

/**
 * Answers one input: understands it, lets the waiting step, then the flows, take it, and puts everything said into one screen.
 * `undefined` when there is nothing to say. Changes `session.stack` and `session.misses`.
 */
export async function respond(
  options: EngineOptions,
  turn: Turn,
  session: Session,
  input: Input,
): Promise<Screen | undefined> {
  const dialog = new Dialog(options, turn, session);
  await dialog.hear(input);
  return dialog.said.length === 0 ? undefined : joinScreens(dialog.said);
}

interface Waiting {
  readonly flow: AnyFlow;
  readonly step: Step<unknown>;
  readonly state: unknown;
}

/** One turn of one conversation: what is said so far, and the stack of questions as it will be saved. */
class Dialog {
  said: Screen[] = [];
  private hops = 0;

  constructor(
    private readonly options: EngineOptions,
    private readonly turn: Turn,
    private readonly session: Session,
  ) {}

  hear(input: Input): Promise<void> {
    return this.guarded(() => this.answer(input));
  }

  private async answer(input: Input): Promise<void> {
    const { registry } = this.options;
    const { now, text } = this.turn;
    const asksName = this.waiting()?.step.takesNames === true;
    const understood = understand(input, this.session, registry, text.locale, now.getTime(), asksName);
    if (understood.kind === 'unknown') {
      const mayAnswer = input.kind === 'text' && understood.isOld !== true;
      return mayAnswer ? this.takeText(input.text) : this.notUnderstood();
    }
    this.session.misses = 0;
    return understood.kind === 'stale' ? this.expire(understood.intent) : this.take(understood.intent);
  }

  /** Words that are no choice and no keyword are an answer where the waiting question asks for words. */
  private async takeText(text: string): Promise<void> {
    const { takesText } = this.waiting()?.step ?? {};
    if (takesText === undefined || text.trim() === '') return this.notUnderstood();
    this.session.misses = 0;
    return this.take({ name: takesText, slots: { text: text.slice(0, 500) } });
  }

  /** Once: the choices again. Twice: help. */
  private async notUnderstood(): Promise<void> {
    this.session.misses += 1;
    if (this.session.misses > 1) return this.enter({ name: 'help', slots: { lost: 'yes' } });
    this.said.push(this.options.screens.unknown(this.turn));
    const waiting = this.waiting();
    if (waiting === undefined) return this.enter({ name: 'menu' });
    this.said.push(await waiting.step.show(this.turn, waiting.state));
  }

  /** The waiting question comes first, then whatever flow starts with this intent. */
  private async take(intent: Intent): Promise<void> {
    const { registry, screens } = this.options;
    const waiting = this.waiting();
    const handler = waiting?.step.on[intent.name];
    if (waiting !== undefined && handler !== undefined) {
      return this.go(waiting.flow, 'step', await handler(this.turn, waiting.state, intent));
    }
    if (registry.entry(intent.name) !== undefined) return this.enter(intent);
    if (intent.name !== 'cancel' && intent.name !== 'back') {
      return this.expire(registry.whenStale(intent.name) ?? { name: 'menu' });
    }
    // Nothing to leave: what was done is done, and must not be called cancelled.
    if (this.session.stack.pop() === undefined) {
      const { name } = registry.entry('nothing-open')?.flow ?? { name: 'menu' };
      return this.enter({ name });
    }
    this.said.push(screens.cancelled(this.turn));
    return this.session.stack.length > 0 ? this.resume() : this.enter({ name: 'menu' });
  }

  private async expire(intent: Intent): Promise<void> {
    this.said.push(this.options.screens.expired(this.turn, intent));
    await this.enter(intent);
  }

  private async enter(intent: Intent): Promise<void> {
    const entry = this.options.registry.entry(intent.name);
    this.hops += 1;
    if (entry === undefined || this.hops > MAX_HOPS) return;
    if (entry.flow.needsLine && this.session.lineId === undefined)
      return this.enter({ name: 'link', slots: { for: intent.name } });
    await this.go(entry.flow, entry.kind, await entry.flow.begin(this.turn, intent));
  }

  private async go(flow: AnyFlow, how: EntryKind | 'step', next: Next<unknown>): Promise<void> {
    if (next.kind === 'silent') return;
    // Drawn before anything is dropped: where that needs a telco that fails, the dialog stays where it was.
    const question = next.kind === 'ask' ? await flow.steps[next.step]?.show(this.turn, next.state) : undefined;
    const { stack } = this.session;
    const before = [...stack];
    if (how === 'step') stack.pop();
    if (how === 'switch' || how === 'pick') stack.length = 0;
    if (next.say !== undefined) this.said.push(next.say);
    if (next.kind === 'start') {
      return this.enter(next.intent).catch((error: unknown) => {
        stack.splice(0, stack.length, ...before);
        throw error;
      });
    }
    if (next.kind === 'ask') {
      stack.push({ flow: flow.name, version: flow.version, step: next.step, state: next.state });
      if (stack.length > MAX_DEPTH) stack.shift();
      if (question !== undefined) this.said.push(question);
      return;
    }
    if (stack.length > 0) await this.resume();
  }

  /** Asks the interrupted question again. Of what the interruption offered, only things to buy stay on offer. */
  private async resume(): Promise<void> {
    const { registry, screens } = this.options;
    const waiting = this.waiting();
    if (waiting === undefined) return;
    const kept = this.said.map((screen) =>
      filterChoices(screen, ({ intent }) => registry.entry(intent.name)?.kind === 'pick'),
    );
    this.said = [...kept, screens.resume(this.turn), await waiting.step.show(this.turn, waiting.state)];
  }

  /** A telco that says no or stays silent never fails a turn: the subscriber is told, the dialog stays where it was. */
  private async guarded(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isTelcoError(error)) throw error;
      this.said.push(this.options.screens.telcoTrouble(this.turn, error));
    }
  }

  /** The question on top of the stack, if this version of its flow can still read it; older dialogs are dropped. */
  private waiting(): Waiting | undefined {
    const { stack } = this.session;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const flow = this.options.registry.flow(top.flow);
      const step = flow?.version === top.version ? flow.steps[top.step] : undefined;
      const state = flow?.state.safeParse(top.state);
      if (flow !== undefined && step !== undefined && state?.success === true) return { flow, step, state: state.data };
      stack.pop();
    }
    return undefined;
  }
}

type TelcoError = TelcoRefused | TelcoUnreachable | TelcoAmbiguous;

function isTelcoError(error: unknown): error is TelcoError {
  return error instanceof TelcoRefused || error instanceof TelcoUnreachable || error instanceof TelcoAmbiguous;
}
