import type { Activity } from 'botbuilder';
import { ChannelRefused, ChannelSilent, ChannelUnreachable } from '../../bot/channel.js';
import { type OutboundRules, outboundUrl } from '../../bot/outbound.js';
import type { Address } from './address.js';
import { reasonsOf, TeamsExchangeFailed, type Verdict, verdictOf } from './errors.js';
import type { Answer, Http } from './http.js';
import type { Tokens } from './token.js';

/** What the Bot Connector said, and what that means. */
export interface Reply {
  readonly verdict: Verdict;
  readonly status: number;
  readonly reasons: readonly string[];
  readonly retryAfterMs: number | undefined;
  /** Of the message or the conversation that was made; empty where it names none. */
  readonly id: string;
}

/** The parts of Microsoft's Bot Connector REST API (v3) that Refill uses. @throws ChannelUnreachable, ChannelRefused. */
export interface Connector {
  /**
   * Posts into a conversation, as an answer to `replyTo` where one is given. Posting again makes another message: the API takes
   * no id of ours to know the first one by.
   *
   * @throws ChannelSilent when it may have been taken.
   */
  post(to: Place, activity: Partial<Activity> | string, replyTo?: string): Promise<Reply>;
  /** Replaces a message. */
  put(to: Place, id: string, activity: Partial<Activity> | string): Promise<Reply>;
  /** Opens the personal chat with someone; opening it again gives the same one. */
  open(with_: Address): Promise<Reply>;
}

/** Where a request goes: a conversation, or (`open`) the service alone. */
export type Place = Pick<Address, 'serviceUrl' | 'conversationId' | 'signed'>;

export interface ConnectorOptions {
  readonly http: Http;
  /** Without them nothing is signed, and only addresses met without a signature are answered. */
  readonly tokens: Tokens | undefined;
  /** Where messages may go: the address came from outside once. */
  readonly service: OutboundRules;
}

/** A request of the API, and whether doing it twice is the same as doing it once. */
interface Kind {
  readonly method: 'POST' | 'PUT';
  readonly harmlessTwice: boolean;
}

const POST: Kind = { method: 'POST', harmlessTwice: false };
const PUT: Kind = { method: 'PUT', harmlessTwice: true };
const OPEN: Kind = { method: 'POST', harmlessTwice: true };

export function createConnector({ http, tokens, service }: ConnectorOptions): Connector {
  async function once({ method, harmlessTwice }: Kind, url: string, body: string, token: string | undefined) {
    const headers = { 'content-type': 'application/json; charset=utf-8', accept: 'application/json' };
    const authorization = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    try {
      return await http.request(method, url, { ...headers, ...authorization }, body);
    } catch (cause) {
      if (!(cause instanceof TeamsExchangeFailed)) throw cause;
      if (harmlessTwice || !cause.sent) throw new ChannelUnreachable('Teams could not be reached', { cause });
      throw new ChannelSilent('Teams did not say whether it took the message', { cause });
    }
  }

  async function call(kind: Kind, to: Place, path: string, content: object | string): Promise<Reply> {
    // Set up without credentials, then with them, or the other way round: the person's next message makes a new address.
    if (to.signed !== (tokens !== undefined)) throw new ChannelRefused('the address is of another set-up');
    mayCall(to.serviceUrl, service);
    const url = `${to.serviceUrl}${to.serviceUrl.endsWith('/') ? '' : '/'}v3/conversations${path}`;
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    const token = await tokens?.get();
    let answer = await once(kind, url, body, token);
    if (answer.status === 401 && tokens !== undefined && token !== undefined) {
      tokens.drop(token);
      answer = await once(kind, url, body, await tokens.get());
    }
    return toReply(answer);
  }

  const activitiesOf = (to: Place) => `/${encodeURIComponent(to.conversationId)}/activities`;
  return {
    post: (to, activity, replyTo) =>
      call(POST, to, `${activitiesOf(to)}${replyTo === undefined ? '' : `/${encodeURIComponent(replyTo)}`}`, activity),
    put: (to, id, activity) => call(PUT, to, `${activitiesOf(to)}/${encodeURIComponent(id)}`, activity),
    open: (person) =>
      call(OPEN, person, '', {
        bot: { id: person.botId },
        members: [{ id: person.userId }],
        isGroup: false,
        tenantId: person.tenantId,
        channelData: { tenant: { id: person.tenantId } },
      }),
  };
}

/** A row of the database may be older than the list of hosts. @throws ChannelRefused */
function mayCall(serviceUrl: string, service: OutboundRules): void {
  try {
    outboundUrl(serviceUrl, service);
  } catch (cause) {
    throw new ChannelRefused('the address is none of the Bot Framework', { cause });
  }
}

function toReply({ status, body, retryAfterMs }: Answer): Reply {
  if (status < 300) return { verdict: 'ok', status, reasons: [], retryAfterMs, id: idOf(body) };
  const reasons = reasonsOf(body);
  return { verdict: verdictOf(status, reasons), status, reasons, retryAfterMs, id: '' };
}

/** `{"id":"…"}`; the connector may answer with nothing at all. */
function idOf(body: string): string {
  try {
    const json: unknown = JSON.parse(body);
    const id = typeof json === 'object' && json !== null && 'id' in json ? json.id : undefined;
    return typeof id === 'string' && id.length <= 500 ? id : '';
  } catch {
    return '';
  }
}
