import * as real from '../../../bot/domain/patience.js';
import { HASTE, HASTE_OF_WAITING } from './haste.js';

export * from '../../../bot/domain/patience.js';

// Their order stays what it is in production: an order's deadline, the interrupted order, the missing callback, the person.
export const REDRIVE_AFTER_MS = real.REDRIVE_AFTER_MS / HASTE;
export const SEND_WITHIN_MS = real.SEND_WITHIN_MS / HASTE;
export const INTERRUPTED_AFTER_MS = real.INTERRUPTED_AFTER_MS / HASTE;
export const CALLBACK_WITHIN_MS = real.CALLBACK_WITHIN_MS / HASTE_OF_WAITING;
export const PERSON_AFTER_MS = real.PERSON_AFTER_MS / HASTE_OF_WAITING;
export const FIRST_CHECK_MS = real.FIRST_CHECK_MS / HASTE;
export const LONGEST_CHECK_PAUSE_MS = real.LONGEST_CHECK_PAUSE_MS / HASTE_OF_WAITING;
export const FIRST_RESEND_MS = real.FIRST_RESEND_MS / HASTE;
export const RESEND_WITHIN_MS = real.RESEND_WITHIN_MS / HASTE;
export const ACTIVE_WITHIN_MS = real.ACTIVE_WITHIN_MS / HASTE;
