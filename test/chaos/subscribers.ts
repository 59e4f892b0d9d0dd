import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Page, postJson, type Shown } from './page.js';
import { type Random, seeded } from './random.js';

export interface CrowdOptions {
  readonly webUrl: string;
  /** The sandbox's controls, not through a bad wire. */
  readonly telcoUrl: string;
  readonly seed: number;
  /** Subscribers that shop at once. */
  readonly size: number;
  /** The telco takes every order and never calls back: whatever Refill did not write down itself, nobody tells it. */
  readonly silentTelco?: boolean;
}

/** A press on a priced confirmation. */
export interface Tap {
  readonly conversation: string;
  readonly at: number;
  /** Refill answered that it has it. */
  readonly acknowledged: boolean;
}

export interface Crowd {
  readonly pages: readonly Page[];
  readonly taps: readonly Tap[];
  /** How many words about purchases were seen so far. */
  words(): number;
  /** Nobody begins anything new; resolves when everybody has finished what they were at. */
  stop(): Promise<void>;
  close(): void;
}

/** How the telco treats one order: what it answers, when it calls back, and what becomes of the answer on the way. */
const CALLBACKS = ['once', 'once', 'once', 'twice', 'late', 'early', 'contradicting', 'never'] as const;
const SPOILED = ['drop-after', '5xx-after', 'broken-json', 'html', 'slow-body', 'drop-before', '5xx-before'] as const;
const REFUSALS = [
  'USER_BARRED',
  'INSUFFICIENT_FUNDS',
  'CONNECTION_TROUBLE',
  'FAILURE_IN_BU',
  'NOBODY_KNOWS_THIS',
] as const;

/** How long a subscriber watches for the end of a purchase before shopping on as somebody else. */
const PATIENCE_MS = 9_000;

/** Starts so many subscribers, each buying again and again, as somebody new every time. */
export function startCrowd(options: CrowdOptions): Crowd {
  const pages: Page[] = [];
  const taps: Tap[] = [];
  let stopping = false;
  const shop = async (index: number) => {
    const random = seeded(options.seed * 1_000 + index);
    await sleep(random.between(0, 1_500));
    for (let round = 0; !stopping; round++) {
      const subscriber = `daniel~${options.seed.toString(36)}x${index}x${round}`.slice(0, 23);
      const page = await Page.open(options.webUrl, subscriber, Date.now() + 10_000);
      if (page === undefined) continue;
      pages.push(page);
      await buyOnce({ ...options, page, subscriber, random, taps }).catch(() => undefined);
    }
  };
  const shoppers = Array.from({ length: options.size }, (_, index) => shop(index));
  return {
    pages,
    taps,
    words: () => pages.reduce((sum, { shown }) => sum + shown.filter(({ kind }) => kind !== 'other').length, 0),
    async stop() {
      stopping = true;
      await Promise.all(shoppers);
    },
    close() {
      for (const page of pages) page.close();
    },
  };
}

interface Shopper extends CrowdOptions {
  readonly page: Page;
  readonly subscriber: string;
  readonly random: Random;
  readonly taps: Tap[];
}

async function buyOnce(shopper: Shopper): Promise<void> {
  const { page, random } = shopper;
  const confirmation = await findConfirmation(shopper);
  const pay = actionOf(confirmation, /^Pay /);
  if (pay === undefined) return;
  await arrangeTelco(shopper);
  const since = page.shown.length;
  await tap(shopper, pay.token);
  const settled = ({ kind }: Shown) => kind === 'receipt' || kind === 'failed';
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    if ((await page.next(since, settled, random.between(800, 2_500))) !== undefined) break;
    await fidget(shopper, pay.token, page.shown.length === since);
  }
  // Who has the receipt taps the old button once more, now and then.
  if (random.chance(0.2)) await press(shopper, pay.token);
}

/** Offers, one of them, its price: asks again where no answer came. */
async function findConfirmation({ page, random }: Shopper): Promise<Shown | undefined> {
  for (let tries = 0; tries < 4; tries++) {
    const offers = await page.ask({ text: 'offers' }, ({ actions }) => actions.some(({ label }) => /· RM/.test(label)));
    const affordable = offers?.actions.filter(({ label }) => /· RM (2|6|10|15)\.00$/.test(label)) ?? [];
    if (affordable.length === 0) continue;
    const detail = await page.ask({ press: random.pick(affordable).token }, (message) => has(message, /^Buy for /));
    const buy = actionOf(detail, /^Buy for /);
    if (buy === undefined) continue;
    const confirmation = await page.ask({ press: buy.token }, (message) => has(message, /^Pay /));
    if (confirmation !== undefined) return confirmation;
  }
  return undefined;
}

const has = ({ actions }: Shown, label: RegExp) => actions.some((action) => label.test(action.label));
const actionOf = (message: Shown | undefined, label: RegExp) =>
  message?.actions.find((action) => label.test(action.label));

/** Once, twice at the same moment, or the same event again as a platform that saw no answer would. */
async function tap(shopper: Shopper, token: string): Promise<void> {
  const manner = shopper.random.next();
  if (manner < 0.5) return press(shopper, token);
  if (manner < 0.75) return void (await Promise.all([press(shopper, token), press(shopper, token)]));
  const id = randomUUID();
  await press(shopper, token, id);
  await press(shopper, token, id);
}

async function press({ page, taps }: Shopper, token: string, id: string = randomUUID()): Promise<void> {
  const at = Date.now();
  const acknowledged = await page.post({ press: token }, id);
  taps.push({ conversation: page.conversation, at, acknowledged });
}

/** What people do while they wait. */
async function fidget(shopper: Shopper, token: string, unanswered: boolean): Promise<void> {
  const { page, random } = shopper;
  if (unanswered || random.chance(0.3)) return press(shopper, token);
  if (random.chance(0.3)) await page.post({ text: random.pick(['cancel', 'balance', 'offers', 'my purchases']) });
}

async function arrangeTelco({ telcoUrl, subscriber, random, silentTelco }: Shopper): Promise<void> {
  const control = `${telcoUrl}/_sandbox`;
  if (silentTelco === true) {
    const next = { mode: 'processing', callback: 'never' };
    return void (await postJson(`${control}/subscribers/${encodeURIComponent(subscriber)}/next-purchase`, next));
  }
  const callback = random.pick(CALLBACKS);
  const mode = random.chance(0.2) ? 'completed' : 'processing';
  // One that contradicts itself starts with the truth; which is the truth could not be told otherwise.
  const fails = callback !== 'contradicting' && random.chance(0.15);
  await postJson(`${control}/subscribers/${encodeURIComponent(subscriber)}/next-purchase`, {
    ...{ mode, callback, callbackDelayMs: Math.round(random.between(30, 1_500)) },
    ...(fails && { errorType: random.pick(REFUSALS) }),
  });
  if (random.chance(0.7)) return;
  const kind = random.chance(0.2) ? '429' : random.chance(0.3) ? 'latency' : random.pick(SPOILED);
  const latencyMs = kind === 'slow-body' ? 200 : Math.round(random.between(200, 3_500));
  await postJson(`${control}/faults`, { kind, operation: 'purchasePlan', subscriberId: subscriber, latencyMs });
}
