import type { Activity } from 'botbuilder';
import { clip } from '../../bot/message/clip.js';
import type { Block, Message } from '../../bot/message/message.js';
import { toText } from '../../bot/message/text.js';
import { bodyOf, type Card } from './card.js';
import { type Limits, shorten } from './shorten.js';

/** Largest activity, in bytes as Teams counts them: UTF-16, so two per unit of the JSON (CHANNELS.md, Teams). */
export const MAX_BYTES = 80 * 1024;
const MAX_UNITS = MAX_BYTES / 2;

/** Who talks to whom, and where; counts towards the size. */
export type Envelope = Pick<Partial<Activity>, 'from' | 'recipient' | 'conversation'>;

const SUMMARY = 200;
const SPOKEN = 1_000;

/** No card cuts a name or a price: where a whole one does not fit, plain text holds several times as much. */
const WHOLE = { name: Number.POSITIVE_INFINITY, price: Number.POSITIVE_INFINITY };

/** How a message gives way when it is too large, step by step; nearly every message is drawn by the first. */
const STEPS: readonly (Limits & Card)[] = [
  { ...WHOLE, text: 8_000, fact: 1_000, description: 2_000, offerFact: 1_000, offers: 'cards' },
  { ...WHOLE, text: 2_000, fact: 300, description: 0, offerFact: 300, offers: 'cards' },
  { ...WHOLE, text: 600, fact: 100, description: 0, offerFact: 0, offers: 'lines' },
];

const SHORT: Limits = { ...WHOLE, text: 60, fact: 60, description: 0, offerFact: 0 };
const SHORTEST: Limits = { ...SHORT, name: 60, price: 40 };
/** The same for plain text, which takes a fifth of the room. Names go last, and prices after them: only then do they not fit any message. */
const TEXT_STEPS: readonly Limits[] = [
  { ...WHOLE, text: 4_000, fact: 200, description: 200, offerFact: 200 },
  { ...WHOLE, text: 1_000, fact: 100, description: 0, offerFact: 100 },
  { ...SHORT, text: 300 },
  SHORT,
  { ...SHORT, name: 200 },
  { ...SHORT, name: 60 },
  SHORTEST,
];

/** The message as an Adaptive Card, or as plain text where no card holds it. As JSON, because that is what is measured and sent. */
export function render(message: Message, envelope: Envelope): string {
  for (const step of STEPS) {
    const json = JSON.stringify({ ...envelope, ...cardActivity(shorten(message, step), step) });
    if (json.length <= MAX_UNITS) return json;
  }
  return renderText(message, envelope);
}

/** The message as plain text: what still passes when Teams refuses the card for its size or its looks. */
export function renderText(message: Message, envelope: Envelope): string {
  for (const step of TEXT_STEPS) {
    const json = JSON.stringify({ ...envelope, ...textActivity(toText(shorten(message, step)), message) });
    if (json.length <= MAX_UNITS) return json;
  }
  // More names and prices than fit any message: the last ones go.
  const text = clip(toText(shorten(message, SHORTEST)), MAX_UNITS / 4);
  return JSON.stringify({ ...envelope, ...textActivity(text, message) });
}

function cardActivity(message: Message, step: Card): Partial<Activity> {
  const spoken = clip(message.blocks.flatMap(spokenWords).join('. '), SPOKEN);
  const content = {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    // The language alone: cards have no place for a region.
    lang: message.language.split('-')[0],
    ...(message.direction === 'rtl' && { rtl: true }),
    fallbackText: clip(toText(message), SPOKEN),
    // It may be SSML, so nothing in it may look like a tag.
    speak: spoken.replaceAll(/[<>&]/g, ' '),
    body: bodyOf(message, step),
  };
  return {
    type: 'message',
    locale: message.language,
    summary: summaryOf(message),
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }],
  };
}

function textActivity(text: string, message: Message): Partial<Activity> {
  return { type: 'message', locale: message.language, textFormat: 'plain', text, summary: summaryOf(message) };
}

/** What a notification shows. */
function summaryOf({ blocks, actions }: Message): string {
  const words = blocks.flatMap(spokenWords)[0] ?? actions[0]?.label ?? '';
  return clip(words.replaceAll('\n', ' '), SUMMARY);
}

function spokenWords(block: Block): readonly string[] {
  switch (block.type) {
    case 'heading':
    case 'text':
      return [block.text];
    case 'facts':
      return block.facts.map(({ label, value }) => `${label}: ${value}`);
    case 'gauge':
      return [`${block.label}: ${block.caption}`];
    case 'offers':
      return block.offers.map(({ title, price }) => `${title}, ${price}`);
    case 'image':
      return [block.alt];
    case 'link':
      return [block.label];
  }
}
