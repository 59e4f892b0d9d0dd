import { RefillError } from '../bot/errors.js';

/** Millom's ten error causes and the HTTP status each is sent with (upsell.yaml, ErrorDocument; the statuses are ours). */
export const CAUSES = {
  ERROR_CAUSE_UNSPECIFIED: 500,
  INVALID_NUMBER: 404,
  BAD_REQUEST: 400,
  USER_ROAMING: 403,
  USER_OPT_OUT: 403,
  TOO_MANY_REQUESTS: 429,
  SERVICE_UNAVAILABLE: 503,
  PURCHASE_CONFLICT: 409,
  INSUFFICIENT_FUNDS: 402,
  NOT_ALLOWED: 403,
} as const;

export type Cause = keyof typeof CAUSES;

/** Millom says no: becomes an ErrorDocument. Nothing was charged. */
export class Refusal extends RefillError {
  readonly code = 'SANDBOX_REFUSAL';
  readonly status: number;

  constructor(
    readonly millomCause: Cause,
    message: string,
    options: { status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = options.status ?? CAUSES[millomCause];
  }
}

/** A control operation that cannot be done: an unknown subscriber, a malformed id. `status` is what the control route answers. */
export class SandboxMisuse extends RefillError {
  readonly code = 'SANDBOX_MISUSE';

  constructor(
    readonly status: 400 | 404 | 409,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
