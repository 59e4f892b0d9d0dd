import type { GaugeLevel } from '../domain/quota.js';
import type { Localized } from '../i18n/localized.js';

/** A name and a value, e.g. `Price` and `RM 5.00`. */
export interface Fact {
  readonly label: Localized;
  readonly value: Localized;
}

/** A fuel gauge: how full, said and drawn. */
export interface GaugeBlock {
  readonly type: 'gauge';
  readonly label: Localized;
  /** Share left, 0 to 1; 1 for unlimited. */
  readonly share: number;
  readonly level: GaugeLevel;
  /** The same in words, e.g. `100 MB of 1 GB left`. */
  readonly caption: Localized;
}

/** One thing that can be bought. `action` is the index of the action that picks it. */
export interface OfferCard {
  readonly title: Localized;
  readonly price: Localized;
  readonly description?: Localized;
  readonly facts: readonly Fact[];
  readonly badge?: Localized;
  readonly action?: number;
}

export type Block =
  | { readonly type: 'heading'; readonly text: Localized }
  | { readonly type: 'text'; readonly text: Localized; readonly tone?: 'hint' | 'warning' | 'success' }
  | { readonly type: 'facts'; readonly facts: readonly Fact[] }
  | GaugeBlock
  | { readonly type: 'offers'; readonly offers: readonly OfferCard[] }
  | { readonly type: 'image'; readonly url: string; readonly alt: Localized }
  | { readonly type: 'link'; readonly url: string; readonly label: Localized };

/** Something the subscriber can choose. `token` comes back when it is pressed; it says nothing about the subscriber. */
export interface Action {
  /** At most 200 ASCII characters (a WhatsApp list row id). */
  readonly token: string;
  readonly label: Localized;
  readonly style: 'default' | 'primary' | 'danger';
}

/** One thing a form asks for. */
export interface FormField {
  readonly name: string;
  readonly kind: 'text' | 'phone';
  readonly label: Localized;
}

/**
 * Several questions at once, for channels that can draw a form (a Slack modal, inputs on a Teams card). Where there are
 * none, the message's own words ask the first question and the answers are typed one by one.
 */
export interface Form {
  /** Comes back with the values, as a `form` event. At most 200 ASCII characters. */
  readonly token: string;
  readonly title: Localized;
  /** On the button that opens it, where it is not part of the message (Slack). */
  readonly open: Localized;
  readonly submit: Localized;
  readonly fields: readonly FormField[];
}

/**
 * What this message is about, for channels that may only use a pre-approved template right now (WhatsApp outside its 24
 * hours): the template's name and its values. It holds no offer (CHANNELS.md 0.2).
 */
export interface Notice {
  readonly name: string;
  readonly values: readonly Localized[];
}

/**
 * What Refill says in one turn, in no channel's terms. Every channel draws every block, or degrades it in a defined way; the
 * actions are offered in order, and typing an action's number or its words is always the same as pressing it.
 */
export interface Message {
  /** BCP 47. */
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly blocks: readonly Block[];
  readonly actions: readonly Action[];
  readonly form?: Form;
  /** The user is asked for their own number: a channel with a way of its own to share it offers that. */
  readonly asksNumber?: true;
  readonly notice?: Notice;
}
