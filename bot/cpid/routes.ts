import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { mustBeOurPage } from '../access/people/same-origin.js';
import type { Translators } from '../i18n/index.js';
import type { Linking } from '../identity/linking.js';
import type { Proved } from '../identity/proof.js';
import { readJsonBody } from '../json.js';
import { HttpProblem } from '../problem.js';
import { type Telco, TelcoRefused } from '../telco.js';
import { contentPolicy, renderPage } from './page.js';
import type { CpidSettings } from './settings.js';
import type { Ticket, Tickets } from './tickets.js';

export interface CpidRoutesOptions {
  readonly settings: () => CpidSettings;
  readonly tickets: Tickets;
  readonly translators: Translators;
  readonly linking: Pick<Linking, 'complete'>;
  /** Asked whether there is such a subscriber, before anything is linked. */
  readonly telcoFor: (operator: string) => Pick<Telco, 'account'>;
  /** Told what became of a link: a state, nothing of whom. */
  readonly onOutcome: (state: string) => void;
  readonly now: () => Date;
}

/** A CPID is base64, a comma and the network it is of (cpid.yaml, by its example): nothing here looks into it. */
const CPID = /^[\w+/=.~,-]{16,512}$/;

/** What the page sends. Nobody vouches for the ttl, which is bounded (`maxTtlSeconds`); one that makes no sense is taken for a day. */
const proof = z.object({
  // In an address `+` becomes a space on its way; a CPID has no spaces of its own (FAULTS.md 31).
  cpid: z
    .string()
    .transform((given) => given.trim().replaceAll(' ', '+'))
    .pipe(z.string().regex(CPID, { error: 'expected a CPID' })),
  ttlSeconds: z.coerce.number().int().min(60).catch(86_400),
});

interface InLink {
  Params: { token: string };
}

/** `GET /link/{token}`: the page; `POST` to the same: the CPID it got. */
export const cpidRoutes: FastifyPluginAsync<CpidRoutesOptions> = async (http: FastifyInstance, options) => {
  http.get<InLink>('/link/:token', { exposeHeadRoute: false }, (request, reply) => show(options, request, reply));
  http.post<InLink>('/link/:token', { bodyLimit: 4096 }, async (request, reply) => {
    mustBeOurPage(request, options.settings().pageUrl);
    const { status, state } = await prove(options, request);
    options.onOutcome(state);
    return reply.header('cache-control', 'no-store').code(status).send({ state });
  });
};

/** Looking uses nothing up: whatever previews links may look too. */
async function show(
  { settings, tickets, translators }: CpidRoutesOptions,
  request: FastifyRequest<InLink>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { token } = request.params;
  const ticket = await tickets.look(token);
  const nonce = randomBytes(16).toString('base64');
  const now = settings();
  const language = languageOf(ticket) ?? request.headers['accept-language']?.slice(0, 35);
  const page = renderPage({
    translator: translators.for(language, undefined),
    ticket,
    nonce,
    settings: now,
    returnTo: `${now.pageUrl}/link/${token}`,
  });
  return reply
    .code(ticket.state === 'open' ? 200 : 410)
    .headers({
      'content-security-policy': contentPolicy(nonce, now),
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex, nofollow',
    })
    .type('text/html; charset=utf-8')
    .send(page);
}

/** The chat's; of a link that expired nobody knows whose it was. */
function languageOf(ticket: Ticket): string | undefined {
  if (ticket.state === 'open') return ticket.asker.language;
  return ticket.state === 'used' ? ticket.language : undefined;
}

interface Outcome {
  readonly status: number;
  /** Of the page. */
  readonly state: 'done' | 'expired' | 'used' | 'refused';
}

/** Links what was proved, at most once per link. Throws 503 while a store or the telco is away: the link stays good. */
async function prove(options: CpidRoutesOptions, request: FastifyRequest<InLink>): Promise<Outcome> {
  const { tickets, linking, settings, now } = options;
  const { token } = request.params;
  const open = await tickets.look(token);
  if (open.state !== 'open') return over(open);
  if (!(await tickets.tryOnce(token))) return { status: 410, state: 'expired' };
  const given = proof.safeParse(readJsonBody(request.body));
  if (!given.success) return { status: 422, state: 'refused' };
  const { cpid, ttlSeconds } = given.data;
  const { operator, maxTtlSeconds } = settings();
  const proved: Proved = {
    operator,
    key: { type: 'CPID', value: cpid },
    expiresAt: new Date(now().getTime() + Math.min(ttlSeconds, maxTtlSeconds) * 1000),
  };
  if (!(await isSubscriber(options, proved, open.asker.language))) return { status: 422, state: 'refused' };
  const asker = await tickets.take(token);
  if (asker === undefined) return over(await tickets.look(token));
  try {
    await linking.complete(asker, 'cpid', proved);
  } catch (error) {
    await tickets.putBack(token, asker);
    throw error;
  }
  return { status: 200, state: 'done' };
}

function over({ state }: Ticket): Outcome {
  return { status: 410, state: state === 'used' ? 'used' : 'expired' };
}

/** Whoever makes a CPID up links nobody: the telco has to know it. */
async function isSubscriber({ telcoFor }: CpidRoutesOptions, { operator, key }: Proved, language: string) {
  try {
    await telcoFor(operator).account({ operator, key }, { language });
    return true;
  } catch (error) {
    if (error instanceof TelcoRefused && error.reason !== 'too-many-requests' && error.reason !== 'unavailable')
      return false;
    const headers = { 'retry-after': '30' };
    throw new HttpProblem(503, 'TELCO_UNAVAILABLE', 'The operator cannot be asked now.', {}, { cause: error, headers });
  }
}
