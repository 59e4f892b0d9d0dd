import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Dispatcher, request as send } from 'undici';
import { type Guard, PAGE_CSP } from './access/people/index.js';
import { packageRoot } from './paths.js';
import { HttpProblem } from './problem.js';
import type { Trace, TraceEvent } from './trace.js';

export interface ConsoleOptions {
  readonly trace: Trace;
  /** Where the sandbox listens; its controls hang under `/_sandbox/`. */
  readonly sandboxUrl: string;
  readonly guard: Guard;
}

const HEARTBEAT_MS = 15_000;
const CONTROL_TIMEOUT_MS = 15_000;

/** The console's files. They are the same for everybody and say nothing; what they show is asked for behind a login. */
export const pageRoutes: FastifyPluginAsync = async (http) => {
  const root = join(packageRoot(), 'dist/console');
  if (!existsSync(root)) return;
  await http.register(fastifyStatic, {
    root,
    setHeaders: (reply) => void reply.setHeader('content-security-policy', PAGE_CSP),
  });
};

/** The live log the trial page shows, and its way to the sandbox's controls. Never mounted without the sandbox. */
export const consoleRoutes: FastifyPluginAsync<ConsoleOptions> = async (http, { trace, sandboxUrl, guard }) => {
  const streams = new Set<FastifyReply['raw']>();
  http.addHook('preClose', async () => {
    for (const stream of streams) stream.end();
  });
  http.get('/console/live', { exposeHeadRoute: false, onRequest: guard.only('viewer') }, (request, reply) =>
    follow({ trace, streams, guard }, request, reply),
  );
  const world = {
    url: '/console/world/*',
    exposeHeadRoute: false,
    handler: (request: FastifyRequest, reply: FastifyReply) => forward(sandboxUrl, request, reply),
  };
  http.route({ ...world, method: 'GET', onRequest: guard.only('viewer') });
  http.route({ ...world, method: ['POST', 'DELETE'], onRequest: guard.only('admin') });
};

interface Following extends Pick<ConsoleOptions, 'trace' | 'guard'> {
  readonly streams: Set<FastifyReply['raw']>;
}

/** Server-sent events of everything that travels, until the page goes away or whoever looks at it is logged out. */
function follow({ trace, streams, guard }: Following, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const { raw } = reply;
  // It left while it was asked who it is: its `close` does not come again.
  if (raw.destroyed) return;
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  raw.write(':\n\n');
  const write = (event: TraceEvent) => {
    // A page that does not read loses log lines, not our memory.
    if (raw.writableLength < 64 * 1024) raw.write(`data: ${JSON.stringify(event)}\n\n`);
  };
  const unsubscribe = trace.subscribe(write);
  const beat = async () => {
    if (await guard.stillThere(request, 'viewer').catch(() => false)) raw.write(':\n\n');
    else raw.end();
  };
  const heartbeat = setInterval(() => void beat(), HEARTBEAT_MS);
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
