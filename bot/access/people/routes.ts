import { createHash, randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readJsonBody } from '../../json.js';
import type { Logger } from '../../log.js';
import { HttpProblem } from '../../problem.js';
import type { Vault } from '../../secrets.js';
import type { ShortLived } from '../../short-lived.js';
import { addressOf } from '../address.js';
import type { Limit, Limits } from '../limits.js';
import { cookie, cookieOf } from './cookies.js';
import type { Guard } from './guard.js';
import { CALLBACK_PATH, type LoginUnderWay, NoRole, type Oidc } from './oidc.js';
import type { OneTimeTokens } from './one-time.js';
import type { Person, Sessions } from './sessions.js';

export interface LoginParts {
  readonly guard: Guard;
  readonly sessions: Sessions;
  readonly oneTime: OneTimeTokens;
  /** `undefined`: the built-in admin's one-time token is the way in. */
  readonly oidc: Oidc | undefined;
  readonly store: ShortLived;
  readonly vault: Vault;
  readonly limits: Limits;
  /** Wrong one-time tokens of one address. */
  readonly failures: Limit;
  /** Logins one address begins. */
  readonly begun: Limit;
  readonly longestMs: number;
  /** Whether there is a trial to look at once inside. */
  readonly trial: boolean;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** What the page is told about who looks at it. */
export interface SessionView {
  readonly state: 'in' | 'out';
  /** How one logs in; `open`: nobody has to. */
  readonly login: 'oidc' | 'token' | 'open';
  readonly trial: boolean;
  readonly name?: string;
  readonly role?: string;
}

const UNDER_WAY_MS = 10 * 60_000;

/** Login, logout, and who one is. */
export function loginRoutes(http: FastifyInstance, parts: LoginParts): void {
  http.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  http.get('/console/session', (request) => sessionView(parts, request));
  http.post('/console/login/token', (request, reply) => loginWithToken(parts, request, reply));
  http.post('/console/logout', (request, reply) => logout(parts, request, reply));
  http.post('/console/sessions/end', { onRequest: parts.guard.only('admin') }, (request) =>
    endSessions(parts, request),
  );
  const { oidc } = parts;
  if (oidc === undefined) return;
  http.get('/console/login', (request, reply) => begin(parts, oidc, request, reply));
  http.get(CALLBACK_PATH, (request, reply) => finish(parts, oidc, request, reply));
}

async function sessionView({ guard, oidc, trial }: LoginParts, request: FastifyRequest): Promise<SessionView> {
  const person = await guard.find(request);
  const login = oidc === undefined ? 'token' : 'oidc';
  if (person === undefined) return { state: 'out', login, trial };
  return { state: 'in', login: person.method === 'open' ? 'open' : login, trial, name: person.name, role: person.role };
}

const tokenBody = z.object({ token: z.string().max(200) });

async function loginWithToken(parts: LoginParts, request: FastifyRequest, reply: FastifyReply): Promise<SessionView> {
  const { guard, limits, failures, oneTime, log } = parts;
  guard.mustBeOurPage(request);
  const address = referenceOf(parts, request);
  await limits.check(failures, address);
  const body = tokenBody.safeParse(readJsonBody(request.body));
  if (!body.success || !(await oneTime.redeem(body.data.token))) {
    await limits.hit(failures, address);
    log.warn('a wrong or used login token');
    throw new HttpProblem(401, 'LOGIN_REFUSED', 'This token is wrong, used or too old.');
  }
  const person: Person = { subject: 'admin', name: '', role: 'admin', method: 'token' };
  await welcome(parts, request, reply, person);
  return { state: 'in', login: 'token', trial: parts.trial, name: '', role: 'admin' };
}

/** A new id at every login, whatever the browser brought along. */
async function welcome(parts: LoginParts, request: FastifyRequest, reply: FastifyReply, person: Person): Promise<void> {
  const { guard, sessions, longestMs, log } = parts;
  const secure = guard.isSecure(request);
  const before = cookieOf(request.headers.cookie, 'session', secure);
  if (before !== undefined) await sessions.end(before);
  const id = await sessions.open(person);
  reply.header('set-cookie', cookie('session', id, { secure, maxAgeSeconds: Math.floor(longestMs / 1000) }));
  log.info({ role: person.role, method: person.method }, 'somebody logged in');
}

async function logout(parts: LoginParts, request: FastifyRequest, reply: FastifyReply): Promise<{ next: string }> {
  const { guard, sessions, oidc, log } = parts;
  guard.mustBeOurPage(request);
  const secure = guard.isSecure(request);
  const id = cookieOf(request.headers.cookie, 'session', secure);
  if (id !== undefined) await sessions.end(id);
  reply.header('set-cookie', cookie('session', '', { secure, maxAgeSeconds: 0 }));
  // Ours has ended in any case; the issuer's goes on when it cannot be reached.
  const next = await oidc?.endUrl().catch((error: unknown) => void log.warn({ err: error }, 'no logout at the issuer'));
  return { next: next ?? '/' };
}

const endBody = z.union([
  z.strictObject({ subject: z.string().min(1).max(300) }),
  z.strictObject({ everybody: z.literal(true) }),
]);

/**
 * Ends the sessions of one person (`{"subject": …}`, the issuer's id of them) or of everybody (`{"everybody": true}`), the asking
 * admin's included (ASVS 5, 7.4.5): for who was disabled at the issuer, which does not tell us.
 */
async function endSessions({ sessions, log }: LoginParts, request: FastifyRequest): Promise<{ ended: string }> {
  const body = endBody.safeParse(readJsonBody(request.body));
  if (!body.success) throw new HttpProblem(400, 'BAD_REQUEST', 'expected {"subject": "…"} or {"everybody": true}');
  const ended = 'subject' in body.data ? 'one person' : 'everybody';
  await sessions.endAll('subject' in body.data ? body.data : 'everybody');
  log.info({ ended }, 'sessions were ended by an admin');
  return { ended };
}

/** Sends the browser to the issuer. A cookie ties the way back to this browser: nobody is logged in as somebody else. */
async function begin(parts: LoginParts, oidc: Oidc, request: FastifyRequest, reply: FastifyReply) {
  const { guard, store, vault, limits, begun, log } = parts;
  await limits.hit(begun, referenceOf(parts, request));
  const started = await oidc.begin().catch((error: unknown) => void log.warn({ err: error }, 'no login'));
  if (started === undefined) return reply.redirect('/?login=unavailable', 303);
  const browser = randomBytes(32).toString('base64url');
  await store.set(keyOf(browser), vault.seal(JSON.stringify(started.underWay)), UNDER_WAY_MS);
  const secure = guard.isSecure(request);
  reply.header('set-cookie', cookie('login', browser, { secure, maxAgeSeconds: UNDER_WAY_MS / 1000 }));
  return reply.redirect(started.url, 303);
}

const underWay = z.object({ state: z.string(), nonce: z.string(), verifier: z.string() });

/**
 * Back from the issuer. Whatever is wrong, the page says that it did not work, and nothing about why. Not counted: without the
 * cookie of a login that was begun, which is, nobody is asked anything, and what fails must not shut a whole office out.
 */
async function finish(parts: LoginParts, oidc: Oidc, request: FastifyRequest, reply: FastifyReply) {
  const { guard, store, vault, log } = parts;
  const secure = guard.isSecure(request);
  const browser = cookieOf(request.headers.cookie, 'login', secure);
  const sealed = browser === undefined ? undefined : await store.take(keyOf(browser));
  const done = cookie('login', '', { secure, maxAgeSeconds: 0 });
  try {
    if (sealed === undefined) throw new NoLogin();
    const begun: LoginUnderWay = underWay.parse(JSON.parse(vault.open(sealed)));
    const person = await oidc.finish(request.url.split('?')[1] ?? '', begun);
    await welcome(parts, request, reply, person);
    reply.header('set-cookie', done);
    return reply.redirect('/', 303);
  } catch (error) {
    log.warn({ err: error }, 'a login failed');
    reply.header('set-cookie', done);
    return reply.redirect(error instanceof NoRole ? '/?login=no-role' : '/?login=failed', 303);
  }
}

/** Nobody began a login in this browser, or it was long ago, or it is over. */
class NoLogin extends HttpProblem {
  constructor() {
    super(400, 'NO_LOGIN', 'No login is under way.');
  }
}

const keyOf = (browser: string) => `login:${createHash('sha256').update(browser).digest('base64url')}`;

function referenceOf({ vault }: LoginParts, request: FastifyRequest): string {
  return vault.reference('address', addressOf(request));
}
