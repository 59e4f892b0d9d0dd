import { z } from 'zod';
import type { EngineScreens } from '../../bot/conversation/engine.js';
import { type AnyFlow, ask, type Choice, done, flow, type Screen, silent, start } from '../../bot/conversation/flow.js';
import type { Intent } from '../../bot/conversation/session.js';
import type { Turn } from '../../bot/conversation/turn.js';

/** Something to say in these tests; real flows take their words from the catalogues. */
export function say({ text }: Turn, words: string, ...choices: readonly Choice[]): Screen {
  return { blocks: [{ type: 'text', text: text.literal(words) }], choices };
}

export function choice({ text }: Turn, label: string, name: string, slots?: Intent['slots']): Choice {
  return { label: text.literal(label), intent: { name, ...(slots !== undefined && { slots }) } };
}

export const toyScreens: EngineScreens = {
  unknown: (turn) => say(turn, 'unknown'),
  resume: (turn) => say(turn, 'resume'),
  expired: (turn, next) => say(turn, `expired, so ${next.name}`),
  cancelled: (turn) => say(turn, 'cancelled'),
  telcoTrouble: (turn, error) => say(turn, error.code),
};

const toy = { version: 1, needsLine: false, whenStale: { name: 'menu' }, state: z.null(), steps: {} } as const;

const menu = flow({
  ...toy,
  name: 'menu',
  entries: { hello: 'switch', menu: 'switch' },
  begin: (turn) =>
    done(say(turn, 'menu', choice(turn, 'See balance', 'balance'), choice(turn, 'See offers', 'offers'))),
});

const help = flow({
  ...toy,
  name: 'help',
  entries: { help: 'aside' },
  begin: (turn, { slots }) =>
    done(say(turn, slots?.['lost'] === 'yes' ? 'lost' : 'help', choice(turn, 'See menu', 'menu'))),
});

/** Answers with a plan that can be bought right there, and a way to the others. */
const balance = flow({
  ...toy,
  name: 'balance',
  entries: { balance: 'aside' },
  begin(turn) {
    const facts = { facts: [], price: turn.text.literal('RM 1') };
    return done({
      blocks: [
        { type: 'text', text: turn.text.literal('balance') },
        { type: 'offers', offers: [{ ...facts, title: turn.text.literal('Tiny'), action: 1 }] },
      ],
      choices: [choice(turn, 'See offers', 'offers'), choice(turn, 'Take Tiny', 'offers.view', { plan: 'tiny' })],
    });
  },
});

const OFFERS_VALID_MS = 30 * 60_000;

/** A list, one of it in detail, how many, and the order: as deep as a dialog gets. */
export const offersVersion = (version: number, state: z.ZodType<{ plan: string }> = z.object({ plan: z.string() })) =>
  flow<{ plan: string }>({
    name: 'offers',
    version,
    needsLine: false,
    state,
    whenStale: { name: 'offers' },
    entries: { offers: 'switch', 'offers.view': 'pick' },
    begin(turn, { name, slots }) {
      if (name === 'offers.view') return ask('detail', { plan: slots?.['plan'] ?? 'none' });
      const plans = ['Small', 'Large'].map((plan) => choice(turn, `${plan} plan`, 'offers.view', { plan }));
      return done({
        ...say(turn, 'offers', ...plans, choice(turn, 'See balance', 'balance')),
        validForMs: OFFERS_VALID_MS,
      });
    },
    steps: {
      detail: {
        show: (turn, { plan }) =>
          say(turn, `detail of ${plan}`, choice(turn, 'Order it', 'order'), choice(turn, 'Other offers', 'offers')),
        on: { order: (_turn, state) => ask('confirm', state), back: () => start({ name: 'offers' }) },
      },
      confirm: {
        show: (turn, { plan }) =>
          say(
            turn,
            `order ${plan}?`,
            { ...choice(turn, 'Yes, order it', 'confirm', { plan }), exact: true },
            choice(turn, 'Back', 'back'),
          ),
        on: {
          confirm: (turn, { plan }, { slots }) =>
            done(say(turn, slots?.['plan'] === plan ? `ordered ${plan}` : 'not that one')),
          back: (_turn, state) => ask('detail', state),
        },
      },
    },
  });

/** Questions an interruption may ask: its own, one that takes any words, and one that takes a name. */
const settings = flow({
  ...toy,
  name: 'settings',
  entries: { settings: 'aside', language: 'aside', lines: 'aside' },
  begin: (_turn, { name }) => ask(name === 'language' ? 'name' : name === 'lines' ? 'line' : 'colour', null),
  steps: {
    colour: {
      show: (turn) =>
        say(
          turn,
          'which colour?',
          choice(turn, 'Red', 'colour', { colour: 'red' }),
          choice(turn, 'Blue', 'colour', { colour: 'blue' }),
        ),
      on: { colour: (turn, _state, { slots }) => done(say(turn, `painted ${slots?.['colour']}`)) },
    },
    name: {
      show: (turn) => say(turn, 'what name?'),
      takesText: 'named',
      on: { named: (turn, _state, { slots }) => done(say(turn, `named ${slots?.['text']}`)) },
    },
    line: {
      show: (turn) => say(turn, 'what line?', choice(turn, 'Leave it', 'back')),
      takesText: 'named',
      takesNames: true,
      on: { named: (turn, _state, { slots }) => done(say(turn, `named ${slots?.['text']}`)) },
    },
  },
});

const receipt = flow({
  ...toy,
  name: 'receipt',
  entries: { receipt: 'system', nudge: 'system' },
  begin: (turn, { name, slots }) =>
    slots?.['ref'] === 'kept' ? silent() : done(say(turn, `${name} ${slots?.['ref']}`)),
});

const link = flow({
  ...toy,
  name: 'link',
  entries: { link: 'aside' },
  begin: (turn) => done(say(turn, 'link a number')),
});

const line = flow({
  ...toy,
  name: 'line',
  needsLine: true,
  entries: { purchases: 'aside' },
  begin: (turn) => done(say(turn, `purchases of ${turn.line.id}`)),
});

/** Two flows that pass everything to each other. */
const ping = flow({
  ...toy,
  name: 'ping',
  entries: { person: 'switch' },
  begin: (turn) => start({ name: 'pong' }, say(turn, 'ping')),
});
const pong = flow({ ...toy, name: 'pong', entries: { pong: 'switch' }, begin: () => start({ name: 'person' }) });

export const toys: readonly AnyFlow[] = [
  menu,
  help,
  balance,
  offersVersion(1),
  settings,
  receipt,
  link,
  line,
  ping,
  pong,
];
