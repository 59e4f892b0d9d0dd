import { z } from 'zod';
import { createTranslators } from '../../bot/i18n/index.js';

/** What a message says about a purchase. */
export interface Told {
  readonly kind: 'ordered' | 'under-way' | 'checking' | 'receipt' | 'failed' | 'other';
  /** The message's id: shown twice it is still one message. */
  readonly message: string;
  /** Of a receipt. */
  readonly reference?: string;
}

const shown = z.object({
  id: z.string(),
  blocks: z.array(
    z.looseObject({
      type: z.string(),
      text: z.string().optional(),
      facts: z.array(z.object({ label: z.string(), value: z.string() })).optional(),
    }),
  ),
});

const { t } = createTranslators().for('en', 'UTC');
const NAME = '\u0001';
const around = (text: string) => text.split(NAME).map(plain);
const ORDERED = plain(t('purchase.on-its-way'));
const RECEIPT = plain(t('receipt.heading'));
const FAILED = plain(t('failure.heading'));
const REFERENCE = plain(t('receipt.reference'));
const CHECKING = around(t('purchase.checking', { name: NAME }));
const UNDER_WAY = around(t('purchase.under-way', { name: NAME }));

/** Reads a message as the subscriber would; English only. */
export function readMessage(message: unknown): Told {
  const { id, blocks } = shown.parse(message);
  const headings = blocks.filter(({ type }) => type === 'heading').map(({ text = '' }) => plain(text));
  const texts = blocks.filter(({ type }) => type === 'text').map(({ text = '' }) => plain(text));
  const says = (parts: readonly string[]) => texts.some((text) => parts.every((part) => text.includes(part)));
  if (headings.includes(RECEIPT)) {
    const facts = blocks.flatMap((block) => block.facts ?? []);
    const reference = facts.find(({ label }) => plain(label) === REFERENCE)?.value;
    return { kind: 'receipt', message: id, ...(reference !== undefined && { reference: plain(reference) }) };
  }
  if (headings.includes(FAILED)) return { kind: 'failed', message: id };
  if (headings.includes(ORDERED)) return { kind: 'ordered', message: id };
  if (says(CHECKING)) return { kind: 'checking', message: id };
  return { kind: says(UNDER_WAY) ? 'under-way' : 'other', message: id };
}

/** Without the marks that keep a price readable in a sentence of the other direction. */
export function plain(text: string): string {
  return text.replaceAll(/[\u2066-\u2069\u200e\u200f]/g, '').trim();
}
