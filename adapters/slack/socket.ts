import { setTimeout as sleep } from 'node:timers/promises';
import type { App, ReceiverEvent, SocketModeReceiver } from '@slack/bolt';
import { HttpProblem } from '../../bot/problem.js';
import type { Take } from './routes.js';
import { silentLogger } from './silence.js';

export interface SocketParts {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly take: Take;
  readonly alert: (code: string, what: string) => void;
  readonly debug: (what: string) => void;
}

export interface Socket {
  close(): Promise<void>;
}

/** Waits between attempts to connect, in milliseconds; the last one again and again. */
const RETRY_MS = [500, 1000, 2000, 5000, 15_000, 30_000] as const;

/**
 * Keeps one Socket Mode connection open through Bolt's receiver; up to ten processes may (Slack gives each event to one of
 * them). An envelope is acknowledged once its event is delivered, so Slack sends again what was not.
 *
 * Reconnecting is done here: the client's own does it in a promise nobody waits for, so that a revoked token would end the
 * process.
 */
export function openSocket(parts: SocketParts): Socket {
  const closing = new AbortController();
  const running = keepOpen(parts, closing.signal);
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

async function keepOpen(parts: SocketParts, closing: AbortSignal): Promise<void> {
  let failures = 0;
  while (!closing.aborted) {
    const started = Date.now();
    try {
      await connection(parts, closing);
      // Slack recycles connections every few hours; one that never lasts is a failure too.
      failures = Date.now() - started > 10_000 ? 0 : failures + 1;
    } catch (error) {
      failures += 1;
      parts.alert('slack_socket', `no Socket Mode connection: ${reasonOf(error)}`);
    }
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 0;
    await sleep(wait, undefined, { signal: closing, ref: false }).catch(() => undefined);
  }
}

/** One connection, from opening to closing. */
async function connection(parts: SocketParts, closing: AbortSignal): Promise<void> {
  const receiver = await createReceiver(parts);
  const ended = new Promise<void>((resolve) => receiver.client.once('disconnected', () => resolve()));
  const stop = () => void receiver.client.disconnect().catch(() => undefined);
  closing.addEventListener('abort', stop, { once: true });
  try {
    if (closing.aborted) return;
    // `start` waits for Slack's hello, however long that takes: the end of the connection ends the wait.
    await Promise.race([receiver.start(), ended]);
    parts.debug('Socket Mode connected');
    await ended;
  } finally {
    closing.removeEventListener('abort', stop);
  }
}

async function createReceiver({ appToken, apiUrl, take }: SocketParts): Promise<SocketModeReceiver> {
  // Half a second to load: only where it is used.
  const { SocketModeReceiver } = await import('@slack/bolt');
  const receiver = new SocketModeReceiver({
    appToken,
    autoReconnectEnabled: false,
    logger: silentLogger(),
    installerOptions: { clientOptions: { slackApiUrl: apiUrl, retryConfig: { retries: 0 } } },
    // True acknowledges: what can never be read need not come again, what could not be delivered must.
    processEventErrorHandler: async ({ error }) => (error as unknown) instanceof HttpProblem,
  });
  const processEvent = async ({ body, ack }: ReceiverEvent) => ack(await take(body));
  receiver.init({ processEvent } as unknown as App);
  return receiver;
}

/** Slack's code where there is one (`invalid_auth`); never a message, which may hold an address with a ticket in it. */
function reasonOf(error: unknown): string {
  const { data, code } = (error ?? {}) as { data?: { error?: unknown }; code?: unknown };
  return String(data?.error ?? code ?? 'unreachable');
}
