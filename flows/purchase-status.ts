import { setTimeout as sleep } from 'node:timers/promises';
import type { Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { planArrived, snapshotOf } from '../bot/domain/evidence.js';
import { type Refusal, refusalOf } from '../bot/domain/refusal.js';
import type { Localized } from '../bot/i18n/localized.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { Block } from '../bot/message/message.js';
import { offerName } from './offers.js';
import { leadTo, say, screen, waysOut } from './screens.js';

/** Where a purchase stands, as its buyer should hear it. */
export async function purchaseStatus(turn: Turn, purchase: Purchase): Promise<Screen> {
  const { text } = turn;
  const name = planName(text, purchase);
  switch (purchase.state) {
    case 'completed':
      return receiptScreen(turn, purchase);
    case 'failed':
      return failureScreen(turn, purchase);
    case 'unknown':
      return say(text.t('purchase.checking', { name }), [leadTo(turn, 'balance')], 'warning');
    default:
      return say(text.t('purchase.under-way', { name }), [leadTo(turn, 'balance')]);
  }
}

/** One purchase's messages replace each other where a channel can edit: on its way, being checked, the receipt. */
export function purchaseKey(id: string): string {
  return `purchase:${id}`;
}

export function planName(text: Turn['text'], { terms }: Pick<Purchase, 'terms'>): Localized {
  return offerName(text, { name: terms.planName, planId: terms.planId });
}

/** What the operator, or else we, call this purchase when somebody asks. */
export function referenceOf({ confirmationCode, id }: Pick<Purchase, 'confirmationCode' | 'id'>): string {
  return confirmationCode ?? id.slice(0, 8);
}

async function receiptScreen(turn: Turn, purchase: Purchase): Promise<Screen> {
  const { text } = turn;
  const { terms, stateAt } = purchase;
  const name = planName(text, purchase);
  const price = text.money(terms.price);
  return screen(
    [
      { type: 'heading', text: text.t('receipt.heading') },
      (await isActivating(turn, purchase))
        ? { type: 'text', text: text.t('receipt.activating', { name }) }
        : { type: 'text', text: text.t('receipt.text', { name }), tone: 'success' },
      {
        type: 'facts',
        facts: [
          { label: text.t('offer.plan'), value: name },
          { label: text.t(terms.fundSource === 'loan' ? 'receipt.owed' : 'receipt.paid'), value: price },
          { label: text.t('offer.paid-from'), value: text.t(`fund.${terms.fundSource}`) },
          { label: text.t('receipt.date'), value: text.dateTime(stateAt, turn.now) },
          { label: text.t('receipt.reference'), value: text.literal(referenceOf(purchase)) },
        ],
      },
    ],
    [leadTo(turn, 'balance')],
  );
}

/** A telco that only says "failed" charged nothing and gives no reason. */
const NO_REASON: Refusal = { outcome: 'definite', hear: 'other', again: 'later', ways: ['offers', 'person'] };

async function failureScreen(turn: Turn, purchase: Purchase): Promise<Screen> {
  const { text } = turn;
  const { hear, again, ways } = purchase.failure === undefined ? NO_REASON : refusalOf(purchase.failure);
  const blocks: Block[] = [
    { type: 'heading', text: text.t('failure.heading') },
    { type: 'text', text: text.t(`failure.${hear}`, { name: planName(text, purchase) }) },
    ...(again === 'unsaid' ? [] : [{ type: 'text', text: text.t(`failure.again-${again}`) } as const]),
    { type: 'text', text: text.t('failure.not-charged'), tone: 'hint' },
  ];
  const mayBorrow = ways.includes('loan') && (await loansOffered(turn, purchase));
  return screen(blocks, waysOut(turn, mayBorrow ? ways : ways.filter((way) => way !== 'loan')));
}

/** News does not wait longer than this for something better to say. */
const ASK_WITHIN_MS = 2_000;

/** True when the telco would lend: known only by asking it, and a telco that does not answer now does not lend now. */
async function loansOffered(turn: Turn, { lineId, terms }: Purchase): Promise<boolean> {
  if (terms.fundSource === 'loan' || turn.session.lineId !== lineId) return false;
  const lends = async () => (await turn.telco.offers()).offers.some(({ fundSource }) => fundSource === 'loan');
  return (await inTime(lends)) ?? false;
}

/** A plan that is paid for and does not show this long after is a person's business (workers/reconcile.ts). */
const ACTIVATING_FOR_MS = 30 * 60_000;

/** True when the balance does not show the plan yet (FAULTS.md 18). Where that cannot be told, the telco's word is enough. */
async function isActivating(turn: Turn, purchase: Purchase): Promise<boolean> {
  const { id, lineId, stateAt, terms } = purchase;
  if (turn.session.lineId !== lineId || turn.now.getTime() - stateAt.getTime() > ACTIVATING_FOR_MS) return false;
  if (!(await turn.ledger.isConfirmedFor(purchase, turn.line))) return false;
  const before = await turn.ledger.snapshot(id);
  if (before === undefined) return false;
  const shows = async () => planArrived(before, snapshotOf(await turn.telco.balance(), terms.planId));
  return (await inTime(shows)) === false;
}

/** What the telco answers; `undefined` when it does not, or not in time. */
async function inTime<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  const answered = new AbortController();
  const late = sleep(ASK_WITHIN_MS, undefined, { signal: answered.signal, ref: false }).catch(() => undefined);
  return Promise.race([ask().catch(() => undefined), late]).finally(() => answered.abort());
}
