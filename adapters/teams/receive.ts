import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Inbox } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import { writeAddress } from './address.js';
import type { Once } from './once.js';
import { languageOf, originOf, placeOf } from './origin.js';
import { type Heard, hear, type Inbound, parseActivity } from './parse.js';
import type { PersonalChats } from './personal.js';
import type { Public } from './public.js';
import type { TeamsWords } from './words.js';

export interface ReceiverOptions {
  /** Whether a request may be read at all; then, once it is, whether it may say what it says. Both reject with HttpProblem. */
  readonly guard: (request: FastifyRequest) => Promise<(activity: Inbound) => void>;
  /** Whether callers are identified: only then may a token of ours go to the addresses they name. */
  readonly signed: boolean;
  readonly chats: PersonalChats;
  readonly public: Public;
  readonly once: Once;
  readonly conversationIdOf: (origin: Origin) => string;
  readonly words: (language: string) => TeamsWords;
  readonly debug: (facts: Readonly<Record<string, string>>, what: string) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

type SaidSomething = Extract<Heard, { what: 'said' }>;

/** `POST /api/messages`: 401, 403 or 400 for what is not to be believed or read, else 200 once it is taken in for good. */
export function createReceiver(options: ReceiverOptions, inbox: Inbox) {
  const { guard, words, conversationIdOf, debug, signed } = options;

  async function act(activity: Inbound, heard: Heard, body: unknown): Promise<void> {
    switch (heard.what) {
      case 'said':
        return takeIn(options, inbox, activity, heard, body);
      case 'left':
        return inbox.optedOut(conversationIdOf({ ...originOf(activity, heard.by), address: '' }), 'teams:removed');
      case 'joined':
        void options.public.introduce(placeOf(activity, '', signed), words(languageOf(activity)));
        return;
      case 'unreadable':
      case 'nothing':
        debug({ type: activity.type, name: activity.name ?? '' }, `teams: ${heard.what}`);
    }
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const admit = await guard(request);
    const activity = parseActivity(request.body);
    admit(activity);
    const heard = hear(activity);
    await act(activity, heard, request.body);
    if (activity.type !== 'invoke') return reply.code(200).send();
    // The turn runs later and answers by a message; Teams wants to hear something within seconds.
    return reply.code(200).send(invokeAnswer(heard, words(languageOf(activity))));
  };
}

async function takeIn(
  { chats, once, conversationIdOf, now, words, signed, public: inFront }: ReceiverOptions,
  inbox: Inbox,
  activity: Inbound,
  { said, by, inPublic }: SaidSomething,
  body: unknown,
): Promise<void> {
  const place = placeOf(activity, by.id, signed);
  // Whatever is asked in front of others is answered in the personal chat: its conversation, its address.
  const person = inPublic ? { ...place, conversationId: chats.known(place) ?? '' } : place;
  if (!inPublic) chats.learn(person);
  const from = { ...originOf(activity, by), address: writeAddress(person) };
  const conversationId = conversationIdOf(from);
  const given =
    activity.id ??
    createHash('sha256')
      .update(Buffer.isBuffer(body) ? body : '')
      .digest('base64url');
  const what = fingerprint(activity, said);
  const id = what === undefined ? given : await once.idOf(conversationId, what, given);
  const outcome = await inbox.deliver({ id, at: now(), conversationId, from, ...said });
  if (what !== undefined) once.taken(conversationId, what, id);
  if (inPublic && outcome === 'accepted') {
    void inFront.point(place, person, words(languageOf(activity)), activity.id ?? undefined);
  }
}

/** What makes two deliveries the same tap; undefined for words, which people do repeat. */
function fingerprint({ replyToId, conversation }: Inbound, said: SaidSomething['said']): readonly string[] | undefined {
  const card = replyToId ?? conversation.id;
  switch (said.kind) {
    case 'text':
      return undefined;
    case 'hello':
      // Teams tells of one installation twice, under two ids.
      return ['hello'];
    case 'press':
      return ['press', card, said.token];
    case 'form':
      return ['form', card, said.token, JSON.stringify(said.values)];
  }
}

/** The format a universal action must be answered in (AdaptiveCardInvokeResponse); other invokes expect nothing of us. */
function invokeAnswer({ what }: Heard, { working }: TeamsWords): object {
  switch (what) {
    case 'said':
      return { statusCode: 200, type: 'application/vnd.microsoft.activity.message', value: working };
    case 'unreadable': {
      const value = { code: 'BadRequest', message: 'This is no button of this bot.' };
      return { statusCode: 400, type: 'application/vnd.microsoft.error', value };
    }
    default:
      return {};
  }
}
