import type { FastifyInstance } from 'fastify';
import type { Channel, Inbox } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import type { MessageRefs } from '../../bot/message-refs.js';
import type { Pauses } from '../../bot/pauses.js';
import { createSlackApi } from './api.js';
import { SlackSettingsIncomplete } from './errors.js';
import { mountInstall } from './install.js';
import { createNews } from './news.js';
import { createProfiles } from './profile.js';
import { createTake, mountEvents } from './routes.js';
import { type SlackWords, send } from './send.js';
import { openSocket, type Socket } from './socket.js';
import { createTokens, type Installations } from './tokens.js';

export type { SlackWords } from './send.js';
export type { Installations } from './tokens.js';

export interface SlackChannelOptions {
  /** Of the Slack app ("Basic Information"): tells its requests from anybody else's. */
  readonly signingSecret: string;
  /** `xoxb-…` of the one workspace; not needed where workspaces install the app themselves. */
  readonly botToken?: string;
  /** `xapp-…`: Socket Mode, for a Refill that Slack cannot reach. Webhooks work all the same. */
  readonly appToken?: string;
  /** https://slack.com/api/ by default. */
  readonly apiUrl?: string;
  /** Turns on `/slack/install`: any workspace may install the app. Needs `installations`. */
  readonly oauth?: {
    readonly clientId: string;
    readonly clientSecret: string;
    /** Signs the state of an installation; made from the client secret by default. */
    readonly stateSecret?: string;
    /** Where Slack sends people back to; the app's own setting by default. */
    readonly redirectUri?: string;
  };
  readonly installations?: Installations;
  readonly refs: MessageRefs;
  readonly pauses: Pauses;
  readonly words: (language: string) => SlackWords;
  readonly conversationIdOf: (origin: Origin, place: string) => string;
  /** What an operator has to look at, also in a process without webhooks; the inbox's by default. */
  readonly alert?: Inbox['alert'];
  readonly debug?: (what: string) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Slack lets "several hundred messages a minute" into a workspace and publishes no number (CHANNELS.md 3). */
const UNASKED_PER_SECOND = 4;

const API_URL = 'https://slack.com/api/';

/**
 * Slack: direct messages, mentions, `/refill`, App Home, buttons and modals, by webhook or Socket Mode, in one workspace or
 * many.
 *
 * @throws SlackSettingsIncomplete
 */
export function createSlackChannel(options: SlackChannelOptions): Channel {
  checkSettings(options);
  const { signingSecret, appToken, oauth, installations, refs, words, conversationIdOf } = options;
  const { apiUrl = API_URL, now = Date.now, debug = () => undefined } = options;
  const api = createSlackApi(apiUrl, options.pauses);
  const tokens = createTokens(options.botToken, installations);
  const news = createNews({ refs, conversationIdOf, now });
  let alert: Inbox['alert'] = options.alert ?? (() => undefined);
  let socket: Socket | undefined;

  return {
    name: 'slack',
    unaskedPerSecond: UNASKED_PER_SECOND,
    async routes(http: FastifyInstance, inbox: Inbox) {
      alert = options.alert ?? inbox.alert;
      const take = createTake({ api, tokens, news, conversationIdOf, now, debug }, inbox);
      await mountEvents(http, take, signingSecret, now);
      if (oauth !== undefined && installations !== undefined) {
        await mountInstall(http, { ...oauth, signingSecret, apiUrl, installations, tokens, now, debug });
      }
      if (appToken !== undefined) socket = openSocket({ appToken, apiUrl, take, alert, debug });
    },
    send: (outgoing) => send({ api, tokens, refs, news, words, alert }, outgoing),
    profile: createProfiles(api, tokens),
    async close() {
      await socket?.close();
      await api.close();
    },
  };
}

function checkSettings({ signingSecret, botToken, oauth, installations }: SlackChannelOptions): void {
  if (signingSecret === '') throw new SlackSettingsIncomplete('Slack needs the signing secret of its app');
  if (oauth !== undefined && (oauth.clientId === '' || oauth.clientSecret === '' || installations === undefined)) {
    throw new SlackSettingsIncomplete(
      'installing the Slack app needs a client id, its secret and a place for the tokens',
    );
  }
  if ((botToken ?? '') === '' && oauth === undefined) {
    throw new SlackSettingsIncomplete(
      'Slack needs a bot token, or a client id and secret so that workspaces can install it',
    );
  }
}
