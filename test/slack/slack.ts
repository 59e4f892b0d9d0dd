import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METHODS, type Method } from './limits.js';
import { createSocketServer, type SocketServer } from './socket-server.js';

/** One call Slack got from us, and what became of it. */
export interface SlackCall {
  readonly method: string;
  readonly token: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent; the schema of the method checked it.
  readonly body: any;
  readonly ok: boolean;
  /** Where and when it stands; the first one's for a message sent twice. */
  readonly ts?: string;
}

export interface FakeSlack {
  /** What SLACK_API_URL is set to. */
  readonly url: string;
  /** Every message, view and edit taken, in order. */
  readonly sent: SlackCall[];
  /** Every call, refused ones too. */
  readonly calls: SlackCall[];
  /** What each channel shows to everyone, edits applied: ts → text. */
  readonly shown: Map<string, Map<string, string>>;
  /** Requests that broke a limit, a schema or the rules of authorization. They were answered as Slack would. */
  readonly problems: string[];
  readonly socket: SocketServer;
  /** The latest of what is sent. */
  last(): SlackCall;
  onSend(listener: (call: SlackCall) => void): void;
  /** What the next calls get instead: an error code of Slack's, a status with headers, or a connection that ends. */
  fail(...next: Failure[]): void;
  /** What `users.info` tells, by user. */
  readonly profiles: Map<string, { readonly locale?: string; readonly tz?: string }>;
  /** Calls that are kept waiting. */
  readonly hanging: number;
  /** Tokens that are taken; any that looks like one when empty. */
  readonly tokens: Set<string>;
  /** The next of what is sent, or a rejection after `ms`. */
  next(ms?: number): Promise<SlackCall>;
  close(): Promise<void>;
}

export type Failure =
  | string
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** `after`: the request was taken, only the answer is lost. */
  | { readonly reset: 'before' | 'after' }
  /** No answer, or one that comes byte by byte and never ends, until the caller hangs up. */
  | { readonly hang: 'answer' | 'body' };

/** Slack's Web API, which checks all it gets: token, content type, schema and limits of every method. */
export async function startSlack(): Promise<FakeSlack> {
  const world = createWorld();
  const server = createServer((request, response) => {
    serve(world, request, response).catch(() => response.destroy());
  });
  const socket = createSocketServer(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  world.socketUrl = `ws://127.0.0.1:${port}/link?ticket=a-secret-ticket`;
  return {
    url: `http://127.0.0.1:${port}/api/`,
    sent: world.sent,
    calls: world.calls,
    shown: world.shown,
    problems: world.problems,
    tokens: world.tokens,
    profiles: world.profiles,
    get hanging() {
      return world.hanging;
    },
    socket,
    last() {
      const call = world.sent.at(-1);
      if (call === undefined) throw new Error('nothing was sent');
      return call;
    },
    onSend: (listener) => void world.listeners.push(listener),
    fail: (...next) => void world.failures.push(...next),
    next: (ms = 5000) => nextCall(world, ms),
    async close() {
      socket.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function createWorld() {
  return {
    sent: [] as SlackCall[],
    calls: [] as SlackCall[],
    shown: new Map<string, Map<string, string>>(),
    problems: [] as string[],
    failures: [] as Failure[],
    profiles: new Map<string, { readonly locale?: string; readonly tz?: string }>(),
    listeners: [] as ((call: SlackCall) => void)[],
    tokens: new Set<string>(),
    posted: new Map<string, string>(),
    triggers: new Set<string>(),
    socketUrl: '',
    clock: 0,
    hanging: 0,
  };
}

type World = ReturnType<typeof createWorld>;

async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks).toString();
  const method = (request.url ?? '').replace(/^\/api\//, '').split('?')[0] ?? '';
  const failure = world.failures.shift();
  if (typeof failure === 'object' && 'reset' in failure && failure.reset === 'before')
    return void request.socket.destroy();
  if (typeof failure === 'object' && 'status' in failure) {
    response.writeHead(failure.status, { 'content-type': 'application/json', ...failure.headers });
    return void response.end(failure.body ?? '{"ok":false,"error":"ratelimited"}');
  }
  if (typeof failure === 'object' && 'hang' in failure) return hang(world, failure.hang, response);
  const answer = typeof failure === 'string' ? { ok: false, error: failure } : handle(world, method, request, raw);
  record(world, method, request, raw, answer);
  if (typeof failure === 'object') return void request.socket.destroy();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer));
}

function hang(world: World, what: 'answer' | 'body', response: ServerResponse): void {
  world.hanging += 1;
  if (what === 'body') response.writeHead(200, { 'content-type': 'application/json' });
  const drip = setInterval(() => what === 'body' && response.write(' '), 100);
  response.on('close', () => {
    clearInterval(drip);
    world.hanging -= 1;
  });
}

interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly ts?: string;
  readonly [name: string]: unknown;
}

function handle(world: World, method: string, request: IncomingMessage, raw: string): Answer {
  if (method === 'oauth.v2.access') return installed(raw);
  const token = /^Bearer (xox\w-[\w-]+|xapp-[\w-]+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) return problem(world, method, 'no bearer token', 'not_authed');
  if (world.tokens.size > 0 && !world.tokens.has(token)) return { ok: false, error: 'invalid_auth' };
  if (method === 'auth.test')
    return { ok: true, team_id: 'T1', user_id: 'UBOT', bot_id: 'B1', url: 'https://x.slack.com/' };
  if (method === 'apps.connections.open') return { ok: true, url: world.socketUrl };
  if (method === 'users.info') return userInfo(world, request, raw);
  if (!(method in METHODS)) return problem(world, method, 'an unknown method', 'unknown_method');
  if (!/^application\/json/.test(request.headers['content-type'] ?? '')) {
    return problem(world, method, 'not JSON', 'invalid_post_type');
  }
  const checked = METHODS[method as Method].safeParse(JSON.parse(raw));
  if (!checked.success) return problem(world, method, checked.error.message, 'invalid_blocks');
  return apply(world, method as Method, JSON.parse(raw));
}

function problem(world: World, method: string, what: string, error: string): Answer {
  world.problems.push(`${method}: ${what}`);
  return { ok: false, error };
}

/** What a method does, as far as a bot can tell. */
function apply(world: World, method: Method, body: Record<string, string>): Answer {
  const { ts = '', client_msg_id = '', trigger_id = '', text = '' } = body;
  // A user id stands for the direct messages with them.
  const channel = (body['channel'] ?? '').replace(/^U/, 'D');
  const shown = world.shown.get(channel) ?? new Map<string, string>();
  world.shown.set(channel, shown);
  switch (method) {
    case 'chat.postMessage': {
      const known = world.posted.get(client_msg_id);
      if (known !== undefined) return { ok: true, channel, ts: known, again: true };
      world.clock += 1;
      const at = `1795254258.${String(world.clock).padStart(6, '0')}`;
      world.posted.set(client_msg_id, at);
      shown.set(at, text);
      return { ok: true, channel, ts: at };
    }
    case 'chat.update':
      if (!shown.has(ts)) return { ok: false, error: 'message_not_found' };
      shown.set(ts, text);
      return { ok: true, channel, ts };
    case 'chat.postEphemeral':
      world.clock += 1;
      return { ok: true, message_ts: `1795254258.${String(world.clock).padStart(6, '0')}` };
    case 'views.publish':
      return { ok: true };
    case 'views.open':
      if (world.triggers.has(trigger_id)) return { ok: false, error: 'exchanged_trigger_id' };
      world.triggers.add(trigger_id);
      return { ok: true };
  }
}

/** Reads take no JSON. The profile is whatever the test put there. */
function userInfo(world: World, request: IncomingMessage, raw: string): Answer {
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded')
    return problem(world, 'users.info', 'not a form', 'invalid_form_data');
  const form = new URLSearchParams(raw);
  const profile = world.profiles.get(form.get('user') ?? '');
  if (profile === undefined) return { ok: false, error: 'user_not_found' };
  const { locale, ...rest } = profile;
  return {
    ok: true,
    user: { id: form.get('user'), ...rest, ...(form.get('include_locale') === 'true' && { locale }) },
  };
}

function installed(raw: string): Answer {
  const form = new URLSearchParams(raw);
  if (form.get('code') !== 'good-code') return { ok: false, error: 'invalid_code' };
  return {
    ok: true,
    app_id: 'A1',
    access_token: 'xoxb-installed-T2',
    token_type: 'bot',
    scope: 'chat:write',
    bot_user_id: 'UBOT2',
    team: { id: 'T2', name: 'Two' },
    enterprise: null,
    is_enterprise_install: false,
    authed_user: { id: 'U9' },
  };
}

function record(world: World, method: string, request: IncomingMessage, raw: string, answer: Answer): void {
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  const isJson = (request.headers['content-type'] ?? '').includes('json');
  const body = isJson ? JSON.parse(raw || '{}') : Object.fromEntries(new URLSearchParams(raw));
  const call: SlackCall = { method, token, body, ok: answer.ok, ...(answer.ts !== undefined && { ts: answer.ts }) };
  world.calls.push(call);
  if (!(method in METHODS) || !answer.ok || answer['again'] === true) return;
  world.sent.push(call);
  for (const listener of world.listeners) listener(call);
}

function nextCall(world: World, ms: number): Promise<SlackCall> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`nothing was sent within ${ms} ms`)), ms);
    const listener = (call: SlackCall) => {
      clearTimeout(late);
      world.listeners.splice(world.listeners.indexOf(listener), 1);
      resolve(call);
    };
    world.listeners.push(listener);
  });
}
