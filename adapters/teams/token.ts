import { z } from 'zod';
import { ChannelUnreachable } from '../../bot/channel.js';
import { reasonsOf, TeamsAnswered } from './errors.js';
import type { Http } from './http.js';

export interface TokenOptions {
  readonly http: Http;
  readonly appId: string;
  readonly appPassword: string;
  /** `botframework.com`, or the tenant of a single-tenant app. */
  readonly tenant: string;
  /** `https://login.microsoftonline.com`. */
  readonly loginUrl: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told when Microsoft refuses the app id or its password. */
  readonly onRefused: (code: string) => void;
}

/** The app's access token for the Bot Connector (OAuth 2.0 client credentials, CHANNELS.md "Outbound"). */
export interface Tokens {
  /** Cached until shortly before it expires, and asked for once however many wait. @throws ChannelUnreachable */
  get(): Promise<string>;
  /** Forgets `token` because the connector refused it; does nothing when there is a newer one already. */
  drop(token: string): void;
}

const SCOPE = 'https://api.botframework.com/.default';
/** A token this close to its end is replaced, so that it does not expire on its way. */
const MARGIN_MS = 5 * 60_000;
/** After a failed request callers are told so for this long without asking again. */
const REST_MS = 1_000;

const tokenAnswer = z.object({
  access_token: z
    .string()
    .min(1)
    .regex(/^[\x21-\x7e]+$/),
  expires_in: z.coerce.number().positive(),
});

export function createTokens({ http, appId, appPassword, tenant, loginUrl, now, onRefused }: TokenOptions): Tokens {
  const url = `${loginUrl}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const form = { grant_type: 'client_credentials', client_id: appId, client_secret: appPassword, scope: SCOPE };
  const body = new URLSearchParams(form).toString();
  let current: { readonly value: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  let failure: { readonly error: ChannelUnreachable; readonly until: number } | undefined;

  async function ask(): Promise<string> {
    try {
      const answer = await http.request('POST', url, headers, body);
      if (answer.status !== 200) {
        const reasons = /^\{.*"error"\s*:\s*"(\w{1,60})"/s.exec(answer.body)?.slice(1) ?? reasonsOf(answer.body);
        if (answer.status < 500 && answer.status !== 429) onRefused(reasons[0] ?? `HTTP_${answer.status}`);
        throw new TeamsAnswered(answer.status, reasons);
      }
      const { access_token, expires_in } = tokenAnswer.parse(JSON.parse(answer.body));
      const life = expires_in * 1000;
      current = { value: access_token, until: now() + Math.max(life - MARGIN_MS, life / 2) };
      return access_token;
    } catch (cause) {
      const error = new ChannelUnreachable('no access token for the Bot Connector', { cause });
      failure = { error, until: now() + REST_MS };
      throw error;
    } finally {
      asking = undefined;
    }
  }

  return {
    async get() {
      if (current !== undefined && now() < current.until) return current.value;
      if (failure !== undefined && now() < failure.until) throw failure.error;
      asking ??= ask();
      return asking;
    },
    drop(token) {
      if (current?.value === token) current = undefined;
    },
  };
}
