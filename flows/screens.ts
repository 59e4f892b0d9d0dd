import type { EngineScreens } from '../bot/conversation/engine.js';
import type { Choice, Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
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
        return { label: text.t('choice.opt-in'), intent: { name: 'nudges.on' } };
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
export function troubleText({ text }: Turn, error: unknown): Localized {
  return text.t(error instanceof TelcoRefused ? `trouble.${error.reason}` : 'trouble.unreachable');
}

/** The buttons of that row. A loan is not among them: whether there is one would be the telco's to say, and it is in trouble. */
export function troubleWays(turn: Turn, error: unknown): Choice[] {
  const { ways } = troubleRow(error);
  return waysOut(
    turn,
    ways.filter((way) => way !== 'loan'),
  );
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
