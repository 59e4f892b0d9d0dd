import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Inbox } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import { type DeliveryState, isFurther } from '../../bot/domain/delivery.js';
import type { Logger } from '../../bot/log.js';
import { HttpProblem } from '../../bot/problem.js';
import type { Aliases } from './aliases.js';
import { type Said, type Update, updatesOf, type Who } from './parse.js';
import type { Presence } from './presence.js';
import { readWebhook } from './schema.js';
import type { Address, Sender } from './send.js';
import { asksToStop } from './stop.js';
import { findFormer, findUser, lookUp, renamed, type User } from './users.js';
import { verifySignature, verifySubscription } from './verify.js';
import type { Window } from './window.js';

export interface RouteParts {
  readonly phoneNumberId: string;
  readonly appSecret: string;
  readonly verifyToken: string;
  readonly conversationIdOf: (origin: Origin, place?: string) => string;
  readonly aliases: Aliases;
  readonly window: Window;
  readonly sender: Sender;
  readonly presence: Presence;
  readonly log: Pick<Logger, 'debug'>;
  readonly now: () => number;
}

/** Up to 1,000 updates in 3 MB (CHANNELS.md "Webhooks"). */
const BODY_LIMIT = 3 * 1024 * 1024;

/** Meta redelivers for a week; an answer to what was said this long ago would only puzzle (FAULTS.md 44). In milliseconds. */
const STALE_MS = 8 * 3_600_000;

/** Conversations of one POST that are worked on at a time. */
const SIDE_BY_SIDE = 64;

/** Mounts `/whatsapp/webhook`. Errors are left to the app's error handler: a store that is down answers 503, and Meta sends again. */
export function mountRoutes(http: FastifyInstance, inbox: Inbox, parts: RouteParts): void {
  const take = createTaker(inbox, parts);
  http.get('/whatsapp/webhook', (request, reply) => {
    const challenge = verifySubscription(request.query as Record<string, unknown>, parts.verifyToken);
    return reply.type('text/plain; charset=utf-8').send(challenge);
  });
  http.post('/whatsapp/webhook', { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    verifySignature(raw, request.headers['x-hub-signature-256'], parts.appSecret);
    await take(updatesOf(readWebhook(raw), parts.phoneNumberId));
    return reply.code(200).send();
  });
}

/** Takes all updates of a POST: people side by side, what one of them did in its order. */
function createTaker(inbox: Inbox, parts: RouteParts): (updates: readonly Update[]) => Promise<void> {
  const { log } = parts;
  const progress = createProgress();

  async function takeOne(update: Update): Promise<void> {
    switch (update.kind) {
      case 'said':
        return takeSaid(inbox, parts, update);
      case 'status':
        return takeStatus(inbox, parts, progress, update);
      case 'preference': {
        // "Resume" is not consent to our alerts: those are switched on in the chat.
        if (!update.stop) return log.debug({ update: 'preference' }, 'a WhatsApp user takes marketing again');
        const user = await findOrFail(inbox, update.who, parts);
        return inbox.optedOut(conversationOf(parts, user), 'whatsapp:stop', update.at);
      }
      case 'moved':
        return takeMove(inbox, parts, update.from, update.to);
      case 'account':
        if (update.alert) inbox.alert(update.code, update.what);
        else log.debug({ code: update.code }, 'WhatsApp account news');
        return;
      case 'unreadable':
        return;
      case 'ignored':
        return log.debug({ why: update.why }, 'WhatsApp update ignored');
    }
  }

  return async (updates) => {
    const lanes = [...inLanes(updates)];
    const work = async () => {
      for (let lane = lanes.pop(); lane !== undefined; lane = lanes.pop()) {
        for (const update of lane) await takeOne(update);
      }
    };
    await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, lanes.length) }, work));
    // Only now: with the rest not taken, Meta sends all of it again.
    const lost = updates.flatMap((update) => (update.kind === 'unreadable' ? [update.what] : []));
    if (lost.length > 0)
      inbox.alert(UNREADABLE, `WhatsApp sent what Refill cannot read: ${[...new Set(lost)].join(', ')}`);
  };
}

/** Something was said or told that nobody will see: Meta changed its webhooks. */
const UNREADABLE = 'whatsapp:unreadable';

async function takeStatus(
  inbox: Inbox,
  parts: RouteParts,
  progress: Progress,
  { id, state, who, outgoing, error }: Extract<Update, { kind: 'status' }>,
): Promise<void> {
  if (!progress.isNews(id, state)) return;
  let resend = false;
  if (error !== undefined) {
    const user = who && (await orUnavailable(lookUp(who, parts.aliases)));
    const failure = { ...error, messageId: id, id: outgoing };
    resend = await orUnavailable(parts.sender.failed(user && conversationOf(parts, user), failure));
  }
  // Only now: what could not be acted on is news again when Meta sends it again.
  progress.reached(id, state);
  inbox.delivery({
    channel: 'whatsapp',
    state,
    ...(outgoing !== undefined && { id: outgoing }),
    ...(error !== undefined && { code: String(error.code) }),
    ...(resend && { resend }),
  });
}

function inLanes(updates: readonly Update[]): Iterable<Update[]> {
  const lanes = new Map<string, Update[]>();
  for (const update of updates) {
    const lane = lanes.get(laneOf(update));
    if (lane === undefined) lanes.set(laneOf(update), [update]);
    else lane.push(update);
  }
  return lanes.values();
}

/** What has to stay in order: everything about one person. */
function laneOf(update: Update): string {
  if (update.kind === 'moved') return laneOfWho(update.from);
  return 'who' in update && update.who !== undefined ? laneOfWho(update.who) : update.kind;
}

function laneOfWho({ bsuid, number }: Who): string {
  return bsuid ?? number ?? '';
}

async function takeSaid(inbox: Inbox, parts: RouteParts, update: Extract<Update, { kind: 'said' }>): Promise<void> {
  const { who, id, at, said } = update;
  const now = parts.now();
  if (now - at > STALE_MS) return takeStale(inbox, parts, update);
  const user = await findOrFail(inbox, who, parts);
  const conversationId = conversationOf(parts, user);
  // Before the event is in the mailbox: the turn that answers it has to find the window open.
  await orUnavailable(parts.window.touch(conversationId, Math.min(at, now)));
  parts.presence.heard(conversationId, id);
  const saidAt = Math.min(at, now);
  await inbox.deliver({ id, at: now, saidAt, conversationId, from: originOf(parts, user), ...(said satisfies Said) });
}

/** Not answered any more; whoever asked to be left alone is all the same. */
async function takeStale(
  inbox: Inbox,
  parts: RouteParts,
  { who, at, said }: Extract<Update, { kind: 'said' }>,
): Promise<void> {
  if (!asksToStop(said)) return parts.log.debug({ why: 'stale' }, 'WhatsApp update ignored');
  const user = await orUnavailable(lookUp(who, parts.aliases));
  await inbox.optedOut(conversationOf(parts, user), 'whatsapp:said-stop', at);
}

/**
 * Who took another number took another line: what was agreed with the old one is neither carried over nor sent there any more.
 * With the number unchanged, the new id finds the old conversation.
 */
async function takeMove(inbox: Inbox, parts: RouteParts, from: Who, to: Who): Promise<void> {
  const { aliases } = parts;
  const old = await orUnavailable(findFormer(from, aliases));
  if (old !== undefined) await orUnavailable(renamed(old, to, aliases));
  const { key } = await findOrFail(inbox, to, parts);
  if (old === undefined) return inbox.alert(UNKNOWN_MOVER, 'a WhatsApp user nobody knows took another id or number');
  if (old.key !== key) await leaveInPeace(inbox, parts, old);
}

/** Counted, too: where it is many, the ids were made anew, as when the business number went to another portfolio. */
const NEW_OWNER = 'whatsapp:new-owner';
/** Nothing could be blocked: they were forgotten, or never wrote, or the stores lost who had that id. */
const UNKNOWN_MOVER = 'whatsapp:unknown-mover';

function findOrFail(inbox: Inbox, who: Who, parts: RouteParts): Promise<User> {
  const found = findUser(who, parts.aliases, async (former) => {
    await leaveInPeace(inbox, parts, former);
    inbox.alert(NEW_OWNER, 'a WhatsApp number came with another user id: what its former owner proved is blocked');
  });
  return orUnavailable(found);
}

/** Whoever has the number now is not them: nothing more is sent there, and nothing they proved is shown. */
async function leaveInPeace(inbox: Inbox, parts: RouteParts, former: User): Promise<void> {
  await inbox.optedOut(conversationOf(parts, former), 'whatsapp:moved');
  await inbox.movedAway?.(originOf(parts, former));
}

/** With the store away nothing is taken: Meta sends it again. */
async function orUnavailable<T>(kept: Promise<T>): Promise<T> {
  try {
    return await kept;
  } catch (cause) {
    const headers = { 'retry-after': '5' };
    throw new HttpProblem(503, 'STORE_UNAVAILABLE', 'Nothing was taken. Please send it again.', {}, { cause, headers });
  }
}

function conversationOf(parts: RouteParts, user: User): string {
  return parts.conversationIdOf({ ...originOf(parts, user), user: user.key });
}

function originOf({ phoneNumberId }: RouteParts, { number, bsuid, key }: User): Origin {
  const address: Address = number === undefined ? { recipient: bsuid ?? key } : { to: number };
  return {
    channel: 'whatsapp',
    workspace: phoneNumberId,
    // What the conversation began with: it stays the same when a number is hidden, or shown, later.
    user: key,
    address: JSON.stringify(address),
    ...(number !== undefined && { phone: number }),
    ...(bsuid !== undefined && bsuid !== key && { alias: bsuid }),
  };
}

const REMEMBERED_MESSAGES = 50_000;

/** How far each message got: statuses come late, twice and out of order, and `read` without `delivered`. */
interface Progress {
  /** Whether this moves the message forward. */
  isNews(messageId: string, state: DeliveryState): boolean;
  reached(messageId: string, state: DeliveryState): void;
}

function createProgress(): Progress {
  const furthest = new LRUCache<string, DeliveryState>({ max: REMEMBERED_MESSAGES });
  return {
    isNews: (messageId, state) => isFurther(state, furthest.get(messageId)),
    reached: (messageId, state) => void furthest.set(messageId, state),
  };
}
