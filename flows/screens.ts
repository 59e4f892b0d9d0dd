import type { EngineScreens } from '../bot/conversation/engine.js';
import type { Choice, Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { hindranceOf } from '../bot/domain/link.js';
import { REFUSALS, type Refusal, type Way } from '../bot/domain/refusal.js';
import type { Localized } from '../bot/i18n/localized.js';
import type { Block } from '../bot/message/message.js';
import { TelcoRefused } from '../bot/telco.js';

/** A line of text, with the choices that go with it. */
export function say(text: Localized, choices: readonly Choice[] = [], tone?: 'hint' | 'warning' | 'success'): Screen {
  return { blocks: [tone === undefined ? { type: 'text', text } : { type: 'text', text, tone }], choices };
}

/** Several blocks, with the choices that go with them. */
export function screen(blocks: readonly Block[], choices: readonly Choice[] = []): Screen {
  return { blocks, choices };
}

/** Where one can go from anywhere: balance, offers, settings, help. */
export function menuChoices({ text }: Turn): readonly Choice[] {
  return [
    { label: text.t('choice.balance'), intent: { name: 'balance' }, style: 'primary' },
    { label: text.t('choice.offers'), intent: { name: 'offers' } },
    { label: text.t('choice.settings'), intent: { name: 'settings' } },
    { label: text.t('choice.help'), intent: { name: 'help' } },
  ];
}

/** A choice that leads to a flow by name. */
export function leadTo(
  { text }: Turn,
  name: 'balance' | 'offers' | 'help' | 'settings' | 'top-up' | 'menu' | 'purchases' | 'person' | 'link',
): Choice {
  return { label: text.t(`choice.${name}`), intent: { name } };
}

/** What may be done next, as buttons. */
export function waysOut(turn: Turn, ways: readonly Way[]): Choice[] {
  const { text } = turn;
  return ways.map((way): Choice => {
    switch (way) {
      case 'loan':
        return { label: text.t('choice.loan'), intent: { name: 'offers', slots: { fund: 'loan' } } };
      case 'opt-in':
        return { label: text.t('choice.opt-in'), intent: { name: 'nudges.on' }, exact: true };
      default:
        return leadTo(turn, way);
    }
  });
}

/** What a telco that did not do what it was asked leaves to do: the row of the one table (bot/domain/refusal.ts). */
export function troubleRow(error: unknown): Refusal {
  return REFUSALS[error instanceof TelcoRefused ? error.reason : 'unreachable'];
}

/** The same in words. */
export function troubleText(turn: Turn, error: unknown): Localized {
  const { text } = turn;
  if (tokenEnded(turn, error)) return endedText(turn);
  return text.t(error instanceof TelcoRefused ? `trouble.${error.reason}` : 'trouble.unreachable');
}

/** The buttons of that row. A loan is not among them: whether there is one would be the telco's to say, and it is in trouble. */
export function troubleWays(turn: Turn, error: unknown): Choice[] {
  if (tokenEnded(turn, error)) return [...proveAgain(turn), leadTo(turn, 'help')];
  const { ways } = troubleRow(error);
  return waysOut(
    turn,
    ways.filter((way) => way !== 'loan'),
  );
}

/**
 * The line is known by a CPID whose time is over, or that the telco knows no more (`error`): nothing can be said of it until its user
 * brings another one. No number is wrong then.
 */
export function tokenEnded({ identity, now }: Turn, error?: unknown): boolean {
  const { link } = identity;
  if (link?.line.key.type !== 'CPID') return false;
  const unknown = error instanceof TelcoRefused && error.reason === 'invalid-number';
  return unknown || hindranceOf(link, now)?.kind === 'expired';
}

function endedText({ text, identity }: Turn): Localized {
  return text.t('barred.ended', { ways: identity.ways.length === 0 ? 'none' : 'some' });
}

/** In place of what the telco would have to be asked for with such a CPID. */
export function endedScreen(turn: Turn): Screen {
  return say(endedText(turn), [...proveAgain(turn), leadTo(turn, 'help')], 'warning');
}

/** The way to prove a line again; nothing where nothing can be proved in the chat. */
export function proveAgain({ text, identity }: Turn): Choice[] {
  if (identity.ways.length === 0) return [];
  return [{ label: text.t('choice.prove-again'), intent: { name: 'link.add' }, style: 'primary' }];
}

/** What the engine says on its own. */
export const engineScreens: EngineScreens = {
  unknown: ({ text }) => say(text.t('engine.unknown')),
  resume: ({ text }) => say(text.t('engine.resume'), [], 'hint'),
  expired: ({ text }, next) => say(text.t(next.name === 'offers' ? 'engine.expired-offer' : 'engine.expired')),
  cancelled: ({ text }) => say(text.t('engine.cancelled')),
  telcoTrouble(turn, error) {
    return say(troubleText(turn, error), troubleWays(turn, error), 'warning');
  },
};
