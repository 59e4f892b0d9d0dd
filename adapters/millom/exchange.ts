import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { RefillError } from '../../bot/errors.js';

/** Longest body we read, in bytes. Whatever is longer is no answer. */
export const MAX_BODY_BYTES = 1_000_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** `undefined` when it passed `MAX_BODY_BYTES`: the rest was never read. */
  readonly body: string | undefined;
}

export interface WireRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value … */
  readonly headers: string[];
  readonly body?: string;
}

/**
 * No answer came. `sent` is false only when not a byte of the request can have left: undici calls `onRequestStart` right
 * before it writes to a connected socket, so a request that never got there was never seen by the other side.
 */
export class ExchangeFailed extends RefillError {
  readonly code = 'MILLOM_EXCHANGE_FAILED';

  constructor(
    readonly sent: boolean,
    readonly timedOut: boolean,
    cause?: unknown,
  ) {
    super(timedOut ? 'no answer before the deadline' : 'the connection failed', { cause });
  }
}

/** Connections to one origin. `reuse: false` gives every request a connection of its own. */
export function openPool(url: URL, options: { connections: number; reuse: boolean }): Pool {
  return new Pool(url.origin, {
    connections: options.connections,
    pipelining: options.reuse ? 1 : 0,
    // Shorter than balancers commonly keep an idle connection (60 s), so that we are the ones who close it.
    keepAliveTimeout: 30_000,
    // Leaves room in a ten-second deadline to try again.
    connect: { timeout: 3_000 },
    // The exchange has one deadline for everything; these would only be second opinions.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/**
 * One request, one answer, no retries. `deadline` is on the clock of `performance.now()` and covers everything, the body's
 * last byte included. Rejects with `ExchangeFailed` only.
 */
export function exchange(pool: Pool, request: WireRequest, deadline: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    pool.dispatch(request, new Exchange(resolve, reject, deadline - performance.now()));
  });
}

class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private settled = false;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (failure: ExchangeFailed) => void,
    remainingMs: number,
  ) {
    this.timer = setTimeout(() => this.fail(true), Math.max(0, remainingMs));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Too late: the caller has been told that nothing was sent, and aborting here keeps it true.
    if (this.settled) controller.abort(new ExchangeFailed(false, true));
    else this.controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    if (Number(headers['content-length']) > MAX_BODY_BYTES) this.finish(undefined);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    this.size += chunk.length;
    if (this.size > MAX_BODY_BYTES) this.finish(undefined);
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.chunks;
    const body = this.chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.chunks);
    this.finish(body.toString('utf8'));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(false, error);
  }

  private finish(body: string | undefined): void {
    if (!this.settle()) return;
    if (body === undefined) this.hangUp();
    this.resolve({ status: this.status, headers: this.headers, body });
  }

  private fail(timedOut: boolean, cause?: unknown): void {
    if (!this.settle()) return;
    const failure = new ExchangeFailed(this.controller !== undefined, timedOut, cause);
    this.hangUp();
    this.reject(failure);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    return true;
  }

  private hangUp(): void {
    this.chunks.length = 0;
    this.controller?.abort(new ExchangeFailed(true, false));
  }
}
