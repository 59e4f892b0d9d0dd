import { setTimeout as sleep } from 'node:timers/promises';
import { obeyOrders } from './helper.js';
import { type ChannelName, type FarEnd, type Messenger, openMessenger, startFarEnd } from './messengers.js';

/** A webhook and its answer. */
export interface Tried {
  /** When it was due, epoch ms: every channel's clock in one process, and Redis' too. */
  readonly at: number;
  /** From then to the answer, in ms. */
  readonly ms: number;
  /** Of HTTP; 0 when there was no answer. */
  readonly status: number;
}

export type OutageOrder =
  /** Answers with the address of the platforms' side. */
  | { readonly do: 'listen' }
  /** Begins to send webhooks, evenly, whatever they are answered. */
  | {
      readonly do: 'begin';
      readonly channel: ChannelName;
      readonly url: string;
      readonly users: number;
      readonly perSecond: number;
    }
  /** Goes on until every webhook was taken for `fineMs`, or `withinMs` are over; answers with all since the beginning. */
  | { readonly do: 'end'; readonly fineMs: number; readonly withinMs: number };

interface Knocking {
  readonly tried: Tried[];
  stop(): Promise<void>;
}

let far: FarEnd | undefined;
let knocking: Knocking | undefined;

async function obey(order: OutageOrder): Promise<string | readonly Tried[] | undefined> {
  far ??= await startFarEnd();
  switch (order.do) {
    case 'listen':
      return far.url;
    case 'begin': {
      const messenger = await openMessenger(order.channel, order.url, order.users, far);
      // Everybody once, so that no first turn falls into the outage.
      for (let user = 0; user < order.users; user++) await messenger.say(user);
      knocking = knock(messenger, order.users, order.perSecond);
      return undefined;
    }
    case 'end': {
      const { tried = [] } = knocking ?? {};
      for (const deadline = Date.now() + order.withinMs; Date.now() < deadline; await sleep(100)) {
        if (isFine(tried, Date.now() - order.fineMs)) break;
      }
      await knocking?.stop();
      knocking = undefined;
      return tried.toSorted((a, b) => a.at - b.at);
    }
  }
}

function isFine(tried: readonly Tried[], since: number): boolean {
  const last = tried.filter(({ at }) => at >= since);
  return last.length > 0 && last.every(({ status }) => isTaken(status));
}

const isTaken = (status: number) => status >= 200 && status < 300;

/** One webhook that is late because this process is counts from when it was due. */
function knock(messenger: Messenger, users: number, perSecond: number): Knocking {
  const tried: Tried[] = [];
  const open: Promise<void>[] = [];
  const began = Date.now();
  let stopped = false;
  const one = async (number: number) => {
    const at = began + (number / perSecond) * 1000;
    const status = await messenger.knock(number % users).then(
      (answer) => answer.status,
      () => 0,
    );
    tried.push({ at, ms: Date.now() - at, status });
  };
  const loop = (async () => {
    while (!stopped) {
      const due = ((Date.now() - began) / 1000) * perSecond;
      while (open.length < due) open.push(one(open.length));
      await sleep(1);
    }
  })();
  return {
    tried,
    async stop() {
      stopped = true;
      await loop;
      await Promise.all(open);
      await messenger.close();
    },
  };
}

obeyOrders(obey);
