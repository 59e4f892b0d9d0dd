import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ask, type Choice, done, flow, type Next, type Screen, start } from '../bot/conversation/flow.js';
import type { Intent } from '../bot/conversation/session.js';
import type { Turn } from '../bot/conversation/turn.js';
import { sameMoney } from '../bot/domain/money.js';
import type { Offer } from '../bot/domain/offer.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { Block, Fact } from '../bot/message/message.js';
import { goneScreen, OFFER_VALID_MS, offerFacts, offerName } from './offers.js';
import { purchaseKey, purchaseStatus } from './receipt.js';
import { leadTo, say, screen } from './screens.js';

const texts = z.array(z.object({ language: z.string(), text: z.string() }));

/** The offer as it was shown: what the subscriber agrees to is this, not whatever the telco says later. */
const state = z.object({
  planId: z.string(),
  name: texts,
  description: texts,
  price: z.object({ amount: z.string(), currency: z.string() }),
  fundSource: z.enum(['wallet', 'loan']),
  quotas: z.array(z.object({ unit: z.string(), amount: z.string() })),
  validitySeconds: z.number().optional(),
  context: z.string().optional(),
  /** Names this one confirmation; single-use, kept unique by the ledger. */
  confirmation: z.string(),
  /** Epoch milliseconds. */
  shownAt: z.number(),
});

type Terms = z.infer<typeof state>;

/** A confirmation older than this is checked against the telco's current price before it buys. */
const RECHECK_AFTER_MS = 120_000;

/**
 * From an offer to a confirmed purchase. Only the priced confirmation buys; it is single-use, and pressing it again, anywhere,
 * tells what became of the first press. The money itself moves in the purchases worker.
 */
export const purchase = flow<Terms>({
  name: 'purchase',
  version: 1,
  state,
  entries: { 'offers.view': 'pick', 'offers.buy': 'pick', 'purchase.confirm': 'pick' },
  whenStale: { name: 'offers' },
  needsLine: true,
  async begin(turn, intent) {
    if (intent.name === 'purchase.confirm') return confirmedBefore(turn, intent);
    const offer = await findOffer(turn, intent);
    if (offer === undefined) return start({ name: 'offers' }, goneScreen(turn));
    const terms = termsOf(offer, turn.now);
    if (terms === undefined) return done(say(turn.text.t('offers.not-for-sale'), [leadTo(turn, 'offers')]));
    const next = intent.name === 'offers.buy' ? 'confirm' : 'detail';
    return ask(next, terms, changedSince(turn, intent, terms));
  },
  steps: {
    detail: {
      show: (turn, terms) => detailScreen(turn, terms),
      on: {
        'purchase.buy': (_turn, terms) => ask('confirm', terms),
        back: () => start({ name: 'offers' }),
      },
    },
    confirm: {
      show: (turn, terms) => confirmScreen(turn, terms),
      on: {
        'purchase.confirm': confirm,
        back: (_turn, terms) => ask('detail', terms),
      },
    },
  },
});

async function findOffer(turn: Turn, { slots }: Intent): Promise<Offer | undefined> {
  const { offers } = await turn.telco.offers();
  const same = offers.filter(({ planId }) => planId === slots?.['plan']);
  // Never a loan for what was shown as paid from the wallet, or the other way round.
  return same.find(({ fundSource }) => fundSource === slots?.['fund']);
}

function termsOf(offer: Offer, now: Date): Terms | undefined {
  if (offer.price === undefined) return undefined;
  const { planId, name, description, price, fundSource, quotas, validitySeconds, context } = offer;
  return {
    planId,
    name: [...name],
    description: [...description],
    price: { ...price },
    fundSource,
    quotas: quotas.map(({ unit, amount }) => ({ unit, amount: amount.toString() })),
    ...(validitySeconds !== undefined && { validitySeconds }),
    ...(context !== undefined && { context }),
    confirmation: randomUUID(),
    shownAt: now.getTime(),
  };
}

/** A word about a price that is not the one on the button that was pressed. */
function changedSince({ text }: Turn, { slots }: Intent, { price }: Terms): Screen | undefined {
  const { price: amount, currency } = slots ?? {};
  if (amount === undefined || currency === undefined || sameMoney({ amount, currency }, price)) return undefined;
  const before = text.money({ amount, currency });
  return say(text.t('purchase.price-changed', { before, after: text.money(price) }), [], 'warning');
}

function detailScreen(turn: Turn, terms: Terms): Screen {
  const { text } = turn;
  const description = text.telcoText(terms.description);
  return {
    validForMs: OFFER_VALID_MS,
    blocks: [
      { type: 'heading', text: offerName(text, terms) },
      ...(description === '' ? [] : [{ type: 'text', text: description } as const]),
      { type: 'facts', facts: termFacts(turn, terms) },
      ...loanWarning(turn, terms),
    ],
    choices: [
      {
        label: text.t(terms.fundSource === 'loan' ? 'choice.borrow-for' : 'choice.buy-for', {
          price: text.money(terms.price),
        }),
        intent: { name: 'purchase.buy' },
        style: 'primary',
      },
      { label: text.t('choice.other-offers'), intent: { name: 'offers' } },
      cancelChoice(turn),
    ],
  };
}

function confirmScreen(turn: Turn, terms: Terms): Screen {
  const { text } = turn;
  const loan = terms.fundSource === 'loan';
  const description = text.telcoText(terms.description);
  return {
    validForMs: OFFER_VALID_MS,
    blocks: [
      { type: 'heading', text: text.t('purchase.confirm-heading') },
      {
        type: 'facts',
        facts: [
          { label: text.t('offer.plan'), value: offerName(text, terms) },
          ...(terms.validitySeconds === undefined && description !== ''
            ? [{ label: text.t('offer.details'), value: description }]
            : []),
          ...termFacts(turn, terms),
        ],
      },
      ...loanWarning(turn, terms),
    ],
    choices: [
      {
        label: text.t(loan ? 'choice.confirm-loan' : 'choice.confirm-pay', { price: text.money(terms.price) }),
        intent: { name: 'purchase.confirm', slots: { confirmation: terms.confirmation } },
        style: 'primary',
        exact: true,
      },
      { label: text.t('choice.back'), intent: { name: 'back' } },
      cancelChoice(turn),
    ],
  };
}

function termFacts({ text }: Turn, terms: Terms): Fact[] {
  const quotas = terms.quotas.map(({ unit, amount }) => ({
    unit,
    amount: amount === 'unlimited' ? ('unlimited' as const) : BigInt(amount),
  }));
  const { validitySeconds } = terms;
  return [
    { label: text.t('offer.price'), value: text.money(terms.price) },
    ...offerFacts(text, { quotas, ...(validitySeconds !== undefined && { validitySeconds }) }),
    { label: text.t('offer.paid-from'), value: text.t(`fund.${terms.fundSource}`) },
  ];
}

function loanWarning({ text }: Turn, { fundSource, price }: Terms): Block[] {
  if (fundSource !== 'loan') return [];
  return [{ type: 'text', text: text.t('purchase.loan-warning', { price: text.money(price) }), tone: 'warning' }];
}

function cancelChoice({ text }: Turn): Choice {
  return { label: text.t('choice.cancel'), intent: { name: 'cancel' } };
}

/** The one place where a subscriber's word becomes an order. */
async function confirm(turn: Turn, terms: Terms, intent: Intent): Promise<Next<Terms>> {
  if (intent.slots?.['confirmation'] !== terms.confirmation) return confirmedBefore(turn, intent);
  const before = await turn.ledger.purchaseByConfirmation(terms.confirmation);
  if (before !== undefined) return statusOf(turn, before);
  if (turn.now.getTime() - terms.shownAt > RECHECK_AFTER_MS) {
    const again = await recheck(turn, terms);
    if (again !== undefined) return again;
  }
  const { planId, name, price, fundSource, context, confirmation } = terms;
  const opened = await turn.ledger.openPurchase({
    id: randomUUID(),
    confirmation,
    lineId: turn.line.id,
    conversationId: turn.conversationId,
    terms: { planId, planName: name, price, fundSource, ...(context !== undefined && { context }) },
  });
  if (opened.outcome === 'busy') return done(busyScreen(turn, terms, opened.purchase));
  if (opened.outcome === 'repeated') return statusOf(turn, opened.purchase);
  turn.afterSend(() => turn.submitPurchase(opened.purchase.id));
  return done(onItsWay(turn, opened.purchase));
}

/** A confirmation pressed when nothing waits for it: the status of what it bought, or word that it has expired. */
async function confirmedBefore(turn: Turn, { slots }: Intent): Promise<Next<Terms>> {
  const before = await turn.ledger.purchaseByConfirmation(slots?.['confirmation'] ?? '');
  // Its slots come from this conversation's own session; the line may have changed since.
  if (before !== undefined && before.lineId === turn.line.id) return statusOf(turn, before);
  return start({ name: 'offers' }, say(turn.text.t('engine.expired-offer')));
}

/** A second tap, a redelivery, another device: what became of the first, and nothing bought. */
function statusOf(turn: Turn, purchase: Purchase): Next<Terms> {
  // The turn that opened it may have ended before it could hand it on.
  if (purchase.state === 'confirmed') turn.afterSend(() => turn.submitPurchase(purchase.id));
  return done(purchaseStatus(turn, purchase));
}

/** One purchase at a time: this one was not ordered, and the one under way may have been made elsewhere. */
function busyScreen(turn: Turn, wanted: Terms, { terms }: Purchase): Screen {
  const { text } = turn;
  const name = offerName(text, { name: terms.planName, planId: terms.planId });
  return say(text.t('purchase.busy', { wanted: offerName(text, wanted), name }), [leadTo(turn, 'balance')]);
}

/** The telco's current terms; a question when they are not the ones agreed to, `undefined` when they are. */
async function recheck(turn: Turn, terms: Terms): Promise<Next<Terms> | undefined> {
  const slots = {
    plan: terms.planId,
    fund: terms.fundSource,
    price: terms.price.amount,
    currency: terms.price.currency,
  };
  const intent = { name: 'offers.buy', slots };
  const offer = await findOffer(turn, intent);
  const now = offer === undefined ? undefined : termsOf(offer, turn.now);
  if (now === undefined) return start({ name: 'offers' }, goneScreen(turn));
  const changed = changedSince(turn, intent, now);
  return changed === undefined ? undefined : ask('confirm', now, changed);
}

function onItsWay(turn: Turn, { id, terms }: Purchase): Screen {
  const { text } = turn;
  const name = offerName(text, { name: terms.planName, planId: terms.planId });
  const blocks = [
    { type: 'heading', text: text.t('purchase.on-its-way') },
    { type: 'text', text: text.t('purchase.on-its-way-text', { name, price: text.money(terms.price) }) },
  ] as const;
  return { ...screen(blocks), key: purchaseKey(id) };
}
