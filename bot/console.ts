import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Dispatcher, request as send } from 'undici';
import { packageRoot } from './paths.js';
import { HttpProblem } from './problem.js';
import type { Trace, TraceEvent } from './trace.js';

export interface ConsoleOptions {
  readonly trace: Trace;
  /** Where the sandbox listens; its controls hang under `/_sandbox/`. */
  readonly sandboxUrl: string;
}

const HEARTBEAT_MS = 15_000;
const CONTROL_TIMEOUT_MS = 15_000;

/** A page of our own, from our own files only. */
const CSP = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ');

/** The trial page at `/`, the live log it shows, and its way to the sandbox's controls. Never mounted without the sandbox. */
export const consoleRoutes: FastifyPluginAsync<ConsoleOptions> = async (http, { trace, sandboxUrl }) => {
  const root = join(packageRoot(), 'dist/console');
  if (existsSync(root)) {
    await http.register(fastifyStatic, {
      root,
      setHeaders: (reply) => void reply.setHeader('content-security-policy', CSP),
    });
  }
  const streams = new Set<FastifyReply['raw']>();
  http.addHook('preClose', async () => {
    for (const stream of streams) stream.end();
  });
  http.get('/console/live', { exposeHeadRoute: false }, (request, reply) => follow(trace, streams, request, reply));
  http.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/console/world/*',
    exposeHeadRoute: false,
    handler: (request, reply) => forward(sandboxUrl, request, reply),
  });
};

/** Server-sent events of everything that travels, until the page goes away. */
function follow(trace: Trace, streams: Set<FastifyReply['raw']>, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  raw.write(':\n\n');
  const write = (event: TraceEvent) => {
    // A page that does not read loses log lines, not our memory.
    if (raw.writableLength < 64 * 1024) raw.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  const unsubscribe = trace.subscribe(write);
  const heartbeat = setInterval(() => raw.write(':\n\n'), HEARTBEAT_MS);
  streams.add(raw);
  request.raw.on('close', () => {
    unsubscribe();
    clearInterval(heartbeat);
    streams.delete(raw);
  });
}

/** Hands a control request on, as it is. The path is the caller's, the host never is. */
async function forward(sandboxUrl: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = request.url.slice('/console/world/'.length).split('?')[0] ?? '';
  if (!/^[\w~/-]*$/.test(path)) throw new HttpProblem(404, 'NOT_FOUND', 'There is no such control.');
  const { statusCode, headers, body } = await send(`${sandboxUrl}/_sandbox/${path}`, {
    method: request.method as Dispatcher.HttpMethod,
    ...(Buffer.isBuffer(request.body) && { body: request.body, headers: { 'content-type': 'application/json' } }),
    headersTimeout: CONTROL_TIMEOUT_MS,
    bodyTimeout: CONTROL_TIMEOUT_MS,
  }).catch((cause: unknown) => {
    throw new HttpProblem(502, 'SANDBOX_UNREACHABLE', 'The sandbox does not answer.', {}, { cause });
  });
  const text = await body.text();
  return reply
    .code(statusCode)
    .type(String(headers['content-type'] ?? 'application/json'))
    .send(text);
}
