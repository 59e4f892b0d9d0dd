import type { Action, Block, Form, Notice } from '../../../bot/message/message.js';

/** A persona of the sandbox, as `/web/personas` lists it. */
export interface Persona {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  readonly locale: string;
  readonly timezone: string;
  readonly currency: string;
  readonly operator: string;
}

/** The answer to `POST /web/sessions`. */
export interface Session {
  readonly conversation: string;
  readonly subscriber: string;
  readonly persona: Persona;
}

/** What Refill says, as `/web/{conversation}/events` sends it. */
export interface Message {
  readonly id: string;
  readonly at: number;
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly blocks: readonly Block[];
  readonly actions: readonly Action[];
  readonly form?: Form;
  readonly notice?: Notice;
  readonly asksNumber?: true;
  /** What it is about: where a channel edits, the next message of a key takes the place of the last. */
  readonly key?: string;
}

/** What this page says: the body of `POST /web/{conversation}/messages`. */
export type Submission =
  | { readonly id: string; readonly text: string }
  | { readonly id: string; readonly press: string; readonly label: string }
  | { readonly id: string; readonly form: string; readonly values: Readonly<Record<string, string>> }
  | { readonly id: string; readonly hello: true };

export const STAGES = ['webhook', 'turn', 'telco', 'callback', 'nudge', 'send', 'sandbox'] as const;

export type Stage = (typeof STAGES)[number];

/** One thing that happened inside, as `/console/live` sends it. */
export interface LiveEvent {
  readonly at: number;
  readonly stage: Stage;
  readonly conversation?: string;
  readonly title: string;
  readonly ms?: number;
  readonly ok: boolean;
  readonly detail?: string;
}
