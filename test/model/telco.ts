import { addDecimals } from '../../bot/domain/money.js';
import type { Offer } from '../../bot/domain/offer.js';
import { type PurchaseAnswer, type Telco, TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { offer } from '../flows/shop.js';

export const PLANS: readonly Offer[] = [offer('day', '2.00'), offer('week', '10.00')];

/** What the telco makes of an order: whether money moves, what it answers, and whether a callback follows. */
export const MANNERS = [
  'completes',
  'accepts',
  'accepts-and-fails',
  'accepts-in-silence',
  'refuses',
  'charges-and-is-lost',
  'is-lost-and-fails',
  'is-lost-before',
  'is-unreachable',
  'is-busy',
] as const;
export type Manner = (typeof MANNERS)[number];

export interface Callback {
  readonly transactionId: string;
  readonly failure?: string;
}

/** A telco with a charge log. It charges every order it reads, unless it promises to charge an id once. */
export class ModelTelco {
  /** Transaction ids, one for each time money was taken. */
  readonly charges: string[] = [];
  /** Transaction ids, one for each order that was read. */
  readonly posts: string[] = [];
  /** What is to be called back. */
  readonly callbacks: Callback[] = [];
  private manner: Manner = 'accepts';
  private readonly ends = new Map<string, 'charged' | 'failed'>();
  private readonly bought: Offer[] = [];

  constructor(
    readonly deduplicates: boolean,
    private readonly now: () => number,
  ) {}

  /** How the next order goes. */
  willDo(manner: Manner): void {
    this.manner = manner;
  }

  readonly port: Telco = {
    name: 'model',
    deduplicatesPurchases: false,
    account: async () => ({ type: 'prepaid', currency: 'MYR', wallets: [] }),
    offers: async () => ({ state: 'need-offers', offers: PLANS }),
    balance: async () => this.balance(),
    purchase: async (_, { transactionId, planId }) => this.order(transactionId, planId),
    close: async () => undefined,
  };

  private order(id: string, planId: string): PurchaseAnswer {
    const { manner } = this;
    this.manner = 'accepts';
    if (manner === 'is-unreachable') throw new TelcoUnreachable('no connection');
    if (manner === 'is-busy') throw new TelcoRefused('too-many-requests', { status: 429 });
    this.posts.push(id);
    if (this.deduplicates && this.ends.has(id)) return this.again(id);
    switch (manner) {
      case 'completes':
        this.charge(id, planId);
        return { status: 'completed', confirmationCode: `C-${id.slice(0, 4)}` };
      case 'accepts':
      case 'accepts-in-silence':
        this.charge(id, planId);
        if (manner === 'accepts') this.callbacks.push({ transactionId: id });
        return { status: 'processing' };
      case 'accepts-and-fails':
        this.fail(id);
        return { status: 'processing' };
      case 'refuses':
        this.ends.set(id, 'failed');
        throw new TelcoRefused('insufficient-funds', { status: 402 });
      case 'charges-and-is-lost':
        this.charge(id, planId);
        this.callbacks.push({ transactionId: id });
        throw new TelcoAmbiguous('no answer');
      case 'is-lost-and-fails':
        this.fail(id);
        throw new TelcoAmbiguous('no answer');
      case 'is-lost-before':
        throw new TelcoAmbiguous('no answer');
    }
  }

  private again(id: string): PurchaseAnswer {
    return { status: this.ends.get(id) === 'charged' ? 'completed' : 'failed' };
  }

  private charge(id: string, planId: string): void {
    const plan = PLANS.find((one) => one.planId === planId);
    this.charges.push(id);
    this.ends.set(id, 'charged');
    if (plan !== undefined) this.bought.push(plan);
  }

  private fail(id: string): void {
    this.ends.set(id, 'failed');
    this.callbacks.push({ transactionId: id, failure: 'INSUFFICIENT_FUNDS' });
  }

  /** The truth, at once: what was bought is there and paid for. */
  private balance() {
    const expiresAt = new Date(this.now() + 86_400_000);
    return {
      money: this.bought.reduce((left, { price }) => addDecimals(left, `-${price?.amount ?? '0'}`), '1000.00'),
      plans: this.bought.map(({ planId, name }) => ({
        ...{ id: planId, name, description: [], applications: [], expiresAt },
        gauges: [{ unit: 'bytes', quota: 1_073_741_824n, remaining: 1_073_741_824n } as const],
      })),
    };
  }
}
