import type { types } from '@slack/bolt';
import { clip } from '../../bot/message/clip.js';
import type { Action, Block, Fact, GaugeBlock, Message, OfferCard } from '../../bot/message/message.js';
import { gaugeBar, toText } from '../../bot/message/text.js';
import { turned, unturned } from './direction.js';
import { carryForm, FORM_ACTION } from './form.js';
import { besides, clipEncoded, escapeMrkdwn, plainLength, plainText, type Run, textObject } from './text.js';

/** Block Kit, as docs.slack.dev/reference/block-kit and python-slack-sdk's models have it. */
export const LIMITS = {
  messageBlocks: 50,
  homeBlocks: 100,
  /** The text beside the blocks: notifications and screen readers. */
  fallback: 4000,
  header: 150,
  section: 3000,
  field: 2000,
  fields: 10,
  context: 2000,
  elements: 25,
  button: 75,
  value: 2000,
  url: 3000,
  alt: 2000,
  blockId: 255,
} as const;

/** A message as `chat.postMessage` takes it. */
export interface Rendered {
  readonly text: string;
  readonly blocks: types.KnownBlock[];
}

export interface RenderOptions {
  /** `Outgoing.id`: makes the block ids of one message its own. */
  readonly id: string;
  /** The conversation's place, which every button brings back. */
  readonly place: string;
  readonly maxBlocks?: number;
  /** Everything in as little as possible, after Slack refused the full message. */
  readonly compact?: boolean;
}

/**
 * Draws a message within Block Kit's limits. What has no room degrades: blocks beyond the 50th become lines of text, offers
 * among them `3. Name – price`; an action without a button (or whose words do not fit on one) gets a numbered line, since
 * its number can be typed.
 */
export function render(given: Message, options: RenderOptions): Rendered {
  const message = turned(given);
  const units = message.blocks.flatMap((block) => drawBlock(block, message.actions));
  const onCards = new Set(
    message.blocks.flatMap((block) => (block.type === 'offers' ? cardActions(block.offers, message) : [])),
  );
  const rows = actionRows(message, onCards);
  const room = (options.maxBlocks ?? LIMITS.messageBlocks) - rows.length;
  const content = options.compact === true ? shortText(units, room, REFUSED) : assemble(units, room);
  return {
    text: clipEncoded(toText(message), LIMITS.fallback, escapeMrkdwn) || '–',
    blocks: [...content, ...rows].map((block, index) => withId(block, index, options)),
  };
}

/** How much is kept of what stands in a line of text, in UTF-16 units. A price is always kept whole. */
interface Room {
  /** Of sentences. */
  readonly words: number;
  /** Of the names of plans. */
  readonly name: number;
}

/** A piece of a message: as blocks, and as lines for when there is no room for them. */
interface Unit {
  readonly blocks: types.KnownBlock[];
  lines(room: Room): string[];
}

const AMPLE: Room = { words: 300, name: Infinity };
/** Sentences give way first; names only when there is no other way to fit a message into its blocks. */
const SHORTER: readonly Room[] = [
  AMPLE,
  { words: 150, name: Infinity },
  { words: 75, name: Infinity },
  { words: 75, name: 120 },
  { words: 75, name: 60 },
  { words: 75, name: 30 },
];
/** Slack found the whole message too long, and does not say by how much (chat.postMessage, `msg_too_long`). */
const REFUSED: readonly Room[] = [{ words: 300, name: 120 }, ...SHORTER.slice(3)];

/** As many units as blocks as fit, the rest as text. */
function assemble(units: readonly Unit[], room: number): types.KnownBlock[] {
  for (let kept = units.length; kept > 0; kept--) {
    const blocks = units.slice(0, kept).flatMap((unit) => unit.blocks);
    if (blocks.length > room) continue;
    const rest = asText(units.slice(kept), AMPLE);
    if (blocks.length + rest.length <= room) return [...blocks, ...rest];
  }
  return shortText(units, room, SHORTER);
}

function shortText(units: readonly Unit[], room: number, steps: readonly Room[]): types.KnownBlock[] {
  let sections: types.KnownBlock[] = [];
  for (const step of steps) {
    sections = asText(units, step);
    if (sections.length <= room) break;
  }
  return sections.slice(0, room);
}

function asText(units: readonly Unit[], room: Room): types.KnownBlock[] {
  const sections: string[] = [];
  for (const line of units.flatMap((unit) => unit.lines(room))) {
    const longer = sections.length === 0 ? line : `${sections.at(-1)}\n${line}`;
    if (sections.length === 0 || plainLength(longer) > LIMITS.section) sections.push(line);
    else sections[sections.length - 1] = longer;
  }
  return sections.map((text) => ({ type: 'section', text: plainText(text, LIMITS.section) }));
}

/** Of the values of facts at least as much is kept: an amount is never cut. */
const VALUE = 80;

function drawBlock(block: Block, actions: readonly Action[]): Unit[] {
  switch (block.type) {
    case 'heading':
      return unit(block.text, { type: 'header', text: plainText(block.text, LIMITS.header) });
    case 'text':
      return drawText(block.text, block.tone);
    case 'facts':
      return drawFacts(block.facts);
    case 'gauge':
      return [drawGauge(block)];
    case 'offers':
      return block.offers.map((card) => drawCard(card, actions));
    case 'image':
      if (!isUrl(block.url)) return drawText(block.alt, 'hint');
      return unit(block.alt, { type: 'image', image_url: block.url, alt_text: plainText(block.alt, LIMITS.alt).text });
    case 'link':
      return drawLink(block.label, block.url);
  }
}

/** A unit of one block; none where there are no words, since Slack takes no empty texts. */
function unit(words: string, block: types.KnownBlock): Unit[] {
  if (words.trim() === '') return [];
  return [{ blocks: [block], lines: (room) => [clip(words, room.words)] }];
}

function drawText(text: string, tone: 'hint' | 'warning' | 'success' | undefined): Unit[] {
  if (tone === 'hint') return unit(text, { type: 'context', elements: [plainText(text, LIMITS.context)] });
  const words = tone === 'warning' ? `⚠️ ${text}` : tone === 'success' ? `✅ ${text}` : text;
  return text.trim() === '' ? [] : unit(words, { type: 'section', text: plainText(words, LIMITS.section) });
}

/** Two columns, ten to a section. */
function drawFacts(facts: readonly Fact[]): Unit[] {
  const units: Unit[] = [];
  for (let start = 0; start < facts.length; start += LIMITS.fields) {
    const part = facts.slice(start, start + LIMITS.fields);
    const fields = part
      .map(({ label, value }) =>
        textObject([[{ text: besides(label, value, LIMITS.field), bold: true }], [{ text: value }]], LIMITS.field),
      )
      .filter(({ text }) => text !== '');
    if (fields.length === 0) continue;
    units.push({
      blocks: [{ type: 'section', fields }],
      lines: ({ name }) => part.map(({ label, value }) => labelled(label, value, name)),
    });
  }
  return units;
}

/** A label before what it is the label of, in a line of text. */
function labelled(label: string, value: string, room: number): string {
  const kept = clip(value, Math.max(VALUE, room));
  return `${clip(besides(label, kept, LIMITS.section), room)}: ${kept}`;
}

function drawGauge({ label, share, level, caption }: GaugeBlock): Unit {
  const bar = gaugeBar(share, level);
  const name = besides(label, `${bar}\n${caption}`, LIMITS.section);
  const lines = [[{ text: name, bold: true }], [{ text: bar }], [{ text: caption }]];
  return {
    blocks: [{ type: 'section', text: textObject(lines, LIMITS.section) }],
    lines: (room) => [labelled(label, `${bar}, ${caption}`, room.name)],
  };
}

/** Name and price first and in full, then the rest as far as there is room. */
function drawCard(card: OfferCard, actions: readonly Action[]): Unit {
  const { title, price, badge = '', description = '', facts } = card;
  const lines: Run[][] = [
    [{ text: besides(title, `${price}\n${badge}`, LIMITS.section), bold: true }],
    [{ text: price }],
    [{ text: badge }],
    [{ text: clip(description, 1000) }],
    ...facts.map(({ label, value }) => [{ text: `${label}: ${value}` }]),
  ];
  const section = { type: 'section', text: textObject(lines, LIMITS.section) } as const;
  const nameAndPrice = (room: Room, more = '') =>
    `${clip(besides(title, `${price}${more}`, LIMITS.section), room.name)} – ${price}${more}`;
  const action = card.action === undefined ? undefined : actions[card.action];
  if (action === undefined || card.action === undefined)
    return { blocks: [section], lines: (room) => [nameAndPrice(room)] };
  const number = card.action + 1;
  const more = saysMore(action.label, card);
  return {
    blocks: [{ ...section, accessory: button(action, card.action, more ? action.label : price) }],
    lines: (room) => [`${number}. ${nameAndPrice(room, more ? ` (${clip(action.label, room.words)})` : '')}`],
  };
}

/** "Super 10 GB · RM 5.00" beside a card of that name and price says nothing new: its button is then just the price. */
function saysMore(label: string, { title, price }: OfferCard): boolean {
  const says = (words: string) => unturned(label).includes(unturned(words));
  return price.trim() === '' || price.length > LIMITS.button || !says(title) || !says(price);
}

function drawLink(label: string, url: string): Unit[] {
  if (!isUrl(url)) return drawText(label, undefined);
  const text = plainText(label, LIMITS.button);
  return [
    {
      blocks: [{ type: 'actions', elements: [{ type: 'button', action_id: 'link', text, url }] }],
      lines: (room) => [`${clip(label, room.words)}: ${url}`],
    },
  ];
}

function isUrl(url: string): boolean {
  return url.length <= LIMITS.url && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function cardActions(offers: readonly OfferCard[], { actions }: Message): number[] {
  return offers.flatMap(({ action }) => (action !== undefined && actions[action] !== undefined ? [action] : []));
}

/** More rows of buttons than this and nobody finds the one they want; the rest can be typed. */
const MAX_ROWS = 2;

/** The form's button and the actions that are on no card, and before them those that need words: too many, or too long. */
function actionRows(message: Message, onCards: ReadonlySet<number>): types.KnownBlock[] {
  const form = formButton(message);
  const buttons = form === undefined ? [] : [form];
  const lines: Unit[] = [];
  message.actions.forEach((action, index) => {
    if (onCards.has(index)) return;
    const room = buttons.length < MAX_ROWS * LIMITS.elements;
    if (room) buttons.push(button(action, index, action.label));
    if (!room || action.label.length > LIMITS.button) {
      lines.push({ blocks: [], lines: () => [`${index + 1}. ${action.label}`] });
    }
  });
  const rows: types.KnownBlock[] = asText(lines, AMPLE);
  for (let start = 0; start < buttons.length; start += LIMITS.elements) {
    rows.push({ type: 'actions', elements: buttons.slice(start, start + LIMITS.elements) });
  }
  return rows;
}

function button({ token, style }: Action, index: number, label: string): types.Button {
  return {
    type: 'button',
    action_id: `action-${index}`,
    text: plainText(label, LIMITS.button),
    value: token,
    ...(style !== 'default' && { style }),
  };
}

function formButton({ form }: Message): types.Button | undefined {
  const value = form && carryForm(form);
  if (form === undefined || value === undefined) return undefined;
  return { type: 'button', action_id: FORM_ACTION, text: plainText(form.open, LIMITS.button), value, style: 'primary' };
}

/** Only blocks with buttons need an id: a press brings it back, and with it the place the message was for. */
function withId(block: types.KnownBlock, index: number, { id, place }: RenderOptions): types.KnownBlock {
  const pressable = block.type === 'actions' || (block.type === 'section' && block.accessory !== undefined);
  return pressable ? { ...block, block_id: blockIdOf(id, index, place) } : block;
}

const PLACE = '~';

function blockIdOf(id: string, index: number, place: string): string {
  return `${id.slice(0, 60)}.${index}${PLACE}${place}`.slice(0, LIMITS.blockId);
}

/** The place in a block id of ours; `undefined` for any other. */
export function placeInBlockId(blockId: string): string | undefined {
  const at = blockId.indexOf(PLACE);
  return at < 0 ? undefined : blockId.slice(at + 1);
}
