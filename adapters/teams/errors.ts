import { RefillError } from '../../bot/errors.js';

/** The channel was set up in a way that would not work, or would let anybody in. */
export class TeamsMisconfigured extends RefillError {
  readonly code = 'TEAMS_MISCONFIGURED';
}

/** No answer came: the connection failed, or the deadline passed. */
export class TeamsExchangeFailed extends RefillError {
  readonly code = 'TEAMS_EXCHANGE_FAILED';

  /** `sent`: some of the request may have left, so the far end may have acted on it. */
  constructor(
    message: string,
    readonly sent: boolean,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The codes by which the Bot Connector says that the user blocked the bot, or has not got it (any more). */
const BLOCKED = new Set(['MessageWritesBlocked', 'ConversationBlockedByUser', 'BotNotInConversationRoster']);

/** The far end answered, and it was not a success. The body is not kept: it may quote what was sent. */
export class TeamsAnswered extends RefillError {
  readonly code: string;

  constructor(
    readonly status: number,
    readonly reasons: readonly string[] = [],
  ) {
    super(`Microsoft answered ${[status, ...reasons].join(' ')}`);
    // That the door is shut says more than the "Forbidden" around it.
    this.code = reasons.find((reason) => BLOCKED.has(reason)) ?? reasons[0] ?? `HTTP_${status}`;
  }

  get platformCode(): string {
    return this.code;
  }
}

/**
 * What an answer of the Bot Connector means for the message that was sent.
 * - `busy`: the platform wants us to wait; `down`: it is in trouble; both are tried again (CHANNELS.md: 429, 412, 502, 503, 504)
 * - `blocked`: the user shut the door, which counts as an opt-out
 * - `too-big`: a shorter message may pass; `gone`: no such conversation or message; `refused`: any other no
 */
export type Verdict = 'ok' | 'busy' | 'down' | 'unauthorized' | 'blocked' | 'too-big' | 'gone' | 'refused';

const TOO_BIG = 'MessageSizeTooBig';

export function verdictOf(status: number, reasons: readonly string[]): Verdict {
  if (status < 300) return 'ok';
  if (status === 401) return 'unauthorized';
  if (status === 413 || reasons.includes(TOO_BIG)) return 'too-big';
  if (status === 403 && reasons.some((reason) => BLOCKED.has(reason))) return 'blocked';
  if (status === 429 || status === 412) return 'busy';
  if (status === 404 || status === 410) return 'gone';
  if (status === 408 || status >= 500) return 'down';
  return 'refused';
}

/** How deep error bodies are searched: `error.innerHttpError.body.subCode` and alike. */
const DEPTH = 5;

/**
 * The codes in an error body, outermost first. The connector nests them (`error.code`, `subCode`) and sometimes writes JSON
 * into a `message`.
 */
export function reasonsOf(body: string, depth = DEPTH): string[] {
  const json = readJson(body);
  return json === undefined ? [] : [...new Set(collect(json, depth))];
}

function collect(value: unknown, depth: number): string[] {
  if (depth === 0) return [];
  if (typeof value === 'string') return value.trimStart().startsWith('{') ? reasonsOf(value, depth - 1) : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    /^(code|subCode|errorCode)$/i.test(name) && typeof member === 'string' && /^\w{1,60}$/.test(member)
      ? [member]
      : collect(member, depth - 1),
  );
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
