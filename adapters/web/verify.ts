import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { cookieNamed } from '../../bot/access/people/cookies.js';
import { fromBase64url } from '../../bot/base64url.js';
import { WebSecretTooShort } from './errors.js';

/** Who holds a session: all that is needed to build an `Origin` without asking anybody. */
export interface Holder {
  readonly subscriber: string;
  readonly locale: string;
  readonly timezone: string;
}

/** How long a token is good for, in milliseconds. The page opens a new session by itself after that. */
export const SESSION_MS = 7 * 24 * 3_600_000;

const MIN_SECRET_LENGTH = 16;
const COOKIE = 'refill_web';

const payload = z.object({ u: z.string().min(1), l: z.string(), z: z.string(), x: z.number() });

/** Issues and checks session tokens: `<payload>.<HMAC-SHA256>`, where the HMAC also covers the conversation. */
export interface Sessions {
  issue(conversation: string, holder: Holder, now: number): string;
  /** The holder when `token` was issued for exactly this conversation and has not expired. */
  verify(conversation: string, token: string | undefined, now: number): Holder | undefined;
}

/** @throws WebSecretTooShort for a secret a person could guess, or none at all. */
export function createSessions(secret: string): Sessions {
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new WebSecretTooShort(`the web channel's secret needs at least ${MIN_SECRET_LENGTH} characters`);
  }
  const sign = (conversation: string, body: string) =>
    createHmac('sha256', secret).update(`web-session\n${conversation}\n${body}`).digest();

  return {
    issue(conversation, { subscriber, locale, timezone }, now) {
      const claims: z.infer<typeof payload> = { u: subscriber, l: locale, z: timezone, x: now + SESSION_MS };
      const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return `${body}.${sign(conversation, body).toString('base64url')}`;
    },

    verify(conversation, token, now) {
      const [body, signature, ...rest] = token?.split('.') ?? [];
      if (!body || !signature || rest.length > 0) return undefined;
      const given = fromBase64url(signature);
      const expected = sign(conversation, body);
      if (given?.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      // Only we can have written what follows, so a mismatch is an older version of Refill: ask for a new session.
      const claims = payload.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString()));
      if (!claims.success || claims.data.x <= now) return undefined;
      return { subscriber: claims.data.u, locale: claims.data.l, timezone: claims.data.z };
    },
  };
}

/** The token a request carries: `Authorization: Bearer`, else the cookie. */
export function tokenOf(headers: { authorization?: string | undefined; cookie?: string | undefined }) {
  const bearer = /^Bearer ([\w.-]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  return cookieNamed(headers.cookie, COOKIE);
}

/** A cookie only this conversation's routes see, so several personas can be open in one browser. */
export function sessionCookie(conversation: string, token: string, secure: boolean): string {
  const path = `/web/${encodeURIComponent(conversation)}`;
  const age = Math.floor(SESSION_MS / 1000);
  return `${COOKIE}=${token}; Path=${path}; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
