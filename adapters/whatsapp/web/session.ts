import type { Logger } from '../../../bot/log.js';
import type { WebClient } from './client.js';
import { TROUBLES, WebSessionLost } from './errors.js';

/** How the link to WhatsApp stands. */
export type WebState =
  | { readonly kind: 'starting' }
  /** Waits for somebody to scan `qr` with the phone; it changes every 20 s or so. */
  | { readonly kind: 'pairing'; readonly qr: string }
  | { readonly kind: 'ready' }
  /** Was lost and is tried again `retryAt` (epoch milliseconds). */
  | { readonly kind: 'waiting'; readonly why: string; readonly retryAt: number }
  | { readonly kind: 'closed' };

export interface SessionOptions {
  /** A new client, not started. */
  readonly open: () => Promise<WebClient>;
  readonly onState: (state: WebState) => void;
  readonly onMessage: (message: unknown, client: WebClient) => void;
  readonly onAck: (message: unknown, ack: unknown) => void;
  readonly alert: (code: string, what: string) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly now: () => number;
  /** How long to wait after the first failure, in milliseconds; doubles up to a hundred times that. 3 s when not said. */
  readonly retryAfterMs?: number | undefined;
}

export interface Session {
  /** The client that can send now. */
  ready(): WebClient | undefined;
  state(): WebState;
  start(): void;
  /** Resolves when the browser is gone. */
  close(): Promise<void>;
}

const RETRY_AFTER_MS = 3_000;
const LONGEST_WAIT = 100;
/** Failures in a row before a person is told. */
const ALERT_AT = 5;

/** Keeps one client of WhatsApp Web alive: starts it, and after every loss starts another. */
export function createSession(options: SessionOptions): Session {
  const { log, now, alert } = options;
  let state: WebState = { kind: 'starting' };
  let client: WebClient | undefined;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  /** The start, or the clean-up after a loss, that is under way. */
  let busy: Promise<void> = Promise.resolve();

  const closed = () => state.kind === 'closed';

  function enter(next: WebState): void {
    state = next;
    options.onState(next);
  }

  async function start(): Promise<void> {
    enter({ kind: 'starting' });
    let opened: WebClient | undefined;
    try {
      opened = await options.open();
      if (closed()) return await opened.destroy();
      client = opened;
      listen(opened);
      await opened.initialize();
    } catch (cause) {
      await lost(opened, reasonOf(cause), cause);
    }
  }

  function listen(to: WebClient): void {
    const ended = (why: string) => {
      busy = Promise.all([busy, lost(to, why)]).then(() => undefined);
    };
    to.on('qr', (qr: string) => enter({ kind: 'pairing', qr }));
    to.on('authenticated', () => {
      if (state.kind === 'pairing') enter({ kind: 'starting' });
    });
    to.on('ready', () => {
      failures = 0;
      log.info('WhatsApp Web is connected');
      enter({ kind: 'ready' });
    });
    to.on('message', (message: unknown) => options.onMessage(message, to));
    to.on('message_ack', (message: unknown, ack: unknown) => options.onAck(message, ack));
    to.on('auth_failure', () => ended('AUTH_FAILURE'));
    to.on('disconnected', (reason: unknown) => ended(String(reason)));
  }

  async function lost(which: WebClient | undefined, why: string, cause?: unknown): Promise<void> {
    // Said twice, or of one that was given up already.
    if (closed() || which !== client) return;
    client = undefined;
    which?.removeAllListeners();
    const trouble = Object.hasOwn(TROUBLES, why) ? TROUBLES[why] : undefined;
    const times =
      trouble === undefined ? Math.min(2 ** failures, LONGEST_WAIT) : trouble.again === 'soon' ? 1 : LONGEST_WAIT;
    const wait = times * (options.retryAfterMs ?? RETRY_AFTER_MS);
    failures++;
    enter({ kind: 'waiting', why, retryAt: now() + wait });
    log.warn({ why, retryMs: wait, ...(cause !== undefined && { err: cause }) }, 'WhatsApp Web was lost');
    if (trouble !== undefined) alert(`WHATSAPP_WEB_${why}`, trouble.what);
    else if (failures === ALERT_AT) alert('WHATSAPP_WEB_LOST', `WhatsApp Web fails again and again: ${why}`);
    await which?.destroy();
    if (!closed()) timer = setTimeout(begin, wait);
  }

  function begin(): void {
    busy = start();
  }

  return {
    ready: () => (state.kind === 'ready' ? client : undefined),
    state: () => state,
    start: begin,
    async close() {
      clearTimeout(timer);
      const last = client;
      client = undefined;
      enter({ kind: 'closed' });
      last?.removeAllListeners();
      await last?.destroy();
      await busy;
    },
  };
}

/** A word for logs and the console: never an address, for it may hold a number. */
function reasonOf(error: unknown): string {
  if (error instanceof WebSessionLost) return error.why;
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code;
    return /net::(ERR_[A-Z_]+)/.exec(error.message)?.[1] ?? (typeof code === 'string' ? code : error.name);
  }
  // The library throws plain words: "auth timeout", "ready timeout".
  return typeof error === 'string' && /^[a-z ]{1,40}$/i.test(error) ? error : 'UNKNOWN';
}
