import type { ComponentChild } from 'preact';
import type { Entry, Mine, Theirs } from '../chat/store.js';

/** The answer to `POST /console/preview`: one message as each channel would send it. */
export interface Preview {
  readonly slack: { readonly text: string; readonly blocks: readonly SlackBlock[] };
  readonly teams: TeamsActivity;
  /** `null` when there is nothing to say. */
  readonly whatsapp: WhatsAppContent | null;
  /** The same for whoever hides their number and is asked for it; `null` where that makes no difference. */
  readonly hidden: WhatsAppContent | null;
  /** What WhatsApp shows when the user last wrote more than 24 hours ago; `null` when nothing can be sent then. */
  readonly notice: WhatsAppTemplate | null;
  readonly text: string;
}

export interface WhatsAppTemplate {
  readonly name: string;
  readonly language: string;
  readonly body: string;
  readonly footer?: string;
  readonly buttons: readonly { readonly text: string; readonly payload: string }[];
}

/** The part of a Cloud API message that says what it is (adapters/whatsapp/render.ts). */
export type WhatsAppContent =
  | { readonly type: 'text'; readonly text: { readonly body: string } }
  | { readonly type: 'image'; readonly image: { readonly link: string; readonly caption?: string } }
  | { readonly type: 'interactive'; readonly interactive: WhatsAppInteractive };

export type WhatsAppInteractive = WhatsAppAround &
  (WhatsAppButtons | WhatsAppList | WhatsAppLink | WhatsAppContactRequest);

interface WhatsAppAround {
  readonly header?:
    | { readonly type: 'text'; readonly text: string }
    | { readonly type: 'image'; readonly image: { readonly link: string } };
  readonly body: { readonly text: string };
  readonly footer?: { readonly text: string };
}

interface WhatsAppButtons {
  readonly type: 'button';
  readonly action: { readonly buttons: readonly { readonly reply: { readonly id: string; readonly title: string } }[] };
}

export interface WhatsAppList {
  readonly type: 'list';
  readonly action: {
    readonly button: string;
    readonly sections: readonly {
      readonly title?: string;
      readonly rows: readonly { readonly id: string; readonly title: string; readonly description?: string }[];
    }[];
  };
}

/** Shares the user's number; the words on the button are WhatsApp's own. */
interface WhatsAppContactRequest {
  readonly type: 'request_contact_info';
}

interface WhatsAppLink {
  readonly type: 'cta_url';
  readonly action: { readonly parameters: { readonly display_text: string; readonly url: string } };
}

/** The parts of Block Kit that Refill sends (adapters/slack/render.ts). */
export type SlackBlock =
  | { readonly type: 'header'; readonly text: SlackText }
  | {
      readonly type: 'section';
      readonly text?: SlackText;
      readonly fields?: readonly SlackText[];
      readonly accessory?: SlackButton;
    }
  | { readonly type: 'context'; readonly elements: readonly SlackText[] }
  | { readonly type: 'actions'; readonly elements: readonly SlackButton[] }
  | { readonly type: 'image'; readonly image_url: string; readonly alt_text: string };

export interface SlackText {
  readonly type: 'mrkdwn' | 'plain_text';
  readonly text: string;
}

export interface SlackButton {
  readonly type: 'button';
  readonly action_id: string;
  readonly text: SlackText;
  readonly value?: string;
  readonly url?: string;
  readonly style?: 'primary' | 'danger';
}

/** A Bot Framework activity: a card, or plain text where no card holds it. */
export interface TeamsActivity {
  readonly text?: string;
  readonly attachments?: readonly { readonly content: unknown }[];
}

export const CHANNELS = ['whatsapp', 'slack', 'teams'] as const;

export type ChannelName = (typeof CHANNELS)[number];

/** A message, and what the channels make of it; `undefined` when that could not be found out. */
export interface Drawn extends Theirs {
  readonly preview: Preview | undefined;
}

/** What a frame shows, in order. */
export type DrawnEntry = Mine | Drawn;

export interface RowProps<E extends Entry = Entry> {
  readonly entry: E;
  /** True when the one before is by the same author. */
  readonly follows: boolean;
  /** `14:03` */
  readonly time: string;
}

export interface TheirsProps extends RowProps<Drawn> {
  readonly preview: Preview;
  /** `label`: what the button says, where no action of the message does. */
  onPress(token: string, label?: string): void;
  onForm(token: string, values: Readonly<Record<string, string>>): void;
  /** Slides something over the conversation; `undefined` takes it away. */
  onSheet(sheet: ComponentChild): void;
}

export interface MineProps extends RowProps<Mine> {
  /** Whose phone it is. */
  readonly name: string;
}
