import { z } from 'zod';
import { done, flow, silent } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import { isFinal } from '../bot/domain/purchase.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { Notice } from '../bot/message/message.js';
import { buyerOf, isOwn } from './ownership.js';
import { planName, purchaseKey, purchaseStatus } from './purchase-status.js';
import { menuChoices, say } from './screens.js';

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
    const buyer = purchase === undefined ? 'here' : await buyerOf(turn, purchase);
    // Whoever has the number and the chat now did not buy it; its buyer is out of reach. Operators still see it.
    if (buyer === 'gone') {
      turn.afterSend(async () => void (await turn.ledger.finishOutbox(item.id)));
      return silent();
    }
    // Due again as soon as the signal is taken back, or the line is proved again.
    if (buyer === 'unsure') {
      turn.afterSend(() => turn.ledger.awaitUser(item.id));
      return silent();
    }
    // The same order is out again: if that one is not answered either, this is still to be said. It stays owed until then.
    if (item.kind === 'checking' && purchase !== undefined && isOutAgain(purchase)) return silent();
    // What the platform refused stays owed: until the user writes, or to be tried again ever more rarely.
    turn.afterSend(async (outcome) => {
      if (outcome === 'replied') await turn.ledger.finishOutbox(item.id);
      if (outcome !== 'waits') return;
      turn.remember({ owed: true });
      await turn.ledger.awaitUser(item.id);
    });
    // "Still checking" that was overtaken by the answer: the receipt says it better.
    if (purchase === undefined || (item.kind === 'checking' && purchase.state !== 'unknown')) return silent();
    // A new plan is a new start: the next low data is worth a word again.
    if (purchase.state === 'completed') turn.remember({ nudged: {} });
    return done({
      ...(await purchaseStatus(turn, purchase)),
      key: purchaseKey(purchase.id),
      notice: receiptNotice(turn, purchase),
    });
  },
  steps: {},
});

function isOutAgain({ state }: Purchase): boolean {
  return state !== 'unknown' && !isFinal(state);
}

/** The receipt where only a template may be sent. */
function receiptNotice({ text }: Turn, purchase: Purchase): Notice {
  const name =
    purchase.state === 'completed'
      ? 'purchase_completed'
      : purchase.state === 'failed'
        ? 'purchase_failed'
        : 'purchase_checking';
  return { name, values: [planName(text, purchase), text.money(purchase.terms.price)] };
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
    if (open !== undefined && (await isOwn(turn, open))) return done(await purchaseStatus(turn, open));
    return done(say(text.t('engine.nothing-open'), menuChoices(turn)));
  },
  steps: {},
});
