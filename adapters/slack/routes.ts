import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Inbox } from '../../bot/channel.js';
import { takeForms } from '../../bot/http.js';
import type { SlackApi } from './api.js';
import { within } from './deadline.js';
import type { News } from './news.js';
import { type ParseContext, parse, type Received, readBody, type ViewAnswer } from './parse.js';
import type { Tokens } from './tokens.js';
import { verify } from './verify.js';

/** Opening a modal has to leave room within the three seconds in which Slack wants its answer. In milliseconds, all of it. */
const OPEN_MS = 2000;

export interface TakeParts extends ParseContext {
  readonly api: SlackApi;
  readonly tokens: Tokens;
  readonly news: News;
  readonly debug: (what: string) => void;
}

/** Does what a verified body asks for. Resolves with the answer's body once Slack need not send it again. */
export type Take = (body: unknown) => Promise<ViewAnswer | { readonly challenge: string } | undefined>;

/** The same for webhooks and for Socket Mode. */
export function createTake(parts: TakeParts, inbox: Inbox): Take {
  return async (body) => {
    const received = parse(body, parts);
    switch (received.kind) {
      case 'event':
        await inbox.deliver(await parts.news.heard(received.event, received.ts));
        return received.answer;
      case 'open':
        await openModal(parts, received);
        return undefined;
      case 'challenge':
        return { challenge: received.challenge };
      case 'removed':
        await takeRemoved(parts, inbox, received);
        return undefined;
      case 'rate-limited':
        inbox.alert('app_rate_limited', 'Slack is dropping events of a workspace: more than 30,000 in an hour');
        return undefined;
      case 'ignored':
        parts.debug(`ignored: ${received.what}`);
        return undefined;
    }
  };
}

/** The word may come minutes late, when the workspace has installed the app again: that is a new beginning. */
async function takeRemoved(
  { tokens, debug }: TakeParts,
  inbox: Inbox,
  { team, why, at }: Extract<Received, { kind: 'removed' }>,
): Promise<void> {
  if (!(await tokens.removed(team, at))) return debug(`${why}: the app was installed again since`);
  inbox.alert(why, 'a workspace removed the Slack app: its users cannot be reached any more');
  await inbox.workspaceLeft('slack', team, `slack:${why}`);
}

/** A modal that did not open is no loss: the same questions are answered by typing. */
async function openModal(
  { api, tokens, debug }: TakeParts,
  { who, triggerId, view }: Extract<Received, { kind: 'open' }>,
) {
  const deadline = AbortSignal.timeout(OPEN_MS);
  try {
    const token = await within(deadline, tokens.for(who.team, who.enterprise));
    await api.call('views.open', who.team, token, { trigger_id: triggerId, view }, deadline);
  } catch (error) {
    debug(`a form did not open: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

/** Mounts the one address that takes events, interactivity and commands, told apart by their bodies. */
export async function mountEvents(
  http: FastifyInstance,
  take: Take,
  signingSecret: string,
  now: () => number,
): Promise<void> {
  const events: FastifyPluginAsync = async (scope) => {
    takeForms(scope);
    scope.post('/slack/events', async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const timestamp = headerOf(request, 'x-slack-request-timestamp');
      verify(signingSecret, { body, timestamp, signature: headerOf(request, 'x-slack-signature') }, now());
      const answer = await take(readBody(body, request.headers['content-type']));
      return reply.code(200).send(answer ?? '');
    });
  };
  await http.register(events);
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
