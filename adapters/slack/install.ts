import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Installation, InstallURLOptions, StateStore } from '@slack/bolt';
import type { FastifyInstance } from 'fastify';
import { LRUCache } from 'lru-cache';
import { fromBase64url } from '../../bot/base64url.js';
import type { SlackInstallation } from '../../bot/ledger/ledger.js';
import { SlackStateInvalid } from './errors.js';
import { silentLogger } from './silence.js';
import type { Installations, Tokens } from './tokens.js';

/** What the app asks a workspace for; the manifest lists the same. */
export const BOT_SCOPES = ['app_mentions:read', 'chat:write', 'commands', 'im:history', 'users:read'] as const;

export interface InstallParts {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly stateSecret?: string;
  readonly redirectUri?: string;
  readonly signingSecret: string;
  readonly apiUrl: string;
  readonly installations: Installations;
  readonly tokens: Tokens;
  readonly now: () => number;
  readonly debug: (what: string) => void;
}

/**
 * Mounts `/slack/install` and `/slack/oauth_redirect`: Bolt's install flow, which ties the state to the browser by a cookie,
 * with a state that is signed, short-lived and used once.
 */
export async function mountInstall(http: FastifyInstance, parts: InstallParts): Promise<void> {
  const { clientId, clientSecret, redirectUri, installations, tokens, apiUrl, now, debug } = parts;
  const secret = parts.stateSecret ?? createHmac('sha256', clientSecret).update('refill/slack-state/v1').digest('hex');
  const urlOptions: InstallURLOptions = { scopes: [...BOT_SCOPES], ...(redirectUri !== undefined && { redirectUri }) };
  // Half a second to load: only where it is used.
  const { HTTPReceiver } = await import('@slack/bolt');
  const { installer } = new HTTPReceiver({
    signingSecret: parts.signingSecret,
    clientId,
    clientSecret,
    scopes: [...BOT_SCOPES],
    logger: silentLogger(),
    installationStore: {
      async storeInstallation(installation) {
        const saved = toInstallation(installation);
        await installations.save(saved);
        tokens.forget(saved.teamId);
      },
      // Only Bolt's own `authorize` reads and deletes, which nothing here calls.
      fetchInstallation: () => Promise.reject(new SlackStateInvalid('tokens are not read through Bolt')),
    },
    installerOptions: {
      directInstall: true,
      stateStore: createStates(secret, urlOptions, now),
      clientOptions: { slackApiUrl: apiUrl, retryConfig: { retries: 1 } },
    },
  });
  if (installer === undefined) return;

  http.get('/slack/install', (request, reply) => {
    reply.hijack();
    installer
      .handleInstallPath(request.raw, reply.raw, undefined, urlOptions)
      .catch(() => page(reply.raw, 500, 'The installation could not be started.'));
  });
  http.get('/slack/oauth_redirect', (request, reply) => {
    reply.hijack();
    installer
      .handleCallback(request.raw, reply.raw, {
        success: (_installation, _options, _request, response) =>
          page(response, 200, 'Refill is installed. You can close this page and say hello to it in Slack.'),
        failure: (error, _options, _request, response) => {
          debug(`an installation failed: ${error.code}`);
          page(response, 400, 'The installation did not finish. Please start it again at /slack/install.');
        },
      })
      .catch(() => page(reply.raw, 500, 'The installation did not finish.'));
  });
}

function page(response: ServerResponse, status: number, words: string): void {
  if (response.writableEnded) return;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    // The address holds the code and the state.
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(`${words}\n`);
}

/** @throws SlackStateInvalid for an installation without a bot, which we did not ask for. */
function toInstallation({ team, enterprise, bot }: Installation): SlackInstallation {
  const teamId = team?.id ?? enterprise?.id;
  if (teamId === undefined || bot === undefined)
    throw new SlackStateInvalid('the installation names no workspace or no bot');
  return {
    teamId,
    botToken: bot.token,
    botUserId: bot.userId,
    ...(enterprise !== undefined && { enterpriseId: enterprise.id }),
  };
}

/** How long somebody may take to read Slack's consent page, in milliseconds: as long as Bolt's cookie. */
const STATE_MS = 600_000;

/**
 * `<nonce>.<expiry>.<HMAC>`. A used one is remembered in this process; at any other one the cookie is missing by then, and
 * Slack takes the code that comes with it only once.
 */
export function createStates(secret: string, options: InstallURLOptions, now: () => number): StateStore {
  const used = new LRUCache<string, true>({ max: 10_000, ttl: STATE_MS });
  const sign = (claims: string) => createHmac('sha256', secret).update(`slack-install\n${claims}`).digest();
  return {
    async generateStateParam() {
      const claims = `${randomBytes(16).toString('base64url')}.${now() + STATE_MS}`;
      return `${claims}.${sign(claims).toString('base64url')}`;
    },
    async verifyStateParam(_date, state) {
      const [nonce = '', expiry = '', signature = '', ...rest] = state.split('.');
      const given = fromBase64url(signature);
      const expected = sign(`${nonce}.${expiry}`);
      const genuine = rest.length === 0 && given?.length === expected.length && timingSafeEqual(given, expected);
      if (!genuine || Number(expiry) <= now() || used.has(nonce)) {
        throw new SlackStateInvalid('the state is not ours, too old or used');
      }
      used.set(nonce, true);
      return options;
    },
  };
}
