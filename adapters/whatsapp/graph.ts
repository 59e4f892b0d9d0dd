import { type Dispatcher, Pool } from 'undici';
import { z } from 'zod';
import { GraphSilent } from './errors.js';

export interface GraphOptions {
  /** E.g. `https://graph.facebook.com`; a path before the version is kept. */
  readonly baseUrl: string;
  /** E.g. `v23.0`. */
  readonly version: string;
  readonly phoneNumberId: string;
  readonly accessToken: string;
  /** How long an answer may take once the request is out, in milliseconds. */
  readonly timeoutMs?: number;
}

/** What the API answered. `ok`: it accepted the message, which does not yet mean that it arrived. */
export type Answer =
  | { readonly ok: true; readonly messageId: string | undefined }
  | {
      readonly ok: false;
      /** HTTP status. */
      readonly status: number;
      /** Meta's error code; -1 when the answer names none. */
      readonly code: number;
      readonly details: string;
      /** From `Retry-After`, in milliseconds. */
      readonly retryAfterMs: number | undefined;
    };

/** The messages endpoint of one business number. */
export interface Graph {
  /** Posts one message, or one read mark. No retries. @throws GraphSilent */
  post(body: object): Promise<Answer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 100_000;
/** Enough for 1,000 messages a second at 100 ms each. */
const CONNECTIONS = 100;

export function createGraph({
  baseUrl,
  version,
  phoneNumberId,
  accessToken,
  timeoutMs = TIMEOUT_MS,
}: GraphOptions): Graph {
  const base = new URL(baseUrl);
  const path = `${base.pathname.replace(/\/+$/, '')}/${version}/${phoneNumberId}/messages`;
  const headers = ['authorization', `Bearer ${accessToken}`, 'content-type', 'application/json'];
  const pool = new Pool(base.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    // Shorter than balancers keep an idle connection, so that we are the ones who close it.
    keepAliveTimeout: 30_000,
    connect: { timeout: 3_000 },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        const request = { method: 'POST' as const, path, headers, body: JSON.stringify(body) };
        pool.dispatch(request, new Exchange(resolve, reject));
      }),
    close: () => pool.close(),
  };
}

/** One request, one answer. undici calls `onRequestStart` right before the first byte leaves. */
class Exchange implements Dispatcher.DispatchHandler {
  private sent = false;
  private status = 0;
  private retryAfter: unknown;
  private body = '';

  constructor(
    private readonly resolve: (answer: Answer) => void,
    private readonly reject: (error: GraphSilent) => void,
  ) {}

  onRequestStart(): void {
    this.sent = true;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    this.status = status;
    this.retryAfter = headers['retry-after'];
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.body.length + chunk.length > MAX_ANSWER_BYTES) controller.abort(new GraphSilent(true, false));
    // Codes and ids are ASCII: a character of a title cut in two between chunks harms nobody.
    else this.body += chunk.toString();
  }

  onResponseEnd(): void {
    this.resolve(answerOf(this.status, this.body, this.retryAfter));
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    // Whatever became of the body, the status line is an answer.
    const timedOut = (cause as { code?: unknown }).code === 'UND_ERR_HEADERS_TIMEOUT';
    if (this.status > 0) this.resolve(answerOf(this.status, '', this.retryAfter));
    else this.reject(new GraphSilent(this.sent, timedOut, { cause }));
  }
}

const success = z.object({ messages: z.array(z.object({ id: z.string() })).optional() });

const failure = z.object({
  error: z.object({
    code: z.coerce.number().int(),
    error_data: z
      .object({ details: z.string().optional().catch(undefined) })
      .optional()
      .catch(undefined),
    message: z.string().optional().catch(undefined),
  }),
});

function answerOf(status: number, body: string, retryAfter: unknown): Answer {
  const json = readJson(body);
  const failed = failure.safeParse(json);
  if (status < 300 && !failed.success) {
    const read = success.safeParse(json);
    return { ok: true, messageId: read.success ? read.data.messages?.[0]?.id : undefined };
  }
  const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return {
    ok: false,
    status,
    code: failed.success ? failed.data.error.code : -1,
    details: failed.success ? (failed.data.error.error_data?.details ?? failed.data.error.message ?? '') : '',
    retryAfterMs: seconds === undefined ? undefined : seconds * 1000,
  };
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
