import { RefillError } from './errors.js';

/**
 * An HTTP answer that is not a success, sent as `application/problem+json` (RFC 9457). `detail` is read by people and never
 * holds what the caller sent; `extra` adds members a caller's own specification asks for.
 */
export class HttpProblem extends RefillError {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly extra: Readonly<Record<string, unknown>> = {},
    options?: { cause?: unknown; headers?: Readonly<Record<string, string>> },
  ) {
    super(detail, options);
    this.headers = options?.headers ?? {};
  }

  /** Headers of the answer, e.g. `www-authenticate`. */
  readonly headers: Readonly<Record<string, string>>;
}
