/**
 * The root of every error Refill raises itself. `code` is stable and safe to log, count and branch on; the message never
 * holds a phone number or a token; the original error is kept as `cause`.
 */
export abstract class RefillError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}
