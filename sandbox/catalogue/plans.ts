import type { Quota } from '../../bot/domain/quota.js';
import type { MultilingualText } from '../../bot/domain/text.js';
import { type Language, type PlanFacts, planDescriptions, planNames } from './texts.js';

/** A plan as an operator sells it. Shared by every subscriber of its market; never changed. */
export interface CataloguePlan {
  readonly id: string;
  /** Millom's free-text offer type, e.g. `Data`. */
  readonly type: string;
  readonly planType: 'principal' | 'supplementary';
  readonly name: readonly MultilingualText[];
  readonly description: readonly MultilingualText[];
  /** Decimal string in the market's currency. */
  readonly cost: string;
  readonly validityMs: number;
  readonly quotas: readonly Quota[];
  /** `video`, `social`…; empty when the plan serves everything. */
  readonly applications: readonly string[];
  /** May be bought on credit by a subscriber who has no money. */
  readonly loan: boolean;
  /** True when an offer of this plan carries an `offerContext` that a purchase must hand back. */
  readonly context: boolean;
}

export type MarketId = 'MY' | 'PK' | 'GT' | 'TH' | 'NO' | 'BD' | 'BO';

const OFFER_TYPES = {
  data: 'Data',
  video: 'Video',
  social: 'Social',
  combo: 'Combo',
  unlimited: 'Data',
  voice: 'Voice',
  night: 'Data',
} as const;

const APPLICATIONS: Partial<Record<PlanFacts['kind'], readonly string[]>> = { video: ['video'], social: ['social'] };

const DAY_MS = 86_400_000;

/** What one country sells, cheapest first within a planType. */
export const CATALOGUE: Readonly<Record<MarketId, readonly CataloguePlan[]>> = {
  MY: market(
    'MY',
    ['ms'],
    [
      { kind: 'data', days: 1, gb: 1, cost: '2.00' },
      { kind: 'video', days: 7, gb: 10, cost: '6.00' },
      { kind: 'data', days: 7, gb: 5, cost: '10.00' },
      { kind: 'combo', days: 7, gb: 8, minutes: 120, sms: 100, cost: '15.00' },
      { kind: 'unlimited', days: 30, cost: '45.00' },
      { kind: 'voice', days: 7, minutes: 100, cost: '5.00', planType: 'supplementary' },
    ],
  ),
  PK: market(
    'PK',
    [],
    [
      { kind: 'data', days: 1, gb: 0.5, cost: '28.00' },
      { kind: 'social', days: 7, gb: 3, cost: '90.00' },
      { kind: 'data', days: 7, gb: 6, cost: '190.00' },
      { kind: 'combo', days: 7, gb: 4, minutes: 200, sms: 500, cost: '260.00' },
      { kind: 'data', days: 30, gb: 12, cost: '650.00' },
      { kind: 'night', days: 1, minutes: 120, cost: '15.00', planType: 'supplementary' },
    ],
  ),
  GT: market(
    'GT',
    [],
    [
      { kind: 'data', days: 1, gb: 0.25, cost: '4.00', loan: true },
      { kind: 'data', days: 3, gb: 1, cost: '10.00', loan: true },
      { kind: 'video', days: 3, gb: 2, cost: '12.00', loan: true },
      { kind: 'data', days: 7, gb: 4, cost: '30.00' },
      { kind: 'combo', days: 30, gb: 12, minutes: 300, sms: 100, cost: '99.00' },
      { kind: 'voice', days: 3, minutes: 30, cost: '8.00', planType: 'supplementary' },
    ],
  ),
  TH: market(
    'TH',
    ['th'],
    [
      { kind: 'data', days: 1, gb: 1, cost: '19.00' },
      { kind: 'video', days: 7, gb: 5, cost: '59.00' },
      { kind: 'data', days: 7, gb: 7, cost: '99.00' },
      { kind: 'data', days: 30, gb: 30, cost: '299.00' },
    ],
  ),
  NO: market(
    'NO',
    ['nb'],
    [
      { kind: 'data', days: 30, gb: 1, cost: '49.00' },
      { kind: 'unlimited', days: 1, cost: '59.00' },
      { kind: 'video', days: 30, gb: 10, cost: '99.00' },
      { kind: 'data', days: 30, gb: 5, cost: '149.00' },
      { kind: 'data', days: 30, gb: 20, cost: '299.00' },
    ],
  ),
  BD: market(
    'BD',
    ['bn'],
    [
      { kind: 'data', days: 1, gb: 1, cost: '38.00' },
      { kind: 'social', days: 7, gb: 2, cost: '49.00' },
      { kind: 'data', days: 7, gb: 7, cost: '129.00' },
      { kind: 'data', days: 30, gb: 25, cost: '499.00' },
    ],
  ),
  BO: market(
    'BO',
    [],
    [
      { kind: 'data', days: 1, gb: 0.5, cost: '3.00' },
      { kind: 'video', days: 3, gb: 2, cost: '8.00' },
      { kind: 'data', days: 7, gb: 3, cost: '15.00' },
      { kind: 'data', days: 30, gb: 10, cost: '50.00' },
    ],
  ),
};

/** The plan `id` of a market, or `undefined`. */
export function findPlan(marketId: MarketId, id: string): CataloguePlan | undefined {
  return CATALOGUE[marketId].find((plan) => plan.id === id);
}

interface Listing extends Omit<PlanFacts, 'size'> {
  readonly gb?: number;
  readonly cost: string;
  readonly planType?: 'supplementary';
}

function market(id: MarketId, local: readonly Language[], listings: readonly Listing[]): readonly CataloguePlan[] {
  const languages: readonly Language[] = ['en', ...local, 'es', 'ur'];
  return listings.map((listing) => {
    const facts: PlanFacts = { ...listing, ...(listing.gb === undefined ? {} : { size: sizeInWords(listing.gb) }) };
    return {
      id: planId(id, listing),
      type: OFFER_TYPES[listing.kind],
      planType: listing.planType ?? 'principal',
      name: planNames(facts, languages),
      description: planDescriptions(facts, languages),
      cost: listing.cost,
      validityMs: listing.days * DAY_MS,
      quotas: quotas(listing),
      applications: APPLICATIONS[listing.kind] ?? [],
      loan: listing.loan ?? false,
      // The one-day packs come without a cookie, so that both forms are met.
      context: listing.days > 1,
    };
  });
}

/** E.g. `MY-DATA-7D-5GB`: readable in a log, and unique within the market. */
function planId(id: MarketId, { kind, days, gb, minutes }: Listing): string {
  const size =
    gb === undefined ? (minutes === undefined ? '' : `-${minutes}MIN`) : `-${sizeInWords(gb).replace(' ', '')}`;
  return `${id}-${kind.toUpperCase()}-${days}D${size}`;
}

function sizeInWords(gb: number): string {
  return gb < 1 ? `${gb * 1024} MB` : `${gb} GB`;
}

function quotas({ kind, gb, minutes, sms }: Listing): readonly Quota[] {
  const list: Quota[] = [];
  if (kind === 'unlimited') list.push({ unit: 'bytes', amount: 'unlimited' });
  if (gb !== undefined) list.push({ unit: 'bytes', amount: BigInt(gb * 1024) * 1_048_576n });
  if (minutes !== undefined) {
    list.push({ unit: kind === 'night' ? 'data-minutes' : 'voice-minutes', amount: BigInt(minutes) });
  }
  if (sms !== undefined) list.push({ unit: 'sms', amount: BigInt(sms) });
  return list;
}
