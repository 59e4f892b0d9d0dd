import type { Server } from 'node:http';
import { BlockList, isIP } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { setSecurityHeaders } from './access/people/headers.js';
import { MailboxUnavailable } from './conversation/mailbox.js';
import { LedgerUnavailable } from './ledger/index.js';
import type { Logger } from './log.js';
import type { Metrics } from './metrics.js';
import { HttpProblem } from './problem.js';

export interface HttpOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Rejects when turns cannot be taken, with the reason. */
  readonly ready: () => Promise<void>;
  /** Those that differ from `HTTP_LIMITS`. */
  readonly limits?: Partial<HttpLimits>;
  /** Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody's by default. */
  readonly trustedProxies?: readonly string[];
  /** Where we are reached from outside; https there means that browsers shall never use http. */
  readonly publicUrl?: string | undefined;
}

/** What one caller may take of the server. Times in milliseconds, sizes in bytes. */
export interface HttpLimits {
  /** From the connection, or the end of the last request, to the last byte of the headers. */
  readonly headersMs: number;
  /** To the last byte of the body; and of a server that stops, to the end of what is still open. */
  readonly requestMs: number;
  /** How often the two are looked at: what is over time is cut at most this much later. */
  readonly checkMs: number;
  /** Without a byte in either direction; longer than the heartbeat of an event stream. */
  readonly silenceMs: number;
  readonly bodyBytes: number;
  /** All headers together, the request line included. */
  readonly headerBytes: number;
  readonly headers: number;
  readonly urlBytes: number;
  /** Connections of one address at once; 0: any number. A trusted proxy speaks for many, and is not counted. */
  readonly socketsPerAddress: number;
  /** Connections at once. */
  readonly sockets: number;
}

/**
 * Node's own limits are made for uploads: 60 s for headers, 300 s for a body, and a look at the clock every 30 s (FAULTS.md 62).
 * What a webhook sends arrives in one packet or a few.
 */
export const HTTP_LIMITS: HttpLimits = {
  headersMs: 10_000,
  requestMs: 15_000,
  checkMs: 1000,
  silenceMs: 120_000,
  bodyBytes: 1024 * 1024,
  headerBytes: 16 * 1024,
  headers: 100,
  urlBytes: 4096,
  socketsPerAddress: 1000,
  sockets: 10_000,
};

/**
 * The one HTTP server. Bodies reach routes as raw bytes, because signatures are checked before anything is parsed; whatever
 * goes wrong is answered as `application/problem+json` and says nothing about the inside.
 */
export function createHttp({
  log,
  metrics,
  ready,
  limits,
  trustedProxies = [],
  publicUrl,
}: HttpOptions): FastifyInstance {
  const http = createServer({ ...HTTP_LIMITS, ...limits }, trustedProxies);
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

  setSecurityHeaders(http, publicUrl);

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

/** A server that no caller can keep busy by being slow, long or many. */
function createServer(limits: HttpLimits, trustedProxies: readonly string[]): FastifyInstance {
  const http = Fastify({
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: 65_000,
    http: {
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: limits.headerBytes,
    },
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    logger: false,
  });
  // One more than allowed: Node drops what is over its count without a word, and a request with half its headers is another.
  http.server.maxHeadersCount = limits.headers + 1;
  http.server.maxConnections = limits.sockets;
  if (limits.socketsPerAddress > 0) shareSockets(http.server, limits.socketsPerAddress, networksOf(trustedProxies));
  // A server that stops looks at no clock any more: one slow body, or a page that does not read, would keep it open.
  http.addHook('preClose', async () => {
    setTimeout(() => http.server.closeAllConnections(), limits.requestMs).unref();
  });
  http.addHook('onRequest', async ({ raw }) => {
    if (Buffer.byteLength(raw.url ?? '') > limits.urlBytes)
      throw new HttpProblem(414, 'URL_TOO_LONG', 'The address is longer than any of ours.');
    if (raw.rawHeaders.length / 2 > limits.headers)
      throw new HttpProblem(431, 'TOO_MANY_HEADERS', `More than ${limits.headers} headers.`);
    if (isTwice(raw.rawHeaders, 'authorization') || isTwice(raw.rawHeaders, 'host'))
      throw new HttpProblem(400, 'REPEATED_HEADER', 'A header that may be there once is there twice.');
  });
  return http;
}

/** Node keeps the first of two and says nothing; a proxy in front may have looked at the other (RFC 9110, section 5.3). */
function isTwice(rawHeaders: readonly string[], name: string): boolean {
  let found = false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at];
    if (given?.length !== name.length || given.toLowerCase() !== name) continue;
    if (found) return true;
    found = true;
  }
  return false;
}

/** Addresses and networks, `10.0.0.1` or `10.0.0.0/8`. */
function networksOf(texts: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const text of texts) {
    const [address = '', prefix] = text.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(prefix), family);
  }
  return networks;
}

/** Hangs up on an address that has `most` connections open already, before anything of it is read; not on those of `spared`. */
function shareSockets(server: Server, most: number, spared: BlockList): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    // An IPv4 address written as IPv6 is found in an IPv4 network too.
    if (spared.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > most) socket.destroy();
  });
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
