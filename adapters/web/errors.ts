import { RefillError } from '../../bot/errors.js';

/** The channel was set up so that anybody could forge a session. */
export class WebSecretTooShort extends RefillError {
  readonly code = 'WEB_SECRET_TOO_SHORT';
}
