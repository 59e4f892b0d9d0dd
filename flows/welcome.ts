import { z } from 'zod';
import { done, flow } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { NOTIFICATION_TYPES } from '../bot/domain/notification.js';
import { menuChoices, say, screen } from './screens.js';

/** First words: who is talking, what one can ask, and whether nudges are welcome. Later it is just the menu. */
export const welcome = flow({
  name: 'welcome',
  version: 1,
  state: z.null(),
  entries: { hello: 'switch', menu: 'switch' },
  whenStale: { name: 'menu' },
  needsLine: false,
  begin(turn, intent) {
    const { text, session } = turn;
    if (session.greeted === true && intent.name === 'menu') return done(say(text.t('menu.text'), menuChoices(turn)));
    turn.remember({ greeted: true });
    const consent = consentQuestion(turn);
    return done(
      screen(
        [
          { type: 'heading', text: text.t('welcome.heading') },
          { type: 'text', text: text.t('welcome.text') },
          ...(consent.length > 0 ? [{ type: 'text', text: text.t('consent.question') } as const] : []),
        ],
        [...menuChoices(turn).slice(0, 2), ...consent, ...menuChoices(turn).slice(3)],
      ),
    );
  },
  steps: {},
});

/** Yes or no to nudges: asked, never assumed, and just once. */
function consentQuestion({ text, session }: Turn) {
  if (session.consentAsked === true) return [];
  return [
    { label: text.t('choice.nudges-on'), intent: { name: 'nudges.on' }, exact: true },
    { label: text.t('choice.nudges-off'), intent: { name: 'nudges.off' }, exact: true },
  ];
}

/** The answer to the consent question, `stop`, and every later change of mind about all nudges at once. */
export const consent = flow({
  name: 'consent',
  version: 1,
  state: z.null(),
  entries: { 'nudges.on': 'aside', 'nudges.off': 'aside', stop: 'switch' },
  whenStale: { name: 'settings' },
  needsLine: false,
  async begin(turn, intent) {
    const granted = intent.name === 'nudges.on';
    const source = `chat:${intent.name}`;
    await turn.ledger.setConsent(turn.conversationId, NOTIFICATION_TYPES, granted, source, turn.saidAt);
    await turn.registerConsent();
    turn.remember({ consentAsked: true });
    const { text } = turn;
    // What was said later counts, also where this comes late.
    const on = (await turn.ledger.consents(turn.conversationId)).size > 0;
    const key = on ? 'consent.on' : intent.name === 'stop' ? 'consent.stopped' : 'consent.off';
    return done(say(text.t(key), menuChoices(turn).slice(0, 3), on ? 'success' : undefined));
  },
  steps: {},
});
