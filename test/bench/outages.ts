import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../chaos/ports.js';
import { RedisServer } from '../chaos/stores.js';
import { channelsAt } from './acks.js';
import { startHelper } from './helper.js';
import { CHANNELS, type ChannelName } from './messengers.js';
import { percentile } from './numbers.js';
import type { OutageOrder, Tried } from './outage-driver.js';
import { tempDatabase } from './postgres.js';
import { startRefill, tempDataDir } from './refill.js';
import type { Settings } from './settings.js';

/** How one channel's webhook behaves while Redis is away, and after. */
export interface Outage {
  readonly channel: ChannelName;
  /** Webhooks a second, evenly, before, during and after. */
  readonly perSecond: number;
  /** From the kill to the start of the new server. */
  readonly downSeconds: number;
  /** While it was down: how soon it was said that nothing was taken, in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** While it was down: status → how often; 0 stands for no answer at all. */
  readonly codes: Readonly<Record<string, number>>;
  /** From Redis' first answer to the first webhook that was taken; `undefined`: none was. */
  readonly firstTakenSeconds: number | undefined;
  /** From Redis' first answer to the first webhook after which all were taken; `undefined`: some were refused to the end. */
  readonly allTakenSeconds: number | undefined;
}

/** What is aimed at: an answer within so many ms, 99 times of 100, and a channel that is back so many seconds after Redis. */
export const OUTAGE_AIMS = { p99: 250, backSeconds: 30 } as const;

export const OUTAGE_PER_SECOND = 50;
const BEFORE_MS = 1_000;
const GIVE_UP_MS = 60_000;

interface OutageSettings extends Pick<Settings, 'users' | 'outageSeconds' | 'postgres'> {
  readonly channels?: readonly ChannelName[];
  /** A channel is back when everything was taken for this long. */
  readonly fineMs?: number;
}

/** One Refill with all channels on and a redis-server of its own, which is killed and started again once for each channel. */
export async function measureOutages(
  { users, outageSeconds, postgres, channels = CHANNELS, fineMs = 5_000 }: OutageSettings,
  say: (text: string) => void,
): Promise<readonly Outage[]> {
  const dataDir = tempDataDir();
  const driver = startHelper<OutageOrder>('outage-driver.ts');
  const redis = new RedisServer(await freePort(), join(dataDir.path, 'own-redis'));
  const database = postgres ? await tempDatabase() : undefined;
  try {
    await redis.start();
    const farEnd = await driver.ask<string>({ do: 'listen' });
    const env = { ...channelsAt(farEnd), REDIS_URL: `redis://127.0.0.1:${redis.port}` };
    const refill = await startRefill({ dataDir: dataDir.path, databaseUrl: database?.url, env });
    try {
      const outages: Outage[] = [];
      for (const channel of channels) {
        say(`Redis away for ${outageSeconds} s, webhooks of ${channel}`);
        await driver.ask({ do: 'begin', channel, url: refill.url, users, perSecond: OUTAGE_PER_SECOND });
        await sleep(BEFORE_MS);
        const times = await takeAway(redis, outageSeconds);
        const tried = await driver.ask<readonly Tried[]>({ do: 'end', fineMs, withinMs: GIVE_UP_MS });
        outages.push({ channel, perSecond: OUTAGE_PER_SECOND, downSeconds: outageSeconds, ...judge(tried, times) });
      }
      return outages;
    } finally {
      await refill.stop();
    }
  } finally {
    await driver.close();
    await redis.end('SIGKILL');
    await database?.drop();
    dataDir.remove();
  }
}

/** When, in epoch ms, it was gone, was started again, and answered. */
interface Times {
  readonly gone: number;
  readonly started: number;
  readonly back: number;
}

async function takeAway(redis: RedisServer, seconds: number): Promise<Times> {
  await redis.end('SIGKILL');
  const gone = Date.now();
  await sleep(seconds * 1000);
  const started = Date.now();
  await redis.start();
  return { gone, started, back: Date.now() };
}

type Judgement = Pick<Outage, 'p50' | 'p99' | 'max' | 'codes' | 'firstTakenSeconds' | 'allTakenSeconds'>;

/** The figures of one outage; `tried` in the order in which they were due. */
export function judge(tried: readonly Tried[], { gone, started, back }: Times): Judgement {
  const isTaken = ({ status }: Tried) => status >= 200 && status < 300;
  const during = tried.filter(({ at }) => at >= gone && at < started);
  const after = tried.filter(({ at }) => at >= started);
  const codes: Record<string, number> = {};
  for (const { status } of during) codes[status] = (codes[status] ?? 0) + 1;
  // The new server may take a webhook before we have seen it answer.
  const secondsAfter = ({ at, ms }: Tried) => Math.max(0, (at + ms - back) / 1000);
  const soonest = (some: readonly Tried[]) => (some.length === 0 ? undefined : Math.min(...some.map(secondsAfter)));
  const times = during.map(({ ms }) => ms);
  const fromLast = after.slice(after.findLastIndex((one) => !isTaken(one)) + 1);
  return {
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: Math.max(...times),
    codes,
    firstTakenSeconds: soonest(after.filter(isTaken)),
    allTakenSeconds: soonest(fromLast),
  };
}
