import { z } from 'zod';
import { type Choice, done, flow } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { Account, ActivePlan, Balance, Wallet } from '../bot/domain/balance.js';
import { endsSoon } from '../bot/domain/link.js';
import { gaugeLevel, remainingShare } from '../bot/domain/quota.js';
import type { Localized } from '../bot/i18n/localized.js';
import type { Block, Fact, GaugeBlock } from '../bot/message/message.js';
import { OFFER_VALID_MS, offerCards } from './offers.js';
import { endedScreen, leadTo, proveAgain, screen, tokenEnded } from './screens.js';

/** What is left: the account, its money, and every active plan with its gauges. */
export const balance = flow({
  name: 'balance',
  version: 1,
  state: z.null(),
  entries: { balance: 'aside' },
  whenStale: { name: 'balance' },
  needsLine: true,
  async begin(turn) {
    if (tokenEnded(turn)) return done(endedScreen(turn));
    const { text, session } = turn;
    const renewal = renewalOf(turn);
    const consent =
      session.consentAsked === true || renewal !== undefined
        ? []
        : [{ label: text.t('choice.nudges-on'), intent: { name: 'nudges.on' }, exact: true }];
    return done(
      screen(
        [...(await balanceBlocks(turn)), ...(renewal?.blocks ?? [])],
        [
          { ...leadTo(turn, 'offers'), style: 'primary' },
          ...(renewal?.choices ?? []),
          ...consent,
          leadTo(turn, 'help'),
        ],
      ),
    );
  },
  steps: {},
});

/** Both at a glance, for places that show a page rather than a conversation (Slack's App Home). */
export const home = flow({
  name: 'home',
  version: 1,
  state: z.null(),
  entries: { home: 'aside' },
  whenStale: { name: 'home' },
  needsLine: true,
  async begin(turn) {
    if (tokenEnded(turn)) return done(endedScreen(turn));
    const renewal = renewalOf(turn);
    const [blocks, list] = await Promise.all([balanceBlocks(turn), turn.telco.offers()]);
    const { cards, choices } = offerCards(turn, list.offers, 'offers.view');
    return done({
      validForMs: OFFER_VALID_MS,
      blocks: [
        ...blocks,
        ...(renewal?.blocks ?? []),
        ...(cards.length > 0 ? [{ type: 'offers', offers: cards } as const] : []),
      ],
      choices: [...choices, ...(renewal?.choices ?? []), leadTo(turn, 'settings'), leadTo(turn, 'help')],
    });
  },
  steps: {},
});

/** For whoever is here in the last part of their proof's time, and can prove it again. */
function renewalOf(turn: Turn): { readonly blocks: readonly Block[]; readonly choices: readonly Choice[] } | undefined {
  const { text, identity, now } = turn;
  const { expiresAt } = identity.link ?? {};
  const choices = proveAgain(turn).map(({ style: _, ...choice }) => choice);
  if (identity.link === undefined || expiresAt === undefined || choices.length === 0) return undefined;
  if (!endsSoon(identity.link, now)) return undefined;
  const said = text.t('line.ends-soon', { until: text.dateTime(expiresAt, now) });
  return { blocks: [{ type: 'text', text: said, tone: 'hint' }], choices };
}

async function balanceBlocks(turn: Turn): Promise<Block[]> {
  const [left, account] = await Promise.all([turn.telco.balance(), turn.telco.account()]);
  const { text } = turn;
  return [
    { type: 'heading', text: text.t('balance.heading') },
    ...accountBlocks(turn, left, account),
    ...left.plans.flatMap((plan) => planGauges(turn, plan)),
    ...unmeasured(turn, left.plans),
    ...(left.plans.length > 0
      ? []
      : [{ type: 'text', text: text.t(left.plansMissing ? 'balance.plans-untold' : 'balance.no-plan') } as const]),
  ];
}

/** Plans of which the telco told nothing that a gauge could show: that they run, and until when. */
function unmeasured(turn: Turn, plans: readonly ActivePlan[]): Block[] {
  const { text } = turn;
  const facts = plans
    .filter(({ gauges }) => gauges.length === 0)
    .map((plan): Fact => {
      const date = planEnd(turn, plan);
      const value = date === undefined ? text.t('balance.active') : text.t('balance.active-until', { date });
      return { label: planLabel(turn, plan), value };
    });
  return facts.length > 0 ? [{ type: 'facts', facts }] : [];
}

function accountBlocks({ text }: Turn, left: Balance, account: Account): Block[] {
  const type = left.accountType ?? account.type;
  const facts: Fact[] = [];
  if (type !== undefined) facts.push({ label: text.t('balance.account'), value: text.t(`balance.${type}`) });
  for (const wallet of walletsNow(left, account)) facts.push(walletFact(text, wallet));
  const blocks: Block[] = facts.length > 0 ? [{ type: 'facts', facts }] : [];
  if (left.accountActive === false) blocks.push({ type: 'text', text: text.t('balance.inactive'), tone: 'warning' });
  return blocks;
}

/** The account's wallets, with the main one's money as fresh as the balance call. */
function walletsNow(left: Balance, { currency, wallets }: Account): readonly Wallet[] {
  if (left.money === undefined || currency === undefined) return wallets;
  const main: Wallet = {
    kind: 'main',
    money: { amount: left.money, currency },
    ...(left.moneyExpiresAt !== undefined && { expiresAt: left.moneyExpiresAt }),
  };
  return [main, ...wallets.filter(({ kind }) => kind !== 'main')];
}

/** Dates telcos write when they mean "never" (Millom's own examples say 2099). */
const FOR_EVER = Date.UTC(2090, 0, 1);

function walletFact(text: Turn['text'], { kind, money, expiresAt }: Wallet): Fact {
  const amount = text.money(money);
  const dated = expiresAt !== undefined && expiresAt.getTime() < FOR_EVER;
  return {
    label: kind === 'main' || kind === 'loan' || kind === 'owed' ? text.t(`wallet.${kind}`) : text.literal(kind),
    value: dated ? text.t('balance.money-until', { amount, date: text.date(expiresAt) }) : amount,
  };
}

/** One gauge block per measure of a plan: data, calls, messages. */
export function planGauges(turn: Turn, plan: ActivePlan): GaugeBlock[] {
  const { text } = turn;
  const label = planLabel(turn, plan);
  const date = planEnd(turn, plan);
  return plan.gauges.map((gauge) => ({
    type: 'gauge',
    label,
    share: remainingShare(gauge),
    level: gaugeLevel(gauge),
    caption: date === undefined ? text.gauge(gauge) : text.t('balance.gauge-until', { left: text.gauge(gauge), date }),
  }));
}

function planEnd({ text, now }: Turn, { expiresAt }: ActivePlan): Localized | undefined {
  return expiresAt !== undefined && expiresAt.getTime() < FOR_EVER ? text.dateTime(expiresAt, now) : undefined;
}

const KNOWN_APPLICATIONS = ['video', 'social', 'music', 'gaming', 'messaging'] as const;

function planLabel({ text }: Turn, plan: ActivePlan): Localized {
  const name = text.telcoText(plan.name, text.literal(plan.id));
  const only = plan.applications.filter((application) => application.toLowerCase() !== 'generic');
  if (only.length === 0) return name;
  const names = only.map((application) => {
    const known = KNOWN_APPLICATIONS.find((candidate) => candidate === application.toLowerCase());
    return known === undefined ? text.literal(application) : text.t(`app.${known}`);
  });
  return text.t('balance.only-for', { plan: name, apps: text.list(names) });
}
