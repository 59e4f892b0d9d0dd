import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Intent } from '../bot/conversation/session.js';
import type { Turn } from '../bot/conversation/turn.js';
import { sameMoney } from '../bot/domain/money.js';
import type { Offer } from '../bot/domain/offer.js';
import type { Quota } from '../bot/domain/quota.js';
import type { MultilingualText } from '../bot/domain/text.js';

const texts = z.array(z.object({ language: z.string(), text: z.string() }));
const quotaList = z.array(z.object({ unit: z.string(), amount: z.string() }));

/** The offer as it was shown: what the subscriber agrees to is this, not whatever the telco says later. */
export const termsSchema = z.object({
  planId: z.string(),
  name: texts,
  description: texts,
  price: z.object({ amount: z.string(), currency: z.string() }),
  fundSource: z.enum(['wallet', 'loan']),
  quotas: quotaList,
  validitySeconds: z.number().optional(),
  context: z.string().optional(),
  /** Names this one confirmation; single-use, kept unique by the ledger, and bound to all of the above and to who saw it. */
  confirmation: z.string(),
  /** Epoch milliseconds. */
  shownAt: z.number(),
});

export type Terms = z.infer<typeof termsSchema>;

/** Who a confirmation is shown to. */
type Viewer = Pick<Turn, 'conversationId'> & { readonly line: Pick<Turn['line'], 'id' | 'key'> };

/** The terms of an offer as this subscriber sees them now; `undefined` for an offer without a price, which is never sold. */
export function termsOf(offer: Offer, now: Date, viewer: Viewer): Terms | undefined {
  if (offer.price === undefined) return undefined;
  const { planId, name, description, price, fundSource, quotas, validitySeconds, context } = offer;
  const terms = {
    planId,
    name: name.map(({ language, text }) => ({ language, text })),
    description: description.map(({ language, text }) => ({ language, text })),
    price: { ...price },
    fundSource,
    quotas: quotas.map(({ unit, amount }) => ({ unit, amount: amount.toString() })),
    ...(validitySeconds !== undefined && { validitySeconds }),
    ...(context !== undefined && { context }),
    shownAt: now.getTime(),
  };
  return { ...terms, confirmation: bind(randomUUID(), terms, viewer) };
}

/** True when the confirmation was made for exactly these terms, shown in this conversation about this line. */
export function isBound(terms: Terms, viewer: Viewer): boolean {
  const [nonce = ''] = terms.confirmation.split('.');
  return terms.confirmation === bind(nonce, terms, viewer);
}

function bind(nonce: string, terms: Omit<Terms, 'confirmation'>, { conversationId, line }: Viewer): string {
  const { planId, name, description, price, fundSource, quotas, validitySeconds, shownAt } = terms;
  const words = (list: Terms['name']) => list.map(({ language, text }) => [language, text]);
  const gives = quotas.map(({ unit, amount }) => [unit, amount]);
  const seen = [planId, words(name), words(description), price.amount, price.currency, fundSource, gives];
  // A CPID is renewed in place, perhaps by a phone whose other SIM is on now: then somebody else's balance would pay. A number
  // never changes, and could be guessed from what is bound to it.
  const token = line.key.type === 'CPID' ? [line.key.value] : [];
  const all = JSON.stringify([nonce, conversationId, line.id, ...token, ...seen, validitySeconds ?? null, shownAt]);
  return `${nonce}.${createHash('sha256').update(all).digest('base64url').slice(0, 22)}`;
}

/** What somebody saw of an offer; what was not shown is left out. `validitySeconds: null`: it was shown without one. */
export interface Seen {
  readonly name?: readonly MultilingualText[];
  readonly description?: readonly MultilingualText[];
  readonly price?: Terms['price'];
  readonly fundSource?: Terms['fundSource'];
  readonly quotas?: Terms['quotas'];
  readonly validitySeconds?: number | null;
}

/** The part of an offer that its price is for. */
export type Change = 'name' | 'description' | 'price' | 'fundSource' | 'quotas' | 'validitySeconds';

/** What is not any more as it was seen. Description included: it is where Millom says how long a plan runs. */
export function changesSince(seen: Seen, now: Terms): readonly Change[] {
  const changed: Readonly<Record<Change, boolean>> = {
    name: seen.name !== undefined && !sameTexts(seen.name, now.name),
    price: seen.price !== undefined && !sameMoney(seen.price, now.price),
    fundSource: seen.fundSource !== undefined && seen.fundSource !== now.fundSource,
    quotas: seen.quotas !== undefined && packQuotas(seen.quotas) !== packQuotas(now.quotas),
    validitySeconds: seen.validitySeconds !== undefined && seen.validitySeconds !== (now.validitySeconds ?? null),
    description: seen.description !== undefined && !sameTexts(seen.description, now.description),
  };
  return (Object.keys(changed) as Change[]).filter((change) => changed[change]);
}

/** Everything that a confirmation shows. */
export function seenOf({ name, description, price, fundSource, quotas, validitySeconds }: Terms): Seen {
  return { name, description, price, fundSource, quotas, validitySeconds: validitySeconds ?? null };
}

/** What a button remembers of an offer: enough to find it again and to notice that it changed. */
export function offerSlots({ planId, price, fundSource, quotas, validitySeconds }: Offer): Record<string, string> {
  return {
    plan: planId,
    fund: fundSource,
    gives: packQuotas(quotas.map(({ unit, amount }) => ({ unit, amount: amount.toString() }))),
    lasts: validitySeconds === undefined ? '' : String(validitySeconds),
    ...(price !== undefined && { price: price.amount, currency: price.currency }),
  };
}

/** What the button of `offerSlots` showed. */
export function seenInSlots({ slots = {} }: Intent): Seen {
  const { price: amount, currency, fund, gives, lasts } = slots;
  return {
    ...(amount !== undefined && currency !== undefined && { price: { amount, currency } }),
    ...((fund === 'wallet' || fund === 'loan') && { fundSource: fund }),
    ...(gives !== undefined && { quotas: unpackQuotas(gives) }),
    ...(lasts !== undefined && { validitySeconds: lasts === '' ? null : Number(lasts) }),
  };
}

/** The quotas of saved terms, as numbers again. */
export function quotasOf(quotas: Terms['quotas']): Quota[] {
  return quotas.map(({ unit, amount }) => ({ unit, amount: amount === 'unlimited' ? amount : BigInt(amount) }));
}

/** In one order, so that a telco may list them in another. */
function packQuotas(quotas: Terms['quotas']): string {
  return JSON.stringify(
    quotas.map(({ unit, amount }) => [unit, amount]).sort((a, b) => (a.join() < b.join() ? -1 : 1)),
  );
}

const packed = z.array(z.tuple([z.string(), z.string().regex(/^(\d+|unlimited)$/)]));

function unpackQuotas(text: string): Terms['quotas'] {
  return packed.parse(JSON.parse(text)).map(([unit, amount]) => ({ unit, amount }));
}

/** The same words in every language that both know, of which there must be one: other words have to be read again. */
function sameTexts(a: readonly MultilingualText[], b: readonly MultilingualText[]): boolean {
  if (a.length === 0 && b.length === 0) return true;
  const shared = a.flatMap(({ language, text }) => {
    const other = b.find((candidate) => candidate.language === language);
    return other === undefined ? [] : [other.text === text];
  });
  return shared.length > 0 && shared.every(Boolean);
}
