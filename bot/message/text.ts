import type { GaugeLevel } from '../domain/quota.js';
import { normalise } from './match.js';
import type { Action, Block, Fact, Message, OfferCard } from './message.js';

/**
 * A message as plain text, for a channel (or a moment) without anything better: gauges become text bars, cards become
 * lines, and each action gets the number by which it can be typed. Names, prices and every action survive; what is lost is
 * looks only. Nothing is escaped and nothing shortened: that is the channel's business.
 */
export function toText(message: Message): string {
  const onCards = new Set<number>();
  const parts = message.blocks.map((block) => blockText(block, message.actions, onCards));
  const rest = message.actions.flatMap(({ label }, index) => (onCards.has(index) ? [] : [`${index + 1}. ${label}`]));
  return [...parts, rest.join('\n')].filter((part) => part !== '').join('\n\n');
}

const CELLS = 10;

/** `▓▓▓░░░░░░░ 30%`. Never empty while something is left, never full once something is used. */
export function gaugeBar(share: number, level: GaugeLevel): string {
  if (level === 'unlimited') return '▓'.repeat(CELLS);
  const filled = within(share, CELLS);
  return `${'▓'.repeat(filled)}${'░'.repeat(CELLS - filled)} ${within(share, 100)}%`;
}

function within(share: number, steps: number): number {
  if (!(share > 0)) return 0;
  return share >= 1 ? steps : Math.min(steps - 1, Math.max(1, Math.floor(share * steps)));
}

function blockText(block: Block, actions: readonly Action[], onCards: Set<number>): string {
  switch (block.type) {
    case 'heading':
    case 'text':
      return block.text;
    case 'facts':
      return factLines(block.facts).join('\n');
    case 'gauge':
      return `${block.label}\n${gaugeBar(block.share, block.level)}\n${block.caption}`;
    case 'offers':
      return block.offers.map((card) => cardText(card, actions, onCards)).join('\n\n');
    case 'image':
      return block.alt;
    case 'link':
      return `${block.label}: ${block.url}`;
  }
}

function cardText(card: OfferCard, actions: readonly Action[], onCards: Set<number>): string {
  const action = card.action === undefined ? undefined : actions[card.action];
  const lines = [`${card.title} – ${card.price}`];
  if (action !== undefined && card.action !== undefined) {
    onCards.add(card.action);
    // "1. Super 10 GB – RM 5.00 (Buy)": the action's words can be typed too, so they are shown unless the title says them.
    const words = normalise(action.label) === normalise(card.title) ? '' : ` (${action.label})`;
    lines[0] = `${card.action + 1}. ${lines[0]}${words}`;
  }
  if (card.badge !== undefined) lines.push(card.badge);
  if (card.description !== undefined) lines.push(card.description);
  return [...lines, ...factLines(card.facts)].join('\n');
}

function factLines(facts: readonly Fact[]): string[] {
  return facts.map(({ label, value }) => `${label}: ${value}`);
}
