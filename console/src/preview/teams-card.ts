import { type Action, AdaptiveCard, ExecuteAction, HostConfig, OpenUrlAction, SubmitAction } from 'adaptivecards';
import { NASTALIQ, TEAMS } from './teams-host.js';
import type { TheirsProps } from './types.js';

const HOST = new HostConfig(TEAMS);
const URDU_HOST = new HostConfig({ ...TEAMS, ...NASTALIQ });

/** What a button of ours carries (adapters/teams/card.ts). */
interface Carried {
  readonly refill?: { readonly kind: 'press' | 'form'; readonly token: string };
  readonly [field: string]: unknown;
}

/** Inputs come back under this prefix (adapters/teams/card.ts). */
const FIELD = 'field_';

// Refill sends nothing that Markdown would change, so what a client makes of Markdown cannot matter: it is shown as it is.
AdaptiveCard.onProcessMarkdown = (_text, result) => {
  result.didProcess = false;
};

/** A card as Microsoft's renderer draws it with the looks of Teams. */
export function drawCard(content: unknown, on: Pick<TheirsProps, 'onPress' | 'onForm'>): HTMLElement | undefined {
  const card = new AdaptiveCard();
  card.hostConfig = (content as { lang?: string }).lang === 'ur' ? URDU_HOST : HOST;
  card.onExecuteAction = (action) => execute(action, on);
  card.parse(content);
  return card.render();
}

function execute(action: Action, on: Pick<TheirsProps, 'onPress' | 'onForm'>): void {
  if (action instanceof OpenUrlAction && /^https?:/i.test(action.url ?? ''))
    open(action.url, '_blank', 'noopener,noreferrer');
  if (!(action instanceof ExecuteAction || action instanceof SubmitAction)) return;
  const { refill, ...inputs } = (action.data ?? {}) as Carried;
  if (refill?.kind === 'press') on.onPress(refill.token);
  if (refill?.kind === 'form') on.onForm(refill.token, valuesIn(inputs));
}

function valuesIn(inputs: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const fields = Object.entries(inputs).filter(([name]) => name.startsWith(FIELD));
  return Object.fromEntries(fields.map(([name, value]) => [name.slice(FIELD.length), String(value)]));
}
