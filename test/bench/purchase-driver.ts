import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { type Bought, type Buyer, openBuyer } from './buyer.js';
import { obeyOrders } from './helper.js';
import { percentile } from './numbers.js';

/** What one round of purchases came to: everybody bought once. Times are in ms, from the press to the receipt. */
export interface Round {
  /** Confirmations that were pressed. */
  readonly pressed: number;
  readonly receipts: number;
  /** Said to have failed. */
  readonly failed: number;
  /** Pressed, and nothing heard of the end within 30 s. */
  readonly lost: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export type PurchaseOrder =
  /** Opens the pages of as many new subscribers. */
  | { readonly do: 'open'; readonly url: string; readonly buyers: number }
  /** Takes everybody up to the priced confirmation. */
  | { readonly do: 'approach' }
  /** Everybody confirms, so many at a time: the next one when somebody has the receipt. */
  | { readonly do: 'closed'; readonly atOnce: number }
  /** Everybody confirms, so many a second, evenly, however long the others wait. */
  | { readonly do: 'paced'; readonly perSecond: number };

const APPROACH_AT_ONCE = 24;
const CONNECTIONS = 128;

let pool: Pool | undefined;
let buyers: Buyer[] = [];

async function obey(order: PurchaseOrder): Promise<Round | undefined> {
  switch (order.do) {
    case 'open':
      return void (await open(order.url, order.buyers));
    case 'approach':
      return void (await each(APPROACH_AT_ONCE, (buyer) => buyer.approach()));
    case 'closed':
      return timed(() => each(order.atOnce, (buyer) => buyer.confirm()));
    case 'paced':
      return timed(() => evenly(order.perSecond));
  }
}

async function open(url: string, count: number): Promise<void> {
  pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 60_000 });
  buyers = [];
  for (let number = 0; number < count; number++) buyers.push(await openBuyer(pool, url, `daniel~p${number}`));
}

/** `act` for every buyer, `atOnce` of them at a time. */
async function each<T>(atOnce: number, act: (buyer: Buyer) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const queue = buyers.values();
  const work = async () => {
    for (const buyer of queue) results.push(await act(buyer));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/** One that is late because the driver is counts from when it was due. */
async function evenly(perSecond: number): Promise<Bought[]> {
  const started = performance.now();
  const bought: Promise<Bought>[] = [];
  for (const [number, buyer] of buyers.entries()) {
    const due = started + (number / perSecond) * 1000;
    while (performance.now() < due) await sleep(Math.max(1, due - performance.now()));
    bought.push(buyer.confirm(due));
  }
  return Promise.all(bought);
}

async function timed(run: () => Promise<readonly Bought[]>): Promise<Round> {
  const started = performance.now();
  const all = await run();
  const seconds = (performance.now() - started) / 1000;
  const times = all.filter(({ outcome }) => outcome === 'receipt').map(({ ms }) => ms);
  const count = (outcome: Bought['outcome']) => all.filter((one) => one.outcome === outcome).length;
  return {
    pressed: all.length,
    receipts: times.length,
    failed: count('failed'),
    lost: count('lost'),
    seconds,
    perSecond: times.length / seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}

obeyOrders(obey);
