import type { types } from '@slack/bolt';
import { clip } from '../../bot/message/clip.js';
import type { Action, Block, Fact, GaugeBlock, Message, OfferCard } from '../../bot/message/message.js';
import { gaugeBar, toText } from '../../bot/message/text.js';
import { turned, unturned } from './direction.js';
import { carryForm, FORM_ACTION } from './form.js';
import { clipEncoded, escapeMrkdwn, plainText, type Run, textObject } from './text.js';

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
  const content = options.compact === true ? shortText(units, room) : assemble(units, room);
  return {
    text: clipEncoded(toText(message), LIMITS.fallback, escapeMrkdwn) || '–',
    blocks: [...content, ...rows].map((block, index) => withId(block, index, options)),
  };
}

/** A piece of a message: as blocks, and as a line for when there is no room for them. */
interface Unit {
  readonly blocks: types.KnownBlock[];
  /** `scale` from 1 down says how much of each text to keep. */
  line(scale: number): string;
}

/** As many units as blocks as fit, the rest as text. */
function assemble(units: readonly Unit[], room: number): types.KnownBlock[] {
  for (let kept = units.length; kept > 0; kept--) {
    const blocks = units.slice(0, kept).flatMap((unit) => unit.blocks);
    if (blocks.length > room) continue;
    const rest = asText(units.slice(kept), 1);
    if (blocks.length + rest.length <= room) return [...blocks, ...rest];
  }
  return shortText(units, room);
}

function shortText(units: readonly Unit[], room: number): types.KnownBlock[] {
  for (const scale of [1, 0.5, 0.25]) {
    const sections = asText(units, scale);
    if (sections.length <= room) return sections;
  }
  return asText(units, 0.25).slice(0, room);
}

function asText(units: readonly Unit[], scale: number): types.KnownBlock[] {
  const sections: string[] = [];
  for (const unit of units) {
    const line = unit.line(scale);
    const last = sections.at(-1);
    // Half of what a section takes: control sequences are written a little longer than they are.
    if (last === undefined || last.length + line.length > LIMITS.section / 2) sections.push(line);
    else sections[sections.length - 1] = `${last}\n${line}`;
  }
  return sections.map((text) => ({ type: 'section', text: plainText(text, LIMITS.section) }));
}

/** What a piece may take in a line of text; names and prices are shortened to less, so that both are always there. */
const LINE = { text: 300, name: 120, price: 100 } as const;

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
  return [{ blocks: [block], line: (scale) => clip(words, LINE.text * scale) }];
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
        textObject([[{ text: clip(label, 500), bold: true }], [{ text: value }]], LIMITS.field),
      )
      .filter(({ text }) => text !== '');
    if (fields.length === 0) continue;
    units.push({
      blocks: [{ type: 'section', fields }],
      line: (scale) =>
        part.map(({ label, value }) => `${clip(label, 60 * scale)}: ${clip(value, 80 * scale)}`).join('\n'),
    });
  }
  return units;
}

function drawGauge({ label, share, level, caption }: GaugeBlock): Unit {
  const bar = gaugeBar(share, level);
  const lines = [[{ text: clip(label, 500), bold: true }], [{ text: bar }], [{ text: caption }]];
  return {
    blocks: [{ type: 'section', text: textObject(lines, LIMITS.section) }],
    line: (scale) => `${clip(label, LINE.name * scale)}: ${bar}, ${clip(caption, LINE.name * scale)}`,
  };
}

/** Name and price first and in full, then the rest as far as there is room. */
function drawCard(card: OfferCard, actions: readonly Action[]): Unit {
  const lines: Run[][] = [[{ text: clip(card.title, 500), bold: true }], [{ text: clip(card.price, 200) }]];
  if (card.badge !== undefined) lines.push([{ text: clip(card.badge, 200) }]);
  if (card.description !== undefined) lines.push([{ text: clip(card.description, 1000) }]);
  for (const { label, value } of card.facts) lines.push([{ text: `${clip(label, 100)}: ${clip(value, 300)}` }]);
  const section = { type: 'section', text: textObject(lines, LIMITS.section) } as const;
  const nameAndPrice = (scale: number) =>
    `${clip(card.title, LINE.name * scale)} – ${clip(card.price, LINE.price * scale)}`;
  const action = card.action === undefined ? undefined : actions[card.action];
  if (action === undefined || card.action === undefined) return { blocks: [section], line: nameAndPrice };
  const number = card.action + 1;
  const more = saysMore(action.label, card);
  return {
    blocks: [{ ...section, accessory: button(action, card.action, more ? action.label : card.price) }],
    line: (scale) => `${number}. ${nameAndPrice(scale)}${more ? ` (${clip(action.label, LINE.name * scale)})` : ''}`,
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
      line: (scale) => `${clip(label, LINE.name * scale)}: ${url}`,
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
      lines.push({ blocks: [], line: () => `${index + 1}. ${clip(action.label, LINE.text)}` });
    }
  });
  const rows: types.KnownBlock[] = asText(lines, 1);
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
