import { type EngineOptions, respond } from '../../bot/conversation/engine.js';
import type { AnyFlow } from '../../bot/conversation/flow.js';
import { createRegistry } from '../../bot/conversation/registry.js';
import { toMessage } from '../../bot/conversation/screen.js';
import { newSession, readSession, type Session, writeSession } from '../../bot/conversation/session.js';
import type { Turn } from '../../bot/conversation/turn.js';
import type { Input } from '../../bot/conversation/understanding.js';
import { createTranslators } from '../../bot/i18n/index.js';
import type { Message } from '../../bot/message/message.js';
import { toyScreens, toys } from './toys.js';

const translators = createTranslators();

/** As many messages' choices as a turn keeps. */
const CHOICE_SETS_KEPT = 5;

/** A conversation with the engine alone: what is said, what comes back, and the session as it would be saved in between. */
export class Chat {
  saved: string | undefined;
  private now = Date.UTC(2026, 10, 21);
  readonly messages: Message[] = [];
  private engine: EngineOptions = { registry: createRegistry(toys), screens: toyScreens };

  constructor(private readonly known: Partial<Session> = {}) {}

  /** Goes on with another version of the flows, as after a deployment. */
  deploy(...replaced: readonly AnyFlow[]): void {
    const names = replaced.map(({ name }) => name);
    this.engine = {
      ...this.engine,
      registry: createRegistry([...toys.filter(({ name }) => !names.includes(name)), ...replaced]),
    };
  }

  /** Lets time pass. */
  wait(ms: number): undefined {
    this.now += ms;
  }

  say(text: string): Promise<Message | undefined> {
    return this.hear({ kind: 'text', text });
  }

  hello(): Promise<Message | undefined> {
    return this.hear({ kind: 'hello' });
  }

  system(name: string, ref = 'x'): Promise<Message | undefined> {
    return this.hear({ kind: 'system', name, ref });
  }

  token(token: string): Promise<Message | undefined> {
    return this.hear({ kind: 'press', token });
  }

  /** Presses a button of the newest message, or of an older one. */
  press(label: string, message = this.messages.at(-1)): Promise<Message | undefined> {
    const action = message?.actions.find((candidate) => candidate.label === label);
    if (action === undefined) throw new Error(`${label} is not among ${offered(message).join(', ')}`);
    return this.token(action.token);
  }

  async hear(input: Input): Promise<Message | undefined> {
    const session = readSession(this.saved) ?? newSession({ locale: 'en', timezone: 'UTC', ...this.known });
    const turn = this.turn(session);
    const screen = await respond(this.engine, turn, session, input);
    const sent = screen === undefined ? undefined : toMessage(screen, turn.text, this.now);
    if (sent !== undefined) {
      this.messages.push(sent.message);
      session.choices = [...session.choices, sent.choices].slice(-CHOICE_SETS_KEPT);
    }
    this.saved = writeSession(session, this.now);
    return sent?.message;
  }

  /** What the toys may use of a turn; anything else is `undefined` and would show. */
  private turn(session: Session): Turn {
    const text = translators.for(session.locale, session.timezone);
    const line = { id: session.lineId ?? '', operator: 'test', key: { type: 'OPET', value: 'x' } } as const;
    return { now: new Date(this.now), conversationId: 'chat', text, session, line } as Partial<Turn> as Turn;
  }
}

/** The words of a message, block by block. */
export function said(message: Message | undefined): string[] {
  return (message?.blocks ?? []).flatMap((block) => (block.type === 'text' ? [block.text] : []));
}

/** The labels of its buttons, in order. */
export function offered(message: Message | undefined): string[] {
  return (message?.actions ?? []).map(({ label }) => label);
}
