import { randomUUID } from 'node:crypto';
import { ask, done, flow, type Next, start } from '../bot/conversation/flow.js';
import type { Intent } from '../bot/conversation/session.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { Offer } from '../bot/domain/offer.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import { TelcoRefused, TelcoUnreachable } from '../bot/telco.js';
import { barredScreen } from './line-names.js';
import { goneScreen, OFFER_VALID_MS } from './offers.js';
import { isOwn } from './ownership.js';
import {
  busyScreen,
  changedScreen,
  confirmScreen,
  detailScreen,
  notCheckedScreen,
  onItsWay,
  overLimitScreen,
} from './purchase-screens.js';
import { purchaseStatus } from './purchase-status.js';
import { leadTo, say, troubleRow } from './screens.js';
import { changesSince, isBound, type Seen, seenInSlots, seenOf, type Terms, termsOf, termsSchema } from './terms.js';

/**
 * From an offer to a confirmed purchase. Only the priced confirmation buys; it is single-use, and pressing it again, anywhere,
 * tells what became of the first press. The money itself moves in the purchases worker.
 */
export const purchase = flow<Terms>({
  name: 'purchase',
  version: 2,
  state: termsSchema,
  entries: { 'offers.view': 'pick', 'offers.buy': 'pick', 'purchase.confirm': 'pick' },
  whenStale: { name: 'offers' },
  needsLine: true,
  async begin(turn, intent) {
    if (intent.name === 'purchase.confirm') return confirmedBefore(turn, intent);
    const seen = seenInSlots(intent);
    const offer = await findOffer(turn, intent.slots?.['plan'] ?? '', seen);
    if (offer === undefined) return start({ name: 'offers' }, goneScreen(turn));
    const terms = termsOf(offer, turn.now, turn);
    if (terms === undefined) return done(say(turn.text.t('offers.not-for-sale'), [leadTo(turn, 'offers')]));
    return askAfter(turn, intent.name === 'offers.buy' ? 'confirm' : 'detail', seen, terms);
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

/** The plan as it is sold now, paid from where it was seen to be paid from if that is still possible. */
async function findOffer(
  turn: Turn,
  planId: string,
  { fundSource }: Pick<Seen, 'fundSource'>,
): Promise<Offer | undefined> {
  const { offers } = await turn.telco.offers();
  const same = offers.filter((offer) => offer.planId === planId);
  return same.find((offer) => offer.fundSource === fundSource) ?? same[0];
}

/** Shows `terms`, and before them whatever is not as it was seen: above all a loan where there was none. */
function askAfter(turn: Turn, step: 'detail' | 'confirm', seen: Seen, terms: Terms): Next<Terms> {
  const changes = changesSince(seen, terms);
  return ask(step, terms, changes.length === 0 ? undefined : changedScreen(turn, changes, seen, terms));
}

/** The one place where a subscriber's word becomes an order. */
async function confirm(turn: Turn, terms: Terms, intent: Intent): Promise<Next<Terms>> {
  // They were told that it went wrong, and may have got what they wanted in another way by now.
  if (turn.replayed) return confirmedBefore(turn, intent);
  if (intent.slots?.['confirmation'] !== terms.confirmation) return confirmedBefore(turn, intent);
  // Made for other terms, somebody else or another line: then nobody agreed to this.
  if (!isBound(terms, turn)) return start({ name: 'offers' }, say(turn.text.t('engine.expired-offer')));
  const before = await turn.ledger.purchaseByConfirmation(terms.confirmation);
  if (before !== undefined) return statusOf(turn, before);
  const now = await asSoldNow(turn, terms);
  return 'next' in now ? now.next : order(turn, terms, now.terms);
}

/**
 * The offer once more, from the telco, right before it is ordered: an order names no price, so this is the last moment to see
 * that the price or anything it is for is not what was agreed to. Then that is shown, and asked again.
 */
async function asSoldNow(turn: Turn, terms: Terms): Promise<{ terms: Terms } | { next: Next<Terms> }> {
  let offer: Offer | undefined;
  try {
    offer = await findOffer(turn, terms.planId, terms);
  } catch (error) {
    if (!(error instanceof TelcoRefused || error instanceof TelcoUnreachable)) throw error;
    // What waiting does not mend (roaming, opted out) is not asked again.
    const { again } = troubleRow(error);
    const isOver = again === 'unsaid' || again === 'home';
    const said = notCheckedScreen(turn, error, isOver);
    return { next: isOver ? done(said) : ask('confirm', terms, said) };
  }
  const now = offer === undefined ? undefined : termsOf(offer, turn.now, turn);
  if (now === undefined) return { next: start({ name: 'offers' }, goneScreen(turn)) };
  const seen = seenOf(terms);
  if (changesSince(seen, now).length > 0) return { next: askAfter(turn, 'confirm', seen, now) };
  if (turn.now.getTime() - terms.shownAt <= OFFER_VALID_MS) return { terms: now };
  return { next: ask('confirm', now, say(turn.text.t('purchase.shown-long-ago'))) };
}

/** `terms` are what was confirmed; `now` is the same offer with the telco's latest cookie. */
async function order(turn: Turn, terms: Terms, { context }: Terms): Promise<Next<Terms>> {
  const { planId, name, price, fundSource, confirmation } = terms;
  const linkId = turn.identity.link?.id;
  const opened = await turn.ledger.openPurchase({
    id: randomUUID(),
    confirmation,
    lineId: turn.line.id,
    key: turn.line.key,
    conversationId: turn.conversationId,
    ...(linkId !== undefined && { linkId }),
    terms: { planId, planName: name, price, fundSource, ...(context !== undefined && { context }) },
  });
  if (opened.outcome === 'barred') return done(barredScreen(turn, opened.hindrance));
  if (opened.outcome === 'over-limit') return done(overLimitScreen(turn, terms, opened.over));
  if (opened.outcome === 'busy') return done(await busyScreen(turn, terms, opened.purchase));
  if (opened.outcome === 'repeated') return statusOf(turn, opened.purchase);
  turn.afterSend(() => turn.submitPurchase(opened.purchase.id));
  return done(onItsWay(turn, opened.purchase));
}

/** A confirmation pressed when nothing waits for it: the status of what it bought, or word that it has expired. */
async function confirmedBefore(turn: Turn, { slots }: Intent): Promise<Next<Terms>> {
  const before = await turn.ledger.purchaseByConfirmation(slots?.['confirmation'] ?? '');
  // Its slots come from this conversation's own session; the line may have changed since.
  if (before !== undefined && before.lineId === turn.line.id && (await isOwn(turn, before)))
    return statusOf(turn, before);
  return start({ name: 'offers' }, say(turn.text.t('engine.expired-offer')));
}

/** A second tap, a redelivery, another device: what became of the first, and nothing bought. */
async function statusOf(turn: Turn, before: Purchase): Promise<Next<Terms>> {
  // The turn that opened it may have ended before it could hand it on.
  if (before.state === 'confirmed') turn.afterSend(() => turn.submitPurchase(before.id));
  return done(await purchaseStatus(turn, before));
}
