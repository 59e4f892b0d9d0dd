import { z } from 'zod';
import { done, flow } from '../bot/conversation/flow.js';
import { menuChoices, say, screen } from './screens.js';

/** What can be said here. Also where someone lands who was not understood twice. */
export const help = flow({
  name: 'help',
  version: 1,
  state: z.null(),
  entries: { help: 'aside' },
  whenStale: { name: 'help' },
  needsLine: false,
  begin(turn, intent) {
    const { text } = turn;
    const lead = intent.slots?.['lost'] === undefined ? 'help.lead' : 'help.lost';
    return done(
      screen(
        [
          { type: 'text', text: text.t(lead) },
          {
            type: 'facts',
            facts: [
              { label: text.t('choice.balance'), value: text.t('help.balance') },
              { label: text.t('choice.offers'), value: text.t('help.offers') },
              { label: text.t('choice.purchases'), value: text.t('help.purchases') },
              { label: text.t('choice.settings'), value: text.t('help.settings') },
            ],
          },
          { type: 'text', text: text.t('help.stop'), tone: 'hint' },
        ],
        [
          ...menuChoices(turn).slice(0, 3),
          { label: text.t('choice.purchases'), intent: { name: 'purchases' } },
          { label: text.t('choice.person'), intent: { name: 'person' } },
        ],
      ),
    );
  },
  steps: {},
});

/** How to reach a person. */
export const person = flow({
  name: 'person',
  version: 1,
  state: z.null(),
  entries: { person: 'aside' },
  whenStale: { name: 'help' },
  needsLine: false,
  begin: (turn) => done(say(turn.text.t('person.text'), menuChoices(turn).slice(0, 2))),
  steps: {},
});
