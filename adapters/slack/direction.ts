import { type Localized, shownBefore } from '../../bot/i18n/index.js';
import type { Block, Fact, Message, OfferCard } from '../../bot/message/message.js';

const RIGHT_TO_LEFT_MARK = '\u200f';
const ISOLATED = /[\u2066-\u2068][^\u2066-\u2069]*\u2069/g;

/**
 * A message of a right-to-left language whose every text says so with its first character. Slack lays a text out by its first
 * letter (HTML's `dir="auto"`, which counts isolated words too), so an Urdu line that begins with a Latin plan name, an amount
 * or a bar would run the other way.
 */
export function turned(message: Message): Message {
  if (message.direction === 'ltr') return message;
  const { form } = message;
  return {
    ...message,
    blocks: message.blocks.map(turnBlock),
    actions: message.actions.map((action) => ({ ...action, label: turn(action.label) })),
    ...(form !== undefined && {
      form: {
        ...form,
        title: turn(form.title),
        open: turn(form.open),
        submit: turn(form.submit),
        fields: form.fields.map((field) => ({ ...field, label: turn(field.label) })),
      },
    }),
  };
}

/** What a text says, without our marks: for comparing. */
export function unturned(text: string): string {
  return text.replaceAll(RIGHT_TO_LEFT_MARK, '');
}

function turn(text: Localized): Localized {
  const runs = startsRight(text) && startsRight(text.replace(ISOLATED, ''));
  return runs || text.trim() === '' ? text : shownBefore(RIGHT_TO_LEFT_MARK + text);
}

/** Whether the first letter is one of a right-to-left script. */
function startsRight(text: string): boolean {
  const first = /[\p{L}\u200e\u200f]/u.exec(text)?.[0];
  return first !== undefined && /[\p{Script=Arabic}\p{Script=Hebrew}\u200f]/u.test(first);
}

function turnBlock(block: Block): Block {
  switch (block.type) {
    case 'heading':
    case 'text':
      return { ...block, text: turn(block.text) };
    case 'facts':
      return { ...block, facts: block.facts.map(turnFact) };
    case 'gauge':
      return { ...block, label: turn(block.label), caption: turn(block.caption) };
    case 'offers':
      return { ...block, offers: block.offers.map(turnCard) };
    case 'image':
      return { ...block, alt: turn(block.alt) };
    case 'link':
      return { ...block, label: turn(block.label) };
  }
}

function turnFact({ label, value }: Fact): Fact {
  return { label: turn(label), value: turn(value) };
}

function turnCard(card: OfferCard): OfferCard {
  const { title, price, description, badge, facts } = card;
  return {
    ...card,
    title: turn(title),
    price: turn(price),
    facts: facts.map(turnFact),
    ...(description !== undefined && { description: turn(description) }),
    ...(badge !== undefined && { badge: turn(badge) }),
  };
}
