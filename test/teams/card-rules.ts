import { parserErrors } from './card-parser.js';
import { schemaErrors } from './card-schema.js';

type Json = Readonly<Record<string, unknown>>;

/** What Teams would have against an activity: CHANNELS.md section 4, Microsoft's own parser, and its schema where it is at hand. */
export function cardProblems(activity: Json, json: string): string[] {
  const problems: string[] = [];
  if (Buffer.byteLength(json, 'utf16le') > 80 * 1024) problems.push('larger than 80 KB in UTF-16');
  if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(JSON.stringify(activity))) {
    problems.push('half a character');
  }
  if (activity['type'] === 'typing') return problems;
  if (activity['type'] !== 'message') return [...problems, `an activity of type ${String(activity['type'])}`];
  const attachments = (activity['attachments'] ?? []) as readonly Json[];
  if (attachments.length === 0 && !activity['text']) problems.push('neither text nor card');
  if (activity['text'] && activity['textFormat'] !== 'plain') problems.push('text that Teams would read as markdown');
  for (const { contentType, content } of attachments) {
    if (contentType !== 'application/vnd.microsoft.card.adaptive')
      problems.push(`an attachment of type ${String(contentType)}`);
    else problems.push(...problemsOf(content as Json));
  }
  return problems;
}

function problemsOf(card: Json): string[] {
  const problems = [...(schemaErrors?.(card) ?? []), ...parserErrors(card)].slice(0, 3);
  if (card['version'] !== '1.5') problems.push(`version ${String(card['version'])}`);
  const says = wordsOf(card['body']).length > 0;
  if (says && !card['fallbackText']) problems.push('no fallbackText');
  const ids: unknown[] = [];
  for (const part of parts(card)) {
    const { type, actions, fallback } = part;
    if (type === 'ActionSet' && (actions as unknown[]).length > 6) problems.push('more than 6 actions in a set');
    if (type === 'Action.Execute' && (fallback as Json | undefined)?.['type'] !== 'Action.Submit') {
      problems.push('an Action.Execute without an Action.Submit to fall back to');
    }
    if (typeof type === 'string' && type.startsWith('Input.')) ids.push(part['id']);
    if (type === 'Image' && !String(part['url']).startsWith('https://')) problems.push('an image not by https');
    if (type === 'TextBlock' && part['wrap'] !== true) problems.push('a text that is cut off');
  }
  if (new Set(ids).size !== ids.length) problems.push('two inputs of one id');
  return problems;
}

/** Every object within a card, itself included. */
export function parts(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const within = Object.values(value).flatMap(parts);
  return Array.isArray(value) ? within : [value as Json, ...within];
}

/** The words of a card in the order they are drawn, buttons included. */
export function wordsOf(card: unknown): string[] {
  return parts(card).flatMap(({ type, text, title, value, altText, label }) => {
    if (type === 'Action.Submit') return [];
    return [text, title, type === undefined ? value : undefined, altText, label].filter(
      (word): word is string => typeof word === 'string',
    );
  });
}

/** The buttons of a card in order, each with what it sends. */
export function buttonsOf(card: unknown): { title: string; data: { refill: { kind: string; token: string } } }[] {
  return parts(card).filter(({ type }) => type === 'Action.Execute') as never;
}
