import type { Choice, Screen } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { SpendOver } from '../bot/domain/spending.js';
import type { Localized } from '../bot/i18n/localized.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { Block, Fact } from '../bot/message/message.js';
import type { TelcoRefused, TelcoUnreachable } from '../bot/telco.js';
import { OFFER_VALID_MS, offerFacts, offerName } from './offers.js';
import { isOwn } from './ownership.js';
import { planName, purchaseKey } from './purchase-status.js';
import { leadTo, say, screen, troubleText, troubleWays } from './screens.js';
import { type Change, quotasOf, type Seen, seenOf, type Terms } from './terms.js';

/** One offer, looked at: what it gives, what it costs, and the way to the confirmation. */
export function detailScreen(turn: Turn, terms: Terms): Screen {
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

/** The last question: everything that is agreed to, and the one button that buys. */
export function confirmScreen(turn: Turn, terms: Terms): Screen {
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
  const { validitySeconds } = terms;
  return [
    { label: text.t('offer.price'), value: text.money(terms.price) },
    ...offerFacts(text, {
      quotas: quotasOf(terms.quotas),
      ...(validitySeconds !== undefined && { validitySeconds }),
    }),
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

/** What is different from what was shown, before and after; said before the offer is shown again. */
export function changedScreen(turn: Turn, changes: readonly Change[], seen: Seen, now: Terms): Screen {
  const { text } = turn;
  if (changes.length === 1 && changes[0] === 'price' && seen.price !== undefined) {
    const values = { before: text.money(seen.price), after: text.money(now.price) };
    return say(text.t('purchase.price-changed', values), [], 'warning');
  }
  const after = seenOf(now);
  const facts = changes.map((change): Fact => {
    const before = shownAs(turn, change, seen);
    return {
      label: text.t(LABELS[change]),
      value: text.t('purchase.was-now', { before, after: shownAs(turn, change, after) }),
    };
  });
  return screen([
    { type: 'text', text: text.t('purchase.changed'), tone: 'warning' },
    { type: 'facts', facts },
  ]);
}

const LABELS = {
  name: 'offer.plan',
  description: 'offer.details',
  price: 'offer.price',
  fundSource: 'offer.paid-from',
  quotas: 'offer.gives',
  validitySeconds: 'offer.validity',
} as const satisfies Record<Change, string>;

function shownAs({ text }: Turn, change: Change, seen: Seen): Localized {
  const { name = [], description = [], price, fundSource, quotas = [], validitySeconds } = seen;
  const nothing = text.t('purchase.not-said');
  switch (change) {
    case 'name':
      return text.telcoText(name, nothing);
    case 'description':
      return text.telcoText(description, nothing);
    case 'price':
      return price === undefined ? nothing : text.money(price);
    case 'fundSource':
      return fundSource === undefined ? nothing : text.t(`fund.${fundSource}`);
    case 'quotas':
      return quotas.length === 0 ? nothing : text.quotas(quotasOf(quotas));
    case 'validitySeconds':
      return typeof validitySeconds === 'number' ? text.duration(validitySeconds) : nothing;
  }
}

/** Ordered; the receipt comes under the same key. */
export function onItsWay({ text }: Turn, purchase: Purchase): Screen {
  const { id, terms } = purchase;
  const name = planName(text, purchase);
  const blocks = [
    { type: 'heading', text: text.t('purchase.on-its-way') },
    { type: 'text', text: text.t('purchase.on-its-way-text', { name, price: text.money(terms.price) }) },
  ] as const;
  return { ...screen(blocks), key: purchaseKey(id) };
}

/**
 * One purchase at a time: this one was not ordered, and the one under way may have been made elsewhere. While nobody knows what
 * became of that one, that is said: buying again is what must not happen now.
 */
export async function busyScreen(turn: Turn, wanted: Terms, underWay: Purchase): Promise<Screen> {
  const { text } = turn;
  const own = await isOwn(turn, underWay);
  const checked = underWay.state === 'unknown';
  const values = { wanted: offerName(text, wanted) };
  const said = own
    ? text.t(checked ? 'purchase.busy-checking' : 'purchase.busy', { ...values, name: planName(text, underWay) })
    : text.t(checked ? 'purchase.busy-checking-other' : 'purchase.busy-other', values);
  return say(said, [leadTo(turn, 'balance'), leadTo(turn, 'purchases')], checked ? 'warning' : undefined);
}

/** More than this line may spend: what the limit is, what is left of it, from when on there is room, and the other ways. */
export function overLimitScreen(turn: Turn, wanted: Terms, over: SpendOver): Screen {
  const { text } = turn;
  const values = {
    name: offerName(text, wanted),
    price: text.money(wanted.price),
    limit: text.money(over.limit),
    left: text.money(over.left),
  };
  return screen(
    [
      { type: 'text', text: text.t(`purchase.over-limit-${over.period}`, values), tone: 'warning' },
      ...(over.freeAt === undefined
        ? []
        : [
            {
              type: 'text',
              text: text.t('purchase.limit-frees', { date: text.dateTime(over.freeAt, turn.now) }),
            } as const,
          ]),
      notCharged(turn),
    ],
    [leadTo(turn, 'offers'), leadTo(turn, 'purchases'), leadTo(turn, 'person')],
  );
}

/** The telco could not say whether the offer still stands: nothing was ordered. `isOver`: asking again would not help. */
export function notCheckedScreen(turn: Turn, error: TelcoRefused | TelcoUnreachable, isOver: boolean): Screen {
  const blocks: Block[] = [{ type: 'text', text: troubleText(turn, error), tone: 'warning' }];
  if (isOver) return screen([...blocks, notCharged(turn)], troubleWays(turn, error));
  return screen([...blocks, { type: 'text', text: turn.text.t('purchase.not-ordered'), tone: 'hint' }]);
}

function notCharged({ text }: Turn): Block {
  return { type: 'text', text: text.t('failure.not-charged'), tone: 'hint' };
}
