import { type Locale, phrases } from '../i18n/index.js';
import { matchKeyword, matchOption } from '../message/match.js';
import type { FlowRegistry } from './registry.js';
import type { ChoiceSet, Intent, Session } from './session.js';

/** What came in, stripped of where it came from. */
export type Input =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'press'; readonly token: string }
  | { readonly kind: 'form'; readonly token: string; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'hello' }
  | { readonly kind: 'system'; readonly name: string; readonly ref: string };

export type Understood =
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** A button of a message too old to act on; `intent` is the polite way out. */
  | { readonly kind: 'stale'; readonly intent: Intent }
  | { readonly kind: 'unknown' };

const UNKNOWN: Understood = { kind: 'unknown' };

/** The token a button carries: enough to find its choice again, or to say what kind of button it was when it is stale. */
export function tokenOf(intent: string, setId: string, index: number): string {
  return `${intent}~${setId}~${index}`;
}

/** The token a form carries. */
export function formTokenOf(intent: string, setId: string): string {
  return `${intent}~${setId}~form`;
}

/**
 * Turns an input into an intent. Pure. A press means what its own message offered; words mean an option of the latest
 * message (its number or its label), else a phrase of the catalogues. Nothing here decides: flows do.
 */
export function understand(
  input: Input,
  session: Session,
  registry: FlowRegistry,
  locale: Locale,
  now: number,
): Understood {
  switch (input.kind) {
    case 'hello':
      return known({ name: 'hello' });
    case 'system':
      return known({ name: input.name, slots: { ref: input.ref } });
    case 'press':
      return understandPress(input.token, session.choices, registry, now);
    case 'form':
      return understandForm(input.token, input.values, session.choices, registry, now);
    case 'text':
      return understandText(input.text, session, registry, locale, now);
  }
}

function understandPress(token: string, sets: readonly ChoiceSet[], registry: FlowRegistry, now: number): Understood {
  const [name = '', setId, index] = token.split('~');
  const set = sets.find(({ id, until }) => id === setId && until > now);
  const option = set?.options[Number(index)];
  if (option !== undefined && option.intent.name === name) return known(option.intent);
  // "Balance" means the same however old its button is; "this offer" does not.
  const kind = registry.entry(name)?.kind;
  if (kind === 'aside' || kind === 'switch') return known({ name });
  const fallback = registry.whenStale(name);
  return fallback === undefined ? UNKNOWN : { kind: 'stale', intent: fallback };
}

function understandForm(
  token: string,
  values: Readonly<Record<string, string>>,
  sets: readonly ChoiceSet[],
  registry: FlowRegistry,
  now: number,
): Understood {
  const [name = '', setId] = token.split('~');
  const form = sets.find(({ id, until }) => id === setId && until > now)?.form;
  if (form?.name === name) return known({ name, slots: { ...values, ...form.slots } });
  const fallback = registry.whenStale(name);
  return fallback === undefined ? UNKNOWN : { kind: 'stale', intent: fallback };
}

function understandText(
  text: string,
  session: Session,
  registry: FlowRegistry,
  locale: Locale,
  now: number,
): Understood {
  const option = optionMeant(text, session.choices.at(-1));
  if (option !== undefined) {
    if (option.until > now) return known(option.intent);
    const fallback = registry.whenStale(option.intent.name);
    return fallback === undefined ? known(option.intent) : { kind: 'stale', intent: fallback };
  }
  const keyword = matchKeyword(text, phrases(locale));
  return keyword === undefined ? UNKNOWN : known({ name: keyword });
}

/** The option of the latest message that a text names. One that buys must be named in full. */
function optionMeant(text: string, latest: ChoiceSet | undefined): { intent: Intent; until: number } | undefined {
  if (latest === undefined) return undefined;
  const { options, until } = latest;
  const labels = options.map(({ label }) => label);
  const index = matchOption(text, labels);
  const option = index === undefined ? undefined : options[index];
  if (option === undefined) return undefined;
  if (option.exact === true && matchOption(text, labels, 'exact') !== index) return undefined;
  return { intent: option.intent, until };
}

function known(intent: Intent): Understood {
  return { kind: 'intent', intent };
}
