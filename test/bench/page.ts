import type { Client, Pool } from 'undici';

/** A subscriber with the page open, as lean as it can be: the load driver shares two cores with what it measures. */
export interface Page {
  /** Says "balance". Resolves with the time to the reply in ms, or `undefined` when none came in time. */
  say(options?: { readonly since?: number }): Promise<number | undefined>;
  close(): Promise<void>;
}

/** What went wrong, over all pages. */
export interface Trouble {
  /** Replies that are no balance. */
  wrong: number;
  /** Webhooks answered with anything but 202. */
  refused: number;
}

export interface Session {
  readonly conversation: string;
  readonly token: string;
}

const REPLY_WITHIN_MS = 10_000;
const JSON_TYPE = 'application/json';
let eventNumber = 0;

/** Opens a session for `subscriber`, which makes it when it is a new copy of a persona. */
export async function openSession(pool: Pool, subscriber: string): Promise<Session> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/web/sessions',
    headers: { 'content-type': JSON_TYPE },
    body: JSON.stringify({ subscriber }),
  });
  if (statusCode !== 201) throw new Error(`no session for a subscriber: ${statusCode} ${await body.text()}`);
  return (await body.json()) as Session;
}

/** What a subscriber does: says something, or presses the button with this token. */
export type Said = { readonly text: string } | { readonly press: string };

/** Sends one message and returns the answer's status; waits for no reply. */
export async function post(pool: Pool, { conversation, token }: Session, said: Said): Promise<number> {
  eventNumber += 1;
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: `/web/${conversation}/messages`,
    headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${token}` },
    body: JSON.stringify({ id: `bench-${process.pid}-${eventNumber}`, ...said }),
  });
  await body.dump();
  return statusCode;
}

/** Opens a page: a session and its stream of events, on a connection of its own. */
export async function openPage(pool: Pool, stream: Client, subscriber: string, trouble: Trouble): Promise<Page> {
  const session = await openSession(pool, subscriber);
  // Replies of a conversation come in the order of its messages, so the first in line is answered first.
  const waiting: ((answered: boolean) => void)[] = [];
  await follow(stream, session, (frame) => {
    if (!frame.includes('"type":"gauge"')) trouble.wrong += 1;
    waiting.shift()?.(true);
  });
  return {
    async say({ since = performance.now() } = {}) {
      let timer: NodeJS.Timeout | undefined;
      const answered = new Promise<boolean>((resolve) => {
        waiting.push(resolve);
        timer = setTimeout(resolve, REPLY_WITHIN_MS, false);
      });
      if ((await post(pool, session, { text: 'balance' })) !== 202) trouble.refused += 1;
      const inTime = await answered;
      const took = performance.now() - since;
      clearTimeout(timer);
      return inTime ? took : undefined;
    },
    close: () => stream.destroy(),
  };
}

/** Resolves once the page would be drawn; `onMessage` is called with each message of Refill from then on. */
export async function follow(
  stream: Client,
  { conversation, token }: Session,
  onMessage: (frame: string) => void,
): Promise<void> {
  const { statusCode, body } = await stream.request({
    method: 'GET',
    path: `/web/${conversation}/events`,
    headers: { authorization: `Bearer ${token}` },
  });
  if (statusCode !== 200) throw new Error(`no events: ${statusCode}`);
  await new Promise<void>((resolve) => {
    let rest = '';
    let ready = false;
    body.setEncoding('utf8');
    body.on('error', () => undefined); // closed by us
    body.on('data', (chunk: string) => {
      const frames = (rest + chunk).split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        if (!ready && frame.includes('event: ready')) {
          ready = true;
          resolve();
        } else if (ready && frame.includes('event: message')) onMessage(frame);
      }
    });
  });
}
