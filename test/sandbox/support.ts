import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/index.js';

export const CREDENTIALS = { clientId: 'refill', clientSecret: 's3cret:with+signs' };

/** What a caller got: `text` as the bytes said it, `body` parsed where it is JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

/** A sandbox with a quick callback, and a caller who holds a token. */
export async function startWorld(options: Partial<SandboxOptions> = {}): Promise<World> {
  const sandbox = await startSandbox({ ...CREDENTIALS, callbackDelayMs: 20, callbackRetryMs: 10, ...options });
  return new World(sandbox, await fetchToken(sandbox));
}

export async function fetchToken(sandbox: Sandbox): Promise<string> {
  const { clientId, clientSecret } = CREDENTIALS;
  const reply = await requestToken(sandbox, clientId, clientSecret);
  return reply.body.access_token;
}

export async function requestToken(
  sandbox: Sandbox,
  id: string,
  secret: string,
  grant = 'client_credentials',
): Promise<Reply> {
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
  const headers = { authorization: `Basic ${basic}` };
  return send(sandbox.tokenUrl, { method: 'POST', headers, body: new URLSearchParams({ grant_type: grant }) });
}

export class World {
  private ids = 0;

  constructor(
    readonly sandbox: Sandbox,
    readonly token: string,
  ) {}

  /** A read of subscriber `id`; `query` goes behind the path as it is. */
  get(id: string, operation: string, query = '', headers: Record<string, string> = {}): Promise<Reply> {
    return this.call('GET', `${this.pathOf(id)}/${operation}${query}`, undefined, headers);
  }

  /** Buys `planId` as one who read the offer would, unless told otherwise. */
  async buy(id: string, planId: string, changes: Record<string, unknown> = {}): Promise<Reply> {
    const { offerContext } = (await this.offer(id, planId)) ?? {};
    const body = { transid: this.newId(), planid: planId, offercontext: offerContext, ...changes };
    return this.call('POST', `${this.pathOf(id)}/purchasePlan`, body);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  async offer(id: string, planId: string): Promise<any> {
    const reply = await this.get(id, 'upsellOffer');
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return reply.body.offers?.find((offer: any) => offer.planId === planId);
  }

  register(id: string, types: readonly string[]): Promise<Reply> {
    const { msisdn } = this.sandbox.ensure(id);
    return this.call('POST', `/std/google/${msisdn}/register`, { transactionId: this.newId(), types });
  }

  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const authorization = `Bearer ${this.token}`;
    if (body === undefined) return send(this.sandbox.url + path, { method, headers: { authorization, ...headers } });
    const typed = { authorization, 'content-type': 'application/json', ...headers };
    return send(this.sandbox.url + path, { method, headers: typed, body: JSON.stringify(body) });
  }

  pathOf(id: string): string {
    const { operator, msisdn } = this.sandbox.ensure(id);
    return `/std/google/${operator}/${msisdn}`;
  }

  newId(): string {
    this.ids++;
    return `transaction-${String(this.ids).padStart(6, '0')}`;
  }
}

export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
}

export interface Received {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly body: any;
  /** The first and the last moment of the request, for telling which came before which. */
  readonly at: number;
}

/** A little Refill that writes down what Millom sends and answers what it is told to. */
export class RefillDouble {
  readonly received: Received[] = [];
  /** Statuses for the next requests, then 200 for ever. */
  statuses: number[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<RefillDouble> {
    const server = createServer((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const url = new URL(req.url ?? '/', 'http://refill');
        const text = Buffer.concat(chunks).toString();
        const { authorization } = req.headers;
        const body = JSON.parse(text);
        double.received.push({
          path: url.pathname,
          query: url.searchParams,
          authorization,
          text,
          body,
          at: performance.now(),
        });
        res.writeHead(double.statuses.shift() ?? 200).end();
      });
    });
    const double = new RefillDouble(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Waits until `count` requests came; fails after two seconds. */
  async waitFor(count: number): Promise<readonly Received[]> {
    const deadline = performance.now() + 2000;
    while (this.received.length < count) {
      if (performance.now() > deadline) throw new Error(`expected ${count} pushes, got ${this.received.length}`);
      await pause(5);
    }
    return this.received;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
