import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { plain, readMessage, type Told } from './told.js';

export interface Action {
  readonly token: string;
  readonly label: string;
}

export interface Shown extends Told {
  readonly at: number;
  readonly actions: readonly Action[];
}

const ANSWER_WITHIN_MS = 4_000;
const POST_TRIES = 12;

/** A subscriber's page: it comes back after every broken connection and goes on where it stopped. */
export class Page {
  /** Everything that was shown, each message once, as it came. */
  readonly shown: Shown[] = [];
  private readonly known = new Set<string>();
  private readonly stop = new AbortController();
  private position: string | undefined;
  private change = () => {};

  private constructor(
    private readonly url: string,
    readonly conversation: string,
    private readonly token: string,
  ) {}

  /** Opens a session; tries until `until` (epoch ms). */
  static async open(url: string, subscriber: string, until: number): Promise<Page | undefined> {
    while (Date.now() < until) {
      const opened = await postJson(`${url}/web/sessions`, { subscriber });
      if (opened?.status === 201) {
        const { conversation, token } = opened.json as { conversation: string; token: string };
        const page = new Page(url, conversation, token);
        void page.follow();
        return page;
      }
      await sleep(150);
    }
    return undefined;
  }

  /** Sends until it is taken, under one id, as a platform does. True once it was acknowledged. */
  async post(body: Readonly<Record<string, unknown>>, id: string = randomUUID()): Promise<boolean> {
    const url = `${this.url}/web/${this.conversation}/messages`;
    for (let tries = 0; tries < POST_TRIES && !this.stop.signal.aborted; tries++) {
      const answer = await postJson(url, { id, ...body }, { authorization: `Bearer ${this.token}` });
      if (answer?.status === 202) return true;
      await sleep(100 + 100 * tries);
    }
    return false;
  }

  /** The first message after this moment that `fits`; `undefined` when none came in time. */
  async next(since: number, fits: (message: Shown) => boolean = () => true, withinMs = ANSWER_WITHIN_MS) {
    for (const deadline = Date.now() + withinMs; ; ) {
      const found = this.shown.slice(since).find(fits);
      const left = deadline - Date.now();
      if (found !== undefined || left <= 0) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.change = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Says or presses something, and waits for a message that fits. */
  async ask(body: Readonly<Record<string, unknown>>, fits?: (message: Shown) => boolean): Promise<Shown | undefined> {
    const since = this.shown.length;
    return (await this.post(body)) ? this.next(since, fits) : undefined;
  }

  close(): void {
    this.stop.abort();
  }

  private async follow(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        const headers = {
          authorization: `Bearer ${this.token}`,
          ...(this.position !== undefined && { 'last-event-id': this.position }),
        };
        const response = await fetch(`${this.url}/web/${this.conversation}/events`, { headers, signal });
        if (response.status === 200 && response.body !== null) await this.read(response.body);
      } catch {
        // The web process is gone, or going.
      }
      if (!signal.aborted) await sleep(150 + Math.random() * 150);
    }
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let buffer = '';
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      buffer += decoder.decode(chunk, { stream: true });
      for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
        this.take(buffer.slice(0, end));
        buffer = buffer.slice(end + 2);
      }
    }
  }

  private take(frame: string): void {
    const fields = new Map(frame.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    this.position = fields.get('id') ?? this.position;
    if (fields.get('event') !== 'message') return;
    const message = JSON.parse(fields.get('data') ?? '{}') as { actions?: Action[] };
    const told = readMessage(message);
    if (this.known.has(told.message)) return;
    this.known.add(told.message);
    const actions = (message.actions ?? []).map(({ token, label }) => ({ token, label: plain(label) }));
    this.shown.push({ ...told, at: Date.now(), actions });
    this.change();
  }
}

/** `undefined` when nobody answered. */
export async function postJson(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    return { status: response.status, json: (text === '' ? undefined : JSON.parse(text)) as unknown };
  } catch {
    return undefined;
  }
}
