import { z } from 'zod';
import { type Choice, done, flow, type Screen, silent } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { Fact, Notice } from '../bot/message/message.js';
import { offerName } from './offers.js';
import { leadTo, menuChoices, say, screen } from './screens.js';

/** What is owed after a purchase: the receipt, the bad news, or "still checking". Told once: the outbox knows. */
export const receipt = flow({
  name: 'receipt',
  version: 1,
  state: z.null(),
  entries: { receipt: 'system', checking: 'system' },
  whenStale: { name: 'purchases' },
  needsLine: false,
  async begin(turn, intent) {
    const item = await turn.ledger.outboxItem(intent.slots?.['ref'] ?? '');
    if (item === undefined || item.done) return silent();
    const purchase = await turn.ledger.purchase(item.subject);
    // What the platform refused stays owed, and is tried again ever more rarely.
    turn.afterSend(async (told) => {
      if (told) await turn.ledger.finishOutbox(item.id);
    });
    // "Still checking" that was overtaken by the answer: the receipt says it better.
    if (purchase === undefined || (item.kind === 'checking' && purchase.state !== 'unknown')) return silent();
    // A new plan is a new start: the next low data is worth a word again.
    if (purchase.state === 'completed') turn.remember({ nudged: {} });
    return done({
      ...purchaseStatus(turn, purchase),
      key: purchaseKey(purchase.id),
      notice: receiptNotice(turn, purchase),
    });
  },
  steps: {},
});

/** The newest purchases and what became of them. */
export const purchases = flow({
  name: 'purchases',
  version: 1,
  state: z.null(),
  entries: { purchases: 'aside' },
  whenStale: { name: 'purchases' },
  needsLine: true,
  async begin(turn) {
    const { text } = turn;
    const list = await turn.ledger.purchasesOf(turn.line.id, 5);
    if (list.length === 0) return done(say(text.t('purchases.none'), [leadTo(turn, 'offers')]));
    const facts = list.map((purchase): Fact => {
      const { terms, state, createdAt } = purchase;
      const name = planName(turn, purchase);
      const price = text.money(terms.price);
      return {
        label: text.dateTime(createdAt),
        value: text.t('purchases.line', { name, price, state: text.t(`purchases.${state}`) }),
      };
    });
    return done(
      screen(
        [
          { type: 'heading', text: text.t('purchases.heading') },
          { type: 'facts', facts },
        ],
        [leadTo(turn, 'balance'), leadTo(turn, 'offers')],
      ),
    );
  },
  steps: {},
});

/** One purchase's messages replace each other where a channel can edit: on its way, being checked, the receipt. */
export function purchaseKey(id: string): string {
  return `purchase:${id}`;
}

/** The receipt where only a template may be sent. */
function receiptNotice(turn: Turn, purchase: Purchase): Notice {
  const { text } = turn;
  const name =
    purchase.state === 'completed'
      ? 'purchase_completed'
      : purchase.state === 'failed'
        ? 'purchase_failed'
        : 'purchase_checking';
  return { name, values: [planName(turn, purchase), text.money(purchase.terms.price)] };
}

/** "Cancel" with nothing to leave: an order that is out cannot be called back, and must not be said to be. */
export const nothingOpen = flow({
  name: 'nothing-open',
  version: 1,
  state: z.null(),
  entries: { 'nothing-open': 'switch' },
  whenStale: { name: 'menu' },
  needsLine: false,
  async begin(turn) {
    const { text, session, ledger } = turn;
    const open = session.lineId === undefined ? undefined : await ledger.openPurchaseOf(session.lineId);
    if (open !== undefined) return done(purchaseStatus(turn, open));
    return done(say(text.t('engine.nothing-open'), menuChoices(turn)));
  },
  steps: {},
});

/** Where a purchase stands, as its buyer should hear it. */
export function purchaseStatus(turn: Turn, purchase: Purchase): Screen {
  const { text } = turn;
  switch (purchase.state) {
    case 'completed':
      return receiptScreen(turn, purchase);
    case 'failed':
      return failureScreen(turn, purchase);
    case 'unknown':
      return say(text.t('purchase.checking', { name: planName(turn, purchase) }), [leadTo(turn, 'balance')], 'warning');
    default:
      return say(text.t('purchase.under-way', { name: planName(turn, purchase) }), [leadTo(turn, 'balance')]);
  }
}

function receiptScreen(turn: Turn, purchase: Purchase): Screen {
  const { text } = turn;
  const { terms, confirmationCode, stateAt, id } = purchase;
  const price = text.money(terms.price);
  return screen(
    [
      { type: 'heading', text: text.t('receipt.heading') },
      { type: 'text', text: text.t('receipt.text', { name: planName(turn, purchase) }), tone: 'success' },
      {
        type: 'facts',
        facts: [
          { label: text.t('offer.plan'), value: planName(turn, purchase) },
          { label: text.t(terms.fundSource === 'loan' ? 'receipt.owed' : 'receipt.paid'), value: price },
          { label: text.t('offer.paid-from'), value: text.t(`fund.${terms.fundSource}`) },
          { label: text.t('receipt.date'), value: text.dateTime(stateAt) },
          { label: text.t('receipt.reference'), value: text.literal(confirmationCode ?? id.slice(0, 8)) },
        ],
      },
    ],
    [leadTo(turn, 'balance')],
  );
}

/** Refusals (`TelcoRefused.reason`) and callback error types, by what the subscriber should hear. */
const FAILURES = {
  'insufficient-funds': 'funds',
  INSUFFICIENT_FUNDS: 'funds',
  roaming: 'roaming',
  ROAMING: 'roaming',
  'opted-out': 'opted-out',
  NO_CONSENT: 'opted-out',
  conflict: 'conflict',
  CONFLICT: 'conflict',
  PURCHASE_IN_PROGRESS: 'conflict',
  INVALID_PRODUCT: 'gone',
  'not-allowed': 'not-allowed',
  FORBIDDEN: 'not-allowed',
  USER_BARRED: 'not-allowed',
} as const satisfies Record<string, string>;

type Failure = (typeof FAILURES)[keyof typeof FAILURES] | 'other';

function failureScreen(turn: Turn, purchase: Purchase): Screen {
  const { text } = turn;
  const failure: Failure = FAILURES[(purchase.failure ?? '') as keyof typeof FAILURES] ?? 'other';
  const way: Record<Failure, readonly Choice[]> = {
    funds: [leadTo(turn, 'top-up'), leadTo(turn, 'offers')],
    roaming: [leadTo(turn, 'balance'), leadTo(turn, 'help')],
    'opted-out': [leadTo(turn, 'help')],
    conflict: [leadTo(turn, 'balance'), leadTo(turn, 'offers')],
    gone: [leadTo(turn, 'offers')],
    'not-allowed': [leadTo(turn, 'offers'), leadTo(turn, 'help')],
    other: [leadTo(turn, 'offers'), leadTo(turn, 'help')],
  };
  return screen(
    [
      { type: 'heading', text: text.t('failure.heading') },
      { type: 'text', text: text.t(`failure.${failure}`, { name: planName(turn, purchase) }) },
      { type: 'text', text: text.t('failure.not-charged'), tone: 'hint' },
    ],
    way[failure],
  );
}

function planName({ text }: Turn, { terms }: Purchase) {
  return offerName(text, { name: terms.planName, planId: terms.planId });
}
