import { z } from 'zod';
import { ask, done, flow } from '../bot/conversation/flow.js';
import { menuChoices, say } from './screens.js';

/** "Forget me": links, sealed data, sessions and consents go; what money needs stays, with nobody's name on it. */
export const forget = flow({
  name: 'forget',
  version: 1,
  state: z.null(),
  entries: { forget: 'switch' },
  whenStale: { name: 'settings' },
  needsLine: false,
  begin: () => ask('sure', null),
  steps: {
    sure: {
      show: ({ text }) =>
        say(
          text.t('forget.sure'),
          [
            { label: text.t('choice.forget-me'), intent: { name: 'forget.yes' }, style: 'danger', exact: true },
            { label: text.t('choice.back'), intent: { name: 'back' } },
          ],
          'warning',
        ),
      on: {
        'forget.yes': (turn) => {
          // Last of all, so that nothing of this turn is written afterwards.
          turn.afterSend(() => turn.identity.forget());
          return done(say(turn.text.t('forget.done')));
        },
        back: (turn) => done(say(turn.text.t('settings.kept'), menuChoices(turn))),
      },
    },
  },
});
