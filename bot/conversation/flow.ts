import type { z } from 'zod';
import type { Localized } from '../i18n/localized.js';
import type { Block, Form, Notice } from '../message/message.js';
import type { Intent } from './session.js';
import type { Turn } from './turn.js';

/** Something the subscriber may answer, as a button, a number or its own words. */
export interface Choice {
  readonly label: Localized;
  readonly intent: Intent;
  readonly style?: 'primary' | 'danger';
  /**
   * Takes a press, its number or its whole label, and no looser words: for what buys (DESIGN.md, step 6), and what a polite word
   * must not end.
   */
  readonly exact?: boolean;
}

/** A form whose values come back as the slots of `intent`. */
export interface FormScreen extends Omit<Form, 'token'> {
  readonly intent: Intent;
}

/** What one step says: blocks, and the choices that go with them. An offer card's `action` is an index into `choices`. */
export interface Screen {
  readonly blocks: readonly Block[];
  readonly choices: readonly Choice[];
  /** The same questions as a form, where the channel has forms. */
  readonly form?: FormScreen;
  /** Asks for the user's own number. */
  readonly asksNumber?: true;
  /** What to say where only a template may be sent. */
  readonly notice?: Notice;
  /** What this message is about (`purchase:<id>`): a channel that can edit puts the next one of the same key in its place. */
  readonly key?: string;
  /** How long the choices may be taken, in milliseconds; a day when absent. */
  readonly validForMs?: number;
}

/** Where a flow goes next. Made by `ask`, `done`, `start` and `silent`. */
export type Next<State> =
  | { readonly kind: 'ask'; readonly step: string; readonly state: State; readonly say: Screen | undefined }
  | { readonly kind: 'done'; readonly say: Screen }
  | { readonly kind: 'start'; readonly intent: Intent; readonly say: Screen | undefined }
  | { readonly kind: 'silent' };

/** Shows `step` and waits for its answer; `say` comes before the question. */
export function ask<State>(step: string, state: State, say?: Screen): Next<State> {
  return { kind: 'ask', step, state, say };
}

/** Says the last word: the flow is over and what it interrupted goes on. */
export function done(say: Screen): Next<never> {
  return { kind: 'done', say };
}

/** Hands over to the flow that takes `intent`; `say` comes before its words. */
export function start(intent: Intent, say?: Screen): Next<never> {
  return { kind: 'start', intent, say };
}

/** Nothing to say (a promise that was kept before). */
export function silent(): Next<never> {
  return { kind: 'silent' };
}

type Handler<State> = (turn: Turn, state: State, intent: Intent) => Promise<Next<State>> | Next<State>;

/** A question and the answers it takes. */
export interface Step<State> {
  /** Draws the question: on arrival, on return from an interruption, and when an answer was not understood. */
  show(turn: Turn, state: State): Promise<Screen> | Screen;
  /** Intent name → what it does here. Checked before any other flow may take the intent. */
  readonly on: Readonly<Record<string, Handler<State>>>;
  /** The name of the `on` intent that takes any text that is neither a choice nor a keyword; it comes as slot `text`. */
  readonly takesText?: string;
  /** That text is a name, which may hold a keyword: only stop, cancel, back and help, each said alone, are no answer to it. */
  readonly takesNames?: true;
}

/**
 * How an intent enters a flow.
 * - `aside`: answers, then what it interrupted goes on (a balance in the middle of a purchase);
 * - `switch`: takes over, what was going on is dropped (the list of offers);
 * - `pick`: a `switch` that means something only with its slots (one offer of a list), so its buttons can go stale;
 * - `system`: an `aside` only Refill itself can start (a receipt), never a word or a button.
 */
export type EntryKind = 'aside' | 'switch' | 'pick' | 'system';

export interface FlowDefinition<State> {
  readonly name: string;
  /** Raised when `state` or `steps` change their meaning: dialogs saved by an older version start again, politely. */
  readonly version: number;
  readonly state: z.ZodType<State>;
  /** The intents that start this flow. */
  readonly entries: Readonly<Record<string, EntryKind>>;
  /** What to do instead when one of this flow's buttons is too old, or its saved state is. */
  readonly whenStale: Intent;
  /** False for flows that work for people we have no line for. */
  readonly needsLine: boolean;
  begin(turn: Turn, intent: Intent): Promise<Next<State>> | Next<State>;
  readonly steps: Readonly<Record<string, Step<State>>>;
}

/** A flow whose state type the registry need not know: it is checked by `state` whenever it is read back. */
export type AnyFlow = FlowDefinition<unknown>;

/** Declares a flow; types flow from `state` to every step. */
export function flow<State>(definition: FlowDefinition<State>): AnyFlow {
  return definition as unknown as AnyFlow;
}
