import { type Locale, phrases } from '../i18n/index.js';
import { matchKeyword, matchOption, matchPhrase } from '../message/match.js';
import type { FlowRegistry } from './registry.js';
import type { ChoiceSet, Intent, Session } from './session.js';

/** Words. `at`: when they were taken in, in epoch milliseconds; absent: now. */
interface Said {
  readonly kind: 'text';
  readonly text: string;
  readonly at?: number;
  /** They were given up before, and are tried again. */
  readonly replayed?: true;
}

/** What came in, stripped of where it came from. */
export type Input =
  | Said
  | { readonly kind: 'press'; readonly token: string }
  | { readonly kind: 'form'; readonly token: string; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'hello' }
  | { readonly kind: 'system'; readonly name: string; readonly ref: string };

export type Understood =
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** A button of a message too old to act on; `intent` is the polite way out. */
  | { readonly kind: 'stale'; readonly intent: Intent }
  /** `isOld`: it was said before the last question was asked, and is no answer to it. */
  | { readonly kind: 'unknown'; readonly isOld?: true };

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
 * message (its number or its label), else a phrase of the catalogues; where `asksName`, hardly any words mean anything. Nothing
 * here decides: flows do.
 */
export function understand(
  input: Input,
  session: Session,
  registry: FlowRegistry,
  locale: Locale,
  now: number,
  asksName = false,
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
      return understandText(input, session.choices.at(-1), registry, locale, now, asksName);
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

/** What stops or leaves whatever is going on: said again late, it would leave something else. */
const OF_THE_MOMENT: ReadonlySet<string> = new Set(['cancel', 'back']);
/** Said alone, they are never a few words of a label: "stop" does not pick the plan "Non-Stop 5 GB". */
const NO_PART_OF_A_LABEL: ReadonlySet<string | undefined> = new Set(['stop', 'cancel']);
/** Said alone, they are no name. */
const NO_NAME: ReadonlySet<string | undefined> = new Set(['stop', 'cancel', 'back', 'help']);

function understandText(
  said: Said,
  latest: ChoiceSet | undefined,
  registry: FlowRegistry,
  locale: Locale,
  now: number,
  asksName: boolean,
): Understood {
  const { text, replayed = false } = said;
  const meanings = phrases(locale);
  const alone = matchPhrase(text, meanings);
  const isName = asksName && !NO_NAME.has(alone) && !isBefore(said, latest, skewOf(said));
  const option = optionMeant(said, latest, isName || NO_PART_OF_A_LABEL.has(alone) ? 'exact' : 'words');
  if (option !== undefined) {
    if (option.until > now) return known(option.intent);
    const fallback = registry.whenStale(option.intent.name);
    return fallback === undefined ? known(option.intent) : { kind: 'stale', intent: fallback };
  }
  if (isName) return UNKNOWN;
  const keyword = matchKeyword(text, meanings);
  const isOld = replayed && isBefore(said, latest, 0);
  if (keyword !== undefined && !(isOld && OF_THE_MOMENT.has(keyword))) return known({ name: keyword });
  return isOld ? { kind: 'unknown', isOld } : UNKNOWN;
}

/** Two machines' clocks differ by less, in milliseconds. What buys has none of it: at worst it is asked once more. */
const CLOCK_SKEW_MS = 5_000;

function skewOf({ replayed }: Said): number {
  return replayed === true ? 0 : CLOCK_SKEW_MS;
}

/** True for words that came before the message was sent: they cannot mean it. */
function isBefore({ at, replayed }: Said, { shownAt }: Partial<ChoiceSet> = {}, skewMs: number): boolean {
  if (at === undefined) return false;
  return shownAt === undefined ? replayed === true : at < shownAt - skewMs;
}

/** The option of the latest message that a text names. An exact one must be named in full, and after it was shown. */
function optionMeant(
  said: Said,
  latest: ChoiceSet | undefined,
  how: 'words' | 'exact',
): { intent: Intent; until: number } | undefined {
  if (latest === undefined) return undefined;
  const { text } = said;
  const { options, until } = latest;
  const labels = options.map(({ label }) => label);
  const index = matchOption(text, labels, how);
  const option = index === undefined ? undefined : options[index];
  if (option === undefined) return undefined;
  if (option.exact === true && matchOption(text, labels, 'exact') !== index) return undefined;
  if (isBefore(said, latest, option.exact === true ? 0 : skewOf(said))) return undefined;
  return { intent: option.intent, until };
}

function known(intent: Intent): Understood {
  return { kind: 'intent', intent };
}
