import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { MailboxUnavailable } from './conversation/redis-mailbox.js';
import { LedgerUnavailable } from './ledger/index.js';
import type { Logger } from './log.js';
import type { Metrics } from './metrics.js';
import { HttpProblem } from './problem.js';

export interface HttpOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Rejects when turns cannot be taken, with the reason. */
  readonly ready: () => Promise<void>;
}

/** Largest body any webhook but a channel's own may send. */
const BODY_LIMIT = 1024 * 1024;

/**
 * The one HTTP server. Bodies reach routes as raw bytes, because signatures are checked before anything is parsed; whatever
 * goes wrong is answered as `application/problem+json` and says nothing about the inside.
 */
export function createHttp({ log, metrics, ready }: HttpOptions): FastifyInstance {
  const http = Fastify({
    bodyLimit: BODY_LIMIT,
    // Slow senders are cut off long before Node's own 60 and 300 seconds (FAULTS.md 62).
    requestTimeout: 15_000,
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    logger: false,
  });
  http.server.headersTimeout = 10_000;
  http.removeAllContentTypeParsers();
  http.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const methods = rememberMethods(http);
  http.setNotFoundHandler((request, reply) => {
    const allowed = methods(request.url);
    if (allowed.length === 0)
      return sendProblem(reply, new HttpProblem(404, 'NOT_FOUND', 'There is nothing at this address.'));
    reply.header('allow', allowed.join(', '));
    return sendProblem(reply, new HttpProblem(405, 'METHOD_NOT_ALLOWED', `This address takes ${allowed.join(', ')}.`));
  });
  http.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500) log.error({ err: error, route: routeOf(request) }, 'request failed');
    return sendProblem(reply, problem);
  });
  http.addHook('onResponse', async (request, reply) => {
    metrics.webhooks.inc({ route: routeOf(request), status: reply.statusCode });
  });
  http.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
  });

  http.get('/healthz', async () => ({ status: 'ok' }));
  http.get('/readyz', async (_request, reply) => {
    try {
      await ready();
      return { status: 'ready' };
    } catch (cause) {
      log.warn({ err: cause }, 'not ready');
      return sendProblem(reply, new HttpProblem(503, 'NOT_READY', 'A store cannot be reached.'));
    }
  });
  http.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  return http;
}

/** Lets the routes of `scope` take forms as well. Nobody else does: a form is what any page may send from a browser. */
export function takeForms(scope: FastifyInstance): void {
  scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

/** Which problem an error is: its own, a store that is down, or a request Fastify refused. */
function problemOf(error: FastifyError | Error): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof MailboxUnavailable || error instanceof LedgerUnavailable) {
    const headers = { 'retry-after': '5' };
    return new HttpProblem(
      503,
      'STORE_UNAVAILABLE',
      'Nothing was taken. Please send it again.',
      {},
      { cause: error, headers },
    );
  }
  switch ('code' in error ? error.code : undefined) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpProblem(415, 'UNSUPPORTED_MEDIA_TYPE', 'Send application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpProblem(413, 'BODY_TOO_LARGE', 'The body is larger than this address takes.');
    default: {
      const status = 'statusCode' in error && error.statusCode !== undefined ? error.statusCode : 500;
      if (status >= 400 && status < 500) return new HttpProblem(status, 'BAD_REQUEST', 'The request cannot be read.');
      return new HttpProblem(500, 'INTERNAL', 'Something went wrong here.', {}, { cause: error });
    }
  }
}

function sendProblem(reply: FastifyReply, { status, code, detail, extra, headers }: HttpProblem): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers })
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: titleOf(code), status, code, detail, ...extra }));
}

/** `NOT_FOUND` → `Not found`. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The route's pattern, never the address itself: that may hold an id. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

/** Keeps which methods each address takes, so that a wrong method is told from a wrong address. */
function rememberMethods(http: FastifyInstance): (url: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  http.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[A-Za-z]+/g, '[^/]+')}$`);
    routes.push({ pattern, methods: Array.isArray(method) ? method : [method] });
  });
  return (url) => {
    const path = url.split('?')[0] ?? '';
    return [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
  };
}
