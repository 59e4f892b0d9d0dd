import { z } from 'zod';
import {
  ask,
  type Choice,
  done,
  type FormScreen,
  flow,
  type Next,
  type Screen,
  start,
} from '../bot/conversation/flow.js';
import type { Intent } from '../bot/conversation/session.js';
import type { Turn } from '../bot/conversation/turn.js';
import { maySee, type ProofMethod } from '../bot/domain/link.js';
import { CODE, codeIn } from '../bot/domain/one-time-code.js';
import { lostLink } from '../bot/identity/linked.js';
import type { LineLink } from '../bot/ledger/identities.js';
import { lineName, lostScreen } from './line-names.js';
import { leadTo, menuChoices, say, screen } from './screens.js';

const state = z.object({
  /** What they wanted to do when it turned out that we do not know them. */
  for: z.string().optional(),
  /** E.164 without `+`, while a code for it is awaited. */
  number: z.string().optional(),
});

type State = z.infer<typeof state>;

/**
 * Proves that a line is theirs: by the number the platform vouches for, by a code sent to it, or by a page on the phone. Whatever
 * number is given, the answers are the same: nobody learns here whether a number is known.
 */
export const link = flow<State>({
  name: 'link',
  version: 2,
  state,
  entries: { link: 'switch', 'link.add': 'switch' },
  whenStale: { name: 'link.add' },
  needsLine: false,
  begin,
  steps: {
    ways: {
      show: waysScreen,
      // Some say their number before anyone asks for it.
      takesText: 'link.number',
      on: {
        'link.number': (turn, known, { slots }) =>
          turn.identity.numberIn(slots?.['text'] ?? '') === undefined || !turn.identity.ways.includes('code')
            ? ask('ways', known, say(turn.text.t('engine.unknown')))
            : sendTo(turn, known, slots?.['text']),
        'link.own': useOwnNumber,
        'link.by-code': (_turn, known) => ask('number', known),
        'link.by-page': openPage,
      },
    },
    number: {
      show: (turn) => numberScreen(turn),
      takesText: 'link.number',
      on: {
        'link.number': (turn, known, { slots }) => sendTo(turn, known, slots?.['text']),
        'link.form': (turn, known, { slots }) => sendTo(turn, known, slots?.['number']),
      },
    },
    code: {
      show: (turn) => codeScreen(turn),
      takesText: 'link.code',
      on: {
        'link.code': (turn, known, { slots }) => checkCode(turn, known, slots?.['text']),
        'link.code-form': (turn, known, { slots }) => checkCode(turn, known, slots?.['code']),
        'link.resend': (turn, known) => sendTo(turn, known, `+${known.number ?? ''}`),
        back: async (turn, { number: _, ...known }) => {
          await turn.identity.giveUp();
          return ask('number', known);
        },
        cancel: async (turn) => {
          await turn.identity.giveUp();
          return done(say(turn.text.t('link.cancelled'), menuChoices(turn).slice(2)));
        },
      },
    },
  },
});

async function begin(turn: Turn, { name, slots }: Intent): Promise<Next<State>> {
  const { text, identity } = turn;
  const known: State = slots?.['for'] === undefined ? {} : { for: slots['for'] };
  if (name === 'link') {
    const user = await identity.user();
    const seen = user?.links.filter(maySee) ?? [];
    const lost = user && lostLink(user);
    if (seen.length > 0 && lost !== undefined) return start({ name: 'lines.lost', ...(slots && { slots }) });
    if (seen.length > 1 && identity.link === undefined) return start({ name: 'lines.which', ...(slots && { slots }) });
  }
  const lost =
    name === 'link' && turn.session.lineId === undefined
      ? (await identity.user())?.links.find((each) => !maySee(each))
      : undefined;
  if (identity.ways.length === 0)
    return done(lost === undefined ? say(text.t('link.needed'), [leadTo(turn, 'help')]) : lostScreen(turn, lost, []));
  const unknown = turn.session.lineId === undefined ? say(text.t('link.intro')) : undefined;
  const intro = lost === undefined ? unknown : { ...lostScreen(turn, lost, []), choices: [] };
  return identity.ways.length === 1 && identity.ways[0] === 'code'
    ? ask('number', known, intro)
    : ask('ways', known, intro);
}

const WAYS: Readonly<Record<ProofMethod, { readonly intent: string; readonly label: WayLabel } | undefined>> = {
  whatsapp: { intent: 'link.own', label: 'choice.use-this-number' },
  code: { intent: 'link.by-code', label: 'choice.send-code' },
  pin: { intent: 'link.by-code', label: 'choice.use-pin' },
  cpid: { intent: 'link.by-page', label: 'choice.open-page' },
  directory: undefined,
};

type WayLabel = 'choice.use-this-number' | 'choice.send-code' | 'choice.use-pin' | 'choice.open-page';

function waysScreen({ text, identity }: Turn): Screen {
  const choices = identity.ways.flatMap((method): Choice[] => {
    const way = WAYS[method];
    return way === undefined ? [] : [{ label: text.t(way.label), intent: { name: way.intent } }];
  });
  return say(text.t('link.ways'), [...choices, cancelChoice(text)]);
}

function numberScreen({ text, identity }: Turn): Screen {
  const form: FormScreen = {
    intent: { name: 'link.form' },
    title: text.t('link.form'),
    open: text.t('link.open-form'),
    submit: text.t('choice.send-code'),
    fields: [{ name: 'number', kind: 'phone', label: text.t('link.field-number') }],
  };
  const question = text.t(identity.shared ? 'link.which-number-shared' : 'link.which-number');
  return { ...say(question, [cancelChoice(text)]), form, asksNumber: true };
}

function codeScreen({ text, identity }: Turn): Screen {
  const form: FormScreen = {
    intent: { name: 'link.code-form' },
    title: text.t('link.form'),
    open: text.t('link.open-code-form'),
    submit: text.t('choice.continue'),
    fields: [{ name: 'code', kind: 'text', label: text.t('link.field-code') }],
  };
  const choices = [
    { label: text.t('choice.resend-code'), intent: { name: 'link.resend' } },
    { label: text.t('choice.other-number'), intent: { name: 'back' } },
    cancelChoice(text),
  ];
  return { ...say(text.t(identity.shared ? 'link.type-code-shared' : 'link.type-code'), choices), form };
}

const cancelChoice = (text: Turn['text']): Choice => ({ label: text.t('choice.cancel'), intent: { name: 'cancel' } });

/** The same words for every number, known or not. */
async function sendTo(turn: Turn, known: State, typed = ''): Promise<Next<State>> {
  const { text, identity } = turn;
  const number = identity.numberIn(typed);
  if (number === undefined) return ask('number', known, say(text.t('link.bad-number'), [], 'warning'));
  const begun = await identity.begin(number);
  if (begun.outcome === 'limited') {
    const minutes = Math.max(1, Math.ceil(begun.retryAfterMs / 60_000));
    return done(say(text.t('link.too-many', { minutes }), [leadTo(turn, 'menu'), leadTo(turn, 'help')], 'warning'));
  }
  const minutes = Math.round(begun.validForMs / 60_000);
  return ask('code', { ...known, number }, say(text.t('link.code-sent', { minutes })));
}

async function checkCode(turn: Turn, known: State, typed = ''): Promise<Next<State>> {
  const { text, identity } = turn;
  const code = codeIn(typed);
  if (code === undefined)
    return ask('code', known, say(text.t('link.not-a-code', { digits: CODE.digits }), [], 'warning'));
  const answered = await identity.answer(code);
  switch (answered.outcome) {
    case 'wrong':
      return ask('code', known, say(text.t('link.wrong-code', { count: answered.triesLeft }), [], 'warning'));
    case 'over':
      return done(
        say(
          text.t('link.code-over'),
          [{ label: text.t('choice.new-code'), intent: { name: 'link.add' } }, leadTo(turn, 'help')],
          'warning',
        ),
      );
    case 'linked':
      return linked(turn, known, answered.link);
  }
}

async function useOwnNumber(turn: Turn, known: State): Promise<Next<State>> {
  const made = await turn.identity.linkOwnNumber();
  if (made === undefined) return done(say(turn.text.t('link.not-ours'), [leadTo(turn, 'help')], 'warning'));
  if (!('refused' in made)) return linked(turn, known, made);
  const why = say(turn.text.t('link.own-refused'), [], 'warning');
  if (turn.identity.ways.some((way) => way !== 'whatsapp')) return ask('ways', known, why);
  return done({ ...why, choices: [leadTo(turn, 'help')] });
}

async function openPage(turn: Turn): Promise<Next<State>> {
  const { text, identity } = turn;
  const page = await identity.page();
  if (page === undefined) return done(say(text.t('link.needed'), [leadTo(turn, 'help')]));
  const minutes = Math.round(page.validForMs / 60_000);
  return done(
    screen([
      { type: 'text', text: text.t('link.page', { minutes }) },
      { type: 'link', url: page.url, label: text.t('link.open-page') },
    ]),
  );
}

/** Only what needs nothing but the line goes on by itself. */
const GOES_ON = new Set(['balance', 'offers', 'top-up', 'purchases']);

async function linked(turn: Turn, known: State, made: LineLink): Promise<Next<State>> {
  const said = await linkedScreen(turn, made);
  if (known.for !== undefined && GOES_ON.has(known.for)) return start({ name: known.for }, said);
  return done({ ...said, choices: menuChoices(turn).slice(0, 3) });
}

/** That it worked, and what a new link to somebody's line means for a while. */
export async function linkedScreen(turn: Turn, made: LineLink): Promise<Screen> {
  const { text, now } = turn;
  const done = { type: 'text', text: text.t('link.linked', { line: lineName(turn, made) }), tone: 'success' } as const;
  if (made.youngUntil === undefined || made.youngUntil <= now) return screen([done]);
  const young = text.t(await whyYoung(turn, made), { until: text.dateTime(made.youngUntil, now) });
  return screen([done, { type: 'text', text: young, tone: 'hint' }]);
}

/** Who else has the line is told. By a CPID nobody else is found; and one’s own line that was blocked is nobody else’s matter. */
async function whyYoung(
  { identity }: Turn,
  { line }: LineLink,
): Promise<'link.young' | 'link.young-again' | 'link.young-unknown'> {
  if (line.key.type === 'CPID') return 'link.young-unknown';
  const others = await identity.sharers(line.id);
  return others.some(({ mine, state: is }) => !mine && is === 'active') ? 'link.young' : 'link.young-again';
}
