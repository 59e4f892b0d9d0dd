import type { IncomingHttpHeaders } from 'node:http';
import type { LookupFunction } from 'node:net';
import { LRUCache } from 'lru-cache';
import { type Dispatcher, Pool } from 'undici';
import { TeamsExchangeFailed } from './errors.js';

export interface Answer {
  readonly status: number;
  /** Up to `MAX_BODY_BYTES`. */
  readonly body: string;
  /** What `Retry-After` asks for, in ms; `undefined` without one. */
  readonly retryAfterMs: number | undefined;
}

/** Connections to Microsoft, kept alive per origin. */
export interface Http {
  /**
   * One request, one answer, no retry, no redirect followed. The deadline covers everything, the body's last byte included.
   *
   * @throws TeamsExchangeFailed
   */
  request(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer>;
  close(): Promise<void>;
}

const DEADLINE_MS = 10_000;
const CONNECT_MS = 3_000;
const CONNECTIONS = 64;
/** Shorter than balancers commonly keep an idle connection (60 s), so that we are the ones who close it. */
const IDLE_MS = 30_000;
/** Longest answer that is read; whatever is longer is no answer of the Bot Framework. */
const MAX_BODY_BYTES = 1_000_000;
/** Teams has a service URL per region; more than this many at once is somebody playing. */
const MAX_ORIGINS = 32;

/** `deadlineMs` is for one request and its whole answer; `lookup` resolves host names, by default as the system does. */
export function createHttpOut(
  now: () => number = Date.now,
  deadlineMs = DEADLINE_MS,
  lookup: LookupFunction | undefined = undefined,
): Http {
  const pools = new LRUCache<string, Pool>({ max: MAX_ORIGINS, dispose: (pool) => void pool.close() });
  const poolFor = (origin: string) => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    // The exchange has one deadline for everything; undici's own would only be second opinions.
    const connect = { timeout: CONNECT_MS, ...(lookup && { lookup }) };
    const timeouts = { connect, headersTimeout: 0, bodyTimeout: 0 };
    const pool = new Pool(origin, { connections: CONNECTIONS, keepAliveTimeout: IDLE_MS, ...timeouts });
    pools.set(origin, pool);
    return pool;
  };
  return {
    request(method, url, headers, body) {
      const { origin, pathname, search } = new URL(url);
      return new Promise((resolve, reject) => {
        const options = { method, path: pathname + search, headers, ...(body !== undefined && { body }) };
        poolFor(origin).dispatch(options, new Exchange(resolve, reject, now, deadlineMs));
      });
    },
    async close() {
      const open = [...pools.values()];
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private settled = false;
  private sent = false;
  private status = 0;
  private retryAfterMs: number | undefined;
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private readonly deadline: NodeJS.Timeout;

  constructor(
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (failure: TeamsExchangeFailed) => void,
    private readonly now: () => number,
    deadlineMs: number,
  ) {
    this.deadline = setTimeout(() => this.fail('no answer before the deadline'), deadlineMs);
  }

  /** Called by undici once there is a connection, right before the first byte leaves; after an abort none does. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) controller.abort(new TeamsExchangeFailed('too late', false));
    else this.sent = true;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.retryAfterMs = retryAfter(headers['retry-after'], this.now());
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > MAX_BODY_BYTES) this.fail('the answer is too long');
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.settle()) return;
    const body = Buffer.concat(this.chunks).toString('utf8');
    this.resolve({ status: this.status, body, retryAfterMs: this.retryAfterMs });
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.fail('the connection failed', cause);
  }

  private fail(what: string, cause?: Error): void {
    if (!this.settle()) return;
    const failure = new TeamsExchangeFailed(what, this.sent, { cause });
    this.controller?.abort(failure);
    this.reject(failure);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.deadline);
    return true;
  }
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3) as ms from now. */
function retryAfter(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  // Date.parse takes almost anything for a year.
  const date = /^[A-Z][a-z]{2}, /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
