import { RefillError } from '../../bot/errors.js';

/** The page could not be reached because Redis, which carries its messages, could not: worth trying again. */
export class ChannelUnreachable extends RefillError {
  readonly code = 'CHANNEL_UNREACHABLE';

  constructor(cause: unknown) {
    super('the web channel could not reach Redis', { cause });
  }
}

/** The channel was set up so that anybody could forge a session. */
export class WebSecretTooShort extends RefillError {
  readonly code = 'WEB_SECRET_TOO_SHORT';
}
