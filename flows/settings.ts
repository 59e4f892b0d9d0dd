import { z } from 'zod';
import { ask, done, flow, type Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { NOTIFICATION_TYPES, type NotificationType } from '../bot/domain/notification.js';
import { LOCALES } from '../bot/i18n/index.js';
import { menuChoices, say } from './screens.js';

/** Language, and which nudges are welcome, type by type. */
export const settings = flow({
  name: 'settings',
  version: 1,
  state: z.null(),
  entries: { settings: 'aside', language: 'aside' },
  whenStale: { name: 'settings' },
  needsLine: false,
  begin: (_turn, intent) => ask(intent.name === 'language' ? 'language' : 'overview', null),
  steps: {
    overview: {
      show: overview,
      on: {
        'settings.language': () => ask('language', null),
        'settings.nudges': () => ask('nudges', null),
        back: (turn) => done(say(turn.text.t('settings.kept'), menuChoices(turn))),
      },
    },
    language: {
      show: languages,
      on: {
        async 'settings.speak'(turn, _state, { slots }) {
          await turn.setLocale(slots?.['locale'] ?? 'en');
          return done(say(turn.text.t('settings.language-set'), menuChoices(turn), 'success'));
        },
        back: () => ask('overview', null),
      },
    },
    nudges: {
      show: nudges,
      on: {
        async 'settings.toggle'(turn, _state, { slots }) {
          const type = NOTIFICATION_TYPES.find((known) => known === slots?.['type']);
          if (type !== undefined) await toggle(turn, type, slots?.['to'] === 'on');
          return ask('nudges', null);
        },
        back: () => ask('overview', null),
      },
    },
  },
});

async function overview(turn: Turn): Promise<Screen> {
  const { text } = turn;
  const on = await turn.ledger.consents(turn.conversationId);
  return {
    blocks: [
      { type: 'heading', text: text.t('settings.heading') },
      {
        type: 'facts',
        facts: [
          { label: text.t('settings.language'), value: text.t('settings.language-name') },
          {
            label: text.t('settings.nudges'),
            value: text.t('settings.nudges-on', { count: on.size, all: NOTIFICATION_TYPES.length }),
          },
        ],
      },
    ],
    choices: [
      { label: text.t('settings.language'), intent: { name: 'settings.language' } },
      { label: text.t('settings.nudges'), intent: { name: 'settings.nudges' } },
      { label: text.t('choice.my-lines'), intent: { name: 'lines' } },
      on.size === 0
        ? { label: text.t('choice.nudges-on'), intent: { name: 'nudges.on' }, exact: true }
        : { label: text.t('choice.nudges-off'), intent: { name: 'nudges.off' }, exact: true },
      { label: text.t('choice.forget-me'), intent: { name: 'forget' } },
      { label: text.t('choice.done'), intent: { name: 'back' } },
    ],
  };
}

function languages({ text }: Turn): Screen {
  return {
    blocks: [{ type: 'text', text: text.t('settings.choose-language') }],
    choices: [
      ...LOCALES.map((locale) => ({
        label: text.t(`language.${locale}`),
        intent: { name: 'settings.speak', slots: { locale } },
      })),
      { label: text.t('choice.back'), intent: { name: 'back' } },
    ],
  };
}

async function nudges(turn: Turn): Promise<Screen> {
  const { text } = turn;
  const on = await turn.ledger.consents(turn.conversationId);
  return {
    blocks: [{ type: 'text', text: text.t('settings.choose-nudges') }],
    choices: [
      ...NOTIFICATION_TYPES.map((type) => ({
        label: text.t(on.has(type) ? 'settings.type-on' : 'settings.type-off', { type: text.t(`type.${type}`) }),
        intent: { name: 'settings.toggle', slots: { type, to: on.has(type) ? 'off' : 'on' } },
      })),
      { label: text.t('choice.back'), intent: { name: 'back' } },
    ],
  };
}

async function toggle(turn: Turn, type: NotificationType, on: boolean): Promise<void> {
  await turn.ledger.setConsent(turn.conversationId, [type], on, 'chat:settings', turn.saidAt);
  await turn.registerConsent();
  turn.remember({ consentAsked: true });
}
