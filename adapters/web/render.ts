import type { Action, Block, Fact, Form, Message, Notice, OfferCard } from '../../bot/message/message.js';

/** The page draws every block and every action; the limits only stop a runaway message from freezing it. */
export const LIMITS = { blocks: 50, actions: 50, offers: 30, facts: 50, text: 10_000, label: 300 } as const;

/** A message as the page gets it: plain JSON, the same names as Refill's own. */
export interface WebMessage {
  readonly id: string;
  /** Epoch milliseconds at which it was sent. */
  readonly at: number;
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly blocks: readonly Block[];
  readonly actions: readonly Action[];
  /** The phone asks its questions in words; the page draws it where it shows what other channels would. */
  readonly form?: Form;
  /** Likewise: what WhatsApp says in its place after 24 hours. */
  readonly notice?: Notice;
  /** Likewise: what WhatsApp offers whoever hides their number. */
  readonly asksNumber?: true;
  /** Likewise: where a channel edits, the next message of a key is shown in the place of the last. */
  readonly key?: string;
}

export function render(message: Message, id: string, at: number, key?: string): WebMessage {
  const actions = message.actions.slice(0, LIMITS.actions).map((action) => ({ ...action, label: clip(action.label) }));
  return {
    id,
    at,
    language: message.language,
    direction: message.direction,
    blocks: message.blocks.slice(0, LIMITS.blocks).flatMap((block) => renderBlock(block, actions.length)),
    actions,
    ...(message.form !== undefined && { form: renderForm(message.form) }),
    ...(message.notice !== undefined && { notice: renderNotice(message.notice) }),
    ...(message.asksNumber === true && { asksNumber: true }),
    ...(key !== undefined && { key }),
  };
}

function renderForm({ title, open, submit, fields, ...form }: Form): Form {
  const shown = fields.slice(0, LIMITS.facts).map((field) => ({ ...field, label: clip(field.label) }));
  return { ...form, title: clip(title), open: clip(open), submit: clip(submit), fields: shown };
}

function renderNotice({ name, values }: Notice): Notice {
  return { name, values: values.slice(0, LIMITS.facts).map((value) => clip(value)) };
}

function renderBlock(block: Block, actions: number): Block[] {
  switch (block.type) {
    case 'heading':
      return [{ ...block, text: clip(block.text) }];
    case 'text':
      return [{ ...block, text: clip(block.text, LIMITS.text) }];
    case 'facts':
      return [{ ...block, facts: renderFacts(block.facts) }];
    case 'gauge':
      return [{ ...block, share: clampShare(block.share), label: clip(block.label), caption: clip(block.caption) }];
    case 'offers':
      return [{ ...block, offers: block.offers.slice(0, LIMITS.offers).map((offer) => renderOffer(offer, actions)) }];
    case 'image':
    case 'link':
      return isSafeUrl(block.url) ? [block] : [];
  }
}

function renderOffer(offer: OfferCard, actions: number): OfferCard {
  const { action, ...card } = offer;
  const reachable = action !== undefined && action >= 0 && action < actions;
  return { ...card, facts: renderFacts(offer.facts), ...(reachable ? { action } : {}) };
}

function renderFacts(facts: readonly Fact[]): Fact[] {
  return facts
    .slice(0, LIMITS.facts)
    .map(({ label, value }) => ({ label: clip(label), value: clip(value, LIMITS.text) }));
}

function clampShare(share: number): number {
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

/** Plan names and links come from telcos: nothing but web addresses and our own paths may become an href or a src. */
function isSafeUrl(url: string): boolean {
  return /^https?:\/\/[^\s]+$/i.test(url) || /^\/(?!\/)[^\s\\]*$/.test(url);
}

function clip<T extends string>(text: T, limit: number = LIMITS.label): T {
  if (text.length <= limit) return text;
  // A cut in the middle of a surrogate pair would draw a replacement character.
  const end = /[\uD800-\uDBFF]/.test(text.charAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…` as T;
}
