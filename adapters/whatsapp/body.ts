import { clip } from '../../bot/message/clip.js';
import { normalise } from '../../bot/message/match.js';
import type { Action, Block, Fact, Message, OfferCard } from '../../bot/message/message.js';
import { gaugeBar } from '../../bot/message/text.js';
import { directionMark, type Line, literal, oneLine, type Worth } from './text.js';

/** What of a message is drawn elsewhere than in its body, and which of its actions are to be numbered there. */
export interface Elsewhere {
  /** Blocks that are drawn as a header, a footer, a button. */
  readonly blocks: ReadonlySet<Block>;
  /** Indexes of actions that no button and no row shows in full. */
  readonly numbered: (action: number) => boolean;
}

const LONGEST_LABEL = 60;
const LONGEST_URL = 1000;

/** The body of a message, line by line: every block but those drawn elsewhere, then the actions that have to be typed. */
export function bodyLines(message: Message, { blocks, numbered }: Elsewhere): Line[] {
  const pen = penFor(message.direction);
  const onCards = new Set<number>();
  const lines = message.blocks
    .filter((block) => !blocks.has(block))
    .flatMap((block) => blockLines(block, message.actions, pen, onCards));
  const typed = message.actions.flatMap(({ label }, index) =>
    onCards.has(index) || !numbered(index) ? [] : [pen.plain(oneLine(label), `${index + 1}. `, '', 'choice')],
  );
  return [...lines, ...paragraph(typed)];
}

/** Whether a web address may be shown as one. Offers come from telcos. */
export function isWebUrl(url: string): boolean {
  return url.length <= LONGEST_URL && /^https?:\/\/[^\s]+$/i.test(url);
}

/** Whether a card's title and price together say what its action's label says. */
export function saysAll({ title, price }: OfferCard, { label }: Action): boolean {
  const words = normalise(label);
  return words === normalise(title) || words === normalise(`${title} ${price}`);
}

/** Writes lines that begin in the message's direction. */
interface Pen {
  plain(text: string, lead: string, tail: string, worth: Worth): Line;
  bold(text: string, lead: string, tail: string, worth: Worth): Line;
}

function penFor(direction: Message['direction']): Pen {
  const write = (open: string, text: string, lead: string, tail: string, worth: Worth): Line => {
    const mark = directionMark(lead + text, direction);
    return { apart: false, lead: open + mark + literal(lead), text: literal(text), tail, worth };
  };
  return {
    plain: (text, lead, tail, worth) => write('', text, lead, tail, worth),
    bold: (text, lead, tail, worth) => write('*', text, lead, `*${tail}`, worth),
  };
}

function paragraph([first, ...rest]: readonly Line[]): Line[] {
  return first === undefined ? [] : [{ ...first, apart: true }, ...rest];
}

const TONES = { warning: '⚠️ ', success: '✅ ', hint: '' } as const;

function blockLines(block: Block, actions: readonly Action[], pen: Pen, onCards: Set<number>): Line[] {
  switch (block.type) {
    case 'heading':
      return paragraph([pen.bold(oneLine(block.text), '', '', 'sentence')]);
    case 'text':
      return paragraph([pen.plain(block.text.trim(), TONES[block.tone ?? 'hint'], '', 'sentence')]);
    case 'facts':
      return paragraph(block.facts.map((fact) => factLine(fact, pen, 'fact')));
    case 'gauge': {
      const bar = gaugeBar(block.share, block.level);
      const caption = pen.plain(oneLine(block.caption), '', '', 'fact');
      return paragraph([pen.bold(oneLine(block.label), '', `\n${bar}`, 'fact'), caption]);
    }
    case 'offers':
      return block.offers.flatMap((card) => paragraph(cardLines(card, actions, pen, onCards)));
    case 'image':
      return paragraph([pen.plain(oneLine(block.alt), '', '', 'sentence')]);
    case 'link':
      return paragraph([pen.plain(oneLine(block.label), '', isWebUrl(block.url) ? `: ${block.url}` : '', 'fact')]);
  }
}

/** `*1. Super 10 GB* – RM 5.00`, then what else is known of it. */
function cardLines(card: OfferCard, actions: readonly Action[], pen: Pen, onCards: Set<number>): Line[] {
  const action = card.action === undefined ? undefined : actions[card.action];
  if (action !== undefined && card.action !== undefined) onCards.add(card.action);
  const number = action === undefined ? '' : `${Number(card.action) + 1}. `;
  const price = literal(oneLine(card.price));
  const lines = [pen.bold(oneLine(card.title), number, ` – ${price}`, 'name')];
  // Its words can be typed, so they are shown where the title and the price are not those words.
  if (action !== undefined && !saysAll(card, action)) lines.push(pen.plain(oneLine(action.label), '(', ')', 'choice'));
  if (card.badge !== undefined) lines.push(pen.plain(oneLine(card.badge), '', '', 'choice'));
  if (card.description !== undefined) lines.push(pen.plain(oneLine(card.description), '', '', 'detail'));
  return [...lines, ...card.facts.map((fact) => factLine(fact, pen, 'detail'))];
}

function factLine({ label, value }: Fact, pen: Pen, worth: Worth): Line {
  const { lead, text } = pen.bold(clip(oneLine(label), LONGEST_LABEL), '', '', worth);
  return { ...pen.plain(oneLine(value), '', '', worth), lead: `${lead}${text}:* ` };
}
