import { z } from 'zod';
import { done, flow, type Screen, silent } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { ActivePlan, Balance } from '../bot/domain/balance.js';
import type { NotificationType } from '../bot/domain/notification.js';
import type { Offer, OfferList } from '../bot/domain/offer.js';
import { LOW_SHARE, remainingShare, type Unit } from '../bot/domain/quota.js';
import type { MessageKey } from '../bot/i18n/catalogues.js';
import type { Nudge } from '../bot/ledger/ledger.js';
import { TelcoRefused, TelcoUnreachable } from '../bot/telco.js';
import { planGauges } from './balance.js';
import { OFFER_VALID_MS, offerCards } from './offers.js';
import { isOwn } from './ownership.js';

/** More would not be read; "See offers" shows the rest. */
const OFFERS_IN_A_NUDGE = 3;

/** A nudge nobody could check against the balance for this long is old news. */
const STALE_AFTER_MS = 2 * 3_600_000;

/**
 * One crossing of a threshold makes telcos send several notifications (the plan is low, the data is low): the first of a
 * topic speaks for all of them.
 */
const ONE_PER_MS = 10 * 60_000;

const TOPICS: Readonly<Record<NotificationType, 'data' | 'expiry' | 'money'>> = {
  'low-data': 'data',
  'out-of-data': 'data',
  'pay-as-you-go': 'data',
  'pack-near-consumption': 'data',
  'pack-consumed': 'data',
  'pack-expired': 'expiry',
  'pack-near-expiry': 'expiry',
  'low-monetary-balance': 'money',
  'monetary-reload': 'money',
};

/**
 * The word before the data runs out, with offers one tap away. Checked once more as it is said: still agreed to, and still
 * true by the balance (Millom's files swap the meanings of low-data and out-of-data, so the balance decides which it is).
 */
export const nudge = flow({
  name: 'nudge',
  version: 1,
  state: z.null(),
  entries: { nudge: 'system' },
  whenStale: { name: 'offers' },
  needsLine: false,
  async begin(turn, intent) {
    const found = await turn.ledger.nudge(intent.slots?.['ref'] ?? '');
    if (found === undefined || found.state !== 'queued') return silent();
    const skip = (reason: string) => {
      turn.afterSend(async () => void (await turn.ledger.finishNudge(found.id, 'skipped', reason)));
      return silent();
    };
    // The conversation is about another line by now, or about none.
    if (found.lineId !== turn.session.lineId) return skip('other-line');
    // Meant for who had the number before.
    if (!(await isOwn(turn, found))) return skip('other-owner');
    if (turn.now.getTime() - found.createdAt.getTime() > STALE_AFTER_MS) return skip('stale');
    if (!(await turn.ledger.consents(turn.conversationId)).has(found.type)) return skip('no-consent');
    const facts = await gather(turn, found);
    if (facts === 'later') return silent();
    if (typeof facts === 'string') return skip(facts);
    if (!stillTrue(found, facts.balance, turn.now)) return skip('not-true-any-more');
    const topic = TOPICS[found.type];
    const last = turn.session.nudged?.[topic] ?? 0;
    if (turn.now.getTime() - last < ONE_PER_MS) return skip('just-said');
    turn.remember({ nudged: { ...turn.session.nudged, [topic]: turn.now.getTime() } });
    turn.afterSend(async (outcome) => {
      const told = outcome === 'replied';
      await turn.ledger.finishNudge(found.id, told ? 'sent' : 'skipped', told ? 'delivered' : outcome);
    });
    return done(nudgeScreen(turn, found, facts.balance, facts.offers));
  },
  steps: {},
});

interface Facts {
  readonly balance: Balance;
  readonly offers: OfferList;
}

/** `later`: the telco cannot be asked now, the sweeper brings the nudge back. Any other string: why there is nothing to say. */
async function gather({ telco }: Turn, { offers: brought }: Nudge): Promise<Facts | 'later' | string> {
  try {
    const [balance, offers] = await Promise.all([
      telco.balance(),
      brought === undefined ? telco.offers() : listOf(brought),
    ]);
    return { balance, offers };
  } catch (error) {
    if (error instanceof TelcoUnreachable) return 'later';
    // Roaming and opted-out subscribers are left alone.
    if (error instanceof TelcoRefused) return error.reason === 'too-many-requests' ? 'later' : error.reason;
    throw error;
  }
}

/** Offers that came with the notification are shown as they came; picking one asks the telco, and says what changed since. */
function listOf(offers: readonly Offer[]): OfferList {
  const loans = offers.every(({ fundSource }) => fundSource === 'loan');
  return { state: loans ? 'need-loans' : 'need-offers', offers };
}

/** Above this share nobody would call a gauge nearly empty. */
const PLENTY_SHARE = LOW_SHARE * 2;

/**
 * Word of data or of a plan that is nearly gone, or gone, is dropped when a top-up, a purchase or a renewal overtook it; with no
 * gauge to go by, the telco's word stands.
 */
function stillTrue({ type, planName }: Nudge, { plans }: Balance, now: Date): boolean {
  switch (type) {
    case 'low-data':
    case 'out-of-data':
      return dataGauges(plans).every((share) => share <= PLENTY_SHARE);
    case 'pack-near-consumption':
    case 'pack-consumed':
    case 'pack-expired':
      return !plansNamed(plans, planName).some((plan) => isPlentiful(plan, now));
    default:
      return true;
  }
}

function isPlentiful({ gauges, expiresAt }: ActivePlan, now: Date): boolean {
  if (gauges.length === 0 || (expiresAt !== undefined && expiresAt <= now)) return false;
  return gauges.every((gauge) => remainingShare(gauge) > PLENTY_SHARE);
}

const DATA_UNITS: ReadonlySet<Unit> = new Set(['bytes', 'data-minutes']);

function dataGauges(plans: readonly ActivePlan[]): number[] {
  return plans
    .filter(({ applications }) => applications.every((application) => application.toLowerCase() === 'generic'))
    .flatMap(({ gauges }) => gauges.filter(({ unit }) => DATA_UNITS.has(unit)).map(remainingShare));
}

/** What leads over from the news to offers that the money covers. */
const LEADS: Partial<Record<NotificationType, MessageKey>> = {
  'pay-as-you-go': 'nudge.plan-cheaper',
  'monetary-reload': 'nudge.for-top-up',
};

function nudgeScreen(turn: Turn, { type, planName }: Nudge, balance: Balance, list: OfferList): Screen {
  const { text } = turn;
  const offered = list.offers.slice(0, OFFERS_IN_A_NUDGE);
  const { cards, choices } = offerCards(turn, offered, 'offers.buy');
  const loans = offered.filter(({ fundSource }) => fundSource === 'loan').length;
  const lead = loans < offered.length && list.state !== 'need-top-up' ? LEADS[type] : undefined;
  const plan = text.telcoText(planName, text.t('nudge.your-plan'));
  const shown = plansNamed(balance.plans, planName)[0] ?? lowestPlan(balance.plans);
  return {
    validForMs: OFFER_VALID_MS,
    notice: { name: `nudge_${saidAs(type, balance).replaceAll('-', '_')}`, values: [plan] },
    blocks: [
      { type: 'text', text: text.t(`nudge.${saidAs(type, balance)}`, { plan }), tone: 'warning' },
      ...(shown === undefined ? [] : planGauges(turn, shown)),
      ...(lead === undefined ? [] : [{ type: 'text', text: text.t(lead) } as const]),
      ...(loans > 0 ? [{ type: 'text', text: text.t('offers.loan-note'), tone: 'hint' } as const] : []),
      ...(cards.length > 0 ? [{ type: 'offers', offers: cards } as const] : []),
      ...(list.state === 'need-top-up' ? [{ type: 'text', text: text.t('offers.need-top-up') } as const] : []),
    ],
    choices: [
      ...choices,
      list.state === 'need-top-up'
        ? { label: text.t('choice.top-up'), intent: { name: 'top-up' } }
        : { label: text.t('choice.more-offers'), intent: { name: 'offers' } },
      { label: text.t('choice.nudges-off'), intent: { name: 'nudges.off' }, exact: true },
    ],
  };
}

function saidAs(type: NotificationType, { plans, plansMissing }: Balance): NotificationType {
  if (type !== 'low-data' && type !== 'out-of-data') return type;
  const shares = dataGauges(plans);
  if (shares.length === 0) return plans.length === 0 && plansMissing !== true ? 'out-of-data' : type;
  return shares.some((share) => share > 0) ? 'low-data' : 'out-of-data';
}

/** The plans a notification names: it knows names only, in one language or several. */
function plansNamed(plans: readonly ActivePlan[], name: Nudge['planName']): ActivePlan[] {
  const names = new Set(name.map(({ text }) => text));
  return plans.filter((plan) => plan.name.some(({ text }) => names.has(text)));
}

function lowestPlan(plans: readonly ActivePlan[]): ActivePlan | undefined {
  const lowest = (plan: ActivePlan) => Math.min(1, ...plan.gauges.map(remainingShare));
  return plans.toSorted((a, b) => lowest(a) - lowest(b))[0];
}
