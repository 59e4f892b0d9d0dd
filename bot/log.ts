import { type DestinationStream, type Logger, pino } from 'pino';
import { PURCHASE_STATES } from './domain/purchase.js';

export type { Logger };

/**
 * JSON lines on standard output. Nobody logs what people wrote or who they are; what might hold it all the same is cut out
 * here, at any depth and at every level, so that one careless line does not become a leak.
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (facts) => clean(facts, 0) as Record<string, unknown> },
      // Errors are cleaned with the rest: pino's own serializer would add what else they carry.
      serializers: { err: (cleaned) => cleaned },
      hooks: {
        logMethod(args, method) {
          // Only the words: an object goes through the formatter. Of an error alone pino would make them from its message.
          const [first, ...rest] = args as unknown[];
          const given = first instanceof Error ? [{ err: first }, rest[0] ?? first.message, ...rest.slice(1)] : args;
          const masked = (given as unknown[]).map((arg) => (typeof arg === 'string' ? mask(arg) : arg));
          method.apply(this, masked as Parameters<typeof method>);
        },
      },
    },
    destination ?? pino.destination(1),
  );
}

/** Names of fields that hold who somebody is, what they wrote or a secret, in any spelling: `userName`, `user_name`. */
const PRIVATE = new Set(
  (
    'msisdn cpid opet phone number wa_id waid from to recipient user userid username name profile email address text body ' +
    'values headers authorization cookie setcookie token accesstoken bottoken refreshtoken idtoken secret clientsecret ' +
    'password apikey key masterkey signature otp onetimecode url query'
  )
    .split(' ')
    .map(plain),
);
const REDACTED = '[redacted]';
const MAX_DEPTH = 6;

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number' || typeof value === 'bigint') return maskNumber(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return errorForLog(value, depth);
  if (depth >= MAX_DEPTH || ArrayBuffer.isView(value)) return REDACTED;
  if (Array.isArray(value)) return value.map((member) => clean(member, depth + 1));
  const kept = Object.entries(value).map(([name, member]) => [
    name,
    PRIVATE.has(plain(name)) && !isOurs(name, member)
      ? REDACTED
      : isMeasured(name, member)
        ? member
        : clean(member, depth + 1),
  ]);
  return Object.fromEntries(kept);
}

/** Facts of ours that share a name with what is private: the state a purchase moved to, and where we listen. */
function isOurs(name: string, value: unknown): boolean {
  if (name === 'to') return PURCHASE_STATES.some((state) => state === value);
  return name === 'url' && typeof value === 'string' && /^https?:\/\/[\w.:[\]-]+$/.test(value);
}

/** Name, code, stack and causes; whatever else a foreign error carries (a query's values, a response) stays out. */
function errorForLog(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    type: name,
    ...(typeof code === 'string' && { code }),
    message: mask(message),
    stack: mask(stack ?? ''),
    ...(cause !== undefined && { cause: causeForLog(cause, depth + 1) }),
  };
}

function causeForLog(cause: unknown, depth: number): unknown {
  if (depth >= MAX_DEPTH) return REDACTED;
  return cause instanceof Error ? errorForLog(cause, depth) : { type: typeof cause };
}

/** What texts of others may quote: tokens by their look, credentials in an address, and seven digits or more in a row. */
const QUOTED = new RegExp(
  [
    // Ids of ours, which may hold as many digits and are nobody's.
    '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    'eyJ[\\w-]{8,}\\.[\\w-]+(?:\\.[\\w-]*)*',
    '(?:Bearer|Basic) +[\\w.~+/=-]+',
    'xox[a-z]-[\\w-]+|xapp-[\\w-]+|EAA\\w{12,}',
    '(?<=://)[^\\s/@]+@',
    '\\+\\d(?:[ ().-]{0,2}\\d){6,}|\\d{7,}',
  ].join('|'),
  'gi',
);

/** What is measured, as the last word of a name: `waitedMs`, `wait_ms`, `ms`. Not of `params`, nor of `account`. */
const MEASURE = /(?:^|_)(?:ms|seconds|bytes|count)$|[a-z\d](?:Ms|Seconds|Bytes|Count)$/;

/** Numbers whose name says what they measure, unless they are as long as most subscribers' are. */
function isMeasured(name: string, value: unknown): boolean {
  return typeof value === 'number' && MEASURE.test(name) && !/^\d{10,15}$/.test(String(value));
}

/** A whole number as long as a subscriber's (ITU-T E.164: 15 digits at most); dates are logged as dates. */
function maskNumber(value: number | bigint): unknown {
  return /^\d{8,15}$/.test(String(value)) ? mask(String(value)) : value;
}

function mask(text: string): string {
  return text.replaceAll(QUOTED, (found) => {
    if (/^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(found)) return found;
    if (found.endsWith('@')) return `${REDACTED}@`;
    return /^\+?\d/.test(found) ? `…${found.slice(-2)}` : REDACTED;
  });
}
