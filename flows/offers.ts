import { z } from 'zod';
import { type Choice, done, flow, type Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { Offer, OfferList } from '../bot/domain/offer.js';
import type { Fact, OfferCard } from '../bot/message/message.js';
import { endedScreen, leadTo, say, screen, tokenEnded } from './screens.js';
import { offerSlots } from './terms.js';

/** An offer may be taken this long after it was shown; then the telco is asked again. */
export const OFFER_VALID_MS = 30 * 60_000;

/** As many as a WhatsApp list has rows for, with two left for "more" and a way out (CHANNELS.md 1). */
const PER_PAGE = 8;

/** What can be bought now, as the telco sees this subscriber. */
export const offers = flow({
  name: 'offers',
  version: 1,
  state: z.null(),
  entries: { offers: 'switch', 'offers.more': 'pick' },
  whenStale: { name: 'offers' },
  needsLine: true,
  async begin(turn, intent) {
    if (tokenEnded(turn)) return done(endedScreen(turn));
    const { from = '0', fund } = intent.slots ?? {};
    const list = onlyFrom(fund, await turn.telco.offers());
    return done(list.offers.length === 0 ? nothingToSell(turn, list) : offersScreen(turn, list, Number(from), fund));
  },
  steps: {},
});

/** The offers paid from `fund`, where there are any and somebody asked for it; else all of them. */
function onlyFrom(fund: string | undefined, list: OfferList): OfferList {
  const offers = list.offers.filter(({ fundSource }) => fundSource === fund);
  return offers.length === 0 ? list : { ...list, offers };
}

function nothingToSell(turn: Turn, { state }: OfferList): Screen {
  const { text } = turn;
  if (state === 'need-top-up') {
    return say(text.t('offers.need-top-up'), [leadTo(turn, 'top-up'), leadTo(turn, 'balance')]);
  }
  return say(text.t(state === 'good-to-go' ? 'offers.good-to-go-none' : 'offers.none'), [leadTo(turn, 'balance')]);
}

function offersScreen(turn: Turn, list: OfferList, from: number, fund: string | undefined): Screen {
  const { text } = turn;
  const page = list.offers.slice(from, from + PER_PAGE);
  const more = list.offers.length > from + PER_PAGE;
  const { cards, choices } = offerCards(turn, page, 'offers.view');
  return {
    validForMs: OFFER_VALID_MS,
    blocks: [
      { type: 'text', text: text.t(`offers.${list.state}`) },
      ...(page.some(({ fundSource }) => fundSource === 'loan')
        ? [{ type: 'text', text: text.t('offers.loan-note'), tone: 'warning' } as const]
        : []),
      { type: 'offers', offers: cards },
    ],
    choices: [
      ...choices,
      ...(more
        ? [
            {
              label: text.t('choice.more-offers'),
              intent: {
                name: 'offers.more',
                slots: { from: String(from + PER_PAGE), ...(fund !== undefined && { fund }) },
              },
            },
          ]
        : []),
      leadTo(turn, 'balance'),
    ],
  };
}

/**
 * Offer cards and the choices that pick them. `intent` is what picking means: look at it (`offers.view`) or go straight to
 * the priced confirmation (`offers.buy`). Neither buys.
 */
export function offerCards(
  { text }: Turn,
  list: readonly Offer[],
  intent: 'offers.view' | 'offers.buy',
): { cards: OfferCard[]; choices: Choice[] } {
  const choices: Choice[] = [];
  const cards = list.map((offer): OfferCard => {
    const title = offerName(text, offer);
    const price = offer.price === undefined ? text.t('offers.no-price') : text.money(offer.price);
    const description = text.telcoText(offer.description);
    choices.push({
      label: text.t('choice.offer', { name: title, price }),
      intent: { name: intent, slots: offerSlots(offer) },
    });
    return {
      title,
      price,
      facts: offerFacts(text, offer),
      action: choices.length - 1,
      ...(description !== '' && description !== title && { description }),
      ...(offer.fundSource === 'loan' && { badge: text.t('offers.loan') }),
    };
  });
  return { cards, choices };
}

export function offerName(text: Turn['text'], { name, planId }: Pick<Offer, 'name' | 'planId'>) {
  return text.telcoText(name, text.literal(planId));
}

/** What an offer gives and for how long, where the telco says so in fields. */
export function offerFacts(
  text: Turn['text'],
  { quotas, validitySeconds }: Pick<Offer, 'quotas' | 'validitySeconds'>,
): Fact[] {
  return [
    ...(quotas.length > 0 ? [{ label: text.t('offer.gives'), value: text.quotas(quotas) }] : []),
    ...(validitySeconds !== undefined
      ? [{ label: text.t('offer.validity'), value: text.duration(validitySeconds) }]
      : []),
  ];
}

/** Shared with the purchase flow: an offer that cannot be had any more, and what can. */
export function goneScreen({ text }: Turn): Screen {
  return screen([{ type: 'text', text: text.t('offers.gone') }]);
}
