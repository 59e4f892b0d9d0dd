import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { faultSchema, Operation } from './control-schemas.js';
import { type Answer, errorDocument, json } from './wire.js';

export type Fault = z.output<typeof faultSchema>;

/** The faults that were asked for and not used up; a call takes the first one that matches. */
export class Faults {
  private readonly waiting: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.waiting.push({ fault, left: fault.times });
  }

  clear(): void {
    this.waiting.length = 0;
  }

  /** What is waiting, with the number of calls each is still good for. */
  list(): readonly (Fault & { readonly left: number })[] {
    return this.waiting.map(({ fault, left }) => ({ ...fault, left }));
  }

  take(operation: Operation, subscriberId: string | undefined): Fault | undefined {
    if (this.waiting.length === 0) return undefined;
    const index = this.waiting.findIndex(
      ({ fault }) =>
        (fault.operation === undefined ? operation !== 'token' : fault.operation === operation) &&
        (fault.subscriberId === undefined || fault.subscriberId === subscriberId),
    );
    const found = this.waiting[index];
    if (found === undefined) return undefined;
    found.left--;
    if (found.left === 0) this.waiting.splice(index, 1);
    return found.fault;
  }
}

/** What a fault answers instead of doing the call; `undefined` when the call is done first. `drop` closes the connection. */
export function answerInstead(fault: Fault): Answer | 'drop' | undefined {
  switch (fault.kind) {
    case '401':
      return errorDocument('NOT_ALLOWED', 'missing, unknown or expired access token', 401);
    case '429':
      return json(
        429,
        { cause: 'TOO_MANY_REQUESTS', errorMessage: 'slow down' },
        { 'retry-after': String(fault.retryAfterSeconds ?? 1) },
      );
    case '5xx-before':
      return errorDocument('SERVICE_UNAVAILABLE', 'try again later', 503);
    case 'drop-before':
      return 'drop';
    default:
      return undefined;
  }
}

const WEB_PAGE = '<!doctype html><html><body><h1>Welcome to the gateway</h1></body></html>';
const HUGE_BYTES = 2 * 1024 * 1024;

/** Writes the answer of a call that was done, spoiled the way the fault says. */
export function writeSpoiled(res: ServerResponse, fault: Fault, answer: Answer): void {
  if (fault.kind === 'drop-after') res.socket?.destroy();
  else if (fault.kind === 'slow-body') drip(res, answer, fault.latencyMs ?? 1000);
  else writeAnswer(res, spoil(fault, answer));
}

function spoil(fault: Fault, answer: Answer): Answer {
  switch (fault.kind) {
    case '5xx-after':
      return errorDocument('ERROR_CAUSE_UNSPECIFIED', 'something went wrong', 500);
    case 'broken-json':
      return { ...answer, body: answer.body.slice(0, Math.ceil(answer.body.length / 2)) };
    case 'html':
      return { status: 200, body: WEB_PAGE, headers: { 'content-type': 'text/html' } };
    case 'huge-body':
      return { ...answer, body: ' '.repeat(HUGE_BYTES) + answer.body };
    default:
      return answer;
  }
}

/** Writes an answer as it is. */
export function writeAnswer(res: ServerResponse, { status, body, headers }: Answer): void {
  if (res.destroyed) return;
  if (body === '') res.writeHead(status, { 'content-length': 0, ...headers });
  else {
    const length = Buffer.byteLength(body);
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  }
  res.end(body);
}

/** One byte every `everyMs`, until the end or until the caller gives up. */
function drip(res: ServerResponse, answer: Answer, everyMs: number): void {
  const bytes = Buffer.from(answer.body);
  res.writeHead(answer.status, { 'content-type': 'application/json', 'content-length': bytes.length });
  let sent = 0;
  const timer = setInterval(() => {
    res.write(bytes.subarray(sent, sent + 1));
    sent++;
    if (sent >= bytes.length) res.end();
  }, everyMs);
  res.on('close', () => clearInterval(timer));
}
