import { HttpProblem } from './problem.js';

/*
 * The one way a JSON body from outside becomes a value. `JSON.parse` alone takes whatever nests (a megabyte of `[` is a million
 * levels, and whoever walks them recursively ends the process) and keeps keys that code further on might write through into
 * every object's prototype (FAULTS.md 61).
 */

/** Slack's and Teams' deepest payloads have about twenty levels. */
const MAX_DEPTH = 64;

export interface JsonBodyOptions {
  /** The problem's code for what is no JSON; some callers' specifications have their own. */
  readonly code?: string;
  /** Levels of arrays and objects. */
  readonly maxDepth?: number;
  /** Of the answer that refuses. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The value a request's raw body holds.
 *
 * @throws HttpProblem 400 when it is no JSON or has a key that is not allowed (`__proto__`, a `constructor` with a `prototype`),
 * 413 when it nests deeper than 64 levels. Never says what was sent.
 */
export function readJsonBody(body: unknown, options: JsonBodyOptions = {}): unknown {
  const { code = 'BAD_JSON', maxDepth = MAX_DEPTH, headers = {} } = options;
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : typeof body === 'string' ? body : '';
  const refused = (status: number, why: string, what: string) =>
    new HttpProblem(status, why, what, { field: 'body' }, { headers });
  if (opensMoreThan(maxDepth, text) && isDeeperThan(maxDepth, text)) {
    throw refused(413, 'TOO_DEEP', `body: nests deeper than ${maxDepth} levels`);
  }
  try {
    return SUSPICIOUS.test(text) ? JSON.parse(text, refusePrototypes) : JSON.parse(text);
  } catch (cause) {
    // Not kept as the cause: the parser's own words quote the body, and a cause ends up in the log.
    const forbidden = cause instanceof ForbiddenKey;
    throw refused(400, code, forbidden ? 'body: a key that is not allowed' : 'body: expected JSON');
  }
}

/** Only such a text can hold a forbidden key; asking costs a hundredth of what a reviver does. A key may be spelt in escapes. */
const SUSPICIOUS = /__proto__|constructor|\\u00/i;

/** Internal to this file: tells a forbidden key from a syntax error. */
class ForbiddenKey extends SyntaxError {}

function refusePrototypes(key: string, value: unknown): unknown {
  const poisoned = key === 'constructor' && typeof value === 'object' && value !== null && 'prototype' in value;
  if (key === '__proto__' || poisoned) throw new ForbiddenKey();
  return value;
}

/** What does not open that often cannot nest that deep: most bodies need no closer look. */
function opensMoreThan(limit: number, text: string): boolean {
  let left = limit;
  for (const opener of ['{', '[']) {
    for (let at = text.indexOf(opener); at >= 0; at = text.indexOf(opener, at + 1)) {
      left -= 1;
      if (left < 0) return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether arrays and objects nest deeper than `limit`; what stands in strings does not count. Linear, no recursion. */
function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === BACKSLASH) at++;
      else if (char === QUOTE) inString = false;
    } else if (char === QUOTE) inString = true;
    else if (char === 0x5b || char === 0x7b) {
      depth++;
      if (depth > limit) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}
