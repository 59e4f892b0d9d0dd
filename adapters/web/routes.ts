import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deliver } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import { HttpProblem } from '../../bot/problem.js';
import type { Live } from './live.js';
import { type ConversationLog, toPosition } from './log.js';
import { parseOpening, parseSubmission, type Submission, toEvent } from './parse.js';
import { type Holder, type Sessions, sessionCookie, tokenOf } from './verify.js';

/** What anybody may know about a persona of the sandbox. */
export interface PublicPersona {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  /** BCP 47. */
  readonly locale: string;
  /** IANA. */
  readonly timezone: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly operator: string;
}

export interface RouteParts {
  readonly personas: {
    list(): readonly PublicPersona[] | Promise<readonly PublicPersona[]>;
    /** Finds a persona, or makes the copy that `persona~suffix` names; `undefined` when there is no such persona. */
    ensure(id: string): Promise<PublicPersona | undefined>;
  };
  readonly conversationIdOf: (origin: Origin) => string;
  readonly sessions: Sessions;
  readonly log: ConversationLog;
  readonly live: Live;
  readonly secureCookie: boolean;
  readonly now: () => number;
  /** Whether whoever opened a stream may still read it. */
  readonly stillThere: (request: FastifyRequest) => Promise<boolean>;
}

interface InConversation {
  Params: { conversation: string };
  Querystring: { after?: unknown };
}

/** Mounts `/web/*`. Bodies are raw Buffers; errors are left to the app's error handler. */
export function mountRoutes(http: FastifyInstance, deliver: Deliver, parts: RouteParts): void {
  http.get('/web/personas', async () => parts.personas.list());
  http.post('/web/sessions', (request, reply) => openSession(parts, request, reply));
  http.post<InConversation>('/web/:conversation/messages', (request, reply) => take(parts, deliver, request, reply));
  http.get<InConversation>('/web/:conversation/events', { exposeHeadRoute: false }, (request, reply) =>
    follow(parts, request, reply),
  );
  // Open streams would keep the server from closing.
  http.addHook('preClose', async () => parts.live.close());
}

async function openSession(parts: RouteParts, request: FastifyRequest, reply: FastifyReply) {
  const { subscriber } = parseOpening(request.body);
  const persona = await parts.personas.ensure(subscriber);
  if (!persona) throw new HttpProblem(404, 'unknown-persona', 'There is no such persona.');
  const holder = { subscriber, locale: persona.locale, timezone: persona.timezone };
  const conversation = parts.conversationIdOf(originOf(holder));
  const token = parts.sessions.issue(conversation, holder, parts.now());
  reply
    .header('set-cookie', sessionCookie(conversation, token, parts.secureCookie))
    .header('cache-control', 'no-store');
  return reply.code(201).send({ conversation, subscriber, persona, token });
}

async function take(
  parts: RouteParts,
  deliver: Deliver,
  request: FastifyRequest<InConversation>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const holder = holderOf(parts, request);
  const { conversation } = request.params;
  const said = parseSubmission(request.body);
  const event = toEvent(said, conversation, originOf(holder), parts.now());
  // Written first, so that on one connection it stands before the answer; the delivery alone decides what we reply.
  const kept = remember(parts.log, conversation, said, event.at).catch((error: unknown) => {
    request.log.warn({ err: error }, 'what was said could not be kept for the other tabs');
  });
  const [status] = await Promise.all([deliver(event), kept]);
  return reply.code(202).send({ status });
}

/** Keeps what the subscriber said for their other tabs and the next reload. */
async function remember(log: ConversationLog, conversation: string, said: Submission, at: number): Promise<void> {
  const text = wordsOf(said);
  if (text === undefined) return;
  await log.append(
    conversation,
    `u:${said.id}`,
    'mine',
    JSON.stringify({ id: said.id, at, text: text.slice(0, 4000) }),
  );
}

/** What the subscriber is shown to have said. */
function wordsOf(said: Submission): string | undefined {
  if ('text' in said) return said.text;
  if ('press' in said) return said.label;
  if ('form' in said) return Object.values(said.values).join(' · ');
  return undefined;
}

async function follow(parts: RouteParts, request: FastifyRequest<InConversation>, reply: FastifyReply): Promise<void> {
  holderOf(parts, request);
  const { conversation } = request.params;
  if (!parts.live.hasRoom(conversation)) {
    throw new HttpProblem(503, 'too-many-pages', 'Too many pages are open.', {}, { headers: { 'retry-after': '5' } });
  }
  // The header is newer: a browser sends it when it reconnects to an address it was given long ago.
  const after = toPosition(request.headers['last-event-id']) ?? toPosition(request.query.after);
  const replay = await parts.log.read(conversation, after);
  reply.hijack();
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  // The session may end before the stream does, and so may the login of whoever looks on.
  const token = tokenOf(request.headers);
  parts.live.attach(conversation, reply.raw, replay, after, async () => {
    const held = parts.sessions.verify(conversation, token, parts.now()) !== undefined;
    return held && parts.stillThere(request);
  });
}

/** @throws HttpProblem 401 unless the request carries a session of the conversation in its path. */
function holderOf(parts: RouteParts, request: FastifyRequest<InConversation>): Holder {
  const holder = parts.sessions.verify(request.params.conversation, tokenOf(request.headers), parts.now());
  if (holder) return holder;
  const headers = { 'www-authenticate': 'Bearer' };
  throw new HttpProblem(401, 'no-session', 'Open a session for this conversation first.', {}, { headers });
}

function originOf({ subscriber, locale, timezone }: Holder): Origin {
  return { channel: 'web', workspace: '', user: subscriber, address: '', locale, timezone };
}
