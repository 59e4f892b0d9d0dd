import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { RefillError } from '../errors.js';
import type { Logger } from '../log.js';

/** An issuer of tokens, or its keys, could not be reached, and nothing is known from before. */
export class IssuerUnreachable extends RefillError {
  readonly code = 'ISSUER_UNREACHABLE';
}

export interface IssuerKeysOptions {
  /** Exactly as in the tokens' `iss`. */
  readonly issuer: string;
  /** Where its keys are; asked of `<issuer>/.well-known/openid-configuration` when not given. */
  readonly jwksUrl?: string | undefined;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly now?: () => number;
}

export interface IssuerKeys {
  /** Finds the key a token names. Rejects with jose's own errors, or `IssuerUnreachable`. */
  readonly keyOf: JWTVerifyGetKey;
  close(): Promise<void>;
}

/** Keys are asked for again after this long … */
const FRESH_MS = 10 * 60_000;
/** … and at once for a key nobody knows, but no more often than this: anybody can send a made-up key id. */
const COOLDOWN_MS = 30_000;
/** How long keys are believed while the issuer is away: it cannot tell us that one was stolen. */
const STALE_MS = 24 * 3_600_000;
const ANSWER_WITHIN_MS = 5000;
const MAX_BYTES = 256 * 1024;

interface Held {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly at: number;
}

/** The public keys of an external issuer, kept while it is away. */
export function createIssuerKeys({ issuer, jwksUrl, log, now = Date.now }: IssuerKeysOptions): IssuerKeys {
  const dispatcher = new Agent({ connections: 2, headersTimeout: ANSWER_WITHIN_MS, bodyTimeout: ANSWER_WITHIN_MS });
  let held: Held | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    triedAt = now();
    try {
      const url = jwksUrl ?? (await discover(issuer, dispatcher));
      const keys = jwks
        .parse(await getJson(url, dispatcher))
        .keys.filter(({ use }) => use === undefined || use === 'sig');
      held = { find: createLocalJWKSet({ keys } as JSONWebKeySet), at: now() };
      log.info({ keys: keys.length }, 'read the keys of the token issuer');
    } catch (error) {
      log.warn({ err: error, kept: held !== undefined }, 'the token issuer’s keys cannot be read');
    } finally {
      asking = undefined;
    }
  }
  /** Asks unless somebody just did. */
  const refresh = async () => {
    if (asking === undefined && now() - triedAt < COOLDOWN_MS) return;
    asking ??= ask();
    await asking;
  };
  const believed = () => (held !== undefined && now() - held.at < STALE_MS ? held : undefined);

  return {
    keyOf: async (header, token) => {
      const known = believed();
      if (known === undefined) await refresh();
      // Good enough for this one; the next gets the new ones.
      else if (now() - known.at > FRESH_MS) void refresh();
      const first = believed();
      if (first === undefined) throw new IssuerUnreachable('the keys of the token issuer are not known');
      try {
        return await first.find(header, token);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_JWKS_NO_MATCHING_KEY') throw error;
        await refresh();
        const second = believed();
        if (second === undefined || second === first) throw error;
        return second.find(header, token);
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** What of a JWK matters to us; jose checks the rest. */
const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string(), use: z.string().optional() })).max(100) });
const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/** OpenID Connect Discovery 1.0, section 4: the document must name the very issuer it was asked of. */
async function discover(issuer: string, dispatcher: Dispatcher): Promise<string> {
  const found = metadata.parse(await getJson(`${issuer}/.well-known/openid-configuration`, dispatcher));
  if (found.issuer.replace(/\/$/, '') !== issuer)
    throw new IssuerUnreachable('the discovery document names another issuer');
  if (issuer.startsWith('https:') && !found.jwks_uri.startsWith('https:'))
    throw new IssuerUnreachable('the discovery document leads from https to http');
  return found.jwks_uri;
}

/** Follows no redirect and reads no more than 256 KB. */
async function getJson(url: string, dispatcher: Dispatcher): Promise<unknown> {
  const { statusCode, body } = await request(url, { dispatcher, headers: { accept: 'application/json' } });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new IssuerUnreachable('the answer is too large');
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new IssuerUnreachable(`answered ${statusCode}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
