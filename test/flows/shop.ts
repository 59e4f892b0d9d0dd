import type { Offer } from '../../bot/domain/offer.js';
import type { Purchase } from '../../bot/ledger/ledger.js';
import type { Message } from '../../bot/message/message.js';
import type { TurnHouse, Visit } from '../conversation/turns.js';
import { purchasesOf } from '../support/purchases.js';

/** An offer as a telco makes it; `change` is what this one does differently. */
export function offer(planId: string, amount: string, change: Partial<Offer> = {}): Offer {
  return {
    planId,
    name: [{ language: 'en', text: `Plan ${planId}` }],
    description: [{ language: 'en', text: `All about ${planId}` }],
    price: { amount, currency: 'MYR' },
    quotas: [{ unit: 'bytes', amount: 1_073_741_824n }],
    validitySeconds: 86_400,
    fundSource: 'wallet',
    context: `cookie of ${planId}`,
    ...change,
  };
}

/** The button of a message whose label matches. */
export function button(message: Message | undefined, label: string | RegExp): string {
  const found = message?.actions.find((action) =>
    typeof label === 'string' ? action.label === label : label.test(action.label),
  );
  if (found === undefined) throw new Error(`no ${label} among: ${labels(message).join(' | ')}`);
  return found.token;
}

export function labels(message: Message | undefined): string[] {
  return (message?.actions ?? []).map(({ label }) => label);
}

/** All that a message says, buttons included. */
export function words(message: Message | undefined): string {
  return JSON.stringify([message?.blocks, labels(message)]).replaceAll(/[\u2066-\u2069]/g, '');
}

/** From the list of offers to the priced confirmation of one. */
export async function toConfirmation(visit: Visit, plan: string): Promise<Message | undefined> {
  const list = await visit.say('offers');
  const detail = await visit.token(button(list, new RegExp(plan)));
  return visit.token(button(detail, /^(Buy|Borrow) for/));
}

/** What was ordered on the line of the house, newest first. */
export function ordered({ ledger, line }: TurnHouse): Promise<readonly Purchase[]> {
  return purchasesOf(ledger, line.id, 100);
}

/** Ends everything that is under way on a line, so that it may buy again. */
export async function settle(house: TurnHouse): Promise<void> {
  for (const { id, state } of await ordered(house)) {
    if (state !== 'completed' && state !== 'failed') await house.ledger.movePurchase(id, 'callback-failed');
  }
}
