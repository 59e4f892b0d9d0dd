import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'undici';
import { z } from 'zod';
import { afterAttempt } from '../../bot/domain/retry.js';
import { TelcoUnreachable } from '../../bot/telco.js';
import { readRetryAfter } from './errors.js';
import { type Answer, ExchangeFailed, exchange, openPool } from './exchange.js';

/** Where tokens come from: OAuth 2.0 client credentials (RFC 6749 section 4.4), as upsell.yaml and the README ask. */
export interface TokenOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of every token request. */
  readonly onRequest?: (outcome: 'ok' | 'unreachable', status: number | undefined, ms: number) => void;
}

/** Lifetime taken for granted where the endpoint names none (RFC 6749 section 5.1 allows that), in seconds. */
const DEFAULT_LIFETIME = 300;
/** How long one token request may take, all of its attempts together, in ms. */
const REQUEST_TIME = 8_000;
/** After a failed token request, callers are told so for this long without asking again, in ms. */
const REST_AFTER_FAILURE = 1_000;
/** As long at most where the endpoint says how long, in ms. */
const MAX_REST = 15 * 60_000;
/** A token that is refused although it is brand new is not replaced again for this long, in ms. */
const REST_AFTER_REFUSAL = 5_000;

const tokenAnswer = z.object({
  access_token: z
    .string()
    .min(1)
    .regex(/^[\x21-\x7e]+$/),
  expires_in: z.coerce.number().nonnegative().nullish().catch(undefined),
});

interface Token {
  readonly value: string;
  /** From here on a new one is fetched while this one still serves. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** The client's access token: cached until almost expiry, and asked for once however many callers wait. */
export class Tokens {
  private readonly pool: Pool;
  private readonly path: string;
  private readonly headers: string[];
  private current: Token | undefined;
  private request: Promise<Token> | undefined;
  private failure: { readonly error: TelcoUnreachable; readonly until: number } | undefined;
  private restUntil = 0;

  constructor(private readonly options: TokenOptions) {
    const url = new URL(options.tokenUrl);
    this.pool = openPool(url, { connections: 2, reuse: true });
    this.path = url.pathname + url.search;
    const credentials = `${formEncode(options.clientId)}:${formEncode(options.clientSecret)}`;
    const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    const contentType = 'application/x-www-form-urlencoded';
    this.headers = ['authorization', authorization, 'content-type', contentType, 'accept', 'application/json'];
  }

  /** A token that should be good now. Rejects with `TelcoUnreachable`, at `deadline` (`performance.now()`) at the latest. */
  get(deadline: number): string | Promise<string> {
    const now = this.options.now();
    if (this.current !== undefined && now < this.current.renewAt) return this.current.value;
    const fresh = this.fetchOnce(now);
    if (this.current !== undefined && now < this.current.expiresAt) {
      fresh.catch(() => undefined);
      return this.current.value;
    }
    return before(deadline, fresh);
  }

  /**
   * The token to use after `refused` was answered with 401: the one that replaced it meanwhile, or a new one. `undefined`
   * when new tokens are being refused as well, so that asking for more would only add load.
   */
  replace(refused: string, deadline: number): string | Promise<string> | undefined {
    if (this.current?.value === refused) {
      if (this.options.now() < this.restUntil) return undefined;
      this.current = undefined;
    }
    return this.get(deadline);
  }

  /** Says that `token`, itself a replacement, was answered with 401 too. */
  refusedAgain(token: string): void {
    if (this.current?.value === token) this.restUntil = this.options.now() + REST_AFTER_REFUSAL;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private fetchOnce(now: number): Promise<Token> {
    if (this.request !== undefined) return this.request;
    if (this.failure !== undefined && now < this.failure.until) return Promise.reject(this.failure.error);
    this.request = this.fetch().finally(() => {
      this.request = undefined;
    });
    return this.request;
  }

  private async fetch(): Promise<Token> {
    const askedAt = this.options.now();
    const started = performance.now();
    let status: number | undefined;
    let restMs = REST_AFTER_FAILURE;
    try {
      const answer = await this.ask(started + REQUEST_TIME);
      status = answer.status;
      restMs = Math.max(restMs, Math.min(MAX_REST, readRetryAfter(answer.headers['retry-after'], askedAt) ?? 0));
      this.current = readToken(answer, askedAt);
      this.failure = undefined;
      this.options.onRequest?.('ok', status, performance.now() - started);
      return this.current;
    } catch (cause) {
      const error = new TelcoUnreachable('no access token could be had', { cause });
      this.failure = { error, until: this.options.now() + restMs };
      this.options.onRequest?.('unreachable', status, performance.now() - started);
      throw error;
    }
  }

  /** Asks until it is settled: a token request may be repeated like any read. */
  private async ask(deadline: number): Promise<Answer> {
    const request = {
      method: 'POST' as const,
      path: this.path,
      headers: this.headers,
      body: 'grant_type=client_credentials',
    };
    for (let number = 1; ; number++) {
      const result = await exchange(this.pool, request, deadline).catch((failure: ExchangeFailed) => failure);
      const failed = result instanceof ExchangeFailed;
      const status = failed ? undefined : result.status;
      const next = afterAttempt({
        ...{ repeatable: true, tokenReplaced: true, number, status },
        sent: !failed || result.sent,
        retryAfterMs: failed ? undefined : readRetryAfter(result.headers['retry-after'], this.options.now()),
        remainingMs: deadline - performance.now(),
        random: Math.random(),
      });
      if (typeof next === 'object') await sleep(next.waitMs);
      else if (failed) throw result;
      else return result;
    }
  }
}

function readToken(answer: Answer, askedAt: number): Token {
  if (answer.status !== 200) throw new TelcoUnreachable(`the token endpoint answered ${answer.status}`);
  const { access_token: value, expires_in } = tokenAnswer.parse(parsed(answer.body));
  const lifetime = (expires_in ?? DEFAULT_LIFETIME) * 1_000;
  const expiresAt = askedAt + lifetime;
  return { value, expiresAt, renewAt: expiresAt - Math.min(60_000, lifetime / 10) };
}

/** The parser's own error would quote the body, token and all. */
function parsed(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? '');
  } catch {
    throw new TelcoUnreachable('the token endpoint did not answer with JSON');
  }
}

function before(deadline: number, token: Promise<Token>): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new TelcoUnreachable('no access token before the deadline'));
    const timer = setTimeout(late, Math.max(0, deadline - performance.now()));
    token.then((fresh) => resolve(fresh.value), reject).finally(() => clearTimeout(timer));
  });
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
