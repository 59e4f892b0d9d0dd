import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PURCHASE_STATES } from './domain/purchase.js';
import { e164, spellingsOf } from './identity/number.js';
import { readJsonBody } from './json.js';
import type { Ledger, PurchaseMove } from './ledger/ledger.js';
import { type FoundPurchase, isCursor, type PurchaseQuery } from './ledger/purchase-search.js';
import { HttpProblem } from './problem.js';

export interface PurchaseLookupOptions {
  readonly ledger: Pick<Ledger, 'searchPurchases' | 'purchaseMoves' | 'operators' | 'findLine'>;
  /** Throws what a caller who may not read purchases is answered with. Nobody else is let in, in no mode. */
  readonly authorize: (request: FastifyRequest) => Promise<unknown>;
}

/**
 * Purchases for operators and agents: what became of them, for how much, when, and every move with its reason. Newest first, a
 * page at a time. A subscriber is named by a keyed reference; who has only the number asks with POST, since addresses end up in
 * logs. No answer holds a number.
 */
export const purchaseLookup: FastifyPluginAsync<PurchaseLookupOptions> = async (http, { ledger, authorize }) => {
  http.addHook('onRequest', async (request) => void (await authorize(request)));
  http.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  const silent = { exposeHeadRoute: false };

  http.get('/purchases', silent, async ({ query }, reply) => {
    const { subscriber, ...rest } = read(listQuery, query, 'query');
    return answer(ledger, reply, rest, subscriber === undefined ? {} : { subscriber });
  });
  http.post('/purchases/search', async ({ body }, reply) => {
    const { msisdn, operator, ...rest } = read(searchBody, readJsonBody(body, { code: 'BAD_REQUEST' }), 'body');
    return answer(ledger, reply, rest, { lineIds: await linesOf(ledger, msisdn, operator) });
  });
  http.get('/purchases/:id', silent, async ({ params }, reply) => {
    const { id } = read(oneParams, params, 'path');
    const [found] = (await ledger.searchPurchases({ id }, 1)).purchases;
    if (found === undefined) throw new HttpProblem(404, 'UNKNOWN_PURCHASE', 'There is no such purchase.');
    const moves = await ledger.purchaseMoves(found.id);
    return reply.send({ ...toJson(found), moves: moves.map(moveToJson) });
  });
};

const word = z.string().min(1).max(128);
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** What every way of asking has in common. Strict: a misspelt filter must not list everybody's purchases. */
const filters = {
  /** The transaction id. */
  transaction: word.transform((id) => id.toLowerCase()).optional(),
  /** The operator's receipt code. */
  confirmation: word.optional(),
  from: time.optional(),
  to: time.optional(),
  state: z.enum(PURCHASE_STATES).optional(),
  cursor: z.string().max(400).refine(isCursor, 'expected the `next` of another answer').optional(),
};
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const listQuery = z.strictObject({
  ...filters,
  subscriber: z
    .string()
    .regex(/^[\w-]{22}$/, 'expected the `subscriber` of another answer')
    .optional(),
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'expected a number')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_LIMIT))
    .default(DEFAULT_LIMIT),
});
const searchBody = z.strictObject({
  ...filters,
  msisdn: z
    .string()
    .max(80)
    .transform((text, { addIssue }) => {
      const number = e164(text);
      if (number !== undefined) return number;
      addIssue({ code: 'custom', message: 'expected a phone number with its country code' });
      return z.NEVER;
    }),
  operator: z
    .string()
    .regex(/^[\w.-]{1,40}$/)
    .optional(),
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});
const oneParams = z.object({ id: word.transform((id) => id.toLowerCase()) });

type Filters = Omit<z.output<typeof searchBody>, 'msisdn' | 'operator'>;

async function answer(
  ledger: PurchaseLookupOptions['ledger'],
  reply: FastifyReply,
  { transaction, confirmation, from, to, state, cursor, limit }: Filters,
  whose: Pick<PurchaseQuery, 'subscriber' | 'lineIds'>,
): Promise<FastifyReply> {
  if (from !== undefined && to !== undefined && to <= from) throw badRequest('to', 'expected a time after `from`');
  const query: PurchaseQuery = {
    ...whose,
    ...(transaction !== undefined && { id: transaction }),
    ...(confirmation !== undefined && { confirmationCode: confirmation }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(state !== undefined && { state }),
  };
  const { purchases, next } = await ledger.searchPurchases(query, limit, cursor);
  return reply.send({ purchases: purchases.map(toJson), ...(next !== undefined && { next }) });
}

/** A number is one line at each operator that has it; nearly always that is one. Of those who were erased there is none. */
async function linesOf(
  ledger: PurchaseLookupOptions['ledger'],
  msisdn: string,
  operator: string | undefined,
): Promise<string[]> {
  const operators = operator === undefined ? await ledger.operators() : [operator];
  const keys = spellingsOf(msisdn).map((value) => ({ type: 'MSISDN', value }) as const);
  const lines = await Promise.all(operators.flatMap((one) => keys.map((key) => ledger.findLine(one, key))));
  return lines.flatMap((line) => (line === undefined || line.key.value === '' ? [] : [line.id]));
}

function toJson({ id, state, terms, operator, subscriber, confirmationCode, failure, ...times }: FoundPurchase) {
  const { planId, planName, price, fundSource } = terms;
  return {
    transaction: id,
    state,
    plan: { id: planId, name: planName },
    price,
    fundSource,
    operator,
    subscriber,
    confirmation: confirmationCode,
    failure,
    confirmedAt: times.createdAt,
    orderedAt: times.postedAt,
    stateAt: times.stateAt,
  };
}

function moveToJson({ state, event, by, said, note, at }: PurchaseMove) {
  return { at, state, event, by, said, note };
}

/** Checks one part of a request; the 400 names the first field that does not fit, never its value. */
function read<Schema extends z.ZodType>(schema: Schema, value: unknown, part: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') throw badRequest(part, 'a field that is not known');
  throw badRequest(issue?.path.join('.') || part, issue?.message ?? 'not as specified');
}

function badRequest(field: string, expected: string): HttpProblem {
  return new HttpProblem(400, 'BAD_REQUEST', `${field}: ${expected}`, { field });
}
