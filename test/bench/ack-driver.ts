import { setTimeout as sleep } from 'node:timers/promises';
import { obeyOrders } from './helper.js';
import { type ChannelName, type FarEnd, type Messenger, openMessenger, startFarEnd } from './messengers.js';
import { percentile } from './numbers.js';

/** How soon a channel's webhook is answered. Times are in ms. */
export interface Ack {
  readonly channel: ChannelName;
  /** Turns a second when everybody waits for the answer before asking again. */
  readonly limitPerSecond: number;
  /** Webhooks a second while they were timed: half of that. */
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Webhooks answered with an error. */
  readonly refused: number;
  /** Messages without a reply within ten seconds, of those that waited for one. */
  readonly lost: number;
}

export type AckOrder =
  /** Answers with the address of the platforms' side. */
  | { readonly do: 'listen' }
  | {
      readonly do: 'measure';
      readonly channel: ChannelName;
      readonly url: string;
      readonly users: number;
      readonly seconds: number;
    };

let far: FarEnd | undefined;

async function obey(order: AckOrder): Promise<string | Ack> {
  far ??= await startFarEnd();
  if (order.do === 'listen') return far.url;
  const messenger = await openMessenger(order.channel, order.url, order.users, far);
  try {
    return await measure(order, messenger);
  } finally {
    await messenger.close();
  }
}

type Measurement = Extract<AckOrder, { do: 'measure' }>;

/** First everybody once, which is the dearest turn; then the limit; then half of it, where nobody waits for an answer. */
async function measure({ channel, users, seconds }: Measurement, messenger: Messenger): Promise<Ack> {
  const everybody = Array.from({ length: users }, (_, user) => user);
  await Promise.all(everybody.map((user) => messenger.say(user)));
  const limit = await askInTurns(everybody, seconds, messenger);
  const perSecond = limit.answered / limit.seconds / 2;
  const times = await knockEvenly(users, perSecond, seconds, messenger);
  const taken = times.filter((time) => time !== undefined);
  return {
    channel,
    limitPerSecond: limit.answered / limit.seconds,
    perSecond,
    p50: percentile(taken, 0.5),
    p99: percentile(taken, 0.99),
    refused: times.length - taken.length,
    lost: limit.lost,
  };
}

async function askInTurns(users: readonly number[], seconds: number, messenger: Messenger) {
  const started = performance.now();
  const until = started + seconds * 1000;
  let [answered, lost] = [0, 0];
  const keepAsking = async (user: number) => {
    while (performance.now() < until) {
      if (await messenger.say(user)) answered += 1;
      else lost += 1;
    }
  };
  await Promise.all(users.map(keepAsking));
  return { answered, lost, seconds: (performance.now() - started) / 1000 };
}

async function knockEvenly(
  users: number,
  perSecond: number,
  seconds: number,
  messenger: Messenger,
): Promise<(number | undefined)[]> {
  const started = performance.now();
  const knocks: Promise<number | undefined>[] = [];
  const knock = async (user: number) => {
    const { status, ms } = await messenger.knock(user);
    return status < 300 ? ms : undefined;
  };
  while (performance.now() - started < seconds * 1000) {
    const due = ((performance.now() - started) / 1000) * perSecond;
    while (knocks.length < due) knocks.push(knock(knocks.length % users));
    await sleep(1);
  }
  return Promise.all(knocks);
}

obeyOrders(obey);
