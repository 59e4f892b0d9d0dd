import { cut } from '../../bot/i18n/cut.js';
import type { Block, Fact, Message, OfferCard } from '../../bot/message/message.js';

/** Longest texts of a message, in UTF-16 units. `Infinity` leaves one as it is. */
export interface Limits {
  readonly text: number;
  /** Labels and values of the message's own facts. */
  readonly fact: number;
  /** Headings, names of plans, labels of buttons and gauges. */
  readonly name: number;
  readonly price: number;
  /** 0 leaves descriptions out. */
  readonly description: number;
  /** 0 leaves an offer's facts out. */
  readonly offerFact: number;
}

/** The message with every text within `limits`; nothing but descriptions and facts of offers goes as a whole. */
export function shorten(message: Message, limits: Limits): Message {
  const { form } = message;
  return {
    ...message,
    blocks: message.blocks.map((block) => shortenBlock(block, limits)),
    actions: message.actions.map((action) => ({ ...action, label: cut(action.label, limits.name) })),
    ...(form !== undefined && {
      form: {
        ...form,
        title: cut(form.title, limits.name),
        submit: cut(form.submit, limits.name),
        fields: form.fields.map((field) => ({ ...field, label: cut(field.label, limits.name) })),
      },
    }),
  };
}

function shortenBlock(block: Block, limits: Limits): Block {
  switch (block.type) {
    case 'heading':
      return { ...block, text: cut(block.text, limits.name) };
    case 'text':
      return { ...block, text: cut(block.text, limits.text) };
    case 'facts':
      return { ...block, facts: shortenFacts(block.facts, limits.fact) };
    case 'gauge':
      return { ...block, label: cut(block.label, limits.name), caption: cut(block.caption, limits.name) };
    case 'offers':
      return { ...block, offers: block.offers.map((offer) => shortenOffer(offer, limits)) };
    case 'image':
      return { ...block, alt: cut(block.alt, limits.name) };
    case 'link':
      return { ...block, label: cut(block.label, limits.name) };
  }
}

function shortenOffer({ description, badge, ...offer }: OfferCard, limits: Limits): OfferCard {
  return {
    ...offer,
    title: cut(offer.title, limits.name),
    price: cut(offer.price, limits.price),
    facts: limits.offerFact === 0 ? [] : shortenFacts(offer.facts, limits.offerFact),
    ...(description !== undefined && limits.description > 0 && { description: cut(description, limits.description) }),
    ...(badge !== undefined && { badge: cut(badge, limits.name) }),
  };
}

function shortenFacts(facts: readonly Fact[], max: number): Fact[] {
  return facts.map(({ label, value }) => ({ label: cut(label, max), value: cut(value, max) }));
}
