import type { Money } from '../domain/money.js';
import type { FundSource, Offer } from '../domain/offer.js';
import type { MultilingualText } from '../domain/text.js';
import { storableName } from './text.js';

/** An offer that came with a notification, as it is kept: without the telco's cookie, since buying reads the offer anew. */
export interface NudgeOffer {
  readonly planId: string;
  readonly name: readonly MultilingualText[];
  readonly description: readonly MultilingualText[];
  readonly price?: Money;
  /** Decimal digits, or `unlimited`: JSON has no whole numbers of this size. */
  readonly quotas: readonly { readonly unit: string; readonly amount: string }[];
  readonly validitySeconds?: number;
  readonly fundSource: FundSource;
}

export function keepOffer({
  planId,
  name,
  description,
  price,
  quotas,
  validitySeconds,
  fundSource,
}: Offer): NudgeOffer {
  return {
    planId: plain(planId),
    name: storableName(name),
    description: storableName(description),
    ...(price !== undefined && { price }),
    quotas: quotas.map(({ unit, amount }) => ({ unit: plain(unit), amount: amount.toString() })),
    ...(validitySeconds !== undefined && { validitySeconds }),
    fundSource,
  };
}

/** As `storableName`: jsonb takes neither NUL nor half of a surrogate pair. */
function plain(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '');
}

export function toOffer({ quotas, ...offer }: NudgeOffer): Offer {
  return {
    ...offer,
    quotas: quotas.map(({ unit, amount }) => ({ unit, amount: amount === 'unlimited' ? amount : BigInt(amount) })),
  };
}
