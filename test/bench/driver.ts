import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'undici';
import { openPage, openSession, type Page, post, type Trouble } from './page.js';

/** What a stretch of load came to. Times are in ms. */
export interface Load {
  readonly turns: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Messages without a reply within ten seconds. */
  readonly lost: number;
  readonly wrong: number;
  readonly refused: number;
  /** The driver's own processor time per turn: it must stay well below Refill's. */
  readonly driverMsPerTurn: number;
}

export type Order =
  /** Opens pages for as many new subscribers. */
  | { readonly do: 'open'; readonly url: string; readonly users: number }
  /** Everybody asks, waits for the reply and asks again: what Refill can do at most. */
  | { readonly do: 'closed'; readonly seconds: number }
  /** So many questions a second, evenly, whether or not the last one was answered: how long people wait. */
  | { readonly do: 'paced'; readonly perSecond: number; readonly seconds: number }
  /** New subscribers ask once and leave; nobody waits for the reply. */
  | { readonly do: 'visit'; readonly from: number; readonly count: number }
  | { readonly do: 'close' };

/** Subscribers are copies of this persona. */
const PERSONA = 'daniel';
const VISITS_AT_ONCE = 32;

const trouble: Trouble = { wrong: 0, refused: 0 };
let pool: Pool | undefined;
let pages: Page[] = [];

async function obey(order: Order): Promise<Load | undefined> {
  switch (order.do) {
    case 'open':
      return void (await open(order.url, order.users));
    case 'closed':
      return measure(order.seconds, (times, until) => Promise.all(pages.map((page) => keepAsking(page, times, until))));
    case 'paced':
      return measure(order.seconds, (times, until) => askEvenly(order.perSecond, times, until));
    case 'visit':
      return void (await visit(order.from, order.count));
    case 'close':
      await Promise.all(pages.map((page) => page.close()));
      return void (await pool?.close());
  }
}

async function open(url: string, users: number): Promise<void> {
  pool = new Pool(url, { connections: Math.max(users, VISITS_AT_ONCE), pipelining: 1, keepAliveTimeout: 60_000 });
  pages = [];
  for (let user = 0; user < users; user++) {
    const stream = new Client(url, { bodyTimeout: 0 });
    pages.push(await openPage(pool, stream, `${PERSONA}~u${user}`, trouble));
  }
}

type Times = (number | undefined)[];

async function measure(seconds: number, run: (times: Times, until: number) => Promise<unknown>): Promise<Load> {
  const before = { ...trouble };
  const times: Times = [];
  const processor = process.cpuUsage();
  const started = performance.now();
  await run(times, started + seconds * 1000);
  const took = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  const answered = times.filter((time) => time !== undefined).sort((a, b) => a - b);
  const at = (share: number) =>
    answered[Math.min(answered.length - 1, Math.floor(answered.length * share))] ?? Number.NaN;
  return {
    turns: answered.length,
    seconds: took,
    perSecond: answered.length / took,
    p50: at(0.5),
    p99: at(0.99),
    lost: times.length - answered.length,
    wrong: trouble.wrong - before.wrong,
    refused: trouble.refused - before.refused,
    driverMsPerTurn: (user + system) / 1000 / answered.length,
  };
}

async function keepAsking(page: Page, times: Times, until: number): Promise<void> {
  while (performance.now() < until) times.push(await page.say());
}

/** A question that is late because the driver is counts from when it was due. */
async function askEvenly(perSecond: number, times: Times, until: number): Promise<void> {
  const started = performance.now();
  const asked: Promise<void>[] = [];
  for (let number = 0; performance.now() < until; ) {
    const due = Math.floor(((performance.now() - started) / 1000) * perSecond);
    for (; number < due; number++) {
      const since = started + (number / perSecond) * 1000;
      const time = pages[number % pages.length]?.say({ since });
      if (time !== undefined) asked.push(time.then((ms) => void times.push(ms)));
    }
    await sleep(1);
  }
  await Promise.all(asked);
}

async function visit(from: number, count: number): Promise<void> {
  let next = from;
  const visitor = async () => {
    while (pool !== undefined && next < from + count) {
      const session = await openSession(pool, `${PERSONA}~v${next++}`);
      const status = await post(pool, session, { text: 'balance' });
      if (status !== 202) throw new Error(`a message was answered with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: VISITS_AT_ONCE }, visitor));
}

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
// Whoever gave the orders is gone.
process.on('disconnect', () => process.exit());
