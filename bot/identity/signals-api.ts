import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SIGNALLED, type Signal } from '../domain/link.js';
import { readJsonBody } from '../json.js';
import { HttpProblem } from '../problem.js';
import { type NumberedLine, readNumber } from './links-file.js';
import { applySignal, type SignalLedger } from './signals.js';

export interface SignalsApiOptions {
  readonly ledger: SignalLedger;
  /** The caller, when it may send signals; throws what it is answered with. */
  readonly authorize: (request: FastifyRequest) => Promise<{ readonly id: string }>;
  /** Told what was done: how many links, nothing of whom. */
  readonly onSignal: (what: Signal | 'unblock', links: number) => void;
}

const words = z.string().max(300);
const unblocked = z.strictObject({ msisdn: words, operator: words, reason: z.enum(SIGNALLED) });
const blocked = unblocked.extend({ at: z.iso.datetime({ offset: true }).optional() });

/**
 * What an operator's fraud desk or SIM registry says of a number: `POST /admin/links/block` with `msisdn`, `operator`, `reason`
 * (`sim-swap`, `recycled`, `operator`) and, where it is not of now, `at`, the instant it happened (RFC 3339); and
 * `POST /admin/links/unblock` with the `reason` that was a mistake. The number is in the body, since addresses end up in logs.
 * Answers how many links changed; a number nobody has here is none, and may be sent again.
 */
export const signalsApi: FastifyPluginAsync<SignalsApiOptions> = async (http, { ledger, authorize, onSignal }) => {
  http.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  http.post('/admin/links/block', async (request) => {
    const { id } = await authorize(request);
    const { reason, at, ...line } = read(blocked, request.body);
    const when = at === undefined ? undefined : new Date(at);
    const { links } = await applySignal(ledger, numbered(line), { what: 'block', reason, at: when, by: `api:${id}` });
    onSignal(reason, links);
    return { links };
  });
  http.post('/admin/links/unblock', async (request) => {
    const { id } = await authorize(request);
    const { reason, ...line } = read(unblocked, request.body);
    const { links } = await applySignal(ledger, numbered(line), { what: 'unblock', reason, by: `api:${id}` });
    onSignal('unblock', links);
    return { links };
  });
};

/** @throws HttpProblem 422 naming what is wrong, never what stands there. */
function numbered(row: NumberedLine): NumberedLine {
  const line = readNumber(row);
  if (typeof line === 'string') throw new HttpProblem(422, 'SIGNAL_WRONG', line);
  return line;
}

/** @throws HttpProblem 400 naming the field. */
function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(readJsonBody(body));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'body';
  const expected = issue?.code === 'unrecognized_keys' ? 'a field that is not known' : issue?.message;
  throw new HttpProblem(400, 'BAD_REQUEST', `${field}: ${expected ?? 'not as documented'}`, { field });
}
