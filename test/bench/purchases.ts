import { type Helper, startHelper } from './helper.js';
import { growth, type Sample } from './metrics.js';
import { tempDatabase } from './postgres.js';
import type { PurchaseOrder, Round } from './purchase-driver.js';
import { type Refill, startRefill, tempDataDir } from './refill.js';
import type { Settings } from './settings.js';
import { type Charged, TELCO, type TelcoOrder } from './telco-terms.js';

/** Purchases of one Refill, from the press on the priced confirmation to the receipt on the page. */
export interface Purchases {
  readonly store: 'pglite' | 'postgres';
  /** From the telco's 202 to its callback, in ms. */
  readonly callbackDelayMs: number;
  /** With as many at once as Refill can bear: the median of three rounds by purchases a second. */
  readonly limit: Round;
  /** At half of that, evenly. */
  readonly half: Round;
  /** Processor time of the Refill process per purchase at the limit, in ms. */
  readonly refillMsPerPurchase: number;
  readonly books: Books;
}

/** All rounds against the telco's charge log. */
export interface Books {
  readonly pressed: number;
  readonly receipts: number;
  readonly failed: number;
  readonly charges: number;
  /** Pressed, and neither a receipt nor a word of failure came; or a receipt without a charge. */
  readonly lost: number;
  /** Charges beyond one for each confirmation. */
  readonly double: number;
}

const ROUNDS = 3;

/** On PGlite, then on PostgreSQL where a server answers. */
export async function measurePurchases(
  settings: PurchaseSettings,
  say: (text: string) => void,
): Promise<readonly Purchases[]> {
  const embedded = await measurePurchasesOn('pglite', { settings }, say);
  const database = await tempDatabase();
  if (database === undefined) return [embedded];
  try {
    return [embedded, await measurePurchasesOn('postgres', { settings, databaseUrl: database.url }, say)];
  } finally {
    await database.drop();
  }
}

/** Four rounds as fast as it goes, of which the first warms up, and one at half of that. */
export async function measurePurchasesOn(
  store: Purchases['store'],
  options: ShopOptions,
  say: (text: string) => void,
): Promise<Purchases> {
  const { buyers, users } = options.settings;
  say(`purchases on ${store}: ${buyers} subscribers`);
  return withShop(options, async ({ refill, telco, driver }) => {
    const rounds: (Round & { readonly refillMs: number })[] = [];
    const round = async (order: Extract<PurchaseOrder, { do: 'closed' | 'paced' }>) => {
      await driver.ask({ do: 'approach' });
      const before = await refill.metrics();
      const done = await driver.ask<Round>(order);
      rounds.push({ ...done, refillMs: perPurchase(before, await refill.metrics(), done) });
    };
    // What was bought to warm up counts in the books like the rest.
    for (let number = 0; number <= ROUNDS; number++) await round({ do: 'closed', atOnce: users });
    const limit = middle(rounds.slice(1));
    say(`half of ${limit.perSecond.toFixed(0)} purchases/s`);
    await round({ do: 'paced', perSecond: limit.perSecond / 2 });
    const charged = await telco.ask<readonly Charged[]>({ do: 'charges' });
    return {
      store,
      callbackDelayMs: TELCO.callbackDelayMs,
      limit,
      half: rounds.at(-1) as Round,
      refillMsPerPurchase: limit.refillMs,
      books: compareBooks(rounds, charged),
    };
  });
}

type PurchaseSettings = Pick<Settings, 'buyers' | 'users'>;

interface ShopOptions {
  readonly settings: PurchaseSettings;
  /** PostgreSQL; absent: PGlite. */
  readonly databaseUrl?: string | undefined;
  readonly nodeOptions?: readonly string[];
}

interface Shop {
  readonly refill: Refill;
  readonly telco: Helper<TelcoOrder>;
  readonly driver: Helper<PurchaseOrder>;
}

/** Starts a telco, a Refill that buys from it and the buyers with their pages open, and stops them whatever happens. */
async function withShop<T>(
  { settings, databaseUrl, nodeOptions = [] }: ShopOptions,
  use: (shop: Shop) => Promise<T>,
): Promise<T> {
  const dataDir = tempDataDir();
  const telco = startHelper<TelcoOrder>('telco.ts');
  try {
    const env = millomAt(await telco.ask<string>({ do: 'listen' }));
    const refill = await startRefill({ dataDir: dataDir.path, databaseUrl, nodeOptions, env });
    const driver = startHelper<PurchaseOrder>('purchase-driver.ts');
    try {
      await telco.ask({ do: 'connect', refillUrl: refill.url });
      await driver.ask({ do: 'open', url: refill.url, buyers: settings.buyers });
      return await use({ refill, telco, driver });
    } finally {
      await driver.close();
      await refill.stop();
    }
  } finally {
    await telco.close();
    dataDir.remove();
  }
}

/** Everybody buys, twice to warm up and once to be looked at; resolves with how long that took, in seconds. */
export async function buyUnder(options: ShopOptions): Promise<number> {
  return withShop(options, async ({ driver }) => {
    let seconds = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await driver.ask({ do: 'approach' });
      ({ seconds } = await driver.ask<Round>({ do: 'closed', atOnce: options.settings.users }));
    }
    return seconds;
  });
}

/** Refill with a Millom that is not its own process, and with the sandbox's personas. */
function millomAt(url: string): Record<string, string> {
  return {
    REFILL_SANDBOX: '1',
    MILLOM_BASE_URL: url,
    MILLOM_TOKEN_URL: `${url}/oauth/token`,
    MILLOM_CLIENT_ID: TELCO.clientId,
    MILLOM_CLIENT_SECRET: TELCO.clientSecret,
    MILLOM_SERVICE_PROVIDER: 'refill',
    MILLOM_OPERATOR: 'digi',
  };
}

function perPurchase(before: Sample, after: Sample, { receipts }: Round): number {
  return (growth(before, after, 'process_cpu_seconds_total') / receipts) * 1000;
}

function middle<R extends Round>(rounds: readonly R[]): R {
  return rounds.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(rounds.length / 2)] as R;
}

/**
 * Everybody pressed once in every round, so each subscriber may have been charged once a round, each time under a transaction of
 * its own. A receipt that no charge stands behind is lost as well, and a worse loss.
 */
export function compareBooks(
  rounds: readonly Pick<Round, 'pressed' | 'receipts' | 'failed'>[],
  charged: readonly Charged[],
): Books {
  const sum = (field: 'pressed' | 'receipts' | 'failed') => rounds.reduce((total, round) => total + round[field], 0);
  const [pressed, receipts, failed] = [sum('pressed'), sum('receipts'), sum('failed')];
  const perSubscriber = new Map<string, number>();
  const transactions = new Set<string>();
  let double = 0;
  for (const { subscriber, transaction } of charged) {
    const times = (perSubscriber.get(subscriber) ?? 0) + 1;
    perSubscriber.set(subscriber, times);
    if (transactions.has(transaction) || times > rounds.length) double += 1;
    transactions.add(transaction);
  }
  const unheard = pressed - receipts - failed;
  const uncharged = Math.max(0, receipts - (charged.length - double));
  return { pressed, receipts, failed, charges: charged.length, lost: unheard + uncharged, double };
}
