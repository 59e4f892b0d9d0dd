import type { types } from '@slack/bolt';
import { clip } from '../../bot/message/clip.js';

/** A stretch of text; `bold` where the platform's markup can say so. */
export interface Run {
  readonly text: string;
  readonly bold?: boolean;
}

/**
 * Characters that mrkdwn would read as markup however they are escaped: bold, italics, strike, code, `:emoji:`, and a quote
 * at the start of a line.
 */
const MARKUP = /[*_~`]|:[\w+'-]+:|(?:^|\n)\s*>/;

/**
 * Lines as a text object of at most `max` UTF-16 units, cut from the end. Words from outside are literal in it: when one
 * holds what mrkdwn would take for markup, the whole object is plain text and only the bold is lost. `verbatim` keeps Slack
 * from finding links, channels and `@here` in it.
 */
export function textObject(lines: readonly (readonly Run[])[], max: number): types.TextObject {
  const markup = lines.every((line) => line.every(({ text }) => !MARKUP.test(text)));
  let text = '';
  for (const line of lines) {
    const drawn = drawLine(line, max - text.length - (text === '' ? 0 : 1), markup);
    if (drawn === '') continue;
    text = text === '' ? drawn : `${text}\n${drawn}`;
  }
  return markup ? { type: 'mrkdwn', text, verbatim: true } : { type: 'plain_text', text, emoji: false };
}

function drawLine(line: readonly Run[], max: number, markup: boolean): string {
  let drawn = '';
  for (const { text, bold } of line) {
    const stars = markup && bold === true;
    const room = max - drawn.length - (stars ? 2 : 0);
    if (room < 1) break;
    const words = stars ? text.trim().replace(/\s*\n\s*/g, ' ') : text;
    const fitted = clipEncoded(words, room, markup ? escapeMrkdwn : breakControls);
    drawn += stars && fitted.trim() !== '' ? `*${fitted}*` : fitted;
  }
  return drawn.trim() === '' ? '' : drawn;
}

/** A plain text object of at most `max` UTF-16 units; a dash where there is nothing to say, since Slack takes no empty ones. */
export function plainText(text: string, max: number): types.PlainTextElement {
  const fitted = clipEncoded(text, max, breakControls).trim();
  return { type: 'plain_text', text: fitted === '' ? '–' : fitted, emoji: false };
}

/** `text` cut between graphemes so that what `encode` makes of it has at most `max` UTF-16 units. */
export function clipEncoded(text: string, max: number, encode: (text: string) => string): string {
  return encode(clipFor(text, max, encode));
}

function clipFor(text: string, max: number, encode: (text: string) => string): string {
  let budget = max;
  for (;;) {
    const clipped = clip(text, budget);
    const { length } = encode(clipped);
    if (length <= max) return clipped;
    budget = Math.min(budget - 1, Math.floor((budget * max) / length));
  }
}

/** What stands between two texts, and around one of them. */
const AROUND = 20;
/** Less of a name says nothing. */
const LEAST = 30;

/** `name`, cut only where it has to be so that `rest` has room beside it in `max` UTF-16 units, as markup or plain. */
export function besides(name: string, rest: string, max: number): string {
  return clipFor(name, Math.max(LEAST, max - escapeMrkdwn(rest).length - AROUND), escapeMrkdwn);
}

/** How many UTF-16 units a text has in a plain text object. */
export function plainLength(text: string): number {
  return breakControls(text).length;
}

/** The three characters with which Slack's control sequences begin and end (docs.slack.dev, "Escaping text"). */
export function escapeMrkdwn(text: string): string {
  return /[&<>]/.test(text) ? text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') : text;
}

/** Plain text objects need no escaping; a word joiner all the same makes sure that nobody takes `<!channel>` for more. */
function breakControls(text: string): string {
  return text.includes('<') ? text.replace(/<(?=[!@#])/g, '<\u2060') : text;
}

const CONTROL = /<([^<>|]*)(?:\|([^<>]*))?>/g;

/** What somebody typed, out of what Slack made of it: mentions of the bot go, links and numbers become their own words. */
export function decodeText(text: string, botUser: string | undefined): string {
  const words = text.replace(CONTROL, (_whole, control: string, label: string | undefined) => {
    if (control.startsWith('@')) return control.slice(1) === botUser ? ' ' : (label ?? control);
    if (label !== undefined) return label;
    return control.replace(/^(?:mailto:|tel:|[!#])/, '');
  });
  return words.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').trim();
}
