import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'undici';
import { z } from 'zod';
import { afterAttempt } from '../../bot/domain/retry.js';
import { createPauses, type Pauses } from '../../bot/pauses.js';
import type { RefusalReason, Telco, TelcoCall, TelcoSubscriber, TopUpRequest } from '../../bot/telco.js';
import { TelcoAmbiguous, TelcoRefused, TelcoUnreachable } from '../../bot/telco.js';
import { readAnswer, readPurchaseAnswer, readRetryAfter } from './errors.js';
import { type Answer, ExchangeFailed, exchange, openPool } from './exchange.js';
import { toAccount, toActivationRequest, toBalance, toOffers, toTopUpRequest } from './map.js';
import { accountInfoResponse, balanceResponse, offerInfoResponse } from './schema.js';
import { Tokens } from './token.js';
import { type Operation, type Request, segment, toQuery, toWire } from './wire.js';

export interface MillomOptions {
  /** Where `/std/…` hangs, e.g. `https://api.example.com/upsell`. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  /** Where `/v1/{serviceProvider}/topup` hangs (top-up.yaml); without it nobody can be asked for a top-up. */
  readonly topUpUrl?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Millom's name for us, the first part of every path. */
  readonly serviceProvider: string;
  /** Total time per call unless the call says otherwise, token and retries included, in ms. Default 10,000. */
  readonly deadlineMs?: number;
  /** Connections for everything but purchases; calls beyond them queue within their deadline. Default 128. */
  readonly connections?: number;
  /** upsellOffer's optional query parameters; `clientName` goes with purchases too. */
  readonly planType?: 'principal' | 'supplementary';
  readonly dealerCode?: string;
  readonly clientName?: string;
  /** True where this Millom promises that one `transid` charges once; upsell.yaml does not. Default false. */
  readonly deduplicates?: boolean;
  /** Keeps what a Retry-After asked for, as `millom`; shared, where several processes are to keep to it. */
  readonly pauses?: Pauses;
  /** Epoch milliseconds; for token expiry and Retry-After. */
  readonly now?: () => number;
  /** Told once per call and once per token request. Must not throw. */
  readonly onCall?: (report: CallReport) => void;
}

export interface CallReport {
  readonly operation: Operation | 'token';
  readonly outcome: 'ok' | 'refused' | 'unreachable' | 'ambiguous';
  /** Why, when it was refused. */
  readonly reason?: RefusalReason;
  /** The last HTTP status seen, if any. */
  readonly status?: number;
  readonly ms: number;
}

/** Millom's standard service provider API (upsell.yaml). Throws `TypeError` when a URL is none. */
export function createMillom(options: MillomOptions): Telco {
  const now = options.now ?? Date.now;
  const caller = new Caller(options, now);
  const { planType, dealerCode, clientName } = options;
  const offerQuery = toQuery({ planType, dealerCode, clientName });
  const purchaseQuery = toQuery({ clientName });
  return {
    name: NAME,
    deduplicatesPurchases: options.deduplicates ?? false,

    async account(subscriber, call) {
      const path = caller.path(subscriber, 'accountInfo');
      // accountInfo takes ISO 639-1 only: the language without its region.
      const request = { operation: 'account', path, language: call?.language?.split('-')[0] } as const;
      return caller.run(request, call, (answer) => toAccount(readAnswer(answer, accountInfoResponse, now())));
    },

    async balance(subscriber, call) {
      const path = caller.path(subscriber, 'balance');
      const request = { operation: 'balance', path, language: call?.language } as const;
      return caller.run(request, call, (answer) => toBalance(readAnswer(answer, balanceResponse, now())));
    },

    async offers(subscriber, call) {
      const path = caller.path(subscriber, 'upsellOffer') + offerQuery;
      const request = { operation: 'offers', path, language: call?.language } as const;
      return caller.run(request, call, (answer) => toOffers(readAnswer(answer, offerInfoResponse, now())));
    },

    async purchase(subscriber, order, call) {
      const path = caller.path(subscriber, 'purchasePlan') + purchaseQuery;
      const body = JSON.stringify(toActivationRequest(order));
      const request = { operation: 'purchase', path, body, language: call?.language } as const;
      return caller.run(request, call, (answer, sentBefore) =>
        readPurchaseAnswer(answer, order, sentBefore || order.repeated === true, now()),
      );
    },

    async register(subscriber, types, call) {
      const path = caller.registerPath(subscriber);
      const body = JSON.stringify({ transactionId: randomUUID(), types });
      const request = { operation: 'register', path, body, language: call?.language } as const;
      await caller.run(request, call, (answer) => readAnswer(answer, z.unknown(), now()));
    },

    ...(options.topUpUrl !== undefined && {
      async requestTopUp(subscriber: TelcoSubscriber, request: TopUpRequest, call?: TelcoCall) {
        const body = JSON.stringify(toTopUpRequest(subscriber, request));
        const path = caller.topUpPath();
        await caller.run({ operation: 'topUp', path, body, language: call?.language }, call, (answer) =>
          readAnswer(answer, z.unknown(), now()),
        );
      },
    }),

    close: () => caller.close(),
  };
}

/** Where a call stands, kept outside the attempts so that it can be reported whatever happens. */
interface Progress {
  readonly deadline: number;
  /** An attempt before the current one reached Millom. */
  sentBefore: boolean;
  status?: number;
}

/** In metrics, and what a pause is kept under. */
const NAME = 'millom';

/** Longest time everything holds still because Millom asked for it, in ms: it is asked again that often, whatever it says. */
const MAX_PAUSE = 15 * 60_000;

/** Sends requests: token, attempts, deadline, pause, report. */
class Caller {
  private readonly base: string;
  private readonly reads: Pool;
  /**
   * Purchases get a connection each. A kept connection that the other side is just closing would turn a harmless failure into
   * an ambiguous one, and those end on a person's desk.
   */
  private readonly purchases: Pool;
  private readonly topUps: Pool;
  private readonly tokens: Tokens;
  private readonly pauses: Pauses;

  constructor(
    private readonly options: MillomOptions,
    private readonly now: () => number,
  ) {
    const url = new URL(options.baseUrl);
    this.base = `${url.pathname.replace(/\/$/, '')}/std/${encodeURIComponent(options.serviceProvider)}/`;
    const connections = options.connections ?? 128;
    this.reads = openPool(url, { connections, reuse: true });
    this.purchases = openPool(url, { connections, reuse: false });
    this.pauses = options.pauses ?? createPauses(() => performance.now());
    this.topUps = openPool(new URL(options.topUpUrl ?? options.baseUrl), { connections, reuse: false });
    this.tokens = new Tokens({
      ...options,
      now,
      onRequest: (outcome, status, ms) =>
        options.onCall?.({ operation: 'token', outcome, ms, ...(status !== undefined && { status }) }),
    });
  }

  path(subscriber: TelcoSubscriber, resource: string): string {
    const { operator, key } = subscriber;
    return `${this.base}${encodeURIComponent(operator)}/${segment(key.value)}/${resource}?key_type=${key.type}`;
  }

  /** The one path without an operator. */
  registerPath({ key }: TelcoSubscriber): string {
    return `${this.base}${segment(key.value)}/register?key_type=${key.type}`;
  }

  topUpPath(): string {
    const { topUpUrl = this.options.baseUrl, serviceProvider } = this.options;
    return `${new URL(topUpUrl).pathname.replace(/\/$/, '')}/v1/${encodeURIComponent(serviceProvider)}/topup`;
  }

  /** Sends `request` until it is settled and reads the answer. Rejects with one of the three telco errors. */
  async run<T>(
    request: Request,
    call: TelcoCall | undefined,
    read: (answer: Answer, sentBefore: boolean) => T,
  ): Promise<T> {
    const started = performance.now();
    const deadline = started + (call?.deadlineMs ?? this.options.deadlineMs ?? 10_000);
    const progress: Progress = { deadline, sentBefore: false };
    try {
      this.refuseWhilePaused();
      const result = read(await this.attempt(request, progress), progress.sentBefore);
      this.report(request, progress, started);
      return result;
    } catch (error) {
      this.report(request, progress, started, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.reads, this.purchases, this.topUps, this.tokens].map((part) => part.close()));
  }

  private async attempt(request: Request, progress: Progress): Promise<Answer> {
    const { deadline } = progress;
    const { operation } = request;
    const repeatable = operation !== 'purchase' && operation !== 'topUp';
    const pool = repeatable ? this.reads : operation === 'topUp' ? this.topUps : this.purchases;
    let token = await this.tokens.get(deadline);
    let tokenReplaced = false;
    for (let number = 1; ; number++) {
      const result = await exchange(pool, toWire(request, token), deadline).catch((failure: ExchangeFailed) => failure);
      const facts = this.factsOf(result, deadline);
      if (facts.status !== undefined) progress.status = facts.status;
      this.obey(facts);
      if (facts.status === 401 && tokenReplaced) this.tokens.refusedAgain(token);
      const next = afterAttempt({ repeatable, number, tokenReplaced, ...facts });
      if (next === 'settle') return settled(result, repeatable);
      if (next === 'new-token') {
        const fresh = await this.tokens.replace(token, deadline);
        if (fresh === undefined) return settled(result, repeatable);
        token = fresh;
        tokenReplaced = true;
      } else {
        await sleep(next.waitMs);
      }
      progress.sentBefore ||= facts.sent;
    }
  }

  private factsOf(result: Answer | ExchangeFailed, deadline: number) {
    const remainingMs = deadline - performance.now();
    const random = Math.random();
    if (result instanceof ExchangeFailed) return { sent: result.sent, remainingMs, random };
    const retryAfterMs = readRetryAfter(result.headers['retry-after'], this.now());
    return { sent: true, status: result.status, retryAfterMs, remainingMs, random };
  }

  /** A Retry-After speaks to the client, not to one subscriber: asking for others meanwhile would prolong it. */
  private obey({
    status,
    retryAfterMs = 0,
  }: {
    readonly status?: number;
    readonly retryAfterMs?: number | undefined;
  }): void {
    if (status === 429 || status === 503) this.pauses.hold(NAME, Math.min(retryAfterMs, MAX_PAUSE));
  }

  private refuseWhilePaused(): void {
    const retryAfterMs = Math.ceil(this.pauses.left(NAME));
    if (retryAfterMs > 0) throw new TelcoRefused('too-many-requests', { retryAfterMs });
  }

  private report(request: Request, { status }: Progress, started: number, error?: unknown): void {
    this.options.onCall?.({
      operation: request.operation,
      outcome: outcomeOf(error),
      ...(error instanceof TelcoRefused && { reason: error.reason }),
      ...(status !== undefined && { status }),
      ms: performance.now() - started,
    });
  }
}

function settled(result: Answer | ExchangeFailed, repeatable: boolean): Answer {
  if (!(result instanceof ExchangeFailed)) return result;
  if (repeatable || !result.sent) throw new TelcoUnreachable('the telco did not answer', { cause: result });
  throw new TelcoAmbiguous('the order was sent, and no answer came', { cause: result });
}

function outcomeOf(error: unknown): CallReport['outcome'] {
  if (error === undefined) return 'ok';
  if (error instanceof TelcoRefused) return 'refused';
  return error instanceof TelcoAmbiguous ? 'ambiguous' : 'unreachable';
}
