import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { control, isLoopback } from './control.js';
import type { MobileData } from './cpid.js';
import { Refusal } from './errors.js';
import { answerInstead, type Fault, type Faults, writeAnswer, writeSpoiled } from './faults.js';
import { type Call, findSubscriber, METHODS, type Millom, parseCall, perform } from './millom.js';
import { followLink } from './rich-notifications.js';
import type { TokenEndpoint } from './token.js';
import { requestTopUp, type TopUpParts } from './top-up.js';
import { type Answer, errorDocument, json } from './wire.js';

export interface ServerParts extends TopUpParts {
  readonly millom: Millom;
  readonly tokens: TokenEndpoint;
  readonly faults: Faults;
  readonly mobileData: MobileData;
}

/**
 * The HTTP side: `POST /oauth/token`, the five calls under `/std/`, the controls under `/_sandbox/`. Plain node:http, because
 * it runs in the process whose speed is measured.
 */
export function createMillomServer(parts: ServerParts): Server {
  const server = createServer((req, res) => {
    route(parts, req, res).catch((error: unknown) => fail(res, error));
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

async function route(parts: ServerParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path.startsWith('/std/')) return millomCall(parts, req, res, path, mark < 0 ? '' : url.slice(mark + 1));
  if (path === '/oauth/token') return tokenCall(parts, req, res);
  if (path === '/cpid' && req.method === 'GET') {
    return writeAnswer(res, parts.mobileData.answer(req, mark < 0 ? '' : url.slice(mark + 1)));
  }
  if (path.startsWith('/rnf/') && req.method === 'GET') {
    const query = mark < 0 ? '' : url.slice(mark + 1);
    return writeAnswer(res, await settled(() => followLink(parts.millom, path, query)));
  }
  if (req.method === 'POST' && /^\/v1\/[^/]+\/topup$/.test(path)) {
    parts.tokens.check(req.headers.authorization);
    const body = await readBody(req);
    return writeAnswer(res, await settled(() => requestTopUp(parts, body)));
  }
  if (path.startsWith('/_sandbox/') && isLoopback(req)) {
    const body = await readBody(req);
    return writeAnswer(res, await control(parts.control, req, path, body));
  }
  writeAnswer(res, errorDocument('BAD_REQUEST', 'no such path', 404));
}

async function tokenCall(
  { tokens, faults, emit, now }: ServerParts,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const started = performance.now();
  if (req.method !== 'POST') return writeAnswer(res, json(405, { error: 'invalid_request' }, { allow: 'POST' }));
  const form = await readBody(req);
  await answerThrough(res, faults.take('token', undefined), () => tokens.issue(req.headers.authorization, form));
  const { statusCode } = res;
  emit({
    at: now(),
    kind: 'call',
    title: `token → ${statusCode}`,
    ms: performance.now() - started,
    ok: statusCode < 300,
  });
}

async function millomCall(
  parts: ServerParts,
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  query: string,
): Promise<void> {
  const started = performance.now();
  parts.tokens.check(req.headers.authorization);
  const call = parseCall(path, query, (name) => req.headers[name] as string | undefined);
  if (call === undefined) return writeAnswer(res, errorDocument('BAD_REQUEST', 'no such path', 404));
  const method = METHODS[call.operation];
  if (req.method !== method) {
    const refused = errorDocument('BAD_REQUEST', `use ${method}`, 405);
    return writeAnswer(res, { ...refused, headers: { allow: method } });
  }
  const subscriber = findSubscriber(parts.millom, call);
  const body = method === 'POST' ? await readBody(req) : '';
  const fault = parts.faults.take(call.operation, subscriber.id);
  await answerThrough(res, fault, () => perform(parts.millom, call, subscriber, body));
  report(parts, call, subscriber.id, res.statusCode, fault, performance.now() - started);
}

/** Does `work` and writes its answer, or whatever the fault makes of it. */
async function answerThrough(
  res: ServerResponse,
  fault: Fault | undefined,
  work: () => Answer | Promise<Answer>,
): Promise<void> {
  if (fault === undefined) return writeAnswer(res, await settled(work));
  if (fault.kind === 'latency') await new Promise((resolve) => setTimeout(resolve, fault.latencyMs ?? 1000));
  const instead = answerInstead(fault);
  if (instead === 'drop') {
    res.socket?.destroy();
    return;
  }
  if (instead !== undefined) return writeAnswer(res, instead);
  writeSpoiled(res, fault, await settled(work));
}

/** The answer of `work`, a refusal made one too. */
async function settled(work: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    return refusalAnswer(error);
  }
}

function refusalAnswer(error: unknown): Answer {
  if (error instanceof Refusal) return errorDocument(error.millomCause, error.message, error.status);
  if (error instanceof z.ZodError) {
    const fields = error.issues.map(({ path }) => path.join('.')).join(', ');
    return errorDocument('BAD_REQUEST', `missing or malformed: ${fields}`, 400);
  }
  return errorDocument('ERROR_CAUSE_UNSPECIFIED', 'the sandbox failed', 500);
}

function fail(res: ServerResponse, error: unknown): void {
  if (res.headersSent) res.socket?.destroy();
  else writeAnswer(res, refusalAnswer(error));
}

function report(
  { emit, now }: ServerParts,
  { operation }: Call,
  subscriberId: string,
  status: number,
  fault: Fault | undefined,
  ms: number,
): void {
  const title = fault === undefined ? `${operation} → ${status}` : `${operation} → ${fault.kind} on request`;
  emit({ at: now(), kind: 'call', title, subscriberId, ms, ok: status < 300 && fault === undefined });
}

const MAX_BODY = 1024 * 1024;

/** The body as text; rejects with a 413 `Refusal` past 1 MB, and lets the rest run off so that the answer gets through. */
function readBody(req: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY) chunks.push(chunk);
      else reject(new Refusal('BAD_REQUEST', 'the body is over 1 MB', { status: 413 }));
    });
    req.on('end', () => resolve(Buffer.concat(chunks).toString()));
    req.on('error', reject);
  });
}
