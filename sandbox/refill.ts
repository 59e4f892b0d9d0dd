import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SubscriberKey } from '../bot/domain/subscriber.js';

/** Where Millom's callbacks and notifications go. */
export interface RefillConnection {
  /** E.g. `http://127.0.0.1:3000`; `/millom/callback/…` and `/millom/notify/…` are added to it. */
  readonly baseUrl: string;
  /** The value of the Authorization header, e.g. `Bearer …`; asked for before every push. */
  readonly authorization?: () => Promise<string | undefined>;
}

/** What became of a push: Refill's HTTP status, or none when it could not be reached or nothing is connected. */
export interface PushResult {
  readonly status?: number;
}

const PUSH_TIMEOUT_MS = 10_000;

/** Sends things to Refill, at once or later, and gives up all of it when the sandbox stops or starts anew. */
export class RefillLink {
  private connection: RefillConnection | undefined;
  private stopping = newStop();

  connect(connection: RefillConnection | undefined): void {
    this.connection = connection;
  }

  /** One POST of JSON text, no retry. Never rejects. */
  async push(path: string, body: string): Promise<PushResult> {
    return this.post(path, body, this.stopping.signal);
  }

  /**
   * POSTs until Refill answers with less than 500, `attempts` times at most, waiting `firstWaitMs`, then twice that, and so on.
   * Returns the last result; never rejects.
   */
  async pushUntilTaken(path: string, body: string, attempts: number, firstWaitMs: number): Promise<PushResult> {
    const { signal } = this.stopping;
    for (let attempt = 1; ; attempt++) {
      const result = await this.post(path, body, signal);
      const taken = result.status !== undefined && result.status < 500;
      if (taken || attempt >= attempts || this.connection === undefined || signal.aborted) return result;
      await sleep(firstWaitMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Does `task` after `ms`, unless everything is abandoned before. */
  later(ms: number, task: () => Promise<void>): void {
    const { signal } = this.stopping;
    sleep(ms, undefined, { signal }).then(task, () => undefined);
  }

  /** Gives up everything that waits or is under way. */
  abandon(): void {
    this.stopping.abort();
    this.stopping = newStop();
  }

  private async post(path: string, body: string, stop: AbortSignal): Promise<PushResult> {
    if (this.connection === undefined || stop.aborted) return {};
    const { baseUrl, authorization } = this.connection;
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = setTimeout(abort, PUSH_TIMEOUT_MS);
    stop.addEventListener('abort', abort);
    try {
      const credentials = await authorization?.();
      const headers = { 'content-type': 'application/json', ...(credentials && { authorization: credentials }) };
      const url = baseUrl.replace(/\/$/, '') + path;
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: controller.signal,
        redirect: 'manual',
      });
      await response.arrayBuffer();
      return { status: response.status };
    } catch {
      return {};
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', abort);
    }
  }
}

/** `?idValue=…&idType=…`, encoded so that `+`, `/` and `,` of a CPID survive. */
export function identify(key: SubscriberKey): string {
  return `?idValue=${encodeURIComponent(key.value)}&idType=${key.type}`;
}

function newStop(): AbortController {
  const controller = new AbortController();
  // Thousands of purchases may wait for their callback at once, and each listens.
  setMaxListeners(0, controller.signal);
  return controller;
}
