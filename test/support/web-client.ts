import { randomUUID } from 'node:crypto';

export interface ShownAction {
  readonly token: string;
  readonly label: string;
  readonly style: string;
}

/** A message as the page gets it. */
export interface Shown {
  readonly id: string;
  readonly language: string;
  readonly direction: string;
  readonly blocks: readonly { readonly type: string; readonly [field: string]: unknown }[];
  readonly actions: readonly ShownAction[];
}

/** A subscriber at the web channel, as a test plays them: says, presses, and waits for what comes back. */
export class WebClient {
  private readonly messages: Shown[] = [];
  private readonly waiting: ((message: Shown) => void)[] = [];
  private readonly stop = new AbortController();

  private constructor(
    readonly url: string,
    readonly conversation: string,
    private readonly token: string,
  ) {}

  static async open(url: string, subscriber: string): Promise<WebClient> {
    const response = await fetch(`${url}/web/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ subscriber }),
    });
    if (response.status !== 201) throw new Error(`no session: ${response.status}`);
    const { conversation, token } = (await response.json()) as { conversation: string; token: string };
    const client = new WebClient(url, conversation, token);
    await client.listen();
    return client;
  }

  /** Sends an event and returns the answer's status; waits for no reply. */
  async post(body: Record<string, unknown>): Promise<number> {
    const response = await fetch(`${this.url}/web/${this.conversation}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ id: randomUUID(), ...body }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  async say(text: string): Promise<Shown> {
    await this.post({ text });
    return this.next();
  }

  async hello(): Promise<Shown> {
    await this.post({ hello: true });
    return this.next();
  }

  /** Presses the first action of `message` whose label matches. */
  async press(message: Shown, label: string | RegExp): Promise<Shown> {
    await this.post({ press: actionOf(message, label).token });
    return this.next();
  }

  /** The next message, in order; rejects after `timeoutMs`. */
  next(timeoutMs = 10_000): Promise<Shown> {
    const ready = this.messages.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve, reject) => {
      const take = (message: Shown) => {
        clearTimeout(timer);
        resolve(message);
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(new Error(`no message within ${timeoutMs} ms`));
      }, timeoutMs);
      this.waiting.push(take);
    });
  }

  /** Resolves after `ms` with what came meanwhile. */
  async quiet(ms: number): Promise<readonly Shown[]> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.messages.splice(0);
  }

  close(): void {
    this.stop.abort();
  }

  private async listen(): Promise<void> {
    const response = await fetch(`${this.url}/web/${this.conversation}/events`, {
      headers: { authorization: `Bearer ${this.token}` },
      signal: this.stop.signal,
    });
    if (response.status !== 200 || response.body === null) throw new Error(`no events: ${response.status}`);
    void this.read(response.body).catch(() => undefined);
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
    if (fields.get('event') !== 'message') return;
    const message = JSON.parse(fields.get('data') ?? '') as Shown;
    const waiter = this.waiting.shift();
    if (waiter === undefined) this.messages.push(message);
    else waiter(message);
  }
}

export function actionOf({ actions }: Shown, label: string | RegExp): ShownAction {
  const found = actions.find((action) =>
    typeof label === 'string' ? action.label === label : label.test(action.label),
  );
  if (found === undefined)
    throw new Error(`no action ${label} among: ${actions.map((action) => action.label).join(' | ')}`);
  return found;
}

/** Everything a message says, in one string. */
export function words(message: Shown): string {
  return JSON.stringify([message.blocks, message.actions.map(({ label }) => label)]);
}
