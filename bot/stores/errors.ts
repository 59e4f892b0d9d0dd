import { RefillError } from '../errors.js';

/** A store could not be opened; the message says what to do about it. */
export class StoreUnavailable extends RefillError {
  readonly code = 'STORE_UNAVAILABLE';
}

/** Another living Refill owns this embedded store. */
export class StoreInUse extends RefillError {
  readonly code = 'STORE_IN_USE';
}

/** What a message may say of a store's address. */
export function withoutCredentials(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return 'the configured address';
  }
}
