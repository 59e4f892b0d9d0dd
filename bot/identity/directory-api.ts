import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ChatUser } from '../domain/chat-user.js';
import { readJsonBody } from '../json.js';
import type { Ledger, Link } from '../ledger/ledger.js';
import { HttpProblem } from '../problem.js';
import { readLink, readUser } from './links-file.js';

export interface DirectoryApiOptions {
  readonly ledger: Pick<Ledger, 'saveLinks' | 'countSuppressed' | 'unlinkListed'>;
  /** The caller, when it may change links; throws what it is answered with. */
  readonly authorize: (request: FastifyRequest) => Promise<{ readonly id: string }>;
}

/** Entries of one request. */
const MOST = 1000;

const words = z.string().max(300);
const user = z.strictObject({ channel: words, workspace: words.default(''), user: words });
const link = user.extend({ msisdn: words, operator: words });
const linksBody = z.strictObject({ links: z.array(link).min(1).max(MOST) });
const usersBody = z.strictObject({ users: z.array(user).min(1).max(MOST) });

/**
 * The directory a company vouches for, for its systems: `POST /admin/links` adds or replaces entries and `DELETE /admin/links`
 * takes users out, up to 1,000 in one request, all or none. The same rules as the CSV of `npm run links`; what is wrong is named
 * by its place in the list, never by what stands there. `suppressed`: how many asked to be forgotten and were passed over.
 */
export const directoryApi: FastifyPluginAsync<DirectoryApiOptions> = async (http, { ledger, authorize }) => {
  const callers = new WeakMap<FastifyRequest, string>();
  // Before the body is read: whoever may not change links has nothing to say.
  http.addHook('onRequest', async (request) => void callers.set(request, (await authorize(request)).id));
  http.post('/admin/links', async (request, reply) => {
    const { links } = read(linksBody, request.body);
    const entries = all<Link>(links.map(readLink));
    refuseContradictions(entries);
    const suppressed = await ledger.countSuppressed(entries);
    const added = await ledger.saveLinks(entries, `api:${callers.get(request)}`);
    return reply.header('cache-control', 'no-store').send({ links: entries.length, added, suppressed });
  });
  http.delete('/admin/links', async (request, reply) => {
    const { users } = read(usersBody, request.body);
    const removed = await ledger.unlinkListed(all<ChatUser>(users.map(readUser)), `api:${callers.get(request)}`);
    return reply.header('cache-control', 'no-store').send({ users: users.length, removed });
  });
};

/** @throws HttpProblem 400 naming the field. */
function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(readJsonBody(body));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || 'body';
  // A name that is not known may be anything, a number too.
  const expected = issue?.code === 'unrecognized_keys' ? 'a field that is not known' : issue?.message;
  throw new HttpProblem(400, 'BAD_REQUEST', `${field}: ${expected ?? 'not as documented'}`, { field });
}

/** @throws HttpProblem 422 with what is wrong, by index. */
function all<T extends object>(entries: readonly (T | string)[]): T[] {
  const problems = entries.flatMap((entry, index) => (typeof entry === 'string' ? [{ index, problem: entry }] : []));
  if (problems.length === 0) return entries.filter((entry): entry is T => typeof entry !== 'string');
  throw wrong(problems);
}

/** One user with two numbers in one request: whichever came last would win, and nobody would know. */
function refuseContradictions(entries: readonly Link[]): void {
  const seen = new Map<string, Link>();
  const problems = entries.flatMap((entry, index) => {
    const who = JSON.stringify([entry.channel, entry.workspace, entry.user]);
    const before = seen.get(who);
    seen.set(who, entry);
    const same = before === undefined || (before.operator === entry.operator && before.key.value === entry.key.value);
    return same ? [] : [{ index, problem: 'the same user as an earlier one, with another number or operator' }];
  });
  if (problems.length > 0) throw wrong(problems);
}

function wrong(problems: readonly object[]): HttpProblem {
  return new HttpProblem(422, 'LINKS_WRONG', 'Some entries are wrong: nothing was changed.', { problems });
}
