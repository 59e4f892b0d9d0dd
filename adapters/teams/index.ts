import type { Channel, Inbox } from '../../bot/channel.js';
import type { Origin } from '../../bot/conversation/event.js';
import type { MessageRefs } from '../../bot/message-refs.js';
import { type OutboundRules, safeLookup } from '../../bot/outbound.js';
import type { Pauses } from '../../bot/pauses.js';
import { readAddress } from './address.js';
import { createConnector } from './connector.js';
import { TeamsMisconfigured } from './errors.js';
import { createHttpOut, type Http } from './http.js';
import { createOnce } from './once.js';
import { createPersonalChats } from './personal.js';
import { createPublic } from './public.js';
import { createReceiver, type ReceiverOptions } from './receive.js';
import { createSender } from './send.js';
import { createTokens } from './token.js';
import { admit, admitLocal, createVerifier } from './verify.js';
import type { TeamsWords } from './words.js';

export type { TeamsWords } from './words.js';

export interface TeamsOptions {
  /** `MicrosoftAppId`. */
  readonly appId?: string | undefined;
  /** `MicrosoftAppPassword`. */
  readonly appPassword?: string | undefined;
  /** `MicrosoftAppTenantId`: of a single-tenant app, which hears nobody of another. */
  readonly tenantId?: string | undefined;
  /** `MicrosoftAppType`: `MultiTenant` (the default) or `SingleTenant`. A managed identity has no password and is not taken. */
  readonly appType?: string | undefined;
  /** No credentials, no checks: for an emulator on this machine. The app allows it with the sandbox only. */
  readonly unauthenticated?: boolean;
  /** Also lets a service on this machine be called: for a simulator that signs its tokens. */
  readonly localService?: boolean;
  readonly refs: MessageRefs;
  readonly pauses: Pauses;
  readonly conversationIdOf: (origin: Origin) => string;
  readonly words: (language: string) => TeamsWords;
  /** Where refusals and opt-outs met while sending go, in a process that mounts no routes. */
  readonly inbox?: Pick<Inbox, 'optedOut' | 'delivery' | 'alert'>;
  /** Told of activities that ask nothing of us: their type and name only. */
  readonly debug?: (facts: Readonly<Record<string, string>>, what: string) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Of another cloud, or of a simulator. */
  readonly openIdMetadataUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly loginUrl?: string | undefined;
}

/** Half of the 50 requests a second of an app in a tenant (CHANNELS.md 4, "Global"). */
const UNASKED_PER_SECOND = 25;

const OPENID_METADATA = 'https://login.botframework.com/v1/.well-known/openidconfiguration';
const ISSUER = 'https://api.botframework.com';
const LOGIN = 'https://login.microsoftonline.com';

/** Where the Bot Connector is: the public cloud, and those of governments and China (Bot Framework docs, "service URL"). */
const SERVICE_HOSTS = [
  'smba.trafficmanager.net',
  '*.botframework.com',
  '*.teams.microsoft.com',
  '*.teams.microsoft.us',
  '*.botframework.us',
  '*.botframework.azure.us',
  '*.botframework.azure.cn',
];

/**
 * Microsoft Teams: activities come in at `POST /api/messages`, signed by the Bot Framework; messages go out as Adaptive Cards
 * through the Bot Connector. What is asked in a group or a channel is answered in the personal chat.
 *
 * @throws TeamsMisconfigured
 */
export function createTeamsChannel(options: TeamsOptions): Channel {
  const { refs, pauses, conversationIdOf, words, debug = () => undefined, now = Date.now } = options;
  const credentials = credentialsOf(options);
  const service = { hosts: SERVICE_HOSTS, local: options.unauthenticated === true || options.localService === true };
  const http = createHttpOut(now, undefined, service.local ? undefined : safeLookup());
  let inbox: TeamsOptions['inbox'] = options.inbox;
  const onRefused = (code: string) =>
    inbox?.alert('TEAMS_CREDENTIALS', `Microsoft refuses the bot's app id or password: ${code}`);
  const loginUrl = options.loginUrl ?? LOGIN;
  const tokens = credentials && createTokens({ ...credentials, http, loginUrl, now, onRefused });
  const connector = createConnector({ http, tokens, service });
  const chats = createPersonalChats(connector);
  const sender = createSender({ connector, chats, refs, pauses, inbox: () => inbox });

  return {
    name: 'teams',
    unaskedPerSecond: UNASKED_PER_SECOND,
    routes(server, toInbox) {
      inbox = toInbox;
      const receive = createReceiver(
        {
          ...guardOf(options, credentials, http, service, now),
          chats,
          public: createPublic(connector, chats),
          once: createOnce(refs, now),
          conversationIdOf,
          words,
          debug,
          now,
        },
        toInbox,
      );
      server.post('/api/messages', receive);
    },
    send: (outgoing) => sender.send(outgoing),
    async typing(_, address) {
      const to = readAddress(address);
      // Somebody met in a group only: the chat is opened with the answer, not before.
      if (to.conversationId !== '') await connector.post(to, { type: 'typing' });
    },
    close: () => http.close(),
  };
}

function guardOf(
  { issuer = ISSUER, openIdMetadataUrl = OPENID_METADATA }: TeamsOptions,
  credentials: Credentials | undefined,
  http: Http,
  service: OutboundRules,
  now: () => number,
): Pick<ReceiverOptions, 'guard' | 'signed'> {
  if (credentials === undefined) return { signed: false, guard: async (request) => admitLocal(request) };
  const { appId, tenant } = credentials;
  const verifier = createVerifier({ http, appId, issuer, openIdMetadataUrl, now });
  const reach = { service, tenant: tenant === EVERY_TENANT ? undefined : tenant };
  const guard: ReceiverOptions['guard'] = async ({ headers }) => {
    const caller = await verifier.verify(headers.authorization);
    return (activity) => admit(caller, activity, reach);
  };
  return { signed: true, guard };
}

interface Credentials {
  readonly appId: string;
  readonly appPassword: string;
  /** Where tokens come from, and for a single-tenant app also the people. */
  readonly tenant: string;
}

/** The tenant multi-tenant bots get their tokens from. */
const EVERY_TENANT = 'botframework.com';

/** `undefined` without authentication. */
function credentialsOf(options: TeamsOptions): Credentials | undefined {
  const { appId, appPassword, appType, tenantId, unauthenticated } = options;
  if (unauthenticated === true) {
    if (!appId && !appPassword) return undefined;
    throw new TeamsMisconfigured('a Teams channel with credentials is not unauthenticated');
  }
  if (!appId || !appPassword) throw new TeamsMisconfigured('MicrosoftAppId and MicrosoftAppPassword are both needed');
  switch (appType || 'MultiTenant') {
    case 'MultiTenant':
      return { appId, appPassword, tenant: EVERY_TENANT };
    case 'SingleTenant':
      if (!tenantId) throw new TeamsMisconfigured('a SingleTenant app needs MicrosoftAppTenantId');
      return { appId, appPassword, tenant: tenantId };
    default:
      throw new TeamsMisconfigured('MicrosoftAppType must be MultiTenant or SingleTenant');
  }
}
