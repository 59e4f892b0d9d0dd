import { Client, type Pool } from 'undici';
import { plain, readMessage } from '../chaos/told.js';
import { follow, openSession, post } from './page.js';

/** A subscriber with the page open who buys the same small plan again and again. */
export interface Buyer {
  readonly subscriber: string;
  /** Goes up to the priced confirmation and leaves it on the screen. Rejects when it does not come. */
  approach(): Promise<void>;
  /** Presses it. Resolves with what became of it; `since` (`performance.now()`) is when it was due. */
  confirm(since?: number): Promise<Bought>;
}

export interface Bought {
  /** `lost`: neither a receipt nor a refusal in time. */
  readonly outcome: 'receipt' | 'failed' | 'lost';
  /** From the press to the end of it, in ms. */
  readonly ms: number;
}

interface Shown {
  readonly id: string;
  readonly actions?: readonly { readonly token: string; readonly label: string }[];
}

/** The cheapest plan of the persona: what a copy of it has pays for twelve. */
const OFFER = /· RM 2\.00$/;
const ANSWER_WITHIN_MS = 15_000;
const RECEIPT_WITHIN_MS = 30_000;

/** Opens the page of a new copy of a persona. */
export async function openBuyer(pool: Pool, url: string, subscriber: string): Promise<Buyer> {
  const stream = new Client(url, { bodyTimeout: 0 });
  const session = await openSession(pool, subscriber);
  let onMessage = (_message: Shown) => {};
  await follow(stream, session, (frame) => {
    const data = /^data: (.*)$/m.exec(frame)?.[1];
    if (data !== undefined) onMessage(JSON.parse(data) as Shown);
  });

  /** Says or presses something and waits for the message that `pick`s something. */
  const ask = async <T>(
    said: Parameters<typeof post>[2],
    withinMs: number,
    pick: (message: Shown) => T | undefined,
  ) => {
    let timer: NodeJS.Timeout | undefined;
    const picked = new Promise<T | undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), withinMs);
      onMessage = (message) => {
        const found = pick(message);
        if (found !== undefined) resolve(found);
      };
    });
    try {
      const status = await post(pool, session, said);
      if (status !== 202) throw new Error(`${subscriber}: a message was answered with ${status}`);
      return await picked;
    } finally {
      clearTimeout(timer);
    }
  };
  const seek = async (said: Parameters<typeof post>[2], label: RegExp): Promise<string> => {
    const token = await ask(said, ANSWER_WITHIN_MS, ({ actions = [] }) => {
      return actions.find((action) => label.test(plain(action.label)))?.token;
    });
    if (token === undefined) throw new Error(`${subscriber}: nothing with ${label} was shown`);
    return token;
  };

  let confirmation = '';
  return {
    subscriber,
    async approach() {
      const offer = await seek({ text: 'offers' }, OFFER);
      const buy = await seek({ press: offer }, /^Buy for /);
      confirmation = await seek({ press: buy }, /^Pay /);
    },
    async confirm(since = performance.now()) {
      const outcome = await ask({ press: confirmation }, RECEIPT_WITHIN_MS, (message) => {
        const { kind } = readMessage(message);
        return kind === 'receipt' || kind === 'failed' ? kind : undefined;
      });
      return { outcome: outcome ?? 'lost', ms: performance.now() - since };
    },
  };
}
