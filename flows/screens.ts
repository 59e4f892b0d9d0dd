import type { EngineScreens } from '../bot/conversation/engine.js';
import type { Choice, Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
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
export function leadTo({ text }: Turn, name: 'balance' | 'offers' | 'help' | 'settings' | 'top-up' | 'menu'): Choice {
  return { label: text.t(`choice.${name}`), intent: { name } };
}

/** What the engine says on its own. */
export const engineScreens: EngineScreens = {
  unknown: ({ text }) => say(text.t('engine.unknown')),
  resume: ({ text }) => say(text.t('engine.resume'), [], 'hint'),
  expired: ({ text }, next) => say(text.t(next.name === 'offers' ? 'engine.expired-offer' : 'engine.expired')),
  cancelled: ({ text }) => say(text.t('engine.cancelled')),
  telcoTrouble(turn, error) {
    const { text } = turn;
    if (!(error instanceof TelcoRefused)) {
      return say(text.t('trouble.unreachable'), [leadTo(turn, 'menu'), leadTo(turn, 'help')], 'warning');
    }
    return say(text.t(`trouble.${error.reason}`), [leadTo(turn, 'menu'), leadTo(turn, 'help')], 'warning');
  },
};
