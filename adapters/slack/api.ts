import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { ChannelBusy, ChannelUnreachable } from '../../bot/channel.js';
import type { Pauses } from '../../bot/pauses.js';
import { within } from './deadline.js';
import { refusalKind, SlackRefusal } from './errors.js';
import { type Counted, createHolds } from './holds.js';

/**
 * Slack's Web API over kept connections. `@slack/web-api` is left out here: it writes every argument as a form and queues and
 * retries on its own terms, while a turn has its own.
 */
export interface SlackApi {
  /**
   * Calls a method for a workspace. All of it is over by the `deadline`: waiting to be allowed, for a connection and for the
   * answer to its last byte; ten seconds from now where none is given.
   *
   * @throws SlackRefusal when Slack says no.
   * @throws ChannelBusy when it asks to wait, this time or a moment ago; `ChannelUnreachable` when it does not answer.
   */
  call(method: string, team: string, token: string, body: object, deadline?: AbortSignal): Promise<ApiAnswer>;
  /** The same for a method that reads: those take no JSON. */
  read(
    method: string,
    team: string,
    token: string,
    query: Readonly<Record<string, string>>,
    deadline?: AbortSignal,
  ): Promise<ApiAnswer>;
  close(): Promise<void>;
}

const apiAnswer = z.object({
  ok: z.boolean(),
  error: z.string().max(200).optional(),
  channel: z.string().optional(),
  ts: z.string().optional(),
  /** Of `users.info`: IETF language tag and IANA time zone. */
  user: z
    .object({ locale: z.string().max(35).optional(), tz: z.string().max(64).optional() })
    .optional()
    .catch(undefined),
});

export type ApiAnswer = z.infer<typeof apiAnswer>;

/** Many times what Slack takes; a worker's slot is not held longer. In milliseconds, as the others. */
const TIMEOUT_MS = 10_000;
/** What is waited for on the spot. Anything longer gives the worker's slot back. */
const SLEEP_MS = 1000;
/** For a refusal to be busy that says no time. */
const BUSY_MS = 5000;

/** Many times what these methods answer, in bytes; the rest is not read. */
const MAX_ANSWER_BYTES = 1_000_000;

const JSON_TYPE = 'application/json; charset=utf-8';
const FORM_TYPE = 'application/x-www-form-urlencoded';

interface Body {
  readonly type: string;
  readonly text: string;
}

export function createSlackApi(apiUrl: string, pauses: Pauses): SlackApi {
  const base = new URL(apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`);
  const holds = createHolds(pauses);
  const pool = new Pool(base.origin, { connections: 64, keepAliveTimeout: 30_000, connect: { timeout: 5000 } });

  async function ask(method: string, token: string, { type, text: body }: Body, signal: AbortSignal) {
    const response = await pool.request({
      method: 'POST',
      path: `${base.pathname}${method}`,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body,
      signal,
    });
    const text = await textOf(response.body);
    return { status: response.statusCode, retryAfter: response.headers['retry-after'], text };
  }

  async function call(counted: Counted, token: string, body: Body, deadline: AbortSignal): Promise<ApiAnswer> {
    const { method } = counted;
    for (let slept = false; ; ) {
      const wait = holds.left(counted);
      if (wait > SLEEP_MS || (wait > 0 && slept)) throw new ChannelBusy(wait);
      if (wait > 0) {
        await within(deadline, sleep(wait)).catch((cause: unknown) => {
          throw new ChannelBusy(wait, { cause });
        });
        slept = true;
      }
      const { status, retryAfter, text } = await within(deadline, ask(method, token, body, deadline)).catch(
        (cause: unknown) => {
          throw new ChannelUnreachable(`${method} got no answer`, { cause });
        },
      );
      const answer = readAnswer(text);
      if (status !== 429 && !isBusy(answer)) return judge(method, status, answer);
      holds.hold(counted, busyFor(retryAfter));
    }
  }

  return {
    call: (method, team, token, body, deadline = AbortSignal.timeout(TIMEOUT_MS)) =>
      call({ method, team, ...channelOf(body) }, token, { type: JSON_TYPE, text: JSON.stringify(body) }, deadline),
    read: (method, team, token, query, deadline = AbortSignal.timeout(TIMEOUT_MS)) =>
      call({ method, team }, token, { type: FORM_TYPE, text: new URLSearchParams(query).toString() }, deadline),
    close: () => pool.close(),
  };
}

function channelOf(body: object): Pick<Counted, 'channel'> {
  return 'channel' in body && typeof body.channel === 'string' ? { channel: body.channel } : {};
}

/** @throws RangeError when it is longer than any answer; its connection is closed. */
async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws SlackRefusal, ChannelUnreachable */
function judge(method: string, status: number, answer: ApiAnswer | undefined): ApiAnswer {
  if (answer === undefined || status >= 500)
    throw new ChannelUnreachable(`${method} was answered with status ${status}`);
  if (answer.ok) return answer;
  const reason = answer.error ?? 'unknown_error';
  if (refusalKind(reason) === 'down') throw new ChannelUnreachable(`${method} failed on Slack's side: ${reason}`);
  throw new SlackRefusal(method, reason);
}

function isBusy(answer: ApiAnswer | undefined): boolean {
  return answer?.ok === false && refusalKind(answer.error ?? '') === 'busy';
}

function readAnswer(text: string): ApiAnswer | undefined {
  try {
    return apiAnswer.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** `Retry-After` is in seconds. */
function busyFor(header: string | string[] | undefined): number {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : BUSY_MS;
}
