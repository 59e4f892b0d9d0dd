import { z } from 'zod';
import { ask, type Choice, done, flow, type Next, type Screen, start } from '../bot/conversation/flow.js';
import type { Intent } from '../bot/conversation/session.js';
import type { Turn } from '../bot/conversation/turn.js';
import { maySee } from '../bot/domain/link.js';
import { lostLink } from '../bot/identity/linked.js';
import type { LineLink } from '../bot/ledger/identities.js';
import type { Fact } from '../bot/message/message.js';
import { lineName, lineTrouble, lostScreen, maskedNumber } from './line-names.js';
import { leadTo, menuChoices, say, screen } from './screens.js';

const state = z.object({
  /** The link that is being looked at. */
  link: z.string().optional(),
  for: z.string().optional(),
});

type State = z.infer<typeof state>;

/** The lines of a chat user: which one we talk about, what they are called, who else has them, and how to take them away. */
export const lines = flow<State>({
  name: 'lines',
  version: 1,
  state,
  entries: { lines: 'switch', 'lines.which': 'switch', 'lines.lost': 'switch', 'lines.use': 'switch' },
  whenStale: { name: 'lines' },
  needsLine: false,
  async begin(turn, intent) {
    const { name, slots } = intent;
    if (name === 'lines.use') return choose(turn, {}, intent);
    const all = await linksOf(turn);
    if (all.seen.length + all.others.length === 0) return start({ name: 'link' });
    const known: State = slots?.['for'] === undefined ? {} : { for: slots['for'] };
    if (name === 'lines.lost') return ask('lost', known);
    return ask(name === 'lines.which' ? 'which' : 'list', known);
  },
  steps: {
    which: {
      show: whichScreen,
      on: { 'lines.choose': choose },
    },
    lost: {
      show: lostOneScreen,
      on: { 'lines.choose': choose },
    },
    list: {
      show: listScreen,
      on: {
        'lines.open': (_turn, known, { slots }) => ask('one', { ...known, link: slots?.['link'] ?? '' }),
        'lines.restore': restore,
        back: (turn) => done(say(turn.text.t('settings.kept'), menuChoices(turn))),
      },
    },
    one: {
      show: oneScreen,
      on: {
        'lines.choose': choose,
        'lines.rename': (_turn, known) => ask('name', known),
        'lines.remove': (_turn, known) => ask('remove', known),
        'lines.object': object,
        back: (_turn, { link: _, ...known }) => ask('list', known),
      },
    },
    name: {
      show: ({ text }) => say(text.t('lines.which-name'), [{ label: text.t('choice.back'), intent: { name: 'back' } }]),
      takesText: 'lines.name',
      takesNames: true,
      on: {
        'lines.name': rename,
        back: (_turn, known) => ask('one', known),
      },
    },
    remove: {
      show: removeScreen,
      on: {
        'lines.removed': remove,
        back: (_turn, known) => ask('one', known),
      },
    },
  },
});

interface Lines {
  /** Those that may be looked at. */
  readonly seen: readonly LineLink[];
  /** Those that have to be proved again first. */
  readonly others: readonly LineLink[];
  /** Given up, and to be had again for the asking. */
  readonly given: readonly LineLink[];
}

async function linksOf({ identity }: Turn): Promise<Lines> {
  const user = await identity.user();
  const links = user?.links ?? [];
  return {
    seen: links.filter(maySee),
    others: links.filter((link) => !maySee(link)),
    given: user?.given.filter(({ method, barred }) => method === 'directory' && barred === undefined) ?? [],
  };
}

async function oneOf(turn: Turn, id: string | undefined): Promise<LineLink | undefined> {
  const { seen, others } = await linksOf(turn);
  return [...seen, ...others].find((link) => link.id === id);
}

async function whichScreen(turn: Turn): Promise<Screen> {
  const { seen } = await linksOf(turn);
  return say(
    turn.text.t('lines.which'),
    seen.map((link) => ({ label: lineName(turn, link), intent: { name: 'lines.choose', slots: { link: link.id } } })),
  );
}

/** Which line it is not about any more, why, and what else there is: never another one by itself. */
async function lostOneScreen(turn: Turn): Promise<Screen> {
  const user = await turn.identity.user();
  const lost = user && lostLink(user);
  if (lost === undefined) return whichScreen(turn);
  const { seen } = await linksOf(turn);
  const others = seen.map((link) => ({
    label: turn.text.t('choice.use-instead', { line: lineName(turn, link) }),
    intent: { name: 'lines.choose', slots: { link: link.id } },
  }));
  return lostScreen(turn, lost, others);
}

async function listScreen(turn: Turn): Promise<Screen> {
  const { text, identity } = turn;
  const { seen, others, given } = await linksOf(turn);
  const facts = [...seen, ...others].map((link): Fact => {
    const now = link.line.id === identity.link?.line.id;
    return {
      label: lineName(turn, link),
      value: lineTrouble(turn, link) ?? text.t(now ? 'line.current' : 'line.other'),
    };
  });
  return screen(
    [
      { type: 'heading', text: text.t('lines.heading') },
      { type: 'facts', facts },
    ],
    [
      ...[...seen, ...others].map((link) => ({
        label: lineName(turn, link),
        intent: { name: 'lines.open', slots: { link: link.id } },
      })),
      ...given.map((link) => ({
        label: text.t('choice.restore-line', { line: lineName(turn, link) }),
        intent: { name: 'lines.restore', slots: { link: link.id } },
      })),
      ...(identity.ways.length > 0 ? [{ label: text.t('choice.add-line'), intent: { name: 'link.add' } }] : []),
      { label: text.t('choice.done'), intent: { name: 'back' } },
    ],
  );
}

async function oneScreen(turn: Turn, known: State): Promise<Screen> {
  const { text, identity } = turn;
  const link = await oneOf(turn, known.link);
  if (link === undefined) return listScreen(turn);
  // Of a line that is somebody else's now it is not shown where they use it.
  const sharers = maySee(link) ? (await identity.sharers(link.line.id)).filter(({ mine }) => !mine) : [];
  const trouble = lineTrouble(turn, link);
  const current = link.line.id === identity.link?.line.id;
  const facts: Fact[] = [
    { label: text.t('line.is'), value: maskedNumber(turn, link.line) },
    { label: text.t('line.proved'), value: text.t(`method.${link.method}`, { date: text.date(link.provedAt) }) },
    ...(trouble === undefined ? [] : [{ label: text.t('line.state'), value: trouble }]),
    ...sharers.map(({ channel, createdAt }) => ({
      label: text.t('line.shared-with'),
      value: text.t('line.sharer', { channel: text.literal(placeName(channel)), date: text.date(createdAt) }),
    })),
  ];
  const younger = sharers.filter(({ createdAt, state: is }) => is === 'active' && createdAt > link.createdAt);
  const choices: Choice[] = [
    ...(current || !maySee(link)
      ? []
      : [{ label: text.t('choice.use-line'), intent: { name: 'lines.choose', slots: { link: link.id } } }]),
    ...(trouble === undefined || identity.ways.length === 0
      ? []
      : [{ label: text.t('choice.prove-again'), intent: { name: 'link.add' } }]),
    { label: text.t('choice.rename-line'), intent: { name: 'lines.rename' } },
    ...younger.map(({ id, channel }) => ({
      label: text.t('choice.remove-other', { channel: text.literal(placeName(channel)) }),
      intent: { name: 'lines.object', slots: { other: id } },
      style: 'danger' as const,
    })),
    { label: text.t('choice.remove-line'), intent: { name: 'lines.remove' }, style: 'danger' },
    { label: text.t('choice.back'), intent: { name: 'back' } },
  ];
  return screen(
    [
      { type: 'heading', text: lineName(turn, link) },
      { type: 'facts', facts },
    ],
    choices,
  );
}

/** Names of companies' products: the same in every language. */
const PLACES: Readonly<Record<string, string>> = {
  whatsapp: 'WhatsApp',
  slack: 'Slack',
  teams: 'Microsoft Teams',
  web: 'Web',
};

export function placeName(channel: string): string {
  return PLACES[channel] ?? channel;
}

/** What they wanted to do when they were asked which line. */
const GOES_ON = new Set(['balance', 'offers', 'top-up', 'purchases']);

async function choose(turn: Turn, known: State, { slots }: Intent): Promise<Next<State>> {
  const link = await oneOf(turn, slots?.['link']);
  if (link === undefined || !maySee(link) || !(await turn.identity.choose(link))) return ask('list', known);
  const said = say(turn.text.t('lines.chosen', { line: lineName(turn, link) }), [], 'success');
  if (known.for !== undefined && GOES_ON.has(known.for)) return start({ name: known.for }, said);
  return done({ ...said, choices: menuChoices(turn).slice(0, 3) });
}

const LONGEST_NAME = 30;

async function rename(turn: Turn, known: State, { slots }: Intent): Promise<Next<State>> {
  const link = await oneOf(turn, known.link);
  const label = (slots?.['text'] ?? '').trim().slice(0, LONGEST_NAME);
  if (link !== undefined && label !== '') await turn.identity.rename(link.line.id, label);
  return ask('one', known);
}

async function restore(turn: Turn, known: State, { slots }: Intent): Promise<Next<State>> {
  const user = await turn.identity.user();
  const link = user?.given.find(({ id, method }) => id === slots?.['link'] && method === 'directory');
  const restored = link && (await turn.identity.restore(link));
  if (link === undefined || restored?.outcome !== 'barred') return ask('list', known);
  // Something was said of it since the button was shown.
  return done(lostScreen(turn, { ...link, state: 'blocked', reason: restored.reason }, []));
}

async function object(turn: Turn, known: State, { slots }: Intent): Promise<Next<State>> {
  const removed = await turn.identity.object(slots?.['other'] ?? '');
  return ask('one', known, removed ? say(turn.text.t('notice.removed'), [], 'success') : undefined);
}

async function removeScreen(turn: Turn, known: State): Promise<Screen> {
  const { text } = turn;
  const link = await oneOf(turn, known.link);
  if (link === undefined) return listScreen(turn);
  return say(
    text.t('lines.remove', { line: lineName(turn, link) }),
    [
      { label: text.t('choice.remove-line'), intent: { name: 'lines.removed' }, style: 'danger', exact: true },
      { label: text.t('choice.back'), intent: { name: 'back' } },
    ],
    'warning',
  );
}

async function remove(turn: Turn, known: State): Promise<Next<State>> {
  const { text } = turn;
  const link = await oneOf(turn, known.link);
  if (link === undefined || !(await turn.identity.unlink(link.line.id))) return ask('list', {});
  return done(
    say(text.t('lines.removed', { line: lineName(turn, link) }), [
      { label: text.t('choice.my-lines'), intent: { name: 'lines' } },
      leadTo(turn, 'menu'),
    ]),
  );
}
