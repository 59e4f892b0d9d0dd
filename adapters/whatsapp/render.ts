import { clip } from '../../bot/message/clip.js';
import type { Action, Block, Message, OfferCard } from '../../bot/message/message.js';
import { bodyLines, isWebUrl, saysAll } from './body.js';
import { join, type Line, literal, oneLine, fit as within } from './text.js';

/** CHANNELS.md 1, "Interactive message sizes", in UTF-16 units: what is within them is within them by any way of counting. */
export const LIMITS = {
  text: 4096,
  caption: 1024,
  body: 1024,
  listBody: 4096,
  header: 60,
  footer: 60,
  buttons: 3,
  buttonTitle: 20,
  rows: 10,
  rowTitle: 24,
  rowDescription: 72,
  sectionTitle: 24,
} as const;

/** The adapter's own words, in the message's language. */
export interface Words {
  /** On the button that opens a list; at most 20 characters. */
  readonly choose: string;
  /** Above the offers of a list, and above the rest; at most 24 characters. */
  readonly offers: string;
  readonly more: string;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly description?: string;
}

type Header =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly image: { readonly link: string } };

interface Around {
  readonly header?: Header;
  readonly body: { readonly text: string };
  readonly footer?: { readonly text: string };
}

export type Interactive =
  | (Around & {
      readonly type: 'button';
      readonly action: {
        readonly buttons: readonly {
          readonly type: 'reply';
          readonly reply: { readonly id: string; readonly title: string };
        }[];
      };
    })
  | (Around & {
      readonly type: 'list';
      readonly action: {
        readonly button: string;
        readonly sections: readonly { readonly title?: string; readonly rows: readonly Row[] }[];
      };
    })
  | (Around & {
      readonly type: 'request_contact_info';
      readonly action: { readonly name: 'request_contact_info' };
    })
  | (Around & {
      readonly type: 'cta_url';
      readonly action: {
        readonly name: 'cta_url';
        readonly parameters: { readonly display_text: string; readonly url: string };
      };
    });

/** The part of a Cloud API message that says what it is. */
export type Content =
  | { readonly type: 'text'; readonly text: { readonly body: string; readonly preview_url: false } }
  | { readonly type: 'image'; readonly image: { readonly link: string; readonly caption?: string } }
  | { readonly type: 'interactive'; readonly interactive: Interactive };

/**
 * One WhatsApp message for one turn, since replies are billed: reply buttons for up to three short choices, a list for more
 * or for offers, a link button where a link is all there is to press, else text. What fits no button or row is numbered in
 * the body, where it can be typed. Whoever hides their number and is asked for it gets WhatsApp's own button to share it
 * (interactive `request_contact_info`, CHANNELS.md "BSUID"). `media: false` leaves the image out and says its words. `undefined`: nothing to say.
 */
export function render(message: Message, words: Words, { media = true, knowsNumber = true } = {}): Content | undefined {
  const asked = message.asksNumber === true && !knowsNumber ? asContactRequest(message) : undefined;
  if (asked !== undefined) return asked;
  const image = media ? message.blocks.find((block) => block.type === 'image' && isWebUrl(block.url)) : undefined;
  const link = image?.type === 'image' ? { block: image, url: image.url } : undefined;
  if (message.actions.length === 0) return withoutActions(message, link);
  return asButtons(message, words, link) ?? asList(message, words);
}

interface Image {
  readonly block: Block;
  readonly url: string;
}

function withoutActions(message: Message, image: Image | undefined): Content | undefined {
  const links = message.blocks.filter((block) => block.type === 'link');
  const [link] = links;
  if (link?.type === 'link' && links.length === 1 && isWebUrl(link.url)) {
    const label = oneLine(link.label);
    const around = arrange(message, image, [link], () => false);
    if (
      label !== '' &&
      label.length <= LIMITS.buttonTitle &&
      around.whole !== '' &&
      around.whole.length <= LIMITS.body
    ) {
      const action = { name: 'cta_url', parameters: { display_text: label, url: link.url } } as const;
      return { type: 'interactive', interactive: { type: 'cta_url', ...dressed(around, LIMITS.body), action } };
    }
  }
  if (image !== undefined) {
    const caption = join(bodyLines(message, { blocks: new Set([image.block]), numbered: () => false }));
    if (caption.length <= LIMITS.caption) {
      return { type: 'image', image: { link: image.url, ...(caption !== '' && { caption }) } };
    }
  }
  const body = within(bodyLines(message, { blocks: new Set(), numbered: () => false }), LIMITS.text);
  return body === '' ? undefined : { type: 'text', text: { body, preview_url: false } };
}

/** Has no other buttons: what else there is to choose is numbered in the body. `undefined` when that would have to be cut. */
function asContactRequest(message: Message): Content | undefined {
  const text = join(bodyLines(message, { blocks: new Set(), numbered: () => true }));
  if (text === '' || text.length > LIMITS.body) return undefined;
  const action = { name: 'request_contact_info' } as const;
  return { type: 'interactive', interactive: { type: 'request_contact_info', body: { text }, action } };
}

/** `undefined` when they are too many, too long, alike, or offers, or when the body would have to be cut. */
function asButtons(message: Message, words: Words, image: Image | undefined): Content | undefined {
  const titles = message.actions.map(({ label }) => oneLine(label));
  const fits =
    titles.length <= LIMITS.buttons &&
    titles.every((title) => title !== '' && title.length <= LIMITS.buttonTitle) &&
    new Set(titles).size === titles.length &&
    message.blocks.every(({ type }) => type !== 'offers');
  if (!fits) return undefined;
  const around = arrange(message, image, [], () => false);
  if (around.whole.length > LIMITS.body) return undefined;
  const buttons = message.actions.map(({ token }, index) => ({
    type: 'reply' as const,
    reply: { id: token, title: titles[index] ?? '' },
  }));
  const dress = dressed(around, LIMITS.body, words.choose);
  return { type: 'interactive', interactive: { type: 'button', ...dress, action: { buttons } } };
}

function asList(message: Message, words: Words): Content {
  const { actions } = message;
  const cards = cardsByAction(message);
  const shown = rowsFor(actions.length).map((index) => ({ index, ...rowOf(actions, index, cards.get(index)) }));
  const inFull = new Set(shown.filter(({ whole }) => whole).map(({ index }) => index));
  const around = arrange(message, undefined, [], (index) => actions.length > LIMITS.rows || !inFull.has(index));
  const rows = distinct(shown);
  const offers = rows.filter((_, at) => cards.has(shown[at]?.index ?? -1));
  const others = rows.filter((_, at) => !cards.has(shown[at]?.index ?? -1));
  // A list of several sections needs a title on each; one section needs none.
  const sections =
    offers.length > 0 && others.length > 0
      ? [
          { title: clip(words.offers, LIMITS.sectionTitle), rows: offers },
          { title: clip(words.more, LIMITS.sectionTitle), rows: others },
        ]
      : [{ rows }];
  const action = { button: clip(words.choose, LIMITS.buttonTitle), sections };
  const dress = dressed(around, LIMITS.listBody, words.choose);
  return { type: 'interactive', interactive: { type: 'list', ...dress, action } };
}

/** Which actions get a row: all, or the first nine and the last one, which is the way out. */
function rowsFor(actions: number): number[] {
  const all = Array.from({ length: actions }, (_, index) => index);
  return actions <= LIMITS.rows ? all : [...all.slice(0, LIMITS.rows - 1), actions - 1];
}

function cardsByAction({ blocks }: Message): Map<number, OfferCard> {
  const cards = blocks.flatMap((block) => (block.type === 'offers' ? block.offers : []));
  return new Map(cards.flatMap((card) => (card.action === undefined ? [] : [[card.action, card] as const])));
}

/**
 * A row for an action. An offer's row is its name over its price, and then as much of the rest as fits: the price is never
 * what is cut. `whole`: the row says everything, or the offer's own lines in the body do.
 */
function rowOf(actions: readonly Action[], index: number, card: OfferCard | undefined): { row: Row; whole: boolean } {
  const action = actions[index];
  const label = oneLine(action?.label ?? '');
  const head = (text: string) => ({ id: action?.token ?? '', title: clip(text, LIMITS.rowTitle) || `${index + 1}` });
  const row = (text: string, description: string): Row =>
    description === '' ? head(text) : { ...head(text), description: clip(description, LIMITS.rowDescription) };
  if (card !== undefined && action !== undefined) {
    const name = oneLine(card.title);
    const says = saysAll(card, action);
    const shortName = name.length <= LIMITS.rowTitle ? [] : [name];
    const facts = card.facts.map(({ value }) => value);
    const rest = says ? [card.badge ?? '', ...shortName, ...facts] : [name, card.badge ?? ''];
    const description = [card.price, ...rest]
      .map(oneLine)
      .filter((part) => part !== '')
      .join(' · ');
    return { row: row(says ? name : label, description), whole: true };
  }
  const cut = label.length > LIMITS.rowTitle;
  return { row: row(label, cut ? label : ''), whole: label !== '' && label.length <= LIMITS.rowDescription };
}

/** Names that were cut to the same letters are told apart by the number that can be typed. */
function distinct(shown: readonly { readonly index: number; readonly row: Row }[]): Row[] {
  const count = new Map<string, number>();
  for (const { row } of shown) count.set(row.title, (count.get(row.title) ?? 0) + 1);
  return shown.map(({ index, row }) => {
    if (count.get(row.title) === 1) return row;
    const number = `${index + 1}. `;
    return { ...row, title: number + clip(row.title, LIMITS.rowTitle - number.length) };
  });
}

interface Arranged {
  readonly header: Header | undefined;
  readonly footer: string | undefined;
  readonly lines: readonly Line[];
  /** The body, uncut. */
  readonly whole: string;
}

/** What goes above, into and below the body: an image or a short heading, everything else, a short closing hint. */
function arrange(
  message: Message,
  image: Image | undefined,
  elsewhere: readonly Block[],
  numbered: (action: number) => boolean,
): Arranged {
  const { blocks } = message;
  const [first] = blocks;
  const last = blocks.length > 1 ? blocks.at(-1) : undefined;
  const heading = first?.type === 'heading' && image === undefined ? oneLine(first.text) : '';
  const headed = heading !== '' && heading.length <= LIMITS.header;
  const hint = last?.type === 'text' && last.tone === 'hint' ? oneLine(last.text) : '';
  const footed = hint !== '' && hint.length <= LIMITS.footer;
  const taken = new Set(elsewhere);
  if (image !== undefined) taken.add(image.block);
  if (headed && first !== undefined) taken.add(first);
  if (footed && last !== undefined) taken.add(last);
  const lines = bodyLines(message, { blocks: taken, numbered });
  const whole = join(lines);
  // A body may not be empty: what would stand around it stands in it.
  if (whole === '' && (headed || footed)) {
    if (headed && first !== undefined) taken.delete(first);
    if (footed && last !== undefined) taken.delete(last);
    const all = bodyLines(message, { blocks: taken, numbered });
    return { header: imageHeader(image), footer: undefined, lines: all, whole: join(all) };
  }
  return {
    header: headed ? { type: 'text', text: heading } : imageHeader(image),
    footer: footed ? literal(hint) : undefined,
    lines,
    whole,
  };
}

function imageHeader(image: Image | undefined): Header | undefined {
  return image && { type: 'image', image: { link: image.url } };
}

function dressed({ header, footer, lines }: Arranged, limit: number, otherwise = ''): Around {
  return {
    ...(header !== undefined && { header }),
    body: { text: within(lines, limit) || otherwise },
    ...(footer !== undefined && { footer: { text: footer } }),
  };
}
