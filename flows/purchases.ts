import { z } from 'zod';
import { type Choice, done, flow } from '../bot/conversation/flow.js';
import type { Turn } from '../bot/conversation/turn.js';
import type { Purchase } from '../bot/ledger/ledger.js';
import type { Fact } from '../bot/message/message.js';
import { ownPurchases } from './ownership.js';
import { planName, referenceOf } from './purchase-status.js';
import { leadTo, say, screen } from './screens.js';

const PER_PAGE = 5;

/** What was bought on this line since it is theirs and what became of it, the newest first, a page at a time. */
export const purchases = flow({
  name: 'purchases',
  version: 1,
  state: z.null(),
  entries: { purchases: 'aside', 'purchases.older': 'aside' },
  whenStale: { name: 'purchases' },
  needsLine: true,
  async begin(turn, intent) {
    const { text } = turn;
    const after = intent.slots?.['after'];
    const page = await turn.ledger.searchPurchases(await ownPurchases(turn), PER_PAGE, after);
    if (page.purchases.length === 0) {
      if (after === undefined) return done(say(text.t('purchases.none'), [leadTo(turn, 'offers')]));
      return done(say(text.t('purchases.no-older'), [newest(turn)]));
    }
    return done(
      screen(
        [
          { type: 'heading', text: text.t(after === undefined ? 'purchases.heading' : 'purchases.older') },
          { type: 'facts', facts: page.purchases.map((purchase) => line(turn, purchase)) },
        ],
        [
          ...(page.next === undefined ? [] : [older(turn, page.next)]),
          after === undefined ? leadTo(turn, 'balance') : newest(turn),
          leadTo(turn, 'offers'),
        ],
      ),
    );
  },
  steps: {},
});

function line({ text, now }: Turn, purchase: Purchase): Fact {
  const { terms, state, createdAt } = purchase;
  const values = {
    name: planName(text, purchase),
    price: text.money(terms.price),
    state: text.t(`purchases.${state}`),
    reference: text.literal(referenceOf(purchase)),
  };
  return { label: text.dateTime(createdAt, now), value: text.t('purchases.line', values) };
}

function older({ text }: Turn, after: string): Choice {
  return { label: text.t('choice.older'), intent: { name: 'purchases.older', slots: { after } } };
}

function newest({ text }: Turn): Choice {
  return { label: text.t('choice.newest'), intent: { name: 'purchases' } };
}
