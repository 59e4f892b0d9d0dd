import type { Action, Block, Fact, Form, GaugeBlock, Message, OfferCard } from '../../bot/message/message.js';
import { type Element, isPlain, type Look, literal, run } from './literal.js';

/** More buttons in one ActionSet are hidden behind an overflow menu or not drawn at all (CHANNELS.md, Teams). */
export const ACTIONS_PER_SET = 6;

/** Inputs come back under this prefix: a field named like one of ours cannot pass for it. */
export const FIELD = 'field_';

export interface Card {
  /** `cards` draws each offer with its button, `lines` writes "1. Super 10 GB – RM 5.00 (Buy)". */
  readonly offers: 'cards' | 'lines';
}

/** The body of an Adaptive Card 1.5, in the order of the message: blocks, form, then the actions that are on no offer. */
export function bodyOf(message: Message, { offers }: Card): Element[] {
  const { actions, blocks, form } = message;
  const drawn = new Set<number>();
  const elements = blocks.flatMap((block) =>
    block.type === 'offers'
      ? block.offers.flatMap((offer) => (offers === 'cards' ? offerCard : offerLine)(offer, actions, drawn))
      : drawBlock(block),
  );
  const rest = actions.filter((_, index) => !drawn.has(index));
  return [...elements, ...(form === undefined ? [] : drawForm(form)), ...actionSets(rest.map(press))];
}

/** Said in full, because a client gives headings a size of its own otherwise. */
const TITLE: Look = { size: 'medium', weight: 'bolder' };

const TONES: Readonly<Record<'hint' | 'warning' | 'success', Look>> = {
  hint: { isSubtle: true, size: 'small' },
  warning: { color: 'warning' },
  success: { color: 'good' },
};

function drawBlock(block: Exclude<Block, { type: 'offers' }>): Element[] {
  switch (block.type) {
    case 'heading':
      return literal(block.text, TITLE, { style: 'heading' });
    case 'text':
      return literal(block.text, block.tone === undefined ? {} : TONES[block.tone]);
    case 'facts':
      return drawFacts(block.facts);
    case 'gauge':
      return drawGauge(block);
    case 'image':
      // Teams fetches images from its own servers, by https only.
      if (!/^https:\/\/\S+$/i.test(block.url)) return literal(block.alt, TONES.hint);
      return [{ type: 'Image', url: block.url, altText: block.alt, size: 'stretch' }];
    case 'link':
      if (!/^https?:\/\/\S+$/i.test(block.url)) return literal(block.label);
      return actionSets([{ type: 'Action.OpenUrl', title: block.label, url: block.url }]);
  }
}

function drawFacts(facts: readonly Fact[]): Element[] {
  if (facts.length === 0) return [];
  if (facts.every(({ label, value }) => isPlain(label) && isPlain(value))) {
    return [{ type: 'FactSet', facts: facts.map(({ label, value }) => ({ title: label, value })) }];
  }
  // A FactSet is Markdown too, and has no literal form.
  return facts.map(({ label, value }) => ({
    type: 'RichTextBlock',
    inlines: [run(`${label}  `, { weight: 'bolder' }), run(value)],
    spacing: 'small',
  }));
}

const WORRY = {
  unlimited: { isSubtle: true },
  good: { isSubtle: true },
  low: { color: 'warning' },
  empty: { color: 'attention' },
} as const;
const FILL = { unlimited: 'accent', good: 'good', low: 'warning', empty: 'attention' } as const;

/** A bar of two weighted columns between its label and its caption; where columns are not drawn, the caption says it all. */
function drawGauge({ label, caption, share, level }: GaugeBlock): Element[] {
  const percent = level === 'unlimited' ? 100 : percentOf(share);
  const column = (width: number, style: string): Element => ({
    type: 'Column',
    width,
    style,
    spacing: 'none',
    minHeight: '8px',
    items: [],
  });
  const columns = [
    ...(percent > 0 ? [column(percent, FILL[level])] : []),
    ...(percent < 100 ? [column(100 - percent, 'emphasis')] : []),
  ];
  return [
    ...literal(label, { weight: 'bolder' }, { spacing: 'medium' }),
    { type: 'ColumnSet', columns, spacing: 'small', fallback: 'drop' },
    ...literal(caption, { ...WORRY[level], size: 'small' }, { spacing: 'small' }),
  ];
}

/** Never nothing while something is left, never all once something is used. */
function percentOf(share: number): number {
  if (!(share > 0)) return 0;
  return share >= 1 ? 100 : Math.min(99, Math.max(1, Math.round(share * 100)));
}

function offerCard(offer: OfferCard, actions: readonly Action[], drawn: Set<number>): Element[] {
  const { title, price, badge, description, facts } = offer;
  const action = offer.action === undefined ? undefined : actions[offer.action];
  if (action !== undefined && offer.action !== undefined) drawn.add(offer.action);
  const head: Element = {
    type: 'ColumnSet',
    columns: [
      { type: 'Column', width: 'stretch', items: literal(title, TITLE, { style: 'heading' }) },
      { type: 'Column', width: 'auto', items: literal(price, { weight: 'bolder', color: 'accent' }) },
    ],
  };
  return [
    {
      type: 'Container',
      style: 'emphasis',
      spacing: 'medium',
      items: [
        ...(badge === undefined ? [] : literal(badge, { color: 'good', size: 'small', weight: 'bolder' })),
        head,
        ...(description === undefined ? [] : literal(description, {}, { spacing: 'small' })),
        ...drawFacts(facts),
        ...(action === undefined ? [] : actionSets([press(action)])),
      ],
    },
  ];
}

function offerLine(offer: OfferCard, actions: readonly Action[], drawn: Set<number>): Element[] {
  const { title, price, badge } = offer;
  const action = offer.action === undefined ? undefined : actions[offer.action];
  if (action === undefined || offer.action === undefined) return literal(`${title} – ${price}`);
  drawn.add(offer.action);
  const extra = badge === undefined ? '' : ` · ${badge}`;
  return literal(`${offer.action + 1}. ${title} – ${price} (${action.label})${extra}`.replaceAll('\n', ' '));
}

function drawForm({ token, title, submit, fields }: Form): Element[] {
  const inputs = fields.map(({ name, kind, label }) => ({
    type: 'Input.Text',
    id: `${FIELD}${name}`,
    label,
    maxLength: 200,
    style: kind === 'phone' ? 'tel' : 'text',
  }));
  const button = execute(submit, { kind: 'form', token }, { style: 'positive' });
  return [
    {
      type: 'Container',
      spacing: 'medium',
      items: [...literal(title, TITLE, { style: 'heading' }), ...inputs, ...actionSets([button])],
    },
  ];
}

const STYLES = { default: undefined, primary: 'positive', danger: 'destructive' } as const;

function press({ token, label, style }: Action): Element {
  const named = STYLES[style];
  // Inputs elsewhere on the card are none of this button's business.
  return execute(label, { kind: 'press', token }, { associatedInputs: 'none', ...(named && { style: named }) });
}

/** A universal action, and for clients that have none a plain submit with the same data. */
function execute(
  title: string,
  refill: { kind: 'press' | 'form'; token: string },
  rest: Readonly<Record<string, string>>,
): Element {
  const data = { refill };
  return {
    type: 'Action.Execute',
    title,
    verb: refill.kind,
    data,
    ...rest,
    fallback: { type: 'Action.Submit', title, data, ...rest },
  };
}

function actionSets(actions: readonly Element[]): Element[] {
  const sets: Element[] = [];
  for (let start = 0; start < actions.length; start += ACTIONS_PER_SET) {
    sets.push({ type: 'ActionSet', actions: actions.slice(start, start + ACTIONS_PER_SET) });
  }
  return sets;
}
