import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type CallReport, createMillom, type MillomOptions } from '../../adapters/millom/index.js';
import type { Telco } from '../../bot/telco.js';

export interface Seen {
  readonly method: string;
  /** Path and query, as they came over the wire. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answering = (seen: Seen, response: ServerResponse, nth: number) => void;

/** A real HTTP server that plays Millom and its token endpoint, one rule at a time. */
export class FarEnd {
  /** What reached the API, in order. */
  readonly calls: Seen[] = [];
  readonly tokenRequests: Seen[] = [];
  connections = 0;
  onCall: Answering = (_, response) => json(response, 200, {});
  onToken: Answering = (_, response, nth) => json(response, 200, { access_token: `token-${nth}`, expires_in: 3600 });
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      const [list, answer] = url === '/token' ? [this.tokenRequests, this.onToken] : [this.calls, this.onCall];
      answer(seen, response, list.push(seen));
    });
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.server.on('connection', (socket) => {
      this.connections++;
      this.sockets.add(socket.on('error', () => undefined));
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Starts far ends and clients, and stops them all again. */
export class Stage {
  readonly reports: CallReport[] = [];
  private readonly undo: (() => Promise<void>)[] = [];

  async farEnd(): Promise<FarEnd> {
    const farEnd = await new FarEnd().start();
    this.undo.push(() => farEnd.stop());
    return farEnd;
  }

  client(farEnd: { url: string }, options: Partial<MillomOptions> = {}): Telco {
    const telco = createMillom({
      baseUrl: farEnd.url,
      tokenUrl: `${farEnd.url}/token`,
      clientId: 'refill',
      clientSecret: 'secret',
      serviceProvider: 'refill-sp',
      deadlineMs: 3_000,
      onCall: (report) => this.reports.push(report),
      ...options,
    });
    this.undo.push(() => telco.close());
    return telco;
  }

  async clear(): Promise<void> {
    for (const undo of this.undo.splice(0).reverse()) await undo();
    this.reports.length = 0;
  }
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export const ALICE = { operator: 'digi', key: { type: 'MSISDN', value: '60123456789' } } as const;

export const ORDER = {
  transactionId: '5f1c3f3e-8a52-4a52-9d43-6a1a0f6a2f11',
  planId: 'P1',
  fundSource: 'wallet',
} as const;

/** What a promise was rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error,
  );
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
