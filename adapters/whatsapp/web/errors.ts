import { RefillError } from '../../../bot/errors.js';

/** WhatsApp Web runs in a browser, and there is none. */
export class BrowserMissing extends RefillError {
  readonly code = 'BROWSER_MISSING';
}

/** The browser, the page or the way to WhatsApp failed; it is tried again. `why` is the library's or the browser's word. */
export class WebSessionLost extends RefillError {
  readonly code = 'WHATSAPP_WEB_LOST';

  constructor(
    readonly why: string,
    options?: { cause?: unknown },
  ) {
    super(`WhatsApp Web was lost: ${why}`, options);
  }
}

/** What a person has to do about a reason to disconnect, and whether connecting at once helps them do it. */
interface Trouble {
  readonly what: string;
  readonly again: 'soon' | 'late';
}

const SCAN_AGAIN: Trouble = { what: 'the phone unlinked WhatsApp Web: scan the QR code again', again: 'soon' };

/** Reasons to disconnect that a person has to look at. Any other is mended by connecting again. */
export const TROUBLES: Readonly<Record<string, Trouble>> = {
  LOGOUT: SCAN_AGAIN,
  UNPAIRED: SCAN_AGAIN,
  AUTH_FAILURE: { what: 'WhatsApp did not take the saved session: scan the QR code again', again: 'soon' },
  TOS_BLOCK: { what: 'WhatsApp blocked this number', again: 'late' },
  SMB_TOS_BLOCK: { what: 'WhatsApp blocked this business number', again: 'late' },
  PROXYBLOCK: { what: 'WhatsApp blocked this network', again: 'late' },
  DEPRECATED_VERSION: { what: 'WhatsApp Web wants a newer version of whatsapp-web.js', again: 'late' },
};

/**
 * What the page throws when nobody is at that number. The library passes it on as a text and nothing else, so the text is all
 * there is to go by.
 */
export function isNobody(error: unknown): boolean {
  return /No LID for user|invalid wid/i.test(error instanceof Error ? error.message : String(error));
}
