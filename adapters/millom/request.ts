import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readJsonBody } from '../../bot/json.js';
import { HttpProblem } from '../../bot/problem.js';
import { withoutComma } from './map.js';

/** Throws what a caller without the right `scope` is answered with. Runs before a body is read. */
export type Authorize = (request: FastifyRequest, scope: 'callback' | 'notify') => Promise<unknown>;

/** The route option that lets in who may do `scope`. */
export function only(authorize: Authorize, scope: 'callback' | 'notify') {
  return { onRequest: async (request: FastifyRequest) => void (await authorize(request, scope)) };
}

/** An id or an enum value. notify.yaml's examples end some with a comma, which belongs to none of them. */
export const token = z.preprocess(
  (value) => (typeof value === 'string' ? withoutComma(value) : Number.isSafeInteger(value) ? String(value) : value),
  z.string(),
);
/** Query and body flags; real booleans in JSON, words in a query. */
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]);
/** Absent, and so is null. */
export const maybeFlag = flag.nullish().transform((value) => value ?? false);

/** What both callbacks say (purchase-callback.yaml, rich-notifications.yaml). */
export const callbackBody = z.object({
  transactionId: token.pipe(z.string().min(1).max(128)),
  // Some service provider's name; the enum in purchase-callback.yaml cannot be complete, for ours is not in it.
  appId: token.pipe(z.string().min(1).max(128)),
  errorType: z.unknown().optional(),
  message: z.string().max(2_000).nullish().catch(undefined),
  dryRun: maybeFlag,
});

/** Success is the absence of errorType and nothing else: an empty one, a number or an object is still an error. */
export function failureOf(errorType: unknown): { failure?: string } {
  if (errorType === undefined || errorType === null) return {};
  const word = typeof errorType === 'string' || typeof errorType === 'number' ? String(errorType).trim() : '';
  return { failure: /^[\w.-]{1,64}$/.test(word) ? word : 'UNSPECIFIED' };
}

/** Checks one part of a request; the 400 names the first field that does not fit, never its value. */
export function read<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  part: 'query' | 'body',
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw badRequest([part, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'not as specified');
}

export function readBody(body: unknown): unknown {
  if (!Buffer.isBuffer(body)) throw badRequest('body', 'expected a JSON object');
  return readJsonBody(body, { code: 'bad-request' });
}

export function badRequest(field: string, expected: string): HttpProblem {
  return new HttpProblem(400, 'bad-request', `${field}: ${expected}`, { field });
}
