import { RefillError } from '../../bot/errors.js';

/** A secret or an id without which the channel would be open to anyone, or mute, is missing. */
export class WhatsAppMisconfigured extends RefillError {
  readonly code = 'WHATSAPP_MISCONFIGURED';
}

/** A template file that is not what Meta takes: found at start, or by the check of the repository. */
export class TemplateInvalid extends RefillError {
  readonly code = 'WHATSAPP_TEMPLATE_INVALID';
}

/** The Graph API said no. `platformCode` is Meta's; neither the request nor its address is quoted. */
export class GraphRefused extends RefillError {
  readonly code = 'WHATSAPP_REFUSED';

  constructor(readonly platformCode: number) {
    super(`WhatsApp refused the request with code ${platformCode}`);
  }
}

/** No answer came from the Graph API. `sent` is false only when not a byte of the request can have left. */
export class GraphSilent extends RefillError {
  readonly code = 'WHATSAPP_SILENT';

  constructor(
    readonly sent: boolean,
    readonly timedOut: boolean,
    options?: { cause?: unknown },
  ) {
    super(timedOut ? 'WhatsApp did not answer in time' : 'the connection to WhatsApp failed', options);
  }
}

/** What an error code asks of us. */
export type Reaction =
  /** The same message may be sent again later. */
  | { readonly do: 'retry' }
  /** Leave alone for a while: this user (4^X seconds), the whole number, or the app. */
  | { readonly do: 'wait'; readonly who: 'user' | 'number' | 'app' }
  /** The window is closed: a template or nothing. */
  | { readonly do: 'use-template' }
  /** This template cannot be sent in this language now; `alert` when somebody has to look after it. */
  | { readonly do: 'other-template'; readonly alert: boolean }
  | { readonly do: 'without-media' }
  /** Nothing will make this message arrive. */
  | { readonly do: 'drop'; readonly alert: boolean }
  /** No proactive message to this user: for a day, or until they ask for it. */
  | { readonly do: 'spare'; readonly until: 'tomorrow' | 'asked' }
  /** No proactive message to anybody until a person has looked. */
  | { readonly do: 'halt' }
  /** Nothing can be sent with this token. */
  | { readonly do: 'locked-out' };

const REACTIONS: Readonly<Record<number, Reaction>> = {
  // Tokens and permissions.
  0: { do: 'locked-out' },
  3: { do: 'locked-out' },
  10: { do: 'locked-out' },
  190: { do: 'locked-out' },
  131005: { do: 'locked-out' },
  // The account or the number is in trouble.
  368: { do: 'halt' },
  131031: { do: 'halt' },
  131042: { do: 'halt' },
  131048: { do: 'halt' },
  131064: { do: 'halt' },
  // Too fast.
  4: { do: 'wait', who: 'app' },
  80007: { do: 'wait', who: 'app' },
  130429: { do: 'wait', who: 'number' },
  131056: { do: 'wait', who: 'user' },
  // Their side is not well.
  1: { do: 'retry' },
  2: { do: 'retry' },
  131000: { do: 'retry' },
  131016: { do: 'retry' },
  131057: { do: 'retry' },
  133004: { do: 'retry' },
  // The window and templates.
  131047: { do: 'use-template' },
  132001: { do: 'other-template', alert: false },
  132015: { do: 'other-template', alert: true },
  132016: { do: 'other-template', alert: true },
  132000: { do: 'drop', alert: true },
  132005: { do: 'drop', alert: true },
  132012: { do: 'drop', alert: true },
  // Flows: none are sent, so nothing to fall back from.
  132068: { do: 'drop', alert: true },
  132069: { do: 'drop', alert: true },
  // This user.
  131049: { do: 'spare', until: 'tomorrow' },
  131050: { do: 'spare', until: 'asked' },
  131026: { do: 'spare', until: 'asked' },
  130403: { do: 'spare', until: 'asked' },
  130472: { do: 'drop', alert: false },
  // Media.
  131052: { do: 'without-media' },
  131053: { do: 'without-media' },
};

/**
 * What to do about a code of the Graph API or of a `failed` status (CHANNELS.md "Error codes → action"). `details` is
 * `error_data.details`: one code for "a parameter is wrong" covers an image that could not be fetched. `status` is the HTTP
 * status; it decides only where the code is unknown. An answered 5xx is a no, so sending again is safe.
 */
export function reactionTo(code: number, details = '', status = 400): Reaction {
  const known = REACTIONS[code];
  if (known !== undefined) return known;
  if (code >= 200 && code <= 299) return { do: 'locked-out' };
  if ((code === 100 || code === 131009) && /\b(media|image)\b/i.test(details)) return { do: 'without-media' };
  if (status === 401 || status === 403) return { do: 'locked-out' };
  if (status === 429) return { do: 'wait', who: 'number' };
  if (status >= 500) return { do: 'retry' };
  return { do: 'drop', alert: true };
}
