import { type Gauge, gaugeLevel, remainingShare } from '../domain/quota.js';
import type { Localized } from '../i18n/localized.js';
import type { Translator } from '../i18n/translator.js';
import type { Action, Block, Fact, GaugeBlock, Message } from './message.js';

type TextBlock = Extract<Block, { type: 'text' }>;

/** A message in the translator's language and direction. */
export function message(t: Translator, blocks: readonly Block[], actions: readonly Action[] = []): Message {
  return { language: t.locale, direction: t.direction, blocks, actions };
}

export function heading(text: Localized): Block {
  return { type: 'heading', text };
}

export function text(text: Localized, tone?: NonNullable<TextBlock['tone']>): Block {
  return tone === undefined ? { type: 'text', text } : { type: 'text', text, tone };
}

export function facts(...facts: readonly Fact[]): Block {
  return { type: 'facts', facts };
}

/** A gauge drawn and said: the share, the level and the caption all come from the same measure. */
export function gauge(t: Translator, label: Localized, measure: Gauge): GaugeBlock {
  return {
    type: 'gauge',
    label,
    share: remainingShare(measure),
    level: gaugeLevel(measure),
    caption: t.gauge(measure),
  };
}

export function action(token: string, label: Localized, style: Action['style'] = 'default'): Action {
  return { token, label, style };
}
